#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zab/core.h"
#include "zab/ground.h"
#include "zab/leader_discovery.h"
#include "zab/leader_reads.h"
#include "zab/leader_stream.h"

namespace holdfast::zab {

// A replica that leads or is about to: discovery, synchronization, broadcast (ZAB.md §3). Lives
// from the election to its departure and stores nothing of the ground. Every member that takes a
// Ground is an input of the core.
class Leader {
 public:
  // Takes over the connections that learners opened before we led.
  explicit Leader(Ground& ground);

  void tick(Ground& ground);
  void on_accept(Ground& ground, ConnId conn);
  void on_closed(Ground& ground, ConnId conn);
  void on_message(Ground& ground, ConnId conn, const Message& message);
  void on_gate(Ground& ground, const Gate& gate);
  // The durable part of the log has grown: our own disk is one more acker (R22).
  void on_durable(Ground& ground) { advance_commit(ground); }
  void on_log_read(Ground& ground, std::uint64_t read, const std::vector<Entry>& entries);
  void on_image_opened(Ground& ground, const OpenImage& which, Zxid zxid);
  void on_image_chunk(Ground& ground, std::uint64_t transfer, SharedBytes bytes, bool is_last);

  ProposeResult propose(Ground& ground, SharedBytes payload);
  void reply_to(Ground& ground, ConnId conn, SharedBytes payload);
  void read_barrier(Ground& ground, std::uint64_t tag);

  // Before the outputs are taken: streams, confirmation rounds, commits that nothing else carried.
  void flush(Ground& ground);
  // Closes every connection at once, so that learners look for a leader without waiting (ZAB.md
  // §2.4 item 7).
  void depart(Ground& ground, std::string_view reason);

  Phase phase() const;
  Epoch epoch() const { return discovery_.epoch().value_or(Epoch()); }
  bool established() const { return established_; }
  // The highest zxid through which no stream needs the log.
  Zxid purgeable(const Ground& ground, Zxid through) const;
  std::vector<CoreView::Learner> learners() const;
  const std::map<ConnId, LearnerStream>& streams() const { return streams_; }

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  struct InFlight {
    Zxid zxid;
    std::size_t bytes = 0;
  };
  struct Deadlines {
    Ticks heartbeat = 0;  // Next round at the latest.
    Ticks establish = 0;  // Moved by each step forward (ZOOKEEPER-1521).
    Ticks quorum = 0;     // Moved as long as a quorum is connected to us; until established.
  };

  // leader_discovery: from connections to a quorum of promises.
  void on_info(Ground& ground, ConnId conn, const LearnerInfo& info);
  std::optional<std::string> refusal(const Ground& ground, const LearnerInfo& info) const;
  void advance_discovery(Ground& ground);
  void send_leader_infos(Ground& ground);
  void on_ack_epoch(Ground& ground, ConnId conn, const AckEpoch& ack);
  void finish_discovery(Ground& ground);

  // leader_commit: from acknowledgements of NEWLEADER to commits.
  void on_ack_newleader(Ground& ground, ConnId conn);
  void check_established(Ground& ground);
  void advance_commit(Ground& ground);

  // leader_supervise: rounds and time.
  void begin_round(Ground& ground);
  void confirm_rounds(Ground& ground);
  void supervise(Ground& ground);
  bool quorum_has_come(const Ground& ground) const;
  void await_quorum(const Ground& ground);
  bool epoch_is_spent(const Ground& ground) const;
  bool quorum_heard(const Ground& ground) const;

  void handle(Ground& ground, ConnId conn, const Message& message);
  void on_ack(Ground& ground, ConnId conn, const Ack& ack);
  void on_pong(Ground& ground, ConnId conn, const Pong& pong);
  void on_read_index(Ground& ground, ConnId conn, const ReadIndex& read);
  void drop(Ground& ground, ConnId conn, std::string reason);
  void progress(Ground& ground) { deadlines_.establish = ground.now + ground.options.init_timeout; }
  LearnerStream::Channel channel(ConnId conn) const { return {conn, epoch()}; }

  Discovery discovery_;
  std::map<ConnId, LearnerStream> streams_;
  // The leader's own (currentEpoch, last) when it was elected: what learners are compared with
  // (R13).
  Epoch elected_current_;
  bool accepted_durable_ = false;  // Our accepted epoch; LEADERINFO may go.
  bool current_durable_ = false;   // Our history and current epoch; we count ourselves.
  bool discovered_ = false;        // A quorum has promised.
  bool established_ = false;
  Zxid initial_last_;               // End of the initial history I_e; valid when discovered.
  std::deque<InFlight> in_flight_;  // Proposed, not committed.
  std::size_t in_flight_bytes_ = 0;
  Confirmation reads_;
  Deadlines deadlines_;
};

}  // namespace holdfast::zab
