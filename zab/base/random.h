#pragma once

#include <cstdint>

#include "zab/base/check.h"

namespace holdfast {

// Pseudo-random numbers that are the same on every machine for the same seed (xoshiro-like quality
// is not needed: this is SplitMix64). Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  // Uniform in [0, bound). The bias for bounds far below 2^64 is of no matter here.
  std::uint64_t below(std::uint64_t bound) {
    HOLDFAST_CHECK(bound > 0, "an empty range has no number");
    return next() % bound;
  }

  // True in `numerator` of `denominator` cases.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

  // A generator whose numbers do not depend on how many are drawn from this one afterwards.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace holdfast
