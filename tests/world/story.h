#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "tests/world/scheduler.h"

namespace holdfast::world {

// What happened in a run: as one hash of everything, as counts of its kinds, and as lines for
// people, which are made only when they are wanted.
class Story {
 public:
  enum class Detail { kNone, kShort, kLong };

  Story(const Scheduler& time, Detail detail) : time_(time), detail_(detail) {}

  // `make` gives the line. Short: who led, what went wrong. Long: also what was said.
  template <typename Make>
  void tell(Make make) {
    if (detail_ >= Detail::kShort) add(make());
  }
  template <typename Make>
  void tell_long(Make make) {
    if (detail_ == Detail::kLong) add(make());
  }
  const std::deque<std::string>& lines() const { return lines_; }

  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15ULL;
    hash_ ^= hash_ >> 32U;
  }
  std::uint64_t hash() const { return hash_; }

  void count(std::string_view kind) { count(kind, 1); }
  void count(std::string_view kind, std::uint64_t times);
  const std::map<std::string, std::uint64_t, std::less<>>& counts() const { return counts_; }

 private:
  void add(const std::string& line);

  const Scheduler& time_;
  Detail detail_;
  std::uint64_t hash_ = 0;
  std::deque<std::string> lines_;  // The newest.
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

// A quick hash of bytes, for comparisons within one run.
std::uint64_t quick_hash(std::string_view bytes);

}  // namespace holdfast::world
