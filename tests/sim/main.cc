#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

#include "tests/sim/run.h"

// holdfast_core_sim: runs simulated cells by seed. Ends with 0 when every run kept every property,
// 1 when one did not, 2 on wrong usage. A core that aborts ends the process; the command that
// repeats the run is printed first.

namespace {

using holdfast::sim::RunPlan;
using holdfast::sim::RunReport;
using holdfast::sim::Trace;

constexpr const char* kUsage =
    "usage: holdfast_core_sim [--seeds N] [--first-seed S] [--seed S] [--steps N] [--trace] "
    "[--stats]\n";

struct Arguments {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;
  std::uint64_t steps = RunPlan().steps;
  bool trace = false;
  bool stats = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      out.trace = true;
      continue;
    }
    if (name == "--stats") {
      out.stats = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(argv[++i], &end, 10);
    if (*end != '\0') return std::nullopt;
    if (name == "--seeds") {
      out.seeds = value;
    } else if (name == "--first-seed") {
      out.first_seed = value;
    } else if (name == "--seed") {
      out.first_seed = value;
      out.seeds = 1;
    } else if (name == "--steps") {
      out.steps = value;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// What to print when a check inside the core aborts. Filled in before each run.
char abort_message[256];

extern "C" void on_abort(int) {
  const ssize_t ignored = write(STDERR_FILENO, abort_message, std::strlen(abort_message));
  static_cast<void>(ignored);
}

void print_failure(const RunPlan& plan, const RunReport& report) {
  for (const std::string& line : report.last_lines) std::printf("%s\n", line.c_str());
  std::printf("seed=%llu step=%llu %s: %s\n", static_cast<unsigned long long>(plan.seed),
              static_cast<unsigned long long>(report.steps), report.violation->invariant.c_str(),
              report.violation->facts.c_str());
  std::printf("%s\nreplay: %s\n", describe(holdfast::sim::choose_swarm(plan.seed)).c_str(),
              replay_command(plan).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Arguments> arguments = parse(argc, argv);
  if (!arguments) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::signal(SIGABRT, on_abort);
  holdfast::sim::Coverage coverage;
  std::uint64_t failures = 0;
  std::uint64_t steps = 0;
  std::int64_t worst_healing_percent = 0;
  for (std::uint64_t i = 0; i < arguments->seeds; ++i) {
    RunPlan plan{.seed = arguments->first_seed + i, .steps = arguments->steps};
    if (arguments->trace) plan.trace = Trace::Keep::kPrintAll;
    std::snprintf(abort_message, sizeof(abort_message), "replay: %s\n",
                  replay_command(plan).c_str());
    RunReport report = run_seed(plan);
    coverage.add(report.coverage);
    steps += report.steps;
    if (report.healing_bound > 0) {
      worst_healing_percent =
          std::max(worst_healing_percent, 100 * report.healing / report.healing_bound);
    }
    if (!report.violation) continue;
    ++failures;
    if (!arguments->trace) {
      plan.trace = Trace::Keep::kLastLines;
      report = run_seed(plan);
    }
    print_failure(plan, report);
  }
  if (arguments->stats) {
    for (const auto& [kind, count] : coverage.counts()) {
      std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), kind.c_str());
    }
    std::printf("%11lld%%  of the time allowed for healing, at worst\n",
                static_cast<long long>(worst_healing_percent));
  }
  std::printf("%llu runs, %llu steps, %llu failed\n",
              static_cast<unsigned long long>(arguments->seeds),
              static_cast<unsigned long long>(steps), static_cast<unsigned long long>(failures));
  return failures == 0 ? 0 : 1;
}
