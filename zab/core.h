#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "zab/message.h"
#include "zab/output.h"
#include "zab/types.h"

namespace holdfast::zab {

struct CoreState;  // All state of the core; zab/core_state.h, for the core's own files and its
                   // inspection in tests.

// The answer to propose().
struct Proposed {
  Zxid zxid;
};
enum class NotProposed {
  kNotLeader,  // Not an established leader; the client's replica forwards or waits.
  kFull,       // Too much in flight; try again when some of it has committed.
  kTooLarge    // Above kProposalBytesMax.
};
using ProposeResult = std::variant<Proposed, NotProposed>;

// A copy of the facts that tests, status pages and the driver ask for. No pointer into the core.
struct CoreView {
  Role role = Role::kLooking;
  Phase phase = Phase::kElection;
  ServerId leader;
  std::uint64_t generation = 0;
  std::uint64_t round = 0;
  Vote vote;
  Epoch accepted;  // In memory: the newest queued value.
  Epoch current;
  Membership membership = Membership::kProvisioned;
  Zxid base;
  Zxid last;     // End of the log in memory.
  Zxid durable;  // Longest prefix of it on disk.
  Zxid committed;
  Zxid delivered;
  Zxid applied;
  bool established = false;  // Leader: a quorum acknowledged NEWLEADER. Learner: UPTODATE received.
  bool serving = false;      // Between Serve and StopServing.
  struct Learner {
    ServerId id;
    bool observer = false;
    bool active = false;  // It got UPTODATE.
    Zxid match;           // Acknowledged through here.
    std::uint64_t free_bytes = 0;
  };
  std::vector<Learner> learners;  // At a leader, ascending by id.
};

// ZAB as a value: election, discovery, synchronization, broadcast. No clock, IO, thread or dice;
// the same inputs give the same outputs. Copyable. Inputs append to the outputs, which take() hands
// over; several inputs may be given between two takes. An input that breaks the protocol closes its
// connection; one that shows a broken invariant of ours aborts.
class Core {
 public:
  // `start` must satisfy R2 (checked: a violation aborts with the state printed). Begins looking
  // for a leader at `now`.
  Core(Options options, DurableState start, Ticks now);
  Core(const Core& other);
  Core& operator=(const Core& other);
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;
  ~Core();

  // Time. To be called at least every few ticks; `now` never decreases.
  void tick(Ticks now);

  // Network. Notifications may come in any order; the messages of one connection come in order,
  // between its on_accept or on_dial_result and its on_closed. Inputs for a connection that is
  // unknown or closed are ignored (R19).
  void on_notification(const Notification& notification);
  void on_peer_refused(
      ServerId peer);  // An attempt to reach the peer was refused: no process listens there.
  void on_accept(ConnId conn);
  void on_dial_result(DialId dial, std::optional<ConnId> conn);
  void on_closed(ConnId conn);
  void on_message(ConnId conn, Message message);

  // Disk.
  void on_persisted(Token through);  // Cumulative.
  void on_log_read(std::uint64_t read, std::vector<Entry> entries);
  void on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t approximate_bytes);
  void on_image_chunk(std::uint64_t transfer, SharedBytes bytes, bool is_last);
  void on_applied(Zxid zxid);  // The state machine has applied everything delivered through here.
  void on_image_durable(Zxid zxid);  // The image on disk is synced through here; the log up to
                                     // `purge_through` may go.
  // The driver's wish (bounded log): purge through the zxid, if an image through it is durable and
  // no learner needs it now.
  void purge(Zxid through);
  void set_free_bytes(std::uint64_t free_bytes);  // Reported to the leader in each Pong.

  // Clients.
  ProposeResult propose(SharedBytes payload);  // Established leader only.
  bool forward(SharedBytes payload);  // Serving learner only: sends it to the leader; false when
                                      // there is none.
  void reply_to(ConnId conn, SharedBytes payload);  // Leader: refuses a forwarded request.
  // Linearizable read at any serving replica: answered by ReadReady, or forgotten at StopServing.
  // False when not serving.
  bool read_barrier(std::uint64_t tag);
  // Learner: sessions heard from; they travel with the next ReadIndex or Pong. At the leader the
  // driver counts by itself.
  void touch(std::span<const SessionId> sessions);
  // Leaves office or the leader at once, closing every connection. Used for a stop by the operator.
  void resign(std::string_view reason);

  std::vector<Output> take();

  CoreView view() const;
  const CoreState& state() const { return *state_; }
  std::uint64_t hash()
      const;  // Of everything that decides the future; equal states give equal hashes.
  std::string describe() const;  // The state in one paragraph.

 private:
  std::unique_ptr<CoreState> state_;
};

}  // namespace holdfast::zab
