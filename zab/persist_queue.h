#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "zab/outbox.h"
#include "zab/output.h"
#include "zab/state_hash.h"

namespace holdfast::zab {

// What waits for the disk (ZAB.md §1.4). A value, so that a core can be copied, compared and
// printed.
enum class GatedAction {
  kLeaderAccepted,  // Leader: its own accepted epoch is durable, LEADERINFO may go (R11).
  kLeaderCurrent,  // Leader: its own history and current epoch are durable, it counts itself (R22).
  kSendAckEpoch,   // Learner.
  kSendAckNewLeader,  // Learner.
  kSendSnapAck,       // Learner: `count` chunks are staged.
  kProvisioned,       // The disk says that this replica is a provisioned member (R8).
  kImageInstalled     // An image has taken the place of the state and the log (R5).
};

struct Gate {
  Token token;                   // Opens when everything through it is durable.
  std::uint64_t generation = 0;  // Of the role that asked; see outlives_role().
  GatedAction action = GatedAction::kLeaderAccepted;
  std::uint64_t count = 0;  // kSendSnapAck.
  Zxid zxid;                // kImageInstalled.

  // True when the effect belongs to the disk and not to a role: it stands whatever the role is by
  // then.
  bool outlives_role() const {
    return action == GatedAction::kProvisioned || action == GatedAction::kImageInstalled;
  }
  bool operator==(const Gate&) const = default;
};

// The one queue to the disk (R4): operations keep their order over all roles and are never
// cancelled. Appends that follow one another become one operation until flush().
class PersistQueue {
 public:
  // Queues the operation and returns its token.
  Token push(PersistOp op, Outbox& out);
  Token append(const Entry& entry);
  // Gives out the appends gathered so far.
  void flush(Outbox& out);

  // Lets the action wait for everything queued so far.
  void gate(Gate gate);
  // The next action whose wait is over.
  std::optional<Gate> take_ready();

  // Aborts when `through` was never given out.
  void on_persisted(Token through);

  Token last() const { return last_; }
  Token completed() const { return completed_; }
  bool idle() const { return completed_ == last_; }

  // `generation` is that of the current role: a gate of an earlier one has no effect any more.
  void hash_into(StateHash& hash, std::uint64_t generation) const;
  std::string describe() const;  // "queued=3 gates=1"

 private:
  Token last_;  // Newest token, given out or of the open append.
  Token completed_;
  std::vector<Entry> open_append_;  // Its token is last_.
  std::deque<Gate> gates_;          // Ascending by token.
};

}  // namespace holdfast::zab
