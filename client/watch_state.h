#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "client/boot_clock.h"
#include "client/core_io.h"
#include "client/watch.h"

namespace holdfast::client::detail {

class Runtime;

// What a Watch and the session's runtime share.
class WatchState : public std::enable_shared_from_this<WatchState> {
 public:
  static constexpr std::size_t kQueueMax = 10'000;

  WatchState(std::shared_ptr<Runtime> runtime, std::function<void(const Event&)> on_event);

  static Watch make(std::shared_ptr<WatchState> state) { return Watch(std::move(state)); }

  Runtime& runtime() { return *runtime_; }
  Zxid active_from() const { return active_from_; }
  // Events are told by the thread that receives them: no callback of the program delays them. For
  // the library itself; set before the watch is made. `on_ended`: no event comes any more, because
  // the cell or the end of the session has ended the watch.
  void be_told_at_once(std::function<void()> on_ended) { on_ended_at_once_ = std::move(on_ended); }
  bool is_told_at_once() const { return on_ended_at_once_ != nullptr; }
  void on_made(WatchId id) { id_ = id; }
  void on_started(Zxid active_from) { active_from_ = active_from; }

  // One at a time: a second is BAD_ARGUMENT.
  void next(std::optional<Ticks> timeout_ms, std::function<void(Outcome<Event>)> done);
  void cancel();

  // On the dispatcher, or at once.
  void tell(const Event& event);
  void tell_ended(const Error& error);

 private:
  using Done = std::function<void(Outcome<Event>)>;

  void push(const Event& event);
  std::optional<Outcome<Event>> take_ready();
  Done take_waiting();
  void on_time(std::size_t turn);

  const std::shared_ptr<Runtime> runtime_;
  const std::function<void(const Event&)> on_event_;
  std::function<void()> on_ended_at_once_;  // Empty: it is told on the dispatcher.
  WatchId id_;                              // Set before anybody has the watch.
  Zxid active_from_;                        // Likewise.
  std::atomic<bool> is_cancelled_ = false;

  std::mutex mutex_;  // For what follows; never held while a callback runs.
  std::deque<Event> queue_;
  std::optional<Error> ended_;
  Done waiting_;
  std::size_t turn_ = 0;  // Of next().
  BootTimer timer_;
};

}  // namespace holdfast::client::detail
