#pragma once

#include <string>
#include <vector>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/figures.h"

namespace holdfast::bench {

// How long each of many things took.
class Latencies {
 public:
  Latencies() = default;
  explicit Latencies(std::size_t expected) { all_.reserve(expected); }

  void add(Nanoseconds took) { all_.push_back(took); }
  void clear() { all_.clear(); }
  std::size_t size() const { return all_.size(); }
  // Adds <prefix>p50_us, p99_us, p999_us and max_us.
  void add_to(Figures& figures, const std::string& prefix);

 private:
  double percentile_us(double share) const;

  std::vector<Nanoseconds> all_;
};

}  // namespace holdfast::bench
