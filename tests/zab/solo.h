#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/zab/small_cell.h"
#include "zab/core.h"

namespace holdfast::zab::testing {

// One real core; the test plays everybody else, message by message. Its disk is quick unless told
// otherwise, and what it is given to apply is applied at once.
class Solo {
 public:
  struct Start {
    std::uint64_t self = 1;
    std::vector<std::uint64_t> voters{1, 2, 3};
    std::vector<std::uint64_t> observers;
    Membership membership = Membership::kProvisioned;
    Epoch accepted{1};
    Epoch current{1};
    std::string log;  // As for entries_of.
  };

  explicit Solo(const Start& start) : Solo(start, Options()) {}
  Solo(const Start& start, Options options) : core_(make(start, std::move(options))) { settle(); }

  Core& core() { return core_; }
  CoreView view() const { return core_.view(); }
  Ticks now() const { return now_; }

  // Another voter's vote for `leader`, as good as ours and in our round.
  void vote(std::uint64_t from, std::uint64_t leader) {
    Vote vote = core_.view().vote;
    vote.leader = ServerId(leader);
    core_.on_notification(Notification{.from = ServerId(from),
                                       .incarnation = Incarnation(from),
                                       .role = Role::kLooking,
                                       .vote = vote,
                                       .round = core_.view().round,
                                       .membership = membership_});
    settle();
  }
  // Makes the core follow, or lead when it is told itself.
  void elect(std::uint64_t leader) {
    for (const ServerId voter : voters_) {
      if (voter != self_) vote(voter.value, leader);
    }
  }
  // Answers the core's dial with a connection.
  ConnId connect() {
    const ConnId conn(++next_conn_);
    core_.on_dial_result(dial_->dial, conn);
    dial_.reset();
    settle();
    return conn;
  }
  ConnId accept() {
    const ConnId conn(++next_conn_);
    core_.on_accept(conn);
    settle();
    return conn;
  }
  // A learner that comes to the core.
  ConnId accept(const LearnerInfo& info) {
    const ConnId conn = accept();
    hear(conn, info);
    return conn;
  }
  void hear(ConnId conn, Message message) {
    core_.on_message(conn, std::move(message));
    settle();
  }
  void close(ConnId conn) {
    core_.on_closed(conn);
    settle();
  }
  void advance(Ticks ticks) {
    for (const Ticks end = now_ + ticks; now_ < end;) {
      now_ = std::min(end, now_ + 10);
      core_.tick(now_);
      settle();
    }
  }
  std::optional<Zxid> propose(const std::string& payload) {
    const ProposeResult result = core_.propose(bytes_of(payload));
    settle();
    const auto* proposed = std::get_if<Proposed>(&result);
    return proposed != nullptr ? std::optional(proposed->zxid) : std::nullopt;
  }

  // From now on nothing becomes durable until persist().
  void hold_disk() { disk_held_ = true; }
  void release_disk() {
    disk_held_ = false;
    persist(newest_token_);
  }
  void persist(Token through) {
    core_.on_persisted(through);
    settle();
  }
  Token newest_token() const { return newest_token_; }

  // What the core has said on the connection since this was asked last.
  std::vector<Message> said(ConnId conn) { return std::exchange(said_[conn], {}); }
  template <typename M>
  std::optional<M> said_one(ConnId conn) {
    std::optional<M> found;
    for (const Message& message : said(conn)) {
      if (std::holds_alternative<M>(message)) found = std::get<M>(message);
    }
    return found;
  }
  bool closed(ConnId conn) const { return closed_.contains(conn); }
  bool wants_to_dial() const { return dial_.has_value(); }
  void refuse_dial() {
    const DialId dial = dial_->dial;
    dial_.reset();
    core_.on_dial_result(dial, std::nullopt);
    settle();
  }
  template <typename O>
  std::vector<O> outputs() const {
    std::vector<O> found;
    for (const Output& output : outputs_) {
      if (std::holds_alternative<O>(output)) found.push_back(std::get<O>(output));
    }
    return found;
  }
  std::vector<PersistOp> persist_ops() const {
    std::vector<PersistOp> ops;
    for (const Persist& persist : outputs<Persist>()) ops.push_back(persist.op);
    return ops;
  }
  void forget_outputs() { outputs_.clear(); }
  // Carries out what the core has given out.
  void settle() {
    for (std::vector<Output> outputs = core_.take(); !outputs.empty(); outputs = core_.take()) {
      for (const Output& output : outputs) carry_out(output);
    }
  }

 private:
  Core make(const Start& start, Options options) {
    self_ = ServerId(start.self);
    membership_ = start.membership;
    for (const std::uint64_t id : start.voters) voters_.emplace_back(id);
    options.self = self_;
    options.incarnation = Incarnation(99);
    options.config.voters = voters_;
    for (const std::uint64_t id : start.observers) options.config.observers.emplace_back(id);
    const std::vector<Entry> log = entries_of(start.log);
    EpochVector epochs{EpochEnd{}};
    for (const Entry& entry : log) {
      if (epochs.back().epoch != entry.zxid.epoch()) epochs.push_back({entry.zxid.epoch(), 0});
      epochs.back().last_counter = entry.zxid.counter();
    }
    return Core(std::move(options),
                DurableState{.membership = start.membership,
                             .accepted = start.accepted,
                             .current = start.current,
                             .base = Zxid(),
                             .epochs = epochs,
                             .applied = Zxid(),
                             .tail = log},
                now_);
  }

  void carry_out(const Output& output) {
    outputs_.push_back(output);
    if (const auto* persist = std::get_if<Persist>(&output)) {
      newest_token_ = persist->token;
      if (!disk_held_) core_.on_persisted(persist->token);
    } else if (const auto* send = std::get_if<Send>(&output)) {
      said_[send->conn].push_back(send->message);
    } else if (const auto* close = std::get_if<Close>(&output)) {
      closed_.insert(close->conn);
    } else if (const auto* dial = std::get_if<Dial>(&output)) {
      dial_ = *dial;
    } else if (const auto* deliver = std::get_if<Deliver>(&output)) {
      core_.on_applied(deliver->entries.back().zxid);
    } else if (const auto* installed = std::get_if<ImageInstalled>(&output)) {
      core_.on_applied(installed->zxid);
    }
  }

  Ticks now_ = 1000;
  ServerId self_;
  Membership membership_ = Membership::kProvisioned;
  std::vector<ServerId> voters_;
  Core core_;
  std::vector<Output> outputs_;
  std::map<ConnId, std::vector<Message>> said_;
  std::set<ConnId> closed_;
  std::optional<Dial> dial_;
  std::uint64_t next_conn_ = 0;
  Token newest_token_;
  bool disk_held_ = false;
};

inline LearnerInfo info_of(std::uint64_t id) {
  return LearnerInfo{.from = ServerId(id),
                     .incarnation = Incarnation(id),
                     .observer = false,
                     .membership = Membership::kProvisioned,
                     .accepted = Epoch(1),
                     .config_version = Zxid()};
}

inline AckEpoch ack_epoch_of(Epoch epoch) {
  return AckEpoch{.epoch = epoch,
                  .promised = true,
                  .current = Epoch(1),
                  .epochs = {EpochEnd{}},
                  .floor = Zxid()};
}

}  // namespace holdfast::zab::testing
