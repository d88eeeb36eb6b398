#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tests/world/story.h"

namespace holdfast::world {

// What was found to be wrong: a rule by its name, and the facts.
struct Violation {
  std::string rule;
  std::string facts;
};

// Where the checkers report to. The first violation is the run's.
class Verdict {
 public:
  explicit Verdict(Story& story) : story_(story) {}

  void fail(const std::string& rule, const std::string& facts) {
    if (violation_) return;
    violation_ = Violation{rule, facts};
    story_.tell([&] { return "VIOLATION " + rule + ": " + facts; });
  }
  // `facts` gives the sentence; it is asked only when the rule is broken.
  template <typename Facts>
  void require(bool holds, const char* rule, Facts facts) {
    if (!holds) fail(rule, facts());
  }
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  Story& story_;
  std::optional<Violation> violation_;
};

}  // namespace holdfast::world
