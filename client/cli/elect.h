#pragma once

#include <string>

#include "client/cli/lock_run.h"

namespace holdfast::cli {

// An election is an exclusive lock whose node's contents are what its holder says about itself. A
// value counts while the lock is held and the value was written after it was acquired.
struct ElectArguments {
  LockArguments lock;
  std::string value;  // Empty: who this program is.
};

// Stands for election; when elected, writes the value under the lock's guard and then runs the
// command, or holds on as `lock hold` does.
int elect(const Context& context, const ElectArguments& arguments);

// Says a line whenever another leads, or nobody any more, until a signal asks to end.
int observe(const Context& context, const ElectArguments& arguments);

}  // namespace holdfast::cli
