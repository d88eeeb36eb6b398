#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "zab/message.h"
#include "zab/types.h"

// What the core wants the world to do. The driver carries outputs out in the order given within
// each kind; nothing in them needs the driver to wait: a message that depends on the disk is given
// out only after its Persist has been answered.

namespace holdfast::zab {

// Persist operations form one queue for the whole life of the process (R4): carried out in order,
// never cancelled, and each answered by on_persisted(token), which is cumulative. Whatever is
// queued at one time may go to the disk as one synced batch.
struct SetAcceptedEpoch {
  Epoch epoch;
  bool provisions = false;  // Also records that this disk is provisioned (R8).
  bool operator==(const SetAcceptedEpoch&) const = default;
};
struct SetCurrentEpoch {
  Epoch epoch;
  bool provisions = false;
  bool operator==(const SetCurrentEpoch&) const = default;
};
struct Append {
  std::vector<Entry> entries;  // Not empty, contiguous to the end of the log.
  bool operator==(const Append&) const = default;
};
struct TruncateTo {
  Zxid last;  // Entries after it go.
  bool operator==(const TruncateTo&) const = default;
};
// A received image is staged apart from the live one, then takes its place, and that of the log, in
// one atomic step (R5). BeginImage drops whatever an earlier, unfinished transfer staged.
struct BeginImage {
  Zxid zxid;
  bool operator==(const BeginImage&) const = default;
};
struct StageChunk {
  SharedBytes bytes;
  bool operator==(const StageChunk&) const = default;
};
struct InstallImage {
  Zxid zxid;  // The log becomes empty with this base; the image is the state after it.
  bool operator==(const InstallImage&) const = default;
};
// Entries up to and including `through` may go, in the background. The log's base becomes
// `through`.
struct Purge {
  Zxid through;
  bool operator==(const Purge&) const = default;
};
using PersistOp = std::variant<SetAcceptedEpoch, SetCurrentEpoch, Append, TruncateTo, BeginImage,
                               StageChunk, InstallImage, Purge>;
struct Persist {
  Token token;
  PersistOp op;
};

struct Send {
  ConnId conn;
  Message message;
};
struct Notify {
  ServerId to;
  Notification notification;
};
// Answered by on_dial_result. At most one is open at a time.
struct Dial {
  DialId dial;
  ServerId to;
};
// No message of this connection is taken any more; there is no on_closed for it.
struct Close {
  ConnId conn;
  std::string reason;
};

// Apply these committed and locally durable entries, in order, then say on_applied. Contiguous to
// the last Deliver.
struct Deliver {
  std::vector<Entry> entries;
};
// An image was installed: load the state from it, then say on_applied(zxid). Deliver goes on after
// it.
struct ImageInstalled {
  Zxid zxid;
};
// Read entries after `after`, at least one and up to about max_bytes, from the durable log;
// answered by on_log_read. The core has at most one open for each reader.
struct ReadLog {
  std::uint64_t read = 0;
  Zxid after;
  Zxid through;
  std::size_t max_bytes = 0;
};

// Take a handle on the current durable or in-memory image, at some zxid of the log; answered by
// on_image_opened.
struct OpenImage {
  std::uint64_t transfer = 0;
};
// Give the next bytes of it; answered by on_image_chunk.
struct ReadImageChunk {
  std::uint64_t transfer = 0;
  std::size_t max_bytes = 0;
};
struct CloseImage {
  std::uint64_t transfer = 0;
};

// Everything committed through `zxid` counts for the read named `tag` once it is applied here
// (R23).
struct ReadReady {
  std::uint64_t tag = 0;
  Zxid zxid;
};

// Given at each change of role, phase or leader. `generation` grows at each change of role.
struct RoleChange {
  Role role = Role::kLooking;
  Phase phase = Phase::kElection;
  Epoch epoch;
  ServerId leader;  // None while looking.
  std::uint64_t generation = 0;
};
// From now on clients may be served: a leader at its establishment (it may propose), a learner when
// UPTODATE's commit point is applied. Ends with StopServing; all open read barriers and forwarded
// requests are then forgotten by the core.
struct Serve {
  Role role = Role::kLooking;
  Epoch epoch;
};
struct StopServing {};

// At the leader: a learner's client asks for this command. Answer by propose, or reply_to to
// refuse.
struct ForwardedRequest {
  ConnId conn;
  ServerId from;
  SharedBytes payload;
};
// At a learner: the leader refused.
struct ForwardRefused {
  SharedBytes payload;
};
// At the leader: sessions that learners heard from; to be counted before anything later in the same
// list of outputs.
struct Touched {
  std::vector<SessionId> sessions;
};

// Cannot go on, and why, with what the operator can do. The driver prints it and ends the process.
struct Fatal {
  std::string reason;
};

using Output = std::variant<Persist, Send, Notify, Dial, Close, Deliver, ImageInstalled, ReadLog,
                            OpenImage, ReadImageChunk, CloseImage, ReadReady, RoleChange, Serve,
                            StopServing, ForwardedRequest, ForwardRefused, Touched, Fatal>;

std::string describe(const PersistOp& op);
std::string describe(const Output& output);

}  // namespace holdfast::zab
