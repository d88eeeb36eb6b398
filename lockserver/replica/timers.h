#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/effects.h"

namespace holdfast::replica {

// What the leader must propose when its time has come: the ends of lock-delays and of waits
// (LOCKS.md §3). Soft state of one reign, made anew from the replicated state when that has
// restarted its delays. Each command is named once; one that comes too late for its delay or wait
// changes nothing.
class Timers {
 public:
  // In place of everything known before.
  void begin_reign(std::vector<state::Due> dues);
  void end_reign();

  // A delay or wait has begun. Ignored outside a reign.
  void add(state::Due due);
  // A wait has ended otherwise.
  void on_outcome(const state::Outcome& outcome);
  // The commands to be proposed now, the earliest due first. They are forgotten by that.
  std::vector<state::Due> take_due(std::int64_t cluster_ms);

  std::size_t size() const { return dues_.size(); }

 private:
  struct Name {
    std::string path;
    SessionId session;            // Of a wait.
    state::OwnerId owner;         // Of a wait.
    state::RequestNumber waiter;  // Of a wait.
    Zxid since;                   // Of a delay.
    auto operator<=>(const Name&) const = default;
  };
  static Name name_of(const state::Op& op);

  bool reigns_ = false;
  std::map<Name, state::Due> dues_;
  std::set<std::pair<std::int64_t, Name>> by_time_;  // The same, by when they are due.
};

}  // namespace holdfast::replica
