#include "client/cli/signals.h"

#include <ctime>

namespace holdfast::cli {

SignalQueue::SignalQueue(std::initializer_list<int> numbers) {
  sigemptyset(&numbers_);
  for (const int number : numbers) sigaddset(&numbers_, number);
  pthread_sigmask(SIG_BLOCK, &numbers_, &before_);
}

SignalQueue::~SignalQueue() {
  // One that came meanwhile and was not taken is not to end the program afterwards.
  while (next(0)) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalQueue::next(int wait_ms) const {
  const timespec wait{.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1'000'000L};
  const int number = sigtimedwait(&numbers_, nullptr, &wait);
  if (number < 0) return std::nullopt;
  return number;
}

}  // namespace holdfast::cli
