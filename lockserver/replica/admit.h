#pragma once

#include <cstdint>
#include <optional>

#include "lockserver/state/command.h"
#include "lockserver/state/reply.h"
#include "zab/base/ids.h"
#include "zab/core.h"
#include "zab/quorum.h"

namespace holdfast::replica {

// True when the command can only make the state smaller, or ends something: it is taken also when
// disks are short (LOCKS.md §7).
bool only_frees(const state::Op& op);
// True for what replicas propose of themselves; a client's command is never one of these.
bool is_of_the_cell(const state::Op& op);

// The leader's time for its commands: cluster_ms goes on from the last stamp of the history by this
// replica's monotonic clock, and never goes back, whatever that clock or the wall clock does.
class Stamps {
 public:
  void begin_reign(const state::Stamp& last, Ticks now);
  std::int64_t cluster_ms(Ticks now) const;
  struct Time {
    Ticks now = 0;
    std::int64_t wall_ms = 0;
  };
  state::Stamp next(const Time& time);

 private:
  std::int64_t base_ms_ = 0;  // cluster_ms at began_.
  Ticks began_ = 0;
  std::int64_t newest_ms_ = 0;
};

// Whether the disks of a quorum have their reserve (LOCKS.md §7), as the leader hears it. A lack
// counts only when it has lasted for `patience`, and not while those who are here are no quorum.
class SpaceWatch {
 public:
  SpaceWatch(zab::QuorumSet quorum, Ticks patience)
      : quorum_(std::move(quorum)), patience_(patience) {}

  void begin_reign() { lacks_since_.reset(); }
  struct Self {
    ServerId id;
    std::uint64_t free_bytes = 0;
  };
  void observe(const Self& self, const std::vector<zab::CoreView::Learner>& learners, Ticks now);
  bool has_space(Ticks now) const { return !lacks_since_ || now - *lacks_since_ < patience_; }

 private:
  zab::QuorumSet quorum_;
  Ticks patience_;
  std::optional<Ticks> lacks_since_;
};

}  // namespace holdfast::replica
