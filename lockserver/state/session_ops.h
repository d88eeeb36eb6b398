#pragma once

#include <optional>

#include "lockserver/state/command.h"
#include "lockserver/state/lock_ops.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/rooms.h"
#include "lockserver/state/turn.h"

namespace holdfast::state {

// The operations on sessions.
class SessionOps {
 public:
  SessionOps(Rooms& rooms, Turn& turn) : rooms_(rooms), turn_(turn) {}

  Reply apply(const OpenSession& op);
  Reply apply(const CloseSession& op);
  Reply apply(const ExpireSession& op);
  Reply apply(const KillSession& op);

 private:
  std::optional<Error> judge(const OpenSession& op) const;
  // Of `previous`: closes it if it lives, and lifts the delays that it left. True if it lived.
  bool take_over(const PreviousSession& previous);
  void close(SessionId id);
  // Ends a session with all that it has: locks as told (without a loss: released), ephemerals gone.
  void end(SessionId id, const std::optional<LockOps::Loss>& loss);
  void remove_ephemerals(SessionId id);

  Rooms& rooms_;
  Turn& turn_;
};

}  // namespace holdfast::state
