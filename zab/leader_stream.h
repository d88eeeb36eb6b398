#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "zab/ground.h"
#include "zab/leader_rules.h"
#include "zab/sync_plan.h"

namespace holdfast::zab {

// The image on its way to a learner (SNAP). At most snap_chunks_in_flight chunks are sent and not
// acknowledged as staged.
struct ImageTransfer {
  std::uint64_t id = 0;
  bool opened = false;
  bool reading = false;  // A ReadImageChunk is open.
  Zxid zxid;             // Valid when opened.
  std::uint64_t chunks_sent = 0;
  std::uint64_t chunks_acked = 0;
  std::uint64_t checksum = 0;
};

// Signs of life of a learner, as its leader sees them.
struct LearnerPulse {
  Ticks heard = 0;          // Any message.
  Ticks progress = 0;       // Connection, or a step of synchronization.
  std::uint64_t round = 0;  // Newest confirmation round that it answered while active.
  Zxid applied;
  // As in its newest Pong; before the first one it lacks nothing that anybody knew of.
  std::uint64_t free_bytes = std::numeric_limits<std::uint64_t>::max();
};

// One learner of a leader: its stage, and a cursor into the leader's log in place of a queue (R14).
// What is sent is always the entries behind the cursor, so between copying history and registering
// for new proposals there is no gap to fall into.
class LearnerStream {
 public:
  // Who the learner is, from its LearnerInfo.
  struct Identity {
    ServerId id;
    bool observer = false;
    bool counts = false;  // A voter that quorums may rely on before establishment (R8).
  };
  // The connection's side of a call: what the stream itself does not keep.
  struct Channel {
    ConnId conn;
    Epoch epoch;
  };

  explicit LearnerStream(Ticks now) { pulse.heard = pulse.progress = now; }

  Identity who;
  LearnerStage stage = LearnerStage::kWaitInfo;
  LearnerPulse pulse;

  // Everything through here is on the learner's disk and may be counted: (0,0) until AckNewLeader
  // (R18).
  Zxid match() const { return match_; }
  Zxid cursor() const { return cursor_; }
  bool newleader_sent() const { return newleader_sent_; }
  const std::optional<ImageTransfer>& transfer() const { return transfer_; }

  // Keeps the shape of the learner's log until synchronization begins.
  void on_ack_epoch(LearnerLog log);
  // Chooses the way of synchronization and registers the learner in the same step (R14, R15).
  void begin_sync(Ground& ground, const Channel& channel);
  // Sends what the cursor has before it, as far as the window allows; asks for a read when memory
  // has let it go.
  void pump(Ground& ground, const Channel& channel);
  // Sends a Commit when nothing else has carried the commit point.
  void flush_commit(Ground& ground, const Channel& channel);
  // The commit point that this learner may be told: never beyond what it was sent.
  Zxid committed_for(const Ground& ground) const;
  void ping(Ground& ground, const Channel& channel, std::uint64_t round);
  // R18, R20: the acknowledgement of NEWLEADER counts for the history through it, and for nothing
  // later.
  void on_ack_newleader();
  void send_up_to_date(Ground& ground, const Channel& channel);
  // The reason for closing the connection, or nothing.
  std::optional<std::string> on_ack(const Ground& ground, Zxid durable);
  std::optional<std::string> on_snap_ack(Ground& ground, std::uint64_t chunks);

  // True when the answer belongs to this stream.
  bool on_log_read(Ground& ground, const Channel& channel, std::uint64_t read,
                   const std::vector<Entry>& entries);
  bool on_image_opened(Ground& ground, const Channel& channel, const OpenImage& which, Zxid zxid);
  bool on_image_chunk(Ground& ground, const Channel& channel, std::uint64_t transfer,
                      const SnapChunk& chunk, bool is_last);

  // Gives back what the driver holds for this stream.
  void release(Ground& ground);
  // The log after here must not be purged; nothing when the stream needs none of it. Before an
  // image is opened: the log's base.
  std::optional<Zxid> needs_after(const Ground& ground) const;
  // Why the learner is to be given up (ZOOKEEPER-87, 1521), or nothing.
  std::optional<std::string> overdue(const Ground& ground) const;

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  struct SentRun {
    Zxid last;
    std::size_t bytes = 0;
    Ticks at = 0;
  };

  void start_entries(Ground& ground, const Channel& channel, Zxid from);
  void send_run(Ground& ground, const Channel& channel, std::vector<Entry> entries);
  void forget_acknowledged();
  void pump_image(Ground& ground);

  LearnerLog log_;  // As of AckEpoch.
  Zxid cursor_;     // Sent through here.
  Zxid acked_;      // On its disk through here; moves the window only.
  Zxid match_;
  Zxid newleader_last_;
  bool newleader_sent_ = false;
  Zxid committed_sent_;
  std::deque<SentRun> in_flight_;
  std::size_t in_flight_bytes_ = 0;
  std::optional<std::uint64_t> reading_;
  std::optional<ImageTransfer> transfer_;
};

}  // namespace holdfast::zab
