#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "lockserver/replica/call_id.h"
#include "lockserver/replica/id_map.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// The keep-alives that are confirmed and held back for events (LOCKS.md §2.2), and those that wait
// to be confirmed; no lane waits for either. A held call costs two small nodes and no thread.
class KeepAlives {
 public:
  // It waits to be confirmed.
  void add(CallId call, SessionId session) {
    park(call, session);
    unconfirmed_.insert(call);
  }
  void park(CallId call, SessionId session) {
    sessions_[call] = session;
    calls_[session].insert(call);
    unconfirmed_.erase(call);
  }
  void erase(CallId call) {
    unconfirmed_.erase(call);
    auto node = sessions_.extract(call);
    if (!node.empty()) {
      auto calls = calls_.find(node.mapped());
      calls->second.erase(call);
      if (calls->second.empty()) {
        calls_.erase(calls);
      }
    }
  }
  // The session's calls in the order of their coming; they stay.
  std::vector<CallId> of(SessionId session) const {
    auto found = calls_.find(session);
    return found == calls_.end() ? std::vector<CallId>()
                                 : std::vector<CallId>(found->second.begin(), found->second.end());
  }
  std::vector<SessionId> sessions() const {
    std::vector<SessionId> sessions;
    for (const auto& [session, calls] : calls_) {
      sessions.push_back(session);
    }
    return sessions;
  }
  bool holds(CallId call) const { return sessions_.contains(call) && !unconfirmed_.contains(call); }
  bool waits(CallId call) const { return unconfirmed_.contains(call); }
  bool contains(CallId call) const { return sessions_.contains(call); }
  std::size_t size() const { return sessions_.size() - unconfirmed_.size(); }  // Of the held.

 private:
  IdMap<CallId, SessionId> sessions_;
  std::set<CallId> unconfirmed_;
  std::map<SessionId, std::set<CallId>> calls_;  // The same, by session; no set is empty.
};

}  // namespace holdfast::replica
