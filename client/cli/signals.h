#pragma once

#include <initializer_list>
#include <optional>

#include <signal.h>

namespace holdfast::cli {

// While one exists its signals do nothing by themselves: they are taken one by one by next(). To be
// made before the threads of a session, which inherit it, and destroyed after them. What was set
// before holds again afterwards.
class SignalQueue {
 public:
  explicit SignalQueue(std::initializer_list<int> numbers);
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  // The next of them within the time, or none.
  std::optional<int> next(int wait_ms) const;

 private:
  sigset_t numbers_;
  sigset_t before_;
};

// Ctrl-C, and what a service manager or a closed terminal sends.
inline constexpr std::initializer_list<int> kStopSignals = {SIGINT, SIGTERM, SIGHUP};

}  // namespace holdfast::cli
