#include <string>

#include <benchmark/benchmark.h>

#include "tests/bench/micro/core_cell.h"
#include "tests/bench/micro/words.h"

// From propose to applied at all three replicas: what the cores themselves cost.

namespace holdfast::micro {
namespace {

void propose_to_applied(benchmark::State& state) {
  CoreCell cell;
  if (!check(state, cell.elect(), "no leader was elected")) return;
  const SharedBytes payload(std::string(kPayloadBytes, 'p'));
  std::uint64_t proposed = 0;
  for (auto _ : state) {
    for (std::int64_t left = state.range(0); left > 0; --left) {
      if (!check(state, cell.propose(payload), "a proposal was refused")) return;
      ++proposed;
    }
    cell.run();
  }
  // The first epoch's counters are the numbers of its entries.
  check(state, cell.applied_everywhere().counter() == proposed,
        "not all that was proposed is applied");
  state.SetItemsProcessed(static_cast<std::int64_t>(proposed));
}
BENCHMARK(propose_to_applied)->Name("core/propose_to_applied")->Arg(1)->Arg(32);

}  // namespace
}  // namespace holdfast::micro
