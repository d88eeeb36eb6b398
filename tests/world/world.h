#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "tests/world/client.h"
#include "tests/world/event_book.h"
#include "tests/world/host.h"
#include "tests/world/lock_book.h"
#include "tests/world/registers.h"
#include "tests/world/replica_checks.h"
#include "tests/world/workload.h"

namespace holdfast::world {

// Tells the committed history.
class Narrator final : public HistoryWitness {
 public:
  explicit Narrator(Story& story) : story_(story) {}
  void on_committed(const Committed& entry, const state::Command& command,
                    const Applied& effects) override;

 private:
  Story& story_;
};

// A whole cell with its clients, its network, and all who look on. By itself it does what time
// brings about; faults come from outside.
class World final : private HistoryWitness {
 public:
  World(const Design& design, Story::Detail detail);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Design& design() const { return design_; }
  Scheduler& time() { return time_; }
  Story& story() { return story_; }
  Verdict& verdict() { return verdict_; }
  Network& network() { return network_; }
  const Ledger& ledger() const { return ledger_; }
  std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
  Host& host(ServerId id) { return *hosts_.at(id.value - 1); }
  std::vector<std::unique_ptr<Client>>& clients() { return clients_; }
  Workload& workload() { return workload_; }
  ReplicaChecks& replica_checks() { return checks_; }

  // All replicas start, and the clients come.
  void begin();
  bool is_violated() const { return verdict_.violation().has_value(); }
  void run_until(SimTime time);

  // Why the cell has not come to rest in one state with everybody; nothing when it has.
  std::optional<std::string> find_unrest();
  // At the end: every replica has the one state.
  void check_end();

 private:
  void on_committed(const Committed& entry, const state::Command& command,
                    const Applied& effects) override;

  const Design design_;
  Scheduler time_;
  Story story_;
  Verdict verdict_{story_};
  Random dice_;
  Network network_;
  Ledger ledger_;
  Narrator narrator_{story_};
  LockBook locks_;
  Registers registers_;
  EventBook events_;
  ReplicaChecks checks_;
  Workload workload_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace holdfast::world
