#include "tests/sim/workload.h"

#include <array>

namespace holdfast::sim {

Workload::Workload(WorkRates rates, Random random, Cluster& cluster)
    : rates_(rates), random_(random), cluster_(cluster) {}

SharedBytes Workload::payload() {
  std::string bytes = "command " + std::to_string(++commands_) + " ";
  bytes.append(random_.below(rates_.payload_bytes_max + 1), '.');
  return SharedBytes(std::move(bytes));
}

void Workload::run_next() {
  cluster_.advance_to(next_);
  next_ += 1 + static_cast<SimTime>(random_.below(static_cast<std::uint64_t>(2 * rates_.every)));
  const auto& replicas = cluster_.replicas();
  Replica& at = *replicas[random_.below(replicas.size())];
  const std::uint64_t dice = random_.below(10);
  if (!at.is_running() || cluster_.asleep().contains(at.id())) return;
  const zab::CoreView view = at.view();
  if (dice < 5 && view.role == zab::Role::kLeading) return propose(at);
  if (dice < 7 && view.serving && view.role != zab::Role::kLeading) return forward(at);
  if (dice == 8) return touch(at);
  if (view.serving && at.read_barrier(++barriers_)) cluster_.coverage().count("read barrier");
}

void Workload::propose(Replica& at) {
  const std::uint64_t burst = 1 + random_.below(rates_.burst_max);
  for (std::uint64_t i = 0; i < burst && at.is_running(); ++i) {
    const auto result = at.propose(payload());
    if (const auto* refused = std::get_if<zab::NotProposed>(&result)) {
      cluster_.coverage().count(*refused == zab::NotProposed::kFull
                                    ? "proposal refused: full"
                                    : "proposal refused: no leader");
      return;
    }
  }
}

void Workload::forward(Replica& at) {
  const SharedBytes request = payload();
  bool taken = false;
  at.input([&](zab::Core& core) { taken = core.forward(request); });
  if (taken) cluster_.coverage().count("forward");
}

void Workload::touch(Replica& at) {
  const std::array<SessionId, 2> sessions = {SessionId(1 + random_.below(5)),
                                             SessionId(10 + random_.below(5))};
  at.input([&](zab::Core& core) { core.touch(sessions); });
  at.input([&](zab::Core& core) { core.set_free_bytes(1000 + random_.below(9)); });
}

std::optional<Zxid> Workload::propose_once() {
  for (const auto& replica : cluster_.replicas()) {
    if (!replica->is_running()) continue;
    const zab::CoreView view = replica->view();
    if (view.role != zab::Role::kLeading || !view.serving) continue;
    const auto result = replica->propose(payload());
    if (const auto* proposed = std::get_if<zab::Proposed>(&result)) return proposed->zxid;
  }
  return std::nullopt;
}

}  // namespace holdfast::sim
