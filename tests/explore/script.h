#pragma once

#include <string>
#include <vector>

#include "tests/explore/preset.h"

namespace holdfast::explore {

// The schedule as commands of a scenario (tests/zab/scenario/verbs.h), each with the action that it
// plays as a comment. `actions` begin with the start of every replica.
struct ScriptBlock {
  std::string comment;
  std::vector<std::string> commands;
};
std::vector<ScriptBlock> script_of(World& world, const Preset& preset,
                                   const std::vector<Action>& actions);

// The same as a file of tests/testdata/zab, whose expected output REWRITE=1 fills in.
std::string to_text(const std::vector<ScriptBlock>& script);

}  // namespace holdfast::explore
