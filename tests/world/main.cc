#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/world/run.h"
#include "tests/world/shrink.h"

// holdfast_sim: simulated cells of whole replicas with their clients, by seed. Ends with 0 when
// every run kept every property, 1 when one did not or a kind was never met, 2 on wrong usage.

namespace holdfast::world {
namespace {

using WallClock = std::chrono::steady_clock;
// So many seeds have to meet every kind; the rarest comes once in two hundred.
constexpr std::uint64_t kCoverageSeeds = 2'000;

struct Arguments {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;
  std::optional<std::uint64_t> seed;
  double minutes = 0;
  std::uint32_t without = 0;
  std::optional<std::size_t> clients;
  std::optional<std::int64_t> faults_until_ms;
  std::string story = "short";
  bool tells_story = false;
  bool stats = false;
  bool shrinks = false;
  bool requires_coverage = false;
  bool keeps_going = false;
  bool quiet = false;
  double bench_seconds = 0;
};

// What to print when the product aborts. Filled in before each run.
char abort_message[512];

extern "C" void on_abort(int) {
  const ssize_t ignored = write(STDERR_FILENO, abort_message, std::strlen(abort_message));
  static_cast<void>(ignored);
}

class Session {
 public:
  explicit Session(const Arguments& arguments) : arguments_(arguments), began_(WallClock::now()) {}

  int run() {
    std::uint64_t seed = arguments_.seed.value_or(arguments_.first_seed);
    const std::uint64_t seeds = arguments_.seed ? 1 : arguments_.seeds;
    while (goes_on(seeds)) {
      run_one(plan_of(seed++));
      if (failures_ > 0 && !arguments_.keeps_going) break;
    }
    progress(true);
    if (arguments_.stats) print_stats();
    const bool covers = check_coverage();
    print_totals();
    return failures_ == 0 && covers ? 0 : 1;
  }

 private:
  double passed() const { return std::chrono::duration<double>(WallClock::now() - began_).count(); }
  bool goes_on(std::uint64_t seeds) const {
    return arguments_.minutes > 0 ? passed() < arguments_.minutes * 60 : runs_ < seeds;
  }

  RunPlan plan_of(std::uint64_t seed) const {
    RunPlan plan{.seed = seed, .without = arguments_.without, .clients = arguments_.clients};
    if (arguments_.faults_until_ms) {
      plan.faults_until = *arguments_.faults_until_ms * kMillisecond;
    }
    if (arguments_.tells_story) plan.detail = detail();
    return plan;
  }
  Story::Detail detail() const {
    return arguments_.story == "long" ? Story::Detail::kLong : Story::Detail::kShort;
  }

  void run_one(const RunPlan& plan) {
    std::snprintf(abort_message, sizeof(abort_message),
                  "\nthe product aborted; replay: ./dev sim %s --story-of\n",
                  to_options(plan).c_str());
    const RunReport report = run_seed(plan);
    ++runs_;
    steps_ += report.steps;
    entries_ += report.entries;
    simulated_ += report.simulated;
    if (report.healing_bound > 0) {
      worst_healing_ = std::max(worst_healing_, 100 * report.healing / report.healing_bound);
    }
    for (const auto& [kind, count] : report.counts) counts_[kind] += count;
    if (report.violation) {
      on_failure(plan, report);
    } else if (arguments_.tells_story) {
      print_story(plan, report);
    }
    progress(false);
  }

  void on_failure(RunPlan plan, RunReport report) {
    ++failures_;
    if (arguments_.shrinks) {
      std::printf("\nseed %llu fails; looking for a shorter run\n",
                  static_cast<unsigned long long>(plan.seed));
      plan = shrink(plan, [](const std::string& line) {
        std::printf("  %s\n", line.c_str());
        std::fflush(stdout);
      });
    }
    plan.detail = detail();
    report = run_seed(plan);
    print_story(plan, report);
  }

  void print_story(const RunPlan& plan, const RunReport& report) const {
    std::printf("\n%s\n", describe(design_of(plan)).c_str());
    for (const std::string& line : report.lines) std::printf("%s\n", line.c_str());
    if (report.violation) {
      std::printf("FAILED: %s: %s\n", report.violation->rule.c_str(),
                  report.violation->facts.c_str());
    }
    std::printf("hash %016llx; replay: ./dev sim %s --story-of\n",
                static_cast<unsigned long long>(report.hash), to_options(plan).c_str());
    std::fflush(stdout);
  }

