#include "tests/bench/load/gap.h"

#include <csignal>
#include <string>

namespace holdfast::bench {
namespace {

constexpr double kSteadyShare = 0.8;
// Waiting longer could only find a gap that has nothing to do with the blow.
constexpr Nanoseconds kWatchedAtLeast = 5 * kSecond;
constexpr Nanoseconds kGapForSure = 40'000'000;
constexpr Nanoseconds kQuietAfterGap = 3 * kSecond;
constexpr Nanoseconds kNoGapAtAll = 8 * kSecond;

double to_ms(Nanoseconds ns) {
  return static_cast<double>(ns) / 1e6;
}

}  // namespace

void Gap::on_acknowledged(Nanoseconds now) {
  ++acknowledged_;
  if (is_struck() && last_ > 0 && now - last_ > longest_) {
    longest_ = now - last_;
    longest_ended_at_ = now;
  }
  last_ = now;
}

void Gap::strike(pid_t victim, int signal, double seconds) {
  const double expected = seconds * static_cast<double>(kSecond) / static_cast<double>(kPeriod);
  if (static_cast<double>(acknowledged_) < kSteadyShare * expected) {
    give_up("writes were not steady before the signal: " + std::to_string(acknowledged_));
  }
  if (kill(victim, signal) != 0) give_up("the signal could not be sent");
  struck_at_ = now_ns();
}

bool Gap::is_struck_for(Nanoseconds now, double seconds) const {
  return is_struck() && now > struck_at_ + to_ns(seconds);
}

bool Gap::is_over(Nanoseconds now) const {
  if (!is_struck() || now < struck_at_ + kWatchedAtLeast) return false;
  if (longest_ > kGapForSure && now - last_ < kGapForSure) {
    return now - longest_ended_at_ > kQuietAfterGap;
  }
  return now - struck_at_ > kNoGapAtAll && now - last_ < kGapForSure;
}

void Gap::add_to(Figures& figures) const {
  figures.add("gap_ms", to_ms(longest_));
  figures.add("from_blow_ms", to_ms(longest_ended_at_ - struck_at_));
  figures.add("acknowledged", static_cast<std::int64_t>(acknowledged_));
}

}  // namespace holdfast::bench
