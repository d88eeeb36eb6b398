#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/core_io.h"
#include "client/wire.h"

namespace holdfast::client {

// The watches of a session. A watch lives at a replica as long as the connection; on a new one each
// is made again, from behind the events that the session has got.
class WatchTable {
 public:
  struct Watch {
    WatchOptions options;
    CallId call;       // Who is to hear that it stands; none once he has.
    Zxid active_from;  // None until it stands.
  };
  using Map = std::map<WatchId, Watch>;

  WatchId add(WatchOptions options, CallId call);
  Watch* find(WatchId id);
  void erase(WatchId id);
  const Map& all() const { return watches_; }
  void clear();

  // A watch that is not made on the present connection; it counts as made from then on.
  std::optional<WatchId> take_unmade();
  bool is_made(WatchId id) const { return !unmade_.contains(id); }
  void on_connection_lost();

  // The request that makes the watch, or makes it again after `received`.
  wire::SetWatch request(WatchId id, EventName received) const;
  // Which watches the event is for.
  std::vector<WatchId> of(const Event& event) const;

 private:
  Map watches_;
  std::set<WatchId> unmade_;
  WatchId newest_;
};

}  // namespace holdfast::client
