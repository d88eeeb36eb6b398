#include "tests/world/run.h"

#include <algorithm>

#include "tests/world/faults.h"
#include "tests/world/world.h"

namespace holdfast::world {
namespace {

constexpr SimTime kProbeEvery = 5 * kMillisecond;
constexpr SimTime kRestWithin = 40 * kSecond;

// Offers a command of no session to whoever serves, until one is committed.
class Probe {
 public:
  explicit Probe(World& world) : world_(world) {}

  bool is_done() const { return *done_; }
  void offer() {
    for (const auto& host : world_.hosts()) {
      if (!host->is_up() || !host->replica().core().state().ground.serving) continue;
      replica::Replica& replica = host->replica();
      state::KillSession op{.session = SessionId(1), .reason = "probe", .who = "probe"};
      replica.write(replica.open_lane(), replica::Terms{}, std::move(op), 0,
                    [done = done_](const replica::WriteAnswer& answer) {
                      *done = *done || std::holds_alternative<replica::Applied>(answer.outcome);
                    });
      host->settle();
      return;
    }
  }

 private:
  World& world_;
  std::shared_ptr<bool> done_ = std::make_shared<bool>(false);
};

class Run {
 public:
  Run(const Design& design, Story::Detail detail) : world_(design, detail), faults_(world_) {}

  RunReport run() {
    world_.begin();
    faults_.begin();
    world_.run_until(world_.design().faults_until);
    if (!world_.is_violated()) heal();
    if (!world_.is_violated()) come_to_rest();
    if (!world_.is_violated()) world_.check_end();
    return finish();
  }

 private:
  SimTime now() { return world_.time().now(); }

  // A new write commits within three failure timeouts by the slowest clock, and what a disk needs
  // that was stalled when the faults ended. The first start of a cell takes all voters together:
  // an attempt without one of them is given up after the time for discovery.
  SimTime bound() const {
    const Design& design = world_.design();
    SimTime timeouts = 3 * design.core.failure_timeout * kMillisecond * 102 / 100;
    if (world_.ledger().entries().empty()) timeouts += 2 * design.core.init_timeout * kMillisecond;
    return timeouts + design.disk.stall_max + 4 * design.tick_every + 100 * kMillisecond;
  }

  void heal() {
    faults_.heal();
    const SimTime patience = now() + 60 * kSecond;
    while (!faults_.is_over() && now() < patience && !world_.is_violated()) {
      world_.run_until(now() + kProbeEvery);
    }
    const SimTime begin = now();
    report_.healing_bound = bound();
    Probe probe(world_);
    while (!world_.is_violated() && !probe.is_done()) {
      probe.offer();
      world_.run_until(now() + kProbeEvery);
      report_.healing = now() - begin;
      if (report_.healing <= report_.healing_bound) continue;
      world_.verdict().fail("LIVENESS", "no new write was committed within " +
                                            std::to_string(report_.healing_bound / kMillisecond) +
                                            " ms after the faults");
    }
  }

  void come_to_rest() {
    world_.run_until(now() + kSecond);  // Everybody works for a while in a cell that is well.
    world_.workload().finish();
    const SimTime until = now() + kRestWithin;
    while (!world_.is_violated()) {
      world_.run_until(now() + 50 * kMillisecond);
      const std::optional<std::string> unrest = world_.find_unrest();
      if (!unrest) return;
      if (now() > until) world_.verdict().fail("CONVERGENCE", *unrest);
    }
  }

  RunReport finish() {
    report_.violation = world_.verdict().violation();
    report_.hash = world_.story().hash();
    report_.steps = world_.time().steps();
    report_.simulated = now();
    report_.entries = world_.ledger().entries().size();
    report_.counts = world_.story().counts();
    report_.lines.assign(world_.story().lines().begin(), world_.story().lines().end());
    return std::move(report_);
  }

  World world_;
  Faults faults_;
  RunReport report_;
};

}  // namespace

Design design_of(const RunPlan& plan) {
  Design design = choose_design(plan.seed);
  for (std::size_t i = 0; i < kFaults; ++i) {
    if ((plan.without >> i & 1U) != 0) design.faults.every[i] = 0;
  }
  if (plan.clients) design.work.clients = std::min(design.work.clients, *plan.clients);
  if (plan.faults_until) design.faults_until = std::min(design.faults_until, *plan.faults_until);
  design.mistake = plan.mistake;
  return design;
}

RunReport run_design(const Design& design, Story::Detail detail) {
  return Run(design, detail).run();
}

RunReport run_seed(const RunPlan& plan) {
  return run_design(design_of(plan), plan.detail);
}

std::string to_options(const RunPlan& plan) {
  std::string text = "--seed " + std::to_string(plan.seed);
  if (plan.without != 0) text += " --without " + std::to_string(plan.without);
  if (plan.clients) text += " --clients " + std::to_string(*plan.clients);
  if (plan.faults_until) {
    text += " --faults-until-ms " + std::to_string(*plan.faults_until / kMillisecond);
  }
  return text;
}

}  // namespace holdfast::world
