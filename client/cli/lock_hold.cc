#include "client/cli/lock_hold.h"

#include <array>

#include <poll.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

constexpr int kHoldPollMs = 20;

// Nothing more will come from standard input. What came is thrown away.
bool stdin_has_ended() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&input, 1, 0) <= 0) return false;
  std::array<char, 4096> ignored{};
  return read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
}

}  // namespace

std::shared_ptr<const std::atomic<bool>> report_guard(client::LockGuard& guard,
                                                      const std::shared_ptr<EventLines>& lines) {
  const auto lost = std::make_shared<std::atomic<bool>>(false);
  guard.on_jeopardy([lines] { lines->say("jeopardy", Json::object()); });
  guard.on_safe([lines] { lines->say("safe", Json::object()); });
  guard.on_lost([lines, lost](const client::Loss& loss) {
    lines->say("lost", {{"reason", loss.message}});
    *lost = true;
  });
  return lost;
}

void wait_for_end(const SignalQueue& signals, const std::atomic<bool>& lost, bool ends_with_stdin) {
  while (!lost && !signals.next(kHoldPollMs)) {
    if (ends_with_stdin && stdin_has_ended()) return;
  }
}

int lock_hold(const Context& context, const LockArguments& arguments) {
  const SignalQueue signals(kStopSignals);
  auto session = context.open_session(lease_of(arguments));
  if (!session) return fail(session.error());
  const auto lines = std::make_shared<EventLines>(context.json || arguments.json);
  Acquired acquired = acquire(context, *session, arguments, signals, [lines](std::size_t ahead) {
    lines->say("waiting", {{"ahead", ahead}});
  });
  if (!acquired.guard) return acquired.exit_code;
  client::LockGuard& guard = *acquired.guard;
  lines->say("acquired", {{"lock", guard.path()},
                          {"sequencer", guard.sequencer()},
                          {"generation", std::to_string(guard.generation().value)},
                          {"lease_ms", session->lease().count()}});
  const auto lost = report_guard(guard, lines);
  wait_for_end(signals, *lost, arguments.ends_with_stdin);
  if (*lost) return kLost;
  const auto released = guard.release(context.call_options());
  if (!released) return fail(released.error());
  lines->say("released", Json::object());
  return kOk;
}

}  // namespace holdfast::cli
