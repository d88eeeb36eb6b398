#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/cpu_usage.h"
#include "tests/bench/load/latencies.h"

namespace holdfast::bench {

// The measured part of a closed loop: warm-up, window, end. Only what succeeds within the window
// counts; a failure is one at any time.
class Window {
 public:
  explicit Window(std::vector<pid_t> servers);

  void open();
  void close();
  // After close(): nothing more is to be asked for.
  bool is_over() const { return is_over_; }

  void on_success(Nanoseconds begun_at);
  // Of a lock cycle: the acquire in it took so long.
  void on_acquired(Nanoseconds took);
  void on_failure(std::string_view why);
  // An answer that cannot be: the measurement is worth nothing.
  void on_mismatch(std::string_view what);

  bool has_failed() const { return errors_ > 0; }
  // seconds, ops, per_s, errors, latencies, CPU; "failed" if anything failed.
  void add_to(Figures& figures);

 private:
  std::vector<pid_t> servers_;
  bool is_open_ = false;
  bool is_over_ = false;
  Nanoseconds opened_at_ = 0;
  Nanoseconds closed_at_ = 0;
  CpuUsage before_;
  CpuUsage after_;
  Latencies latencies_;
  Latencies acquire_latencies_;
  std::size_t errors_ = 0;
  std::string first_error_;
};

}  // namespace holdfast::bench
