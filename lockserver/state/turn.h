#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lockserver/state/command.h"
#include "lockserver/state/effects.h"
#include "lockserver/state/event.h"
#include "lockserver/state/records.h"

namespace holdfast::state {

using PathSet = std::set<std::string, std::less<>>;

// What is at hand while one command is applied.
struct Turn {
  Zxid zxid;
  const Command& command;
  Stamp stamp;  // The command's, but its cluster_ms never lower than the one before.
  Effects effects;

  PathSet removed;    // Nodes that are gone: whoever waits for their locks must learn it.
  PathSet unsettled;  // Locks and until-free nodes of which something ended.
  PathSet timers;     // Locks of which a wait or delay began or ended.

  Party party(OwnerId owner) const { return {.session = command.session, .owner = owner}; }

  // Gives the event its name and lets it happen.
  EventName emit(Event event) {
    event.name = {.zxid = zxid, .index = static_cast<std::uint32_t>(effects.events.size())};
    effects.events.push_back(std::move(event));
    return effects.events.back().name;
  }
};

}  // namespace holdfast::state
