#pragma once

#include <string>
#include <vector>

#include "tests/explore/preset.h"

namespace holdfast::explore {

// What happens in the cell, action by action, for people: what each replica hears, says and writes.
// Ends with the first violation, if there is any; the last action is only named when it `aborts`.
struct Schedule {
  std::vector<Action> actions;
  bool aborts = false;
};
std::string tell(World& world, const Cell& start, const Schedule& schedule);

}  // namespace holdfast::explore
