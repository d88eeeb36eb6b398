#pragma once

#include <cstddef>

#include "zab/base/ids.h"

namespace holdfast::replica {

// How long a leader whose disk rests waits for further writes before it proposes those that came.
// When one entry answered several clients (a release, and the next one's grant), each of them is
// likely to write again at once; proposed alone, the first of these writes would make the others
// wait for a whole sync. It waits for no more writes than there were answers, and for a moment
// only.
class Gathering {
 public:
  // A client was told at `now` what became of its write.
  void on_answered(Ticks now);
  // Writes are proposed.
  void on_proposed() { *this = Gathering(); }

  enum class Say { kPropose, kWait, kBeginMoment };
  // `waiting` writes are to be proposed, and nothing that was proposed is under way. kBeginMoment:
  // wait, and call on_moment_over() in a moment.
  Say on_writes(std::size_t waiting, Ticks now);
  void on_moment_over() { moment_ = Moment::kOver; }

 private:
  enum class Moment { kNone, kOn, kOver };

  std::size_t answered_ = 0;
  Ticks answered_at_ = 0;
  Moment moment_ = Moment::kNone;
};

}  // namespace holdfast::replica