  void progress(bool last) {
    if (arguments_.quiet || !isatty(STDERR_FILENO)) return;
    if (!last && passed() - told_ < 1) return;
    told_ = passed();
    std::fprintf(stderr, "\r%llu seeds, %llu failed, %.0f simulated s in each of %.0f s   %s",
                 static_cast<unsigned long long>(runs_), static_cast<unsigned long long>(failures_),
                 simulated_seconds() / std::max(told_, 0.001), told_, last ? "\n" : "");
  }

  double simulated_seconds() const {
    return static_cast<double>(simulated_) / static_cast<double>(kSecond);
  }

  void print_stats() const {
    for (const auto& [kind, count] : counts_) {
      std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), kind.c_str());
    }
  }

  bool check_coverage() const {
    if (!arguments_.requires_coverage && runs_ < kCoverageSeeds) return true;
    bool covers = true;
    for (const std::string& kind : expected_kinds()) {
      if (counts_.contains(kind)) continue;
      std::printf("never met: %s\n", kind.c_str());
      covers = false;
    }
    return covers;
  }

  void print_totals() const {
    std::printf(
        "%llu seeds, %llu steps, %llu committed entries, %.0f simulated s in %.1f s (%.0f each "
        "second), healing at worst %lld%% of what it may take, %llu failed\n",
        static_cast<unsigned long long>(runs_), static_cast<unsigned long long>(steps_),
        static_cast<unsigned long long>(entries_), simulated_seconds(), passed(),
        simulated_seconds() / passed(), static_cast<long long>(worst_healing_),
        static_cast<unsigned long long>(failures_));
  }

  const Arguments& arguments_;
  const WallClock::time_point began_;
  double told_ = 0;
  std::uint64_t runs_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t entries_ = 0;
  SimTime simulated_ = 0;
  SimTime worst_healing_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

// How fast a calm cell of three replicas with 100 calls a second is.
int bench(double seconds) {
  Design design = calm_design(1);
  design.faults_until = static_cast<SimTime>(seconds * static_cast<double>(kSecond));
  const auto began = WallClock::now();
  const RunReport report = run_design(design, Story::Detail::kNone);
  const double took = std::chrono::duration<double>(WallClock::now() - began).count();
  std::uint64_t calls = 0;
  for (const auto& [kind, count] : report.counts) {
    if (kind.starts_with("call ")) calls += count;
  }
  const double simulated = static_cast<double>(report.simulated) / static_cast<double>(kSecond);
  std::printf(
      "%.0f simulated s in %.2f s: %.0f each second; %.0f calls and %.0f committed entries "
      "a simulated second; %llu steps\n",
      simulated, took, simulated / took, static_cast<double>(calls) / simulated,
      static_cast<double>(report.entries) / simulated,
      static_cast<unsigned long long>(report.steps));
  if (!report.violation) return 0;
  std::printf("FAILED: %s: %s\n", report.violation->rule.c_str(), report.violation->facts.c_str());
  return 1;
}

int main_of(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Simulated cells of whole replicas with their clients, by seed.", "dev sim");
  app.add_option("--seeds", arguments.seeds, "How many runs");
  app.add_option("--first-seed", arguments.first_seed, "The first of them");
  app.add_option("--seed", arguments.seed, "One run alone");
  app.add_option("--minutes", arguments.minutes, "Runs for so long, in place of --seeds");
  app.add_option("--without", arguments.without, "Faults left out, as a number of bits");
  app.add_option("--clients", arguments.clients, "At most so many clients");
  app.add_option("--faults-until-ms", arguments.faults_until_ms, "The faults end sooner");
  app.add_option("--story", arguments.story, "How much is told of a failure")
      ->check(CLI::IsMember({"short", "long"}));
  app.add_flag("--story-of", arguments.tells_story,
               "Tells the story also of a run without failure");
  app.add_flag("--stats", arguments.stats, "Prints what was met, and how often");
  app.add_flag("--shrink", arguments.shrinks, "Looks for a shorter run that still fails");
  app.add_flag("--require-coverage", arguments.requires_coverage,
               "Fails when a kind was never met; always from 2000 seeds on");
  app.add_flag("--keep-going", arguments.keeps_going, "Does not stop at the first failure");
  app.add_flag("--quiet", arguments.quiet, "No progress line");
  app.add_option("--bench", arguments.bench_seconds,
                 "Measures the speed of a calm cell over so many simulated seconds");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::signal(SIGABRT, on_abort);
  if (arguments.bench_seconds > 0) return bench(arguments.bench_seconds);
  return Session(arguments).run();
}

}  // namespace
}  // namespace holdfast::world

int main(int argc, char** argv) {
  return holdfast::world::main_of(argc, argv);
}
