#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "zab/base/ids.h"

namespace holdfast::client {

// That the cell has called a sequencer valid, and when it was asked. Those confirmed longest ago
// are forgotten when there are too many: that costs a further question and nothing else.
class Confirmations {
 public:
  explicit Confirmations(std::size_t count_max) : count_max_(count_max) {}

  std::optional<Ticks> asked_at(const std::string& sequencer) const;
  // An answer that came late, to a question before the last, changes nothing.
  void confirm(const std::string& sequencer, Ticks asked_at);
  void forget(const std::string& sequencer);

 private:
  using Order = std::list<std::pair<std::string, Ticks>>;  // Confirmed last: at the end.

  std::size_t count_max_;
  Order order_;
  std::map<std::string, Order::iterator> places_;
};

// One lock that is followed by a watch: a sequencer that the cell has called valid counts until
// something happens to the lock, or until the session was in jeopardy, when news may be late.
class Followed {
 public:
  struct AsOf {
    std::uint64_t changes = 0;     // Of the lock.
    std::uint64_t jeopardies = 0;  // Of the session.
    bool operator==(const AsOf&) const = default;
  };

  // From any thread at any time. What is confirmed later as of before it counts for nothing.
  void on_change() { ++changes_; }
  std::uint64_t changes() const { return changes_; }
  // Nothing is heard of the lock any more: nothing counts from now on.
  void on_ended() { has_ended_ = true; }
  bool has_ended() const { return has_ended_; }

  // By one thread at a time. `now`: the state of this moment.
  bool is_valid(const std::string& sequencer, const AsOf& now) const;
  // `as_of`: of before the cell was asked. All of one lock that are valid at one state are kept,
  // those of older states are not, and not more than so many.
  void confirm(const std::string& sequencer, const AsOf& as_of);

  static constexpr std::size_t kConfirmedMax = 1'000;

 private:
  std::atomic<std::uint64_t> changes_ = 0;
  std::atomic<bool> has_ended_ = false;
  std::map<std::string, AsOf> valid_;
};

}  // namespace holdfast::client
