#pragma once

#include <cstddef>

#include <sys/types.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/figures.h"

namespace holdfast::bench {

// W5: what a client that writes every five milliseconds sees when the leader is gone: the longest
// time between two acknowledgements from the blow on.
class Gap {
 public:
  static constexpr Nanoseconds kPeriod = 5'000'000;

  void on_acknowledged(Nanoseconds now);
  std::size_t acknowledged() const { return acknowledged_; }

  // Sends the signal. Gives up if the writes of the `seconds` before it were not steady.
  void strike(pid_t victim, int signal, double seconds);
  bool is_struck() const { return struck_at_ > 0; }
  bool is_struck_for(Nanoseconds now, double seconds) const;
  // The gap is over and writes have gone on for a while; or no gap is to be seen at all.
  bool is_over(Nanoseconds now) const;

  // gap_ms; from_blow_ms: from the signal to the acknowledgement that ended the gap.
  void add_to(Figures& figures) const;

 private:
  std::size_t acknowledged_ = 0;
  Nanoseconds last_ = 0;
  Nanoseconds struck_at_ = 0;
  Nanoseconds longest_ = 0;
  Nanoseconds longest_ended_at_ = 0;
};

}  // namespace holdfast::bench
