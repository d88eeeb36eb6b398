#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "client/cli/event_lines.h"
#include "client/cli/lock_run.h"

namespace holdfast::cli {

// Says jeopardy, safe and lost of the guard from now on; true once it is lost.
std::shared_ptr<const std::atomic<bool>> report_guard(client::LockGuard& guard,
                                                      const std::shared_ptr<EventLines>& lines);

// Until a signal asks to end, the flag is set, or, where asked, standard input ends.
void wait_for_end(const SignalQueue& signals, const std::atomic<bool>& lost, bool ends_with_stdin);

// Holds the lock until SIGINT, SIGTERM or SIGHUP, or until standard input ends where that is asked;
// says a line at each event: waiting, acquired, jeopardy, safe, released, lost.
int lock_hold(const Context& context, const LockArguments& arguments);

}  // namespace holdfast::cli
