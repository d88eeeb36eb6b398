#include "tests/world/scheduler.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::world {

void Actor::wake_up(Scheduler& time) {
  asleep_ = false;
  for (const Wake& wake : std::exchange(missed_, {})) {
    time.wake_at(time.now(), *this, wake.what, wake.which);
  }
}

void Scheduler::wake_at(SimTime at, Actor& actor, std::uint32_t what, std::uint64_t which) {
  heap_.push_back({.at = std::max(at, now_),
                   .order = ++last_order_,
                   .actor = &actor,
                   .wake = {.what = what, .which = which}});
  std::push_heap(heap_.begin(), heap_.end(), IsLater());
}

std::optional<SimTime> Scheduler::next() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front().at);
}

void Scheduler::pass_until(SimTime time) {
  HOLDFAST_CHECK(heap_.empty() || heap_.front().at >= time, "something happens before that");
  now_ = std::max(now_, time);
}

void Scheduler::run_next() {
  HOLDFAST_CHECK(!heap_.empty(), "nothing will ever happen again");
  std::pop_heap(heap_.begin(), heap_.end(), IsLater());
  const Event event = heap_.back();
  heap_.pop_back();
  now_ = event.at;
  ++steps_;
  if (event.actor->asleep_) {
    event.actor->missed_.push_back(event.wake);
  } else {
    event.actor->on_wake(event.wake.what, event.wake.which);
  }
}

}  // namespace holdfast::world
