#include "tests/bench/load/latencies.h"

#include <algorithm>

namespace holdfast::bench {

// All are kept and sorted: a few million at most.
double Latencies::percentile_us(double share) const {
  if (all_.empty()) return 0;
  const auto place = static_cast<std::size_t>(share * static_cast<double>(all_.size()));
  return static_cast<double>(all_[std::min(place, all_.size() - 1)]) / 1e3;
}

void Latencies::add_to(Figures& figures, const std::string& prefix) {
  std::sort(all_.begin(), all_.end());
  figures.add(prefix + "p50_us", percentile_us(0.5));
  figures.add(prefix + "p99_us", percentile_us(0.99));
  figures.add(prefix + "p999_us", percentile_us(0.999));
  figures.add(prefix + "max_us", percentile_us(1.0));
}

}  // namespace holdfast::bench
