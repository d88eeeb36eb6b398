#include "tests/sim/run.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "tests/sim/cluster.h"
#include "tests/sim/elector.h"
#include "tests/sim/faults.h"
#include "tests/sim/histories.h"
#include "tests/sim/workload.h"

namespace holdfast::sim {
namespace {

// Of the phase after the faults, between two looks at whether the cell has converged.
constexpr std::uint64_t kStepsBetweenLooks = 8;
// Of short runs, every so many go on until the cell has converged.
constexpr std::uint64_t kShortRunsToConvergence = 16;

class Run {
 public:
  Run(const RunPlan& plan, const Swarm& swarm)
      : plan_(plan),
        swarm_(swarm),
        streams_(swarm.design.seed),
        cluster_(swarm.design),
        faults_(swarm_, streams_.fork(), cluster_),
        workload_(swarm.work, streams_.fork(), cluster_),
        elector_(swarm.elect_every, streams_.fork(), cluster_) {}

  RunReport run() {
    prepare_disks();
    faults_.start_all();
    while (report_.steps < plan_.steps && !violated()) step_with_faults();
    const bool is_short = plan_.course == Course::kAroundSync;
    if (!violated() && (!is_short || plan_.seed % kShortRunsToConvergence == 0)) converge();
    return finish();
  }

 private:
  bool violated() const { return cluster_.checkers().violation().has_value(); }

  // A cell that has run before: its disks are provisioned, and some remember an epoch that came to
  // nothing.
  void prepare_disks() {
    if (plan_.course == Course::kAroundSync) return make_histories(streams_.fork(), cluster_);
    if (swarm_.first_start) return;
    Random random = streams_.fork();
    for (const auto& replica : cluster_.replicas()) {
      replica->disk().provision(Epoch(static_cast<std::uint32_t>(random.below(3))));
    }
  }

  void step_with_faults() {
    ++report_.steps;
    const auto event = cluster_.next_event();
    const SimTime cores = event ? event->at : workload_.next();
    const SimTime fault = faults_.next().value_or(cores + 1);
    const SimTime elects = swarm_.arbitrary_election ? elector_.next() : cores + 1;
    const SimTime first = std::min({cores, fault, elects, workload_.next()});
    if (fault == first) {
      faults_.run_next();
    } else if (workload_.next() == first) {
      workload_.run_next();
    } else if (elects == first) {
      elector_.run_next();
    } else {
      cluster_.run(*event);
    }
    faults_.notice_failures();
  }

  // A step of the phase after the faults: only what time brings.
  void step_healed() {
    ++report_.steps;
    const auto event = cluster_.next_event();
    const auto fault = faults_.next();
    if (fault.has_value() && (!event || *fault <= event->at)) {
      faults_.run_next();
    } else if (event) {
      cluster_.run(*event);
    }
    faults_.notice_failures();
  }

  void converge() {
    faults_.heal();
    cluster_.set_swallows_notifications(false);
    while (!faults_.is_over() && !violated()) step_healed();
    const SimTime begin = cluster_.now();
    report_.healing_bound = bound();
    std::optional<Zxid> fresh;
    while (!violated()) {
      for (std::uint64_t i = 0; i < kStepsBetweenLooks && !violated(); ++i) step_healed();
      report_.healing = cluster_.now() - begin;
      const auto missing = cluster_.find_not_converged();
      if (!missing && fresh && *fresh <= cluster_.checkers().ghost().committed_last()) return;
      if (!missing && !fresh) fresh = workload_.propose_once();
      if (report_.healing <= report_.healing_bound) continue;
      report_.violation = missing.value_or(Violation{"LIVENESS", "a proposal is not committed"});
      return;
    }
  }

  // Three failure timeouts by the slowest clock; a disk that was stalled when the faults ended; the
  // transfer of everything, entry by entry where the limits are that small; and a few round trips
  // and synced writes.
  SimTime bound() const {
    const Replica::Timing& timing = swarm_.design.timing;
    const SimTime timeouts = 3 * swarm_.design.options.failure_timeout * kMillisecond * 11 / 10;
    const auto entries = static_cast<SimTime>(cluster_.checkers().ghost().committed().size());
    const SimTime an_entry = timing.apply_max + timing.read_max + 6 * kMillisecond;
    return timeouts + timing.stall_max + entries * an_entry + 100 * kMillisecond;
  }

  RunReport finish() {
    if (violated()) report_.violation = cluster_.checkers().violation();
    for (const auto& replica : cluster_.replicas()) {
      if (replica->is_running()) cluster_.trace().mix(replica->core().hash());
      cluster_.trace().mix(replica->state().hash);
    }
    report_.coverage = cluster_.coverage();
    report_.hash = cluster_.trace().hash();
    const std::deque<std::string> lines = cluster_.trace().take_lines();
    report_.last_lines.assign(lines.begin(), lines.end());
    return std::move(report_);
  }

  RunPlan plan_;
  Swarm swarm_;
  Random streams_;
  Cluster cluster_;
  Faults faults_;
  Workload workload_;
  Elector elector_;
  RunReport report_;
};

}  // namespace

RunReport run_seed(const RunPlan& plan) {
  return Run(plan, swarm_of(plan)).run();
}

Swarm swarm_of(const RunPlan& plan) {
  Swarm swarm = plan.course == Course::kAroundSync ? choose_swarm_around_sync(plan.seed)
                                                   : choose_swarm(plan.seed);
  swarm.design.trace = plan.trace;
  swarm.mistake = plan.mistake;
  swarm.design.timing.reports_too_early = plan.mistake == Mistake::kReportsTooEarly;
  return swarm;
}

std::string replay_command(const RunPlan& plan) {
  return "./dev sim --core --seed " + std::to_string(plan.seed) +
         (plan.course == Course::kAroundSync ? " --around-sync" : "") + " --steps " +
         std::to_string(plan.steps) + " --trace";
}

}  // namespace holdfast::sim
