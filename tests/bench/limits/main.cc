#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "tests/bench/limits/limits.h"

// holdfast_bench_limits fdatasync|round-trip [options]: what disk and wire of this machine can do
// at best, as one line of JSON.

int main(int count, char** arguments) {
  namespace bench = holdfast::bench;
  bench::SyncPlan sync;
  double seconds = 3;
  CLI::App app("Measures the limits of this machine");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--seconds", seconds);
  CLI::App* fdatasync = app.add_subcommand("fdatasync", "Small writes that are made durable");
  fdatasync->add_option("--folder", sync.folder)->required();
  fdatasync->add_option("--processes", sync.processes)->check(CLI::Range(1, 16));
  fdatasync->add_flag("--preallocated", sync.is_preallocated, "Into blocks that are there");
  app.add_subcommand("round-trip", "100 bytes there and back over loopback");
  CLI11_PARSE(app, count, arguments);
  const bool is_sync = fdatasync->parsed();
  bench::Latencies all = is_sync ? bench::measure_sync(sync, bench::to_ns(seconds))
                                 : bench::measure_round_trip(bench::to_ns(seconds));
  bench::Figures figures;
  figures.add("ops", static_cast<std::int64_t>(all.size()));
  all.add_to(figures, "");
  if (all.size() == 0) figures.add("failed", std::string("nothing was measured"));
  figures.print();
  return 0;
}
