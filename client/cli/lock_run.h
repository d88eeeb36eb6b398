#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/cli/context.h"

namespace holdfast::cli {

struct LockArguments {
  std::string name;
  std::string wait;        // Empty: without limit.
  std::string lease;       // Empty: the cell's default.
  std::string lock_delay;  // Empty: 0.
  std::string description;
  bool shared = false;
  std::vector<std::string> command;  // lock run
  bool json = false;                 // lock hold
};

// Acquires on a session of its own. The options are as parsed; a duration is valid.
client::AcquireOptions acquire_options(const LockArguments& arguments);
Milliseconds lease_of(const LockArguments& arguments);
// Not acquired in time, or the error's own code.
int fail_acquire(const client::Error& error);

// Runs the command while the lock is held. When the lease is not confirmed the command gets SIGTERM
// while a quarter of the lease is left and SIGKILL while a twelfth is, so that it has ended before
// the cell could give the lock to anybody else.
int lock_run(const Context& context, const LockArguments& arguments);

// Holds the lock until SIGINT or SIGTERM; says a line at each event: waiting, acquired, jeopardy,
// safe, released, lost.
int lock_hold(const Context& context, const LockArguments& arguments);

}  // namespace holdfast::cli
