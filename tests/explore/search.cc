#include "tests/explore/search.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <limits>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "zab/base/check.h"

namespace holdfast::explore {
namespace {

// Between two looks at the clock and the memory.
constexpr std::uint64_t kStatesBetweenLooks = 1U << 12U;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

Report Search::run(const Cell& start, const std::function<void(const Progress&)>& on_progress) {
  const auto begin = std::chrono::steady_clock::now();
  seen_.insert(world_.fingerprint(start));
  origins_.push_back({});
  report_.states = 1;
  std::deque<Cell> level = {start};
  std::uint32_t number = 0;
  std::uint64_t until_look = kStatesBetweenLooks;
  bool stopped = false;
  while (!level.empty() && !stopped && !report_.violation) {
    if (limits_.depth > 0 && report_.depth == limits_.depth) {
      stopped = true;
      break;
    }
    while (!level.empty() && !stopped && !report_.violation) {
      expand(level.front(), number++);
      level.pop_front();
      if (--until_look > 0) continue;
      until_look = kStatesBetweenLooks;
      report_.seconds = seconds_since(begin);
      report_.waiting = level.size() + next_.size();
      on_progress(report_);
      stopped = is_over_limit();
    }
    if (stopped || report_.violation) break;
    level = std::exchange(next_, {});
    if (!level.empty()) ++report_.depth;
  }
  report_.waiting = level.size() + next_.size();
  report_.seconds = seconds_since(begin);
  report_.is_complete = !stopped && !report_.violation;
  return report_;
}

bool Search::is_over_limit() {
  return (limits_.states > 0 && report_.states >= limits_.states) ||
         (limits_.seconds > 0 && report_.seconds >= limits_.seconds) ||
         (limits_.memory_bytes > 0 && resident_bytes() >= limits_.memory_bytes);
}

void Search::expand(const Cell& cell, std::uint32_t number) {
  world_.list_actions(cell, actions_);
  expanding_ = number;
  for (const Action& action : actions_) {
    trying_ = action;
    const Cell reached = world_.perform(cell, action);
    ++report_.transitions;
    if (reached.mind != cell.mind && world_.violation(reached)) {
      report_.violation = world_.violation(reached);
      report_.path = path_to_attempt();
      return;
    }
    if (!seen_.insert(world_.fingerprint(reached)).second) continue;
    HOLDFAST_CHECK(origins_.size() < std::numeric_limits<std::uint32_t>::max(),
                   "more states than can be numbered");
    ++report_.states;
    origins_.push_back({number, pack(action)});
    next_.push_back(reached);
  }
}

std::vector<Action> Search::path_to(std::uint32_t number) const {
  std::vector<Action> path;
  for (; number != 0; number = origins_[number].from) {
    path.push_back(unpack(origins_[number].action));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<Action> Search::path_to_attempt() const {
  std::vector<Action> path = path_to(expanding_);
  path.push_back(trying_);
  return path;
}

}  // namespace holdfast::explore
