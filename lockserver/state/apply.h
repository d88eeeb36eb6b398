#pragma once

#include "lockserver/state/command.h"
#include "lockserver/state/effects.h"
#include "lockserver/state/rooms.h"

namespace holdfast::state {

// Applies one command to the rooms: the frame around every operation (exactly once by session and
// number, guard, settling, history, writes for the image).
Effects apply_command(Rooms& rooms, Zxid zxid, const Command& command);

}  // namespace holdfast::state
