#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace holdfast::cli {

// A small process that kills a process group, by SIGKILL, when its deadline passes or this program
// ends without dismiss(). So the group ends in time also while this program is stopped, has been
// killed, or does not get to run. Deadlines are of the clock that goes on during suspension.
class Watchdog {
 public:
  // Nothing when the machine cannot make a process.
  static std::optional<Watchdog> start(pid_t group, std::chrono::milliseconds time);
  Watchdog(Watchdog&& other) noexcept;
  Watchdog& operator=(Watchdog&&) = delete;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();  // Without dismiss(): the group is killed.

  // The deadline is in so long from now. Cheap: small changes are not passed on.
  void set_time(std::chrono::milliseconds time);
  // Leaves the group alone from now on. True if it has killed it before. Once.
  bool dismiss();

 private:
  Watchdog(pid_t pid, int socket) : pid_(pid), socket_(socket) {}
  void tell(std::int64_t deadline_ms);

  pid_t pid_;
  int socket_;
  std::int64_t deadline_ms_ = 0;
};

}  // namespace holdfast::cli
