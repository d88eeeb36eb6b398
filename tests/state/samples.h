#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/reply.h"

namespace holdfast::state {

// One command for each operation and one reply for each alternative, every field set to something
// of its own, by name.
std::vector<std::pair<std::string, Command>> sample_commands();
std::vector<std::pair<std::string, Reply>> sample_replies();

}  // namespace holdfast::state
