#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "client/core_io.h"
#include "client/lock_guard.h"

namespace holdfast::client::detail {

class Runtime;

// What a LockGuard and the session's runtime share about one guard. Asked by any thread; told by
// the runtime.
class GuardState : public std::enable_shared_from_this<GuardState> {
 public:
  GuardState(std::shared_ptr<Runtime> runtime, GuardMade made);

  static LockGuard make(std::shared_ptr<GuardState> state) { return LockGuard(std::move(state)); }

  const GuardMade& made() const { return made_; }
  Runtime& runtime() { return *runtime_; }
  bool held() const { return remaining().count() > 0; }
  Milliseconds remaining() const;
  bool lost() const { return phase_.load() == Phase::kLost; }
  std::stop_token stop_token() const { return stop_.get_token(); }

  void set_on_jeopardy(std::function<void()> callback);
  void set_on_safe(std::function<void()> callback);
  void set_on_lost(std::function<void(const Loss&)> callback);

  // `done` is called on the dispatcher.
  void release(std::optional<Ticks> timeout_ms, std::function<void(Outcome<Released>)> done);
  // Nobody has the guard any more.
  void drop();

  // From the runtime, in the order of things. The first three change what held() says at once; the
  // tell_ ones are called on the dispatcher.
  bool on_lost(const Loss& loss);  // False if it was released before.
  void on_doubtful();
  void on_certain();
  void on_released();
  void tell_jeopardy();
  void tell_safe();
  void tell_lost();

 private:
  enum class Phase { kHeld, kDoubtful, kLost, kReleased };

  bool to_released();
  void finish_release(const Outcome<Released>& outcome);

  std::shared_ptr<Runtime> runtime_;
  const GuardMade made_;
  std::atomic<Phase> phase_ = Phase::kHeld;
  std::stop_source stop_;

  std::mutex mutex_;  // For what follows; never held while a callback runs.
  std::function<void()> on_jeopardy_;
  std::function<void()> on_safe_;
  std::function<void(const Loss&)> on_lost_;
  std::optional<Loss> loss_;
  bool is_loss_told_ = false;
  bool is_releasing_ = false;
  std::optional<Outcome<Released>> released_;
  std::vector<std::function<void(Outcome<Released>)>> waiting_;
};

}  // namespace holdfast::client::detail
