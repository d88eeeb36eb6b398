#include "tests/bench/load/window.h"

#include <utility>

namespace holdfast::bench {
namespace {

constexpr std::size_t kExpectedOps = 2'000'000;

}  // namespace

Window::Window(std::vector<pid_t> servers) : servers_(std::move(servers)) {
  latencies_ = Latencies(kExpectedOps);
}

void Window::open() {
  before_ = CpuUsage::of(servers_);
  opened_at_ = now_ns();
  is_open_ = true;
}

void Window::close() {
  closed_at_ = now_ns();
  is_open_ = false;
  is_over_ = true;
  after_ = CpuUsage::of(servers_);
}

void Window::on_success(Nanoseconds begun_at) {
  if (is_open_) latencies_.add(now_ns() - begun_at);
}

void Window::on_acquired(Nanoseconds took) {
  if (is_open_) acquire_latencies_.add(took);
}

void Window::on_failure(std::string_view why) {
  if (errors_++ == 0) first_error_ = why;
}

void Window::on_mismatch(std::string_view what) {
  on_failure("wrong answer: " + std::string(what));
}

void Window::add_to(Figures& figures) {
  const double seconds = to_seconds(closed_at_ - opened_at_);
  const std::size_t ops = latencies_.size();
  figures.add("seconds", seconds);
  figures.add("ops", static_cast<std::int64_t>(ops));
  figures.add("per_s", static_cast<double>(ops) / seconds);
  latencies_.add_to(figures, "");
  if (acquire_latencies_.size() > 0) acquire_latencies_.add_to(figures, "acquire_");
  add_cpu(figures, before_, after_, seconds);
  figures.add("errors", static_cast<std::int64_t>(errors_));
  if (errors_ > 0) {
    figures.add("failed", std::to_string(errors_) + " failures; the first: " + first_error_);
  } else if (ops == 0) {
    figures.add("failed", "nothing succeeded in the window");
  }
}

}  // namespace holdfast::bench
