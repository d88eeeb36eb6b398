#pragma once

#include <set>
#include <utility>
#include <vector>

#include "lockserver/replica/call_id.h"
#include "lockserver/replica/id_map.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// One point in time for each call at which something must be said to its client.
class Alarms {
 public:
  // Replaces an earlier one of the call.
  void set(CallId call, Ticks at) {
    clear(call);
    by_call_[call] = at;
    by_time_.emplace(at, call);
  }
  void clear(CallId call) {
    auto node = by_call_.extract(call);
    if (!node.empty()) {
      by_time_.erase({node.mapped(), call});
    }
  }
  // The calls whose time has come, the earliest first; they have no alarm any more.
  std::vector<CallId> take_due(Ticks now) {
    std::vector<CallId> due;
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      due.push_back(by_time_.begin()->second);
      clear(due.back());
    }
    return due;
  }

 private:
  IdMap<CallId, Ticks> by_call_;
  std::set<std::pair<Ticks, CallId>> by_time_;
};

}  // namespace holdfast::replica
