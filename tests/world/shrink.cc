#include "tests/world/shrink.h"

#include <cstdio>

#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::world {
namespace {

constexpr int kRounds = 3;
constexpr SimTime kLeastTime = 200 * kMillisecond;

class Shrinker {
 public:
  Shrinker(RunPlan plan, const std::function<void(const std::string&)>& tell)
      : best_(std::move(plan)), tell_(tell) {}

  RunPlan run() {
    for (int round = 0; round < kRounds; ++round) {
      const RunPlan before = best_;
      leave_out_faults();
      take_fewer_clients();
      end_sooner();
      if (to_options(before) == to_options(best_)) break;
    }
    return best_;
  }

 private:
  bool accept(const RunPlan& plan) {
    if (try_run(plan) != Ending::kFailed) return false;
    best_ = plan;
    tell_("still fails with " + to_options(plan));
    return true;
  }

  void leave_out_faults() {
    const Design design = design_of(best_);
    for (std::size_t i = 0; i < kFaults; ++i) {
      if (design.faults.every[i] == 0) continue;
      RunPlan plan = best_;
      plan.without |= 1U << i;
      accept(plan);
    }
  }

  void take_fewer_clients() {
    for (std::size_t clients = 1; clients < design_of(best_).work.clients; clients *= 2) {
      RunPlan plan = best_;
      plan.clients = clients;
      if (accept(plan)) return;
    }
  }

  void end_sooner() {
    SimTime good = 0;  // The faults end too early for the failure.
    SimTime bad = design_of(best_).faults_until;
    while (bad - good > kLeastTime) {
      RunPlan plan = best_;
      plan.faults_until = good + (bad - good) / 2;
      (accept(plan) ? bad : good) = *plan.faults_until;
    }
  }

  RunPlan best_;
  const std::function<void(const std::string&)>& tell_;
};

}  // namespace

Ending try_run(const RunPlan& plan) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    _exit(run_seed(plan).violation ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Ending::kClean : Ending::kFailed;
}

RunPlan shrink(RunPlan plan, const std::function<void(const std::string&)>& tell) {
  return Shrinker(std::move(plan), tell).run();
}

}  // namespace holdfast::world
