#include "client/cli/lock_run.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include <unistd.h>

#include "client/cli/child_process.h"
#include "client/cli/watchdog.h"

namespace holdfast::cli {
namespace {

constexpr int kPollMs = 20;
// After a loss that the cell tells (a broken lock) the command has so long between SIGTERM and
// SIGKILL; the cell waits with passing the lock on until this program says that it has stopped.
constexpr Milliseconds kLossGrace{2000};
constexpr Milliseconds kKillMarginMin{250};

// The way from "the lease is running out" to "the command has ended".
class Stopper {
 public:
  Stopper(const ChildProcess& child, Milliseconds lease)
      : child_(child),
        term_margin_(lease / 4),
        kill_margin_(std::max(lease / 12, std::min(kKillMarginMin, lease / 8))) {}

  // How much is left of the lease when the watchdog steps in.
  Milliseconds last_margin() const { return kill_margin_ / 2; }

  // Called every few milliseconds.
  void check(Milliseconds remaining, bool is_lost) {
    if (is_lost && !lost_at_) lost_at_ = std::chrono::steady_clock::now();
    const bool grace_over = lost_at_ && std::chrono::steady_clock::now() - *lost_at_ > kLossGrace;
    if ((is_lost || remaining < term_margin_) && !termed_) {
      std::fprintf(stderr, "holdfast: the lock cannot be kept; stopping the command\n");
      termed_ = true;
      child_.signal(SIGTERM);
      child_.signal(SIGCONT);  // A stopped one hears nothing else.
    }
    if ((grace_over || (!is_lost && remaining < kill_margin_)) && !killed_) {
      killed_ = true;
      child_.signal(SIGKILL);
    }
  }
  bool has_stopped_it() const { return termed_; }

 private:
  const ChildProcess& child_;
  Milliseconds term_margin_;
  Milliseconds kill_margin_;
  std::optional<std::chrono::steady_clock::time_point> lost_at_;
  bool termed_ = false;
  bool killed_ = false;
};

// The loss callback holds the acknowledgement of LOCK_LOST back until the command has ended,
// because the acknowledgement lets the lock pass on.
class EndOfCommand {
 public:
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait(lock, [this] { return has_ended_; });
  }
  void set() {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;
};

// The command has stopped. As a job of a shell it takes this program with it, and it goes on with
// it, unless its lock is gone by then.
void follow_stop(ChildProcess& child, int number, const std::function<void()>& check) {
  const bool wants_terminal = number == SIGTTIN || number == SIGTTOU;
  if (wants_terminal && is_in_foreground()) return child.resume();
  child.take_terminal();
  // The keep-alives stop too: the watchdog ends the command if that takes too long.
  if (!stop_with_terminal()) return;
  check();
  child.resume();
}

int run_to_end(ChildProcess& child, Watchdog& watchdog, client::LockGuard& guard, Stopper& stopper,
               const SignalQueue& signals) {
  const auto check = [&] {
    const Milliseconds remaining = guard.remaining();
    stopper.check(remaining, guard.lost());
    // In jeopardy 0 remains: the deadline of before stands.
    if (remaining > stopper.last_margin()) watchdog.set_time(remaining - stopper.last_margin());
  };
  while (true) {
    const ChildProcess::State state = child.poll();
    if (state.exit_code) return *state.exit_code;
    if (state.stopped_by) follow_stop(child, *state.stopped_by, check);
    check();
    const std::optional<int> number = signals.next(kPollMs);
    if (number && *number != SIGCHLD) child.signal(*number);
  }
}

int conclude(const Context& context, client::LockGuard& guard, bool was_lost, int code) {
  // Of a lock that could not be kept the cell will hear by itself.
  const auto released = guard.release({.timeout = was_lost ? kLossGrace : context.timeout});
  if (was_lost) return kLost;
  if (released) return code;
  std::fprintf(stderr, "holdfast: the lock was not given back: %s\n",
               client::to_string(released.error()).c_str());
  using enum client::ErrorCode;
  const bool was_not_ours =
      released.error().code == kNotHeld || released.error().code == kSessionExpired;
  return was_not_ours ? kLost : code;
}

client::AcquireOptions acquire_options(const LockArguments& arguments) {
  client::AcquireOptions options;
  options.mode = arguments.shared ? LockMode::kShared : LockMode::kExclusive;
  options.wait = arguments.wait.empty() ? std::nullopt : parse_duration(arguments.wait);
  options.lock_delay = parse_duration(arguments.lock_delay).value_or(Milliseconds(0));
  options.description = arguments.description;
  options.owner = client::new_owner();
  return options;
}

// Not acquired in time, or the error's own code.
int fail_acquire(const client::Error& error) {
  const int code = fail(error);
  using enum client::ErrorCode;
  const bool not_had = error.code == kLockHeld || error.code == kLockDelayed ||
                       error.code == kTimeout || error.code == kCancelled ||
                       error.code == kDeadlock;
  return not_had ? kNotAcquired : code;
}

}  // namespace

Milliseconds lease_of(const LockArguments& arguments) {
  return parse_duration(arguments.lease).value_or(Milliseconds(0));
}

void say_waiting(std::size_t ahead) {
  if (isatty(STDERR_FILENO) == 1) {
    std::fprintf(stderr, "holdfast: waiting for the lock, %zu wait before us\n", ahead);
  }
}

Acquired acquire(const Context& context, client::Session& session, const LockArguments& arguments,
                 const SignalQueue& signals, std::function<void(std::size_t)> on_waiting) {
  std::stop_source stop;
  client::AcquireOptions options = acquire_options(arguments);
  options.stop = stop.get_token();
  options.on_waiting = std::move(on_waiting);
  std::mutex mutex;
  std::optional<client::Outcome<client::LockGuard>> result;
  session.acquire(context.lock_path(arguments.name), std::move(options),
                  [&](client::Outcome<client::LockGuard> outcome) {
                    const std::lock_guard<std::mutex> lock(mutex);
                    result.emplace(std::move(outcome));
                  });
  std::optional<int> stopped_by;
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (result) break;
    }
    const std::optional<int> number = signals.next(kPollMs);
    const bool ends_it = number && std::find(kStopSignals.begin(), kStopSignals.end(), *number) !=
                                       kStopSignals.end();
    if (number == SIGQUIT || ends_it) {
      stopped_by = number;
      stop.request_stop();
    } else if (number == SIGTSTP) {
      stop_with_terminal();
    }
  }
  // A lock that came at the last moment is given back by the guard's destructor.
  if (stopped_by) return {.guard = {}, .exit_code = 128 + *stopped_by};
  if (!*result) return {.guard = {}, .exit_code = fail_acquire(result->error())};
  return {.guard = std::move(**result), .exit_code = kOk};
}

