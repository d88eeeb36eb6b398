#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "tests/explore/preset.h"
#include "tests/explore/script.h"
#include "tests/explore/search.h"
#include "tests/explore/story.h"

// holdfast_explore: looks at every state that a small cell of real cores can come to. Ends with 0
// when no property was violated within the bounds, 1 when one was, 2 on wrong usage.

namespace holdfast::explore {
namespace {

constexpr std::uint64_t kMib = 1U << 20U;

struct Arguments {
  std::string preset = "quick";
  bool list = false;
  bool no_symmetry = false;
  std::string scenario;
  unsigned depth = 0;
  std::uint64_t states = 0;
  std::uint64_t memory_mib = 3500;
  double minutes = 0;
  std::optional<unsigned> elections, proposals, crashes, losses, timeouts, pings, reads, images;

  Budget over(Budget budget) const {
    const auto set = [&budget](Kind kind, const std::optional<unsigned>& times) {
      if (times.has_value()) budget.set(kind, *times);
    };
    set(Kind::kLead, elections);
    set(Kind::kPropose, proposals);
    set(Kind::kCrash, crashes);
    set(Kind::kNotice, losses);
    set(Kind::kTimeout, timeouts);
    set(Kind::kPing, pings);
    set(Kind::kRead, reads);
    set(Kind::kImage, images);
    return budget;
  }
};

void declare(CLI::App& app, Arguments& a) {
  const auto most = CLI::Range(0U, Budget::kMost);
  app.add_option("--preset", a.preset, "where to begin and how far to go; see --list");
  app.add_flag("--list", a.list, "print the presets and end");
  app.add_option("--elections", a.elections, "elections won")->check(most);
  app.add_option("--proposals", a.proposals, "proposals of clients")->check(most);
  app.add_option("--crashes", a.crashes, "crashes; restarts are free")->check(most);
  app.add_option("--losses", a.losses, "connections lost by themselves")->check(most);
  app.add_option("--timeouts", a.timeouts, "replicas that give up waiting")->check(most);
  app.add_option("--pings", a.pings, "heartbeats of leaders")->check(most);
  app.add_option("--reads", a.reads, "read barriers")->check(most);
  app.add_option("--images", a.images, "images synced, with the log purged")->check(most);
  app.add_option("--depth", a.depth, "stop at this number of actions");
  app.add_option("--states", a.states, "stop after about so many states");
  app.add_option("--minutes", a.minutes, "stop after this time");
  app.add_option("--memory-mib", a.memory_mib, "stop at this size");
  app.add_option("--scenario", a.scenario,
                 "write the way to a violation into this file, for tests/testdata/zab");
  app.add_flag("--no-symmetry", a.no_symmetry, "do not take exchanged replicas for equal");
}

std::string text_of(const Budget& budget) {
  std::string out;
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    if (budget.left(kind) == 0 || budget.left(kind) == Budget::kMost) continue;
    out += std::string(out.empty() ? "" : " ") + name_of(kind) + "=" +
           std::to_string(budget.left(kind));
  }
  return out;
}

void print_progress(const Progress& p) {
  static double printed = 0;
  const double every = isatty(STDERR_FILENO) != 0 ? 1 : 30;
  if (p.seconds < printed + every) return;
  printed = p.seconds;
  std::fprintf(stderr, "depth %u: %llu states, %llu waiting, %.0f states/s, %llu MiB\n", p.depth,
               static_cast<unsigned long long>(p.states),
               static_cast<unsigned long long>(p.waiting),
               static_cast<double>(p.states) / p.seconds,
               static_cast<unsigned long long>(resident_bytes() / kMib));
}

void print_report(const World& world, const Report& report) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("%s\n", report.violation     ? "VIOLATION"
                      : report.is_complete ? "complete: every state within the bounds"
                                           : "not complete: a limit was reached");
  std::printf(
      "%llu states, %llu transitions, depth %u, %.1f s, %.0f states/s, %.0f "
      "transitions/s, %llu MiB at most\n",
      number(report.states), number(report.transitions), report.depth, report.seconds,
      static_cast<double>(report.states) / report.seconds,
      static_cast<double>(report.transitions) / report.seconds,
      number(peak_resident_bytes() / kMib));
  std::printf(
      "by the real core: %zu states of a replica, %zu steps; %zu judgements of %zu minds; "
      "%zu links\n",
      world.nodes().size(), world.steps(), world.judgements(), world.minds().size(),
      world.links().size());
  std::printf("different steps in which this was met:");
  for (const auto& [kind, count] : world.coverage().counts()) {
    std::printf(" %s=%llu", kind.c_str(), number(count));
  }
  std::printf("\n");
}

