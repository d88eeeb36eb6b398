#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/records.h"
#include "zab/base/status.h"

namespace holdfast::state {

// The open sessions and the replies remembered for their requests (LOCKS.md §2.6). Changes are
// noted, and take_writes() gives them as changes of the image.
class Sessions {
 public:
  // Replies as bytes of the image, by the number of their request.
  using Results = std::map<RequestNumber, std::string>;
  struct Entry {
    Session session;
    Results results;
    std::uint64_t result_bytes = 0;  // Of the replies alone.
  };
  using Map = std::map<SessionId, Entry>;

  const Entry* find(SessionId id) const;  // Null when there is no such session.
  std::optional<SessionId> find_by_secret(const SecretHash& secret) const;
  const Map& all() const { return sessions_; }
  std::uint64_t bytes() const { return bytes_; }  // As counted against state_bytes_max.

  void open(Session session);  // Id and secret are new.
  void close(SessionId id);    // With its results.
  void kill(SessionId id);     // Marks it.
  // Forgets the replies to numbers below; a bound lower than an earlier one changes nothing.
  void forget_below(SessionId id, RequestNumber answered_below);
  void remember(SessionId id, RequestNumber number, std::string reply);  // A new number.

  std::vector<Write> take_writes();
  std::vector<Write> all_writes() const;

  // Records of an image: all sessions before all results.
  Status load_session(Session session);
  Status load_result(SessionId id, RequestNumber number, std::string_view reply);
  Status audit() const;  // kCorrupt if it contradicts itself; O(n).

 private:
  Entry& existing(SessionId id);
  void forget_stored(SessionId id, RequestNumber number);

  Map sessions_;
  std::map<SecretHash, SessionId> by_secret_;
  std::uint64_t bytes_ = 0;
  std::set<SessionId> changed_;
  std::set<std::pair<SessionId, RequestNumber>> changed_results_;
};

}  // namespace holdfast::state