int run_while_held(const Context& context, client::Session& session, client::LockGuard& guard,
                   const std::vector<std::string>& command, const SignalQueue& signals) {
  std::optional<ChildProcess> child = ChildProcess::start(
      command,
      {{.name = "HOLDFAST_LOCK", .value = guard.path()},
       {.name = "HOLDFAST_SEQUENCER", .value = guard.sequencer()},
       {.name = "HOLDFAST_GENERATION", .value = std::to_string(guard.generation().value)}});
  if (!child) {
    std::perror("holdfast: cannot make a process");
    return kInternal;
  }
  Stopper stopper(*child, session.lease());
  std::optional<Watchdog> watchdog = Watchdog::start(child->group(), guard.remaining());
  if (!watchdog) {
    std::perror("holdfast: cannot make a process");
    child->kill_group();
    return kInternal;
  }
  const auto end = std::make_shared<EndOfCommand>();
  guard.on_lost([end](const client::Loss& loss) {
    std::fprintf(stderr, "holdfast: the lock is lost: %s\n", loss.message.c_str());
    end->wait();
  });
  const int code = run_to_end(*child, *watchdog, guard, stopper, signals);
  const bool was_killed = watchdog->dismiss();
  const bool was_lost = was_killed || stopper.has_stopped_it() || guard.lost() || !guard.held();
  // Others of its group may not have listened to SIGTERM.
  if (was_lost) child->kill_group();
  end->set();
  child->restore_terminal();
  return conclude(context, guard, was_lost, code);
}

int lock_run(const Context& context, const LockArguments& arguments) {
  const SignalQueue signals(kRunSignals);
  auto session = context.open_session(lease_of(arguments));
  if (!session) return fail(session.error());
  Acquired acquired = acquire(context, *session, arguments, signals, say_waiting);
  if (!acquired.guard) return acquired.exit_code;
  return run_while_held(context, *session, *acquired.guard, arguments.command, signals);
}

}  // namespace holdfast::cli
