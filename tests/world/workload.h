#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/world/client.h"

namespace holdfast::world {

// What all clients do: locks, data, watches, multis, checks of sequencers, and now and then
// something that is bound to be refused. Whose session is over comes back with another.
class Workload final : public Program, public Actor {
 public:
  Workload(const Design& design, Scheduler& time, Story& story)
      : design_(design), work_(design.work), time_(time), story_(story) {}

  void watch_over(std::vector<std::unique_ptr<Client>>& clients) { clients_ = &clients; }
  // Clients come one by one.
  void begin();
  // No further calls; what is open comes to its end.
  void finish() { finishing_ = true; }

  void on_started(Client& client) override;
  void on_opened(Client& client) override;
  void on_think(Client& client) override;
  void on_granted(Client& client, client::GuardId guard) override;
  void on_hold_over(Client& client, client::GuardId guard) override;
  void on_reply(Client& client, const std::string& path, const client::AnyReply& reply) override;
  void on_over(Client& client) override;

 private:
  // What one client's program keeps in mind.
  struct Mind {
    std::uint64_t tokens = 0;
    std::vector<Sequencer> sequencers;                 // Of now and of before.
    std::map<std::string, std::uint64_t> generations;  // As last read.
    std::vector<std::string> own_nodes;
  };

  void on_wake(std::uint32_t what, std::uint64_t which) override;
  void act(Client& client);
  void act_on_locks(Client& client);
  void act_oddly(Client& client);
  void act_as_operator(Client& client);
  void act_on_data(Client& client);

  void set(Client& client);
  void set_fenced(Client& client);
  void get(Client& client);
  void create(Client& client);
  void create_known(Client& client, const std::string& path);
  void remove(Client& client);
  void multi(Client& client);
  void watch(Client& client);
  void list(Client& client);
  void exists(Client& client);
  void acquire(Client& client);
  void check_sequencers(Client& client);

  Asked asked(const char* method, const std::string& path) const;
  std::string token(Client& client);
  std::string node(Client& client) const;
  std::string lock(Client& client) const;
  std::optional<Sequencer> a_sequencer(Client& client);
  std::optional<Ticks> timeout(Client& client) const;
  SimTime some_time(Client& client, SimTime mean) const;
  Mind& mind(const Client& client) { return minds_[client.number()]; }

  const Design& design_;
  const WorkPlan& work_;
  Scheduler& time_;
  Story& story_;
  std::vector<std::unique_ptr<Client>>* clients_ = nullptr;
  std::map<std::uint64_t, Mind> minds_;
  bool finishing_ = false;
};

}  // namespace holdfast::world
