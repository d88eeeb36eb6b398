#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/sim/run.h"

// holdfast_core_sim: runs simulated cells by seed. Ends with 0 when every run kept every property,
// 1 when one did not, 2 on wrong usage. A core that aborts ends the process; the command that
// repeats the run is printed first.

namespace holdfast::sim {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::uint64_t first_seed = 1;
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 100;
  double minutes = 0;
  std::optional<std::uint64_t> steps;
  bool around_sync = false;
  bool fail_fast = false;
  bool trace = false;
  bool stats = false;

  RunPlan plan(std::uint64_t number) const {
    const Course course = around_sync ? Course::kAroundSync : Course::kWhole;
    return {.seed = number, .course = course, .steps = steps.value_or(steps_of(course))};
  }
};

void declare(CLI::App& app, Arguments& a) {
  auto* seeds = app.add_option("--seeds", a.seeds, "how many runs");
  app.add_option("--first-seed", a.first_seed, "the seed of the first run");
  app.add_option("--seed", a.seed, "this run only")->excludes(seeds);
  app.add_option("--minutes", a.minutes, "runs for so long, in place of a number of them")
      ->excludes(seeds);
  app.add_option("--steps", a.steps, "of each run, before its faults end");
  app.add_flag("--around-sync", a.around_sync,
               "short runs from diverged histories: elections, synchronizations, crashes");
  app.add_flag("--fail-fast", a.fail_fast, "end with the first run that fails");
  app.add_flag("--trace", a.trace, "print everything that happens");
  app.add_flag("--stats", a.stats, "print how often each thing was met");
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
  std::printf("%s\nreplay: %s\n", describe(swarm_of(plan)).c_str(), replay_command(plan).c_str());
}

struct Total {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  std::uint64_t failures = 0;
  std::int64_t worst_healing_percent = 0;
  Coverage coverage;
  double seconds = 0;

  void add(const RunReport& report) {
    ++runs;
    steps += report.steps;
    coverage.add(report.coverage);
    if (report.violation) ++failures;
    if (report.healing_bound > 0) {
      worst_healing_percent =
          std::max(worst_healing_percent, 100 * report.healing / report.healing_bound);
    }
  }
};

void run_one(RunPlan plan, const Arguments& arguments, Total& total) {
  if (arguments.trace) plan.trace = Trace::Keep::kPrintAll;
  std::snprintf(abort_message, sizeof(abort_message), "replay: %s\n", replay_command(plan).c_str());
  RunReport report = run_seed(plan);
  total.add(report);
  if (!report.violation) return;
  if (!arguments.trace) {
    plan.trace = Trace::Keep::kLastLines;
    report = run_seed(plan);
  }
  print_failure(plan, report);
}

void print_total(const Total& total, bool stats) {
  if (stats) {
    for (const auto& [kind, count] : total.coverage.counts()) {
      std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), kind.c_str());
    }
    std::printf("%11lld%%  of the time allowed for healing, at worst\n",
                static_cast<long long>(total.worst_healing_percent));
  }
  std::printf("%llu runs, %llu steps, %llu failed; %.0f runs/s, %.0f steps/s\n",
              static_cast<unsigned long long>(total.runs),
              static_cast<unsigned long long>(total.steps),
              static_cast<unsigned long long>(total.failures),
              static_cast<double>(total.runs) / total.seconds,
              static_cast<double>(total.steps) / total.seconds);
}

int run_all(const Arguments& arguments) {
  std::signal(SIGABRT, on_abort);
  const Clock::time_point begin = Clock::now();
  const auto seconds = [begin] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  Total total;
  if (arguments.seed) {
    run_one(arguments.plan(*arguments.seed), arguments, total);
  } else {
    const auto goes_on = [&] {
      if (arguments.fail_fast && total.failures > 0) return false;
      return arguments.minutes > 0 ? seconds() < 60 * arguments.minutes
                                   : total.runs < arguments.seeds;
    };
    while (goes_on()) run_one(arguments.plan(arguments.first_seed + total.runs), arguments, total);
  }
  total.seconds = seconds();
  print_total(total, arguments.stats);
  return total.failures == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  CLI::App app("Simulated cells of protocol cores, each decided by a seed.");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return run_all(arguments);
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) {
  return holdfast::sim::run(argc, argv);
}
