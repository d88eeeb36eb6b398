#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/checkers.h"
#include "tests/sim/coverage.h"
#include "tests/sim/network.h"
#include "tests/sim/replica.h"
#include "tests/sim/trace.h"
#include "tests/sim/witness.h"
#include "zab/base/random.h"

namespace holdfast::sim {

// A simulated cell: replicas, their network, and those who look on. It does by itself only what
// time brings about; faults, clients and forged elections come from outside through its actions.
class Cluster : private Witness {
 public:
  struct Design {
    zab::Options options;  // Of every replica; `self`, `incarnation` and `seed` are filled in.
    Replica::Timing timing;
    Network::Timing network;
    std::uint64_t clock_ppm_max = 0;  // Every replica's clock is wrong by up to this.
    std::uint64_t seed = 1;
    Trace::Keep trace = Trace::Keep::kNothing;
    // Refused attempts to connect are reported as on_peer_refused too.
    bool reports_refusals = true;
    // Notifications stay where they are; elections are decided from outside.
    bool swallows_notifications = false;
  };

  explicit Cluster(const Design& design);

  // Something that time brings about: an arrival, or a chore of a replica.
  struct Event {
    SimTime at = 0;
    Replica* busy = nullptr;  // None for an arrival.
    Replica::Chore chore = Replica::Chore::kTick;
    Network::Arrival arrival;
  };
  // Time. The earliest thing that is to happen; nothing when nothing ever will by itself. It is to
  // be run before anything else happens, or not at all.
  std::optional<Event> next_event() const;
  void run(const Event& event);
  SimTime now() const { return world_.now; }
  void advance_to(SimTime time);

  // Members, ascending by id; voters come before observers.
  const std::vector<std::unique_ptr<Replica>>& replicas() const { return replicas_; }
  Replica& replica(ServerId id);
  Network& network() { return world_.network; }
  const Network& network() const { return world_.network; }
  std::size_t majority() const { return voters_ / 2 + 1; }

  // Actions.
  void start(ServerId id, zab::Membership unprovisioned);
  struct Crash {
    ServerId server;
    Replica::Survivors survivors;
    bool silent = false;  // Nobody is told by the network.
  };
  void crash(const Crash& crash);
  // A process that is paused takes no input, and nothing it waits for gets on.
  void pause(ServerId id) { asleep_.insert(id); }
  void resume(ServerId id) { asleep_.erase(id); }
  const std::set<ServerId>& asleep() const { return asleep_; }
  // The replica must be down. Its disk is empty afterwards.
  void wipe(ServerId id);
  // Gives the notification to the core as if it had come over the network.
  void forge(ServerId to, const zab::Notification& notification);
  void set_swallows_notifications(bool swallows) { swallows_notifications_ = swallows; }

  // Single arrivals, for scenarios: carried out whatever their time.
  void arrive(const Network::Arrival& arrival);
  bool is_quiet() const;  // Nothing is under way but ticks and syncing.

  // What was seen.
  Checkers& checkers() { return checkers_; }
  const Checkers& checkers() const { return checkers_; }
  Coverage& coverage() { return coverage_; }
  Trace& trace() { return trace_; }
  // For a violation that is no matter of single steps: liveness.
  std::optional<Violation> find_not_converged() const;

 private:
  void on_input(const Subject& replica) override;
  void on_output(const Subject& replica, const zab::Output& output) override;
  void on_message(const Subject& replica, ConnId at, const zab::Message& message) override;
  void on_disk(const Subject& replica, const zab::PersistOp& op) override;
  void on_proposed(const Subject& replica, const zab::Entry& entry) override;
  void on_barrier(const Subject& replica, std::uint64_t tag) override;
  void on_applied(const Subject& replica) override;
  void on_start(const Subject& replica) override;

  void say(const Subject& replica, const std::string& text);
  void see(const Network::Packet& packet, Replica& to);
  void see(const Network::Accepted& accepted, Replica& to);
  void see(const Network::Lost& lost, Replica& to);
  void see(const Network::Flight& flight, Replica& to);
  void see(const Network::Dialled& dialled, Replica& to);
  void refuse(ServerId dialler, ServerId peer);

  World world_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::size_t voters_;
  std::set<ServerId> asleep_;
  bool reports_refusals_;
  bool swallows_notifications_;
  Checkers checkers_;
  Coverage coverage_;
  Trace trace_;
};

}  // namespace holdfast::sim
