#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/core_io.h"
#include "tests/world/host_clock.h"
#include "tests/world/lock_book.h"

namespace holdfast::world {

// What one client's program believes about its session and its locks, as client/guard_state.h and
// client/runtime.h would tell it: a guard is held while it was not lost, doubted or released and
// the lease has not run out by the client's own clock.
class Beliefs {
 public:
  struct World {
    const HostClock& clock;
    const LockBook& book;
    Story& story;
    Verdict& verdict;
  };
  Beliefs(const World& world, std::string who) : world_(world), who_(std::move(who)) {}

  // The outputs of the core.
  void on(const client::Opened& opened);
  void on(const client::LeaseMoved& moved);
  void on(const client::StateChanged& changed);
  void on(const client::GuardMade& made);
  void on(const client::GuardDoubtful& it) { set_certain(it.guard, false); }
  void on(const client::GuardCertain& it) { set_certain(it.guard, true); }
  void on(const client::GuardLost& it);
  void on(const client::GuardReleased& it) { guards_.erase(it.guard); }
  void on(const client::GuardUnwanted& it) { guards_.erase(it.guard); }
  // The program releases it.
  void release(client::GuardId guard) { guards_.erase(guard); }

  struct Guard {
    std::string path;
    client::OwnerId owner;
    client::LockGrant grant;
    bool is_certain = true;
  };
  const std::map<client::GuardId, Guard>& guards() const { return guards_; }
  SessionId session() const { return session_; }
  client::SessionState state() const { return state_; }
  bool held(const Guard& guard) const { return guard.is_certain && lease_runs(); }
  bool lease_runs() const { return deadline_ > world_.clock.now(); }

  // Against what the cell has committed by now.
  void check(const std::string& path) const;
  void check_all() const;
  void check_expired(SessionId session) const;

 private:
  void check_guard(const Guard& guard) const;
  void set_certain(client::GuardId guard, bool is_certain);

  World world_;
  std::string who_;
  SessionId session_;
  client::SessionState state_ = client::SessionState::kLive;
  Ticks deadline_ = 0;
  std::map<client::GuardId, Guard> guards_;
};

}  // namespace holdfast::world
