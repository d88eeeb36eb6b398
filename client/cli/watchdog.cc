#include "client/cli/watchdog.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::cli {
namespace {

constexpr std::int64_t kDismissed = 0;
constexpr int kKilled = 1;  // The exit code that says so.
constexpr std::int64_t kSmallChangeMs = 20;

std::int64_t boot_now_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void arm(int timer, std::int64_t deadline_ms) {
  itimerspec at{};
  at.it_value.tv_sec = deadline_ms / 1000;
  at.it_value.tv_nsec = (deadline_ms % 1000) * 1'000'000 + 1;  // All zero would be "never".
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, nullptr);
}

void close_all_but(unsigned lower, unsigned upper) {
  if (lower > 0) syscall(SYS_close_range, 0U, lower - 1, 0U);
  if (upper > lower + 1) syscall(SYS_close_range, lower + 1, upper - 1, 0U);
  syscall(SYS_close_range, upper + 1, ~0U, 0U);
}

// The watchdog's whole life. It comes from a process with threads, so it makes system calls only.
[[noreturn]] void watch(pid_t group, int socket, int timer) {
  setsid();  // No signal of the terminal is meant for it.
  prctl(PR_SET_NAME, "holdfast-dog");
  const auto one = static_cast<unsigned>(socket);
  const auto other = static_cast<unsigned>(timer);
  close_all_but(one < other ? one : other, one < other ? other : one);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  std::int64_t deadline_ms = INT64_MAX;
  while (true) {
    std::array<pollfd, 2> fds = {pollfd{.fd = socket, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = timer, .events = POLLIN, .revents = 0}};
    poll(fds.data(), fds.size(), -1);
    // What was said last counts, also if the time was over while nobody of us ran.
    if (fds[0].revents != 0) {
      const ssize_t got = read(socket, &deadline_ms, sizeof deadline_ms);
      if (got != static_cast<ssize_t>(sizeof deadline_ms)) break;
      if (deadline_ms == kDismissed) _exit(0);
      arm(timer, deadline_ms);
    } else if (boot_now_ms() >= deadline_ms) {
      break;
    }
  }
  kill(-group, SIGKILL);
  _exit(kKilled);
}

}  // namespace

std::optional<Watchdog> Watchdog::start(pid_t group, std::chrono::milliseconds time) {
  std::array<int, 2> ends{};
  // Sockets and no pipe: to write to a watchdog that somebody has killed must not end this program.
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  const int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
  const pid_t pid = timer < 0 ? -1 : fork();
  if (pid == 0) watch(group, ends[0], timer);
  close(ends[0]);
  if (timer >= 0) close(timer);
  if (pid < 0) {
    close(ends[1]);
    return std::nullopt;
  }
  Watchdog watchdog(pid, ends[1]);
  watchdog.set_time(time);
  return watchdog;
}

Watchdog::Watchdog(Watchdog&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      deadline_ms_(other.deadline_ms_) {}

Watchdog::~Watchdog() {
  if (socket_ < 0) return;
  close(socket_);
  waitpid(pid_, nullptr, 0);
}

void Watchdog::set_time(std::chrono::milliseconds time) {
  const std::int64_t deadline_ms = boot_now_ms() + time.count();
  if (std::abs(deadline_ms - deadline_ms_) > kSmallChangeMs) tell(deadline_ms);
}

bool Watchdog::dismiss() {
  tell(kDismissed);
  close(std::exchange(socket_, -1));
  int status = 0;
  return waitpid(pid_, &status, 0) == pid_ && WIFEXITED(status) && WEXITSTATUS(status) == kKilled;
}

void Watchdog::tell(std::int64_t deadline_ms) {
  // A watchdog that was stopped from outside does not hold this program up.
  const ssize_t sent = send(socket_, &deadline_ms, sizeof deadline_ms, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(sizeof deadline_ms)) deadline_ms_ = deadline_ms;
}

}  // namespace holdfast::cli
