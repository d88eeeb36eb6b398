#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/cli/context.h"
#include "client/cli/signals.h"

namespace holdfast::cli {

struct LockArguments {
  std::string name;
  std::string wait;        // Empty: without limit.
  std::string lease;       // Empty: the cell's default.
  std::string lock_delay;  // Empty: 0.
  std::string description;
  bool shared = false;
  std::vector<std::string> command;
  bool json = false;
  bool ends_with_stdin = false;
};

// What `lock run` and `elect` pass on to their command, besides what they end for while waiting.
inline constexpr std::initializer_list<int> kRunSignals = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD};

Milliseconds lease_of(const LockArguments& arguments);

// The lock, or the exit code with which to end: after Ctrl-C and the like the request is withdrawn,
// and the code is 128 + the signal's number.
struct Acquired {
  std::optional<client::LockGuard> guard;
  int exit_code = kOk;
};
Acquired acquire(const Context& context, client::Session& session, const LockArguments& arguments,
                 const SignalQueue& signals, std::function<void(std::size_t)> on_waiting);

// Says how many are before us; to people only.
void say_waiting(std::size_t ahead);

// Runs the command while the lock is held. When the lease is not confirmed the command gets SIGTERM
// while a quarter of the lease is left and SIGKILL while a twelfth is, so that it has ended before
// the cell could give the lock to anybody else; a Watchdog sees to that also when this program is
// stopped or killed. Gives the lock back; answers the exit code.
int run_while_held(const Context& context, client::Session& session, client::LockGuard& guard,
                   const std::vector<std::string>& command, const SignalQueue& signals);

int lock_run(const Context& context, const LockArguments& arguments);

}  // namespace holdfast::cli
