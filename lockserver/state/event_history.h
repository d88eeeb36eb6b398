#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/event.h"
#include "zab/base/status.h"

namespace holdfast::state {

// The events of the recent history, bounded in bytes. Trimmed by whole entries, the same on every
// replica, and kept in the image. In memory they stand as in the image, in a fifth of the space;
// only who visits them reads them.
class EventHistory {
 public:
  explicit EventHistory(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // The events of one entry, later than all before; then the oldest entries go that are too much.
  void append(Zxid zxid, const std::vector<Event>& events);

  // In order, as long as `visit` answers true. False, without a visit, when some after `after` are
  // gone.
  bool visit_after(EventName after, const std::function<bool(const Event&)>& visit) const;
  EventName newest() const { return newest_; }
  EventName floor() const { return floor_; }  // The newest event that is gone.

  std::vector<Write> take_writes();
  std::vector<Write> all_writes() const;

  // Records of an image, in any order; then the two names of its meta record.
  Status load_events(Zxid zxid, const std::vector<Event>& events);
  struct Ends {
    EventName floor;
    EventName newest;
  };
  Status finish_load(const Ends& ends);
  Status audit() const;  // kCorrupt if it contradicts itself; O(n).

 private:
  struct Kept {
    std::string encoded;
    std::uint32_t newest = 0;  // The index of the last of its events.
    std::uint64_t bytes = 0;   // As counted against the bound.
  };
  static Kept kept(const std::vector<Event>& events);
  void trim();

  std::uint64_t bytes_max_;
  std::map<Zxid, Kept> entries_;
  std::uint64_t bytes_ = 0;
  EventName newest_;
  EventName floor_;
  std::vector<Zxid> added_;
  std::vector<Zxid> removed_;
};

}  // namespace holdfast::state
