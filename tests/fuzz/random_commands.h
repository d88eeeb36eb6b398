#pragma once

#include "lockserver/state/command.h"
#include "tests/fuzz/byte_source.h"

namespace holdfast::fuzz {

// A command as the bytes will have it: mostly sessions, owners and paths that meet each other, and
// now and then what no admission would let through (paths that are none, modes and kinds with
// numbers at the edge, times out of range), because another replica may have let it through.
// `near`: zxids close to it are sessions, instances and generations that may exist.
state::Command random_command(ByteSource& source, Zxid near);

}  // namespace holdfast::fuzz
