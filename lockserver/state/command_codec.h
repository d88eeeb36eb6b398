#pragma once

#include <string>
#include <string_view>

#include "lockserver/state/command.h"
#include "zab/base/status.h"

namespace holdfast::state {

// A command as the payload of an entry of the log: a Command record of thrift/record.thrift.
std::string encode_command(const Command& command);

// Accepts exactly what encode_command() gives. kUnavailable when the command is of a version of the
// rules that this replica does not know: it must not go on without a newer program. Else kInvalid,
// with a sentence that says what is wrong. Whether the command makes sense is judged by apply.
Result<Command> decode_command(std::string_view bytes);

}  // namespace holdfast::state
