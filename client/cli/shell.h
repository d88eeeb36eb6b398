#pragma once

#include "client/cli/context.h"

namespace holdfast::cli {

// Reads lines from standard input and carries them out, each as `holdfast` would, in a process of
// its own. Answers the exit code of the last one.
int run_shell(const Context& context);

}  // namespace holdfast::cli
