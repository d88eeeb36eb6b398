#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/core_io.h"

namespace holdfast::client {

// The locks that this session holds as far as it knows. A guard leaves the table when it is lost or
// released, and never comes back.
class GuardTable {
 public:
  struct Guard {
    std::string path;
    OwnerId owner;
    LockGrant grant;
    bool lost_at_jeopardy = false;
    bool is_doubtful = false;  // Events were lost: the cell is being asked.
  };
  using Map = std::map<GuardId, Guard>;

  GuardId add(Guard guard);
  const Map& all() const { return guards_; }
  const Guard* find(GuardId id) const;
  std::optional<Guard> take(GuardId id);

  // The guards of that acquisition.
  std::vector<GuardId> of(const std::string& path, OwnerId owner, Zxid acquisition) const;
  // Those of any acquisition.
  std::vector<GuardId> of(const std::string& path, OwnerId owner) const;
  // The guards that a LOCK_LOST of this session concerns.
  std::vector<GuardId> lost_by(const Event& event) const {
    return of(event.path, event.owner, event.acquisition);
  }
  std::vector<GuardId> lost_at_jeopardy() const;
  void set_doubtful(GuardId id, bool is_doubtful);

 private:
  Map guards_;
  std::set<std::pair<std::string, GuardId>> by_path_;
  GuardId newest_;
};

}  // namespace holdfast::client
