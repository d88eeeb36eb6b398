#include "client/cli/lock_run.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include "client/cli/child_process.h"
#include "client/cli/output.h"

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
  Stopper(ChildProcess& child, Milliseconds lease)
      : child_(child),
        term_margin_(lease / 4),
        kill_margin_(std::max(lease / 12, std::min(kKillMarginMin, lease / 8))) {}

  // Called every few milliseconds.
  void check(Milliseconds remaining, bool is_lost) {
    if (is_lost && !lost_at_) lost_at_ = std::chrono::steady_clock::now();
    const bool grace_over = lost_at_ && std::chrono::steady_clock::now() - *lost_at_ > kLossGrace;
    if ((is_lost || remaining < term_margin_) && !termed_) {
      std::fprintf(stderr, "holdfast: the lock cannot be kept; stopping the command\n");
      termed_ = true;
      child_.signal(SIGTERM);
    }
    if ((grace_over || (!is_lost && remaining < kill_margin_)) && !killed_) {
      killed_ = true;
      child_.signal(SIGKILL);
    }
  }
  bool has_stopped_it() const { return termed_; }

 private:
  ChildProcess& child_;
  Milliseconds term_margin_;
  Milliseconds kill_margin_;
  std::optional<std::chrono::steady_clock::time_point> lost_at_;
  bool termed_ = false;
  bool killed_ = false;
};

// Waits for the lock while listening for Ctrl-C: the acquisition is withdrawn then.
client::Outcome<client::LockGuard> acquire(client::Session& session, const LockArguments& arguments,
                                           std::function<void(std::size_t)> on_waiting,
                                           bool& interrupted) {
  std::stop_source stop;
  client::AcquireOptions options = acquire_options(arguments);
  options.stop = stop.get_token();
  options.on_waiting = std::move(on_waiting);
  options.owner = client::new_owner();
  std::mutex mutex;
  std::optional<client::Outcome<client::LockGuard>> result;
  session.acquire(lock_path(arguments.name), std::move(options),
                  [&](client::Outcome<client::LockGuard> outcome) {
                    const std::lock_guard<std::mutex> lock(mutex);
                    result.emplace(std::move(outcome));
                  });
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      if (result) return std::move(*result);
    }
    const std::optional<int> number = next_signal(kPollMs);
    if (number && *number != SIGCHLD) {
      interrupted = true;
      stop.request_stop();
    }
  }
}

std::string text_of(Zxid zxid) {
  return std::to_string(zxid.value);
}

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

int watch_over(const Context& context, ChildProcess& child, client::Session& session,
               client::LockGuard& guard) {
  EndOfCommand end;
  guard.on_lost([&end](const client::Loss& loss) {
    std::fprintf(stderr, "holdfast: the lock is lost: %s\n", loss.message.c_str());
    end.wait();
  });
  Stopper stopper(child, session.lease());
  std::optional<int> code;
  while (!(code = child.poll())) {
    // remaining() of a session counts down also in the jeopardy in which the guard says 0.
    stopper.check(guard.remaining(), guard.lost());
    const std::optional<int> number = next_signal(kPollMs);
    if (number && *number != SIGCHLD) child.signal(*number);
  }
  end.set();
  child.restore_terminal();
  const bool lost = stopper.has_stopped_it() || guard.lost();
  // Of a lock that could not be kept the cell will hear by itself.
  const auto released = guard.release({.timeout = lost ? kLossGrace : context.timeout});
  if (lost) return kLost;
  if (!released) {
    std::fprintf(stderr, "holdfast: %s\n", client::to_string(released.error()).c_str());
    return kLost;
  }
  return *code;
}

}  // namespace

client::AcquireOptions acquire_options(const LockArguments& arguments) {
  client::AcquireOptions options;
  options.mode = arguments.shared ? LockMode::kShared : LockMode::kExclusive;
  options.wait = arguments.wait.empty() ? std::nullopt : parse_duration(arguments.wait);
  options.lock_delay = parse_duration(arguments.lock_delay).value_or(Milliseconds(0));
  options.description = arguments.description;
  return options;
}

Milliseconds lease_of(const LockArguments& arguments) {
  return parse_duration(arguments.lease).value_or(Milliseconds(0));
}

int fail_acquire(const client::Error& error) {
  const int code = fail(error);
  using enum client::ErrorCode;
  const bool not_had = error.code == kLockHeld || error.code == kLockDelayed ||
                       error.code == kTimeout || error.code == kCancelled ||
                       error.code == kDeadlock;
  return not_had ? kNotAcquired : code;
}

int lock_run(const Context& context, const LockArguments& arguments) {
  block_stop_signals();
  auto session = context.open_session(lease_of(arguments));
  if (!session) return fail(session.error());
  bool interrupted = false;
  const auto on_waiting = [](std::size_t ahead) {
    if (isatty(STDERR_FILENO) == 1) {
      std::fprintf(stderr, "holdfast: waiting for the lock, %zu before us\n", ahead);
    }
  };
  auto guard = acquire(*session, arguments, on_waiting, interrupted);
  if (!guard) return interrupted ? 130 : fail_acquire(guard.error());
  if (interrupted) return 130;
  auto child = ChildProcess::start(
      arguments.command, {{.name = "HOLDFAST_LOCK", .value = guard->path()},
                          {.name = "HOLDFAST_SEQUENCER", .value = guard->sequencer()},
                          {.name = "HOLDFAST_GENERATION", .value = text_of(guard->generation())}});
  if (!child) {
    std::perror("holdfast: cannot make a process");
    return kInternal;
  }
  return watch_over(context, *child, *session, *guard);
}

namespace {

// One line an event, from whatever thread it comes.
class HoldReport {
 public:
  explicit HoldReport(bool json) : json_(json) {}

  void say(const std::string& event, Json facts) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (json_) {
      Json line = {{"event", event}};
      line.update(facts);
      print_json_line(line);
      return;
    }
    std::string line = event;
    for (const auto& [key, value] : facts.items()) {
      line += "  " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

 private:
  bool json_;
  std::mutex mutex_;
};

}  // namespace

int lock_hold(const Context& context, const LockArguments& arguments) {
  block_stop_signals();
  auto session = context.open_session(lease_of(arguments));
  if (!session) return fail(session.error());
  HoldReport report(context.json || arguments.json);
  bool interrupted = false;
  auto guard = acquire(
      *session, arguments,
      [&report](std::size_t ahead) {
        report.say("waiting", {{"ahead", ahead}});
      },
      interrupted);
  if (!guard) return interrupted ? 130 : fail_acquire(guard.error());
  report.say("acquired", {{"lock", guard->path()},
                          {"sequencer", guard->sequencer()},
                          {"generation", text_of(guard->generation())},
                          {"lease_ms", session->lease().count()}});
  std::atomic<bool> lost{false};
  guard->on_jeopardy([&report] { report.say("jeopardy", Json::object()); });
  guard->on_safe([&report] { report.say("safe", Json::object()); });
  guard->on_lost([&](const client::Loss& loss) {
    report.say("lost", {{"reason", loss.message}});
    lost = true;
  });
  while (!lost && !interrupted) {
    const std::optional<int> number = next_signal(kPollMs);
    interrupted = number && *number != SIGCHLD;
  }
  if (lost) return kLost;
  const auto released = guard->release(context.call_options());
  if (!released) return fail(released.error());
  report.say("released", Json::object());
  return kOk;
}

}  // namespace holdfast::cli
