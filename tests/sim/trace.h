#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "zab/base/hash.h"

namespace holdfast::sim {

// What happened in a run, as lines for people and as one hash of everything. Lines are made only
// when they are kept.
class Trace {
 public:
  enum class Keep { kNothing, kLastLines, kPrintAll };

  explicit Trace(Keep keep) : keep_(keep) {}

  bool keeps_lines() const { return keep_ != Keep::kNothing; }
  void line(std::string text);
  void mix(std::uint64_t value) { hash_ = hash_u64(value, hash_); }

  std::uint64_t hash() const { return hash_; }
  // The lines kept and not yet taken, oldest first.
  std::deque<std::string> take_lines();

 private:
  Keep keep_;
  std::uint64_t hash_ = kHashSeed;
  std::deque<std::string> lines_;
};

}  // namespace holdfast::sim
