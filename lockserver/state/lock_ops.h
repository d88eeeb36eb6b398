#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/rooms.h"
#include "lockserver/state/turn.h"

namespace holdfast::state {

// The operations on locks, and what else ends a hold or a wait. Whatever frees a lock only notes it
// in the turn; settle(), at the end of every command, hands it to the next in the queue.
class LockOps {
 public:
  LockOps(Rooms& rooms, Turn& turn) : rooms_(rooms), turn_(turn) {}

  Reply apply(const Acquire& op);
  Reply apply(const CancelWait& op);
  Reply apply(const Release& op);
  Reply apply(const BreakLock& op);
  Reply apply(const EndLockDelay& op);

  // How a holder loses a lock without releasing it.
  struct Loss {
    enum class Delay {
      kNone,              // The next has the lock at once.
      kLockDelay,         // After the lock-delay that the holder chose.
      kUntilAcknowledged  // When he acknowledged LOCK_LOST, or after his lease or lock-delay.
    };
    Delay delay = Delay::kNone;
    std::string reason;  // For the holder.
  };
  // Ends all waits (SESSION_EXPIRED) and all holds of a session that still stands: with a loss, or,
  // without one, as if it had released them.
  void end_requests(SessionId session, const std::optional<Loss>& loss);
  // All who hold this lock lose it.
  void lose_all(std::string_view path, const Loss& loss);
  // Lifts delays: those that an acknowledgement of this session would end, or all that stand for a
  // session with this secret.
  void acknowledge_all(SessionId session);
  void lift_delays(const SecretHash& secret);

  // Tells waiters whose node is gone, hands over what has become free, removes until-free nodes
  // that nobody needs any more.
  void settle();

 private:
  std::optional<Error> judge(const Acquire& op) const;
  Reply ask(const Acquire& op);
  Reply ask_again(const Acquire& op, const LockRequest& mine);
  Reply take(const Acquire& op);
  Reply enqueue(const Acquire& op);
  Reply refuse(const Acquire& op) const;
  LockRequest new_request(const Acquire& op) const;

  void release(std::string_view path, Zxid asked);
  void lose(std::string_view path, Zxid asked, const Loss& loss);
  void end_wait(std::string_view path, Zxid asked, const Error& error);
  void end_delays(std::string_view path, const Zxid& since, SessionId acknowledged_by);
  void end_lock_of_removed(const std::string& path);
  void hand_over(const std::string& path);
  void tell_conflict(std::string_view path, const std::vector<Zxid>& holders);
  void vanish_if_unneeded(const std::string& path);
  void answer(std::string_view path, const LockRequest& request, Reply reply);

  Rooms& rooms_;
  Turn& turn_;
};

}  // namespace holdfast::state
