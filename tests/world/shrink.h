#pragma once

#include <functional>

#include "tests/world/run.h"

namespace holdfast::world {

// How a run ended, also one that took the process along.
enum class Ending { kClean, kFailed };

// In a child process, so that an abort of the product under test ends only that.
Ending try_run(const RunPlan& plan);

// A plan that still fails with fewer kinds of faults, fewer clients and less time. `tell` gets a
// line for each step that helped.
RunPlan shrink(RunPlan plan, const std::function<void(const std::string&)>& tell);

}  // namespace holdfast::world
