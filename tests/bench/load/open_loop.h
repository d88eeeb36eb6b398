#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/figures.h"
#include "tests/bench/load/latencies.h"

namespace holdfast::bench {

// Requests that are due at a fixed rate, whatever became of those before. Each latency counts from
// the moment at which the request was due: a cell that stalls is not spared those of that time, nor
// is a generator that comes late. Every moment is an argument.
class OpenLoop {
 public:
  struct Course {
    double rate_per_s = 0;
    Nanoseconds begins_at = 0;
    Nanoseconds measured_from = 0;    // What is due before that only warms up.
    Nanoseconds ends_at = 0;          // Nothing is due from here on.
    std::size_t outstanding_max = 0;  // With so many unanswered, what is due is not sent.
  };
  explicit OpenLoop(const Course& course) : course_(course) {}

  // The next request that is to be sent now, by the moment at which it was due; none if it is not
  // yet due. Each is to be answered or refused.
  std::optional<Nanoseconds> take_due(Nanoseconds now);
  Nanoseconds next_due() const;
  bool is_all_sent() const { return next_due() >= course_.ends_at; }
  std::size_t outstanding() const { return outstanding_; }

  void on_answered(Nanoseconds due, Nanoseconds now);
  void on_refused(Nanoseconds due, Nanoseconds now, const std::string& why);

  // Of what was due in the measured time: offered_per_s, latencies, refused and refused_<why>,
  // unsent, how late the generator itself was (late_), outstanding_max; per_s of those that were
  // answered within that time; drained_s, how long after the end the last answer came.
  void add_to(Figures& figures);
  // Of what was answered since the last call: per_s and latencies.
  void add_recent_to(Figures& figures, Nanoseconds now);

 private:
  bool is_measured(Nanoseconds moment) const {
    return course_.measured_from <= moment && moment < course_.ends_at;
  }
  void on_ended(Nanoseconds now);

  Course course_;
  std::size_t next_ = 0;
  std::size_t outstanding_ = 0;
  std::size_t most_outstanding_ = 0;
  std::size_t offered_ = 0;
  std::size_t unsent_ = 0;
  std::size_t answered_in_time_ = 0;
  std::map<std::string, std::size_t> refused_;
  Latencies lateness_;
  Latencies answers_;
  Latencies refusals_;
  Latencies recent_;
  Nanoseconds recent_since_ = 0;
  Nanoseconds last_ended_at_ = 0;
};

}  // namespace holdfast::bench
