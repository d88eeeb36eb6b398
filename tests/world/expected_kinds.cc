#include "tests/world/design.h"
#include "tests/world/run.h"

namespace holdfast::world {
namespace {

constexpr const char* kKinds[] = {
    "sync by DIFF",
    "sync by SNAP",
    "sync by TRUNC",
    "sync by TRUNC and DIFF",
    "image installed",
    "image batch written",
    "log purged",
    "log truncated",
    "log read from disk",
    "connection cut within its bytes",
    "connection refused",
    "dial unanswered",
    "packet slow",
    "disk stalls",
    "sync fails",
    "crash tears a batch",
    "crash loses queued writes",
    "lost middle of an image cut",
    "damaged entry read",
    "damaged disk made anew",
    "wiped replica rejoins",
    "leader established",
    "whole states compared",
    "session opened",
    "session expired",
    "client in jeopardy",
    "client safe again",
    "client's session expired",
    "lock granted",
    "guard lost",
    "guard in doubt",
    "acquire queued",
    "acquire withdrawn",
    "ephemeral node",
    "guarded write carried out",
    "sequencer valid",
    "sequencer stale",
    "events told",
    "event contents changed",
    "event child added",
    "event child removed",
    "event node deleted",
    "event node created",
    "event lock acquired",
    "event lock released",
    "event lock lost",
    "event lock conflict",
    "event leader changed",
    "event events lost",
    "error BAD_ARGUMENT",
    "error NO_NODE",
    "error NODE_EXISTS",
    "error NOT_EMPTY",
    "error BAD_GENERATION",
    "error STALE_INSTANCE",
    "error NO_CHILDREN_FOR_EPHEMERALS",
    "error LOCK_HELD",
    "error NOT_HELD",
    "error LOCK_DELAYED",
    "error STALE_SEQUENCER",
    "error DEADLOCK",
    "error CANCELLED",
    "error TIMEOUT",
    "error SESSION_EXPIRED",
    "error NO_QUORUM",
    "error TOO_LARGE",
    "error LIMIT",
    "error NO_SPACE",
};

}  // namespace

std::vector<std::string> expected_kinds() {
  std::vector<std::string> kinds(std::begin(kKinds), std::end(kKinds));
  for (std::size_t i = 0; i < kFaults; ++i) {
    kinds.push_back("fault " + to_string(static_cast<Fault>(i)));
  }
  return kinds;
}

}  // namespace holdfast::world
