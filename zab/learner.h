#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zab/ground.h"
#include "zab/learner_rules.h"

namespace holdfast::zab {

// Linearizable reads of a learner's clients on their way to the leader: what arrives before one
// take() shares one question.
class PendingReads {
 public:
  void add(std::uint64_t tag) { waiting_.push_back(tag); }
  bool is_waiting() const { return !waiting_.empty(); }
  // The number of the next question; what waits is asked by it.
  std::uint64_t ask();
  // The reads that the question was asked for; nothing when there is no such question.
  std::vector<std::uint64_t> answered(std::uint64_t question);

  void hash_into(StateHash& hash) const;

 private:
  std::uint64_t newest_ = 0;
  std::vector<std::uint64_t> waiting_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> asked_;
};

// An image on its way in.
struct IncomingImage {
  Zxid zxid;
  std::uint64_t chunks = 0;
  std::uint64_t staged = 0;  // Of them, on our disk and acknowledged.
  std::uint64_t checksum = 0;
};

// A follower or observer: from the choice of a leader to its loss (ZAB.md §3.2 to §3.6). Every
// member that takes a Ground is an input of the core.
class Learner {
 public:
  Learner(Ground& ground, ServerId leader);

  void tick(Ground& ground);
  void on_dial_result(Ground& ground, DialId dial, std::optional<ConnId> conn);
  void on_peer_refused(Ground& ground, ServerId peer);
  // A voter reports that it looks for a leader.
  void on_voter_looking(Ground& ground, ServerId voter);
  void on_closed(Ground& ground, ConnId conn);
  void on_message(Ground& ground, ConnId conn, const Message& message);
  void on_gate(Ground& ground, const Gate& gate);
  void on_durable(Ground& ground);  // The durable part of the log has grown.
  void on_applied(Ground& ground) { serve_if_ready(ground); }

  bool forward(Ground& ground, SharedBytes payload);
  void read_barrier(std::uint64_t tag) { reads_.add(tag); }
  void touch(std::span<const SessionId> sessions);

  void flush(Ground& ground);
  void depart(Ground& ground, std::string_view reason);

  ServerId leader() const { return leader_; }
  JoinStage stage() const { return stage_; }
  Role role() const { return kind_ == LearnerKind::kVoter ? Role::kFollowing : Role::kObserving; }
  Phase phase() const;
  Epoch epoch() const { return epoch_; }
  bool active() const { return stage_ == JoinStage::kActive; }

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  void handle(Ground& ground, const Message& message);
  void handle_active(Ground& ground, const Message& message);
  void dial(Ground& ground);
  void announce(Ground& ground) { ground.announce(role(), phase(), epoch_, leader_); }
  // The leader breaks the protocol: the connection is closed, and with it the role.
  void refuse(Ground& ground, const Message& message, std::string_view why);
  Ticks silence_limit(const Ground& ground) const;

  // learner_sync: from LEADERINFO to UPTODATE.
  void on_leader_info(Ground& ground, const LeaderInfo& info);
  void on_diff(Ground& ground, const Diff& diff);
  void on_trunc(Ground& ground, const Trunc& trunc);
  void on_snap(Ground& ground, const Snap& snap);
  void on_snap_chunk(Ground& ground, const SnapChunk& chunk);
  void on_snap_end(Ground& ground, const SnapEnd& end);
  void on_newleader(Ground& ground, const NewLeader& newleader);
  void on_up_to_date(Ground& ground, const UpToDate& up_to_date);
  void begin_entries(Ground& ground);
  // Stops the replica when it is.
  bool is_older_than_delivered(Ground& ground, Zxid image) const;

  // learner_broadcast: entries, commits, rounds.
  void on_proposal(Ground& ground, const Proposal& proposal);
  void on_inform(Ground& ground, const Inform& inform);
  bool append_all(Ground& ground, const Message& message, const std::vector<Entry>& entries);
  void on_commit(Ground& ground, const Message& message, Zxid committed);
  void on_ping(Ground& ground, const Ping& ping);
  void on_read_index_reply(Ground& ground, const ReadIndexReply& reply);
  void serve_if_ready(Ground& ground);
  std::vector<SessionId> take_touched();

  ServerId leader_;
  LearnerKind kind_ = LearnerKind::kVoter;
  JoinStage stage_ = JoinStage::kConnecting;
  std::optional<DialId> dial_;
  ConnId conn_;      // None while connecting.
  Ticks since_ = 0;  // The role's beginning.
  Ticks next_dial_ = 0;
  Ticks heard_ = 0;
  Epoch epoch_;            // None until LEADERINFO.
  bool promised_ = false;  // Our accepted epoch was below the leader's: the answer counts (R12).
  IncomingImage image_;    // In stage kImage.
  Zxid acked_;             // The last Ack, or where synchronization began.
  Zxid serve_at_;          // UPTODATE's commit point.
  std::set<SessionId> touched_;
  PendingReads reads_;
};

}  // namespace holdfast::zab