// For a core that aborts: everything that is needed to tell how it came to that.
struct Running {
  World* world = nullptr;
  Cell down;
  const Prologue* prologue = nullptr;
  Cell start;
  const Search* search = nullptr;  // None before it begins.
};
Running running;

void print_story(const std::vector<Action>& path, bool aborts) {
  const bool in_prologue = running.search == nullptr;
  Cell down = running.down;
  down.budget = Budget::unlimited();
  const Schedule before{.actions = running.prologue->actions(), .aborts = aborts && in_prologue};
  std::printf("before the search\n%s", tell(*running.world, down, before).c_str());
  if (in_prologue) return;
  const Schedule after{.actions = path, .aborts = aborts};
  std::printf("\nthe search\n%s", tell(*running.world, running.start, after).c_str());
}

// Comes from abort() in this very thread, in the middle of a step of a copy: what the story needs
// is whole.
extern "C" void on_abort(int) {
  std::signal(SIGABRT, SIG_DFL);
  std::printf("VIOLATION: the core aborted\n");
  print_story(running.search ? running.search->path_to_attempt() : std::vector<Action>(), true);
  std::fflush(stdout);
  _exit(1);
}

// True when no file is wanted.
bool write_scenario(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::ofstream out(path);
  out << text << std::flush;
  if (!out.good()) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return out.good();
}

int explore(const Arguments& arguments, const Preset& preset) {
  const Budget budget = arguments.over(preset.budget);
  World world(setup_for(preset),
              arguments.no_symmetry ? World::Symmetry::kOff : World::Symmetry::kOn);
  Prologue prologue(world, preset.accepted);
  running = {.world = &world, .down = world.down(preset.accepted), .prologue = &prologue};
  std::signal(SIGABRT, on_abort);
  std::printf("%s: %s\nbounds: %s\n", preset.name.c_str(), preset.about.c_str(),
              text_of(budget).c_str());
  std::fflush(stdout);
  preset.begin(prologue);
  if (prologue.violation()) {
    std::printf("VIOLATION\n");
    print_story({}, false);
    return 1;
  }
  running.start = prologue.cell(budget);
  Search search(world, {.depth = arguments.depth,
                        .states = arguments.states,
                        .memory_bytes = arguments.memory_mib * kMib,
                        .seconds = arguments.minutes * 60});
  running.search = &search;
  const Report report = search.run(running.start, print_progress);
  print_report(world, report);
  if (!report.violation) return 0;
  print_story(report.path, false);
  std::vector<Action> all = prologue.actions();
  all.insert(all.end(), report.path.begin(), report.path.end());
  return write_scenario(arguments.scenario, to_text(script_of(world, preset, all))) ? 1 : 2;
}

int run(int argc, char** argv) {
  CLI::App app("Looks at every state that a cell of three real cores can come to within bounds.");
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (arguments.list) {
    for (const Preset& preset : presets()) {
      std::printf("%-10s %s\n", preset.name.c_str(), preset.about.c_str());
    }
    return 0;
  }
  const Preset* preset = find_preset(arguments.preset);
  if (preset == nullptr) {
    std::fprintf(stderr, "no preset '%s'; see --list\n", arguments.preset.c_str());
    return 2;
  }
  return explore(arguments, *preset);
}

}  // namespace
}  // namespace holdfast::explore

int main(int argc, char** argv) {
  return holdfast::explore::run(argc, argv);
}
