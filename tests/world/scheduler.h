#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast::world {

// Simulated true time, in microseconds from the start of the run.
using SimTime = std::int64_t;
inline constexpr SimTime kMillisecond = 1'000;
inline constexpr SimTime kSecond = 1'000'000;

class Scheduler;

// Something to which time happens. While it sleeps (a paused process) its wakes wait for it.
class Actor {
 public:
  Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  bool is_asleep() const { return asleep_; }
  void fall_asleep() { asleep_ = true; }
  void wake_up(Scheduler& time);

 protected:
  ~Actor() = default;

 private:
  friend class Scheduler;
  struct Wake {
    std::uint32_t what = 0;
    std::uint64_t which = 0;
  };
  // `what` and `which` are those given to wake_at; they may name something that is gone.
  virtual void on_wake(std::uint32_t what, std::uint64_t which) = 0;

  bool asleep_ = false;
  std::vector<Wake> missed_;
};

// Everything that is to happen, in the order of time; at the same time in the order of asking.
class Scheduler {
 public:
  SimTime now() const { return now_; }
  std::uint64_t steps() const { return steps_; }

  void wake_at(SimTime at, Actor& actor, std::uint32_t what, std::uint64_t which);
  std::optional<SimTime> next() const;
  // The next thing happens; there must be one.
  void run_next();
  // Time passes in which nothing happens.
  void pass_until(SimTime time);

 private:
  struct Event {
    SimTime at = 0;
    std::uint64_t order = 0;
    Actor* actor = nullptr;
    Actor::Wake wake;
  };
  // Turned round: the heap's first is the earliest. A type, so that it is compiled into the heap.
  struct IsLater {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  SimTime now_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t last_order_ = 0;
  std::vector<Event> heap_;
};

}  // namespace holdfast::world
