#include "zab/election.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {
namespace {

constexpr std::uint32_t kFailuresMax = 3;

// No cell holds so many elections; a round beyond it is damage, and would leave no room to count
// on.
constexpr std::uint64_t kRoundMax = 1ULL << 48U;

bool casts(const Election::Self& self) {
  return self.voter && self.membership != Membership::kRejoining;
}

bool is_fresh_voter(const Election::Self& self) {
  return self.voter && self.membership == Membership::kFresh;
}

Vote vote_for_itself(const Election::Self& self) {
  return {.epoch = self.current, .zxid = self.last, .leader = self.id};
}

}  // namespace

Election::Election(QuorumSet quorum, const std::vector<ServerId>& members, Timing timing,
                   std::uint64_t seed)
    : quorum_(std::move(quorum)),
      all_voters_(quorum_.with_rule(QuorumSet::Rule::kAll)),
      voters_(quorum_.voters()),
      timing_(timing),
      random_(seed) {
  for (const ServerId voter : voters_) {
    HOLDFAST_CHECK(std::find(members.begin(), members.end(), voter) != members.end(),
                   "voter " + to_string(voter) + " is no member");
  }
  HOLDFAST_CHECK(timing_.finalize >= 0 && timing_.resend_min > 0, "a time of election is negative");
  HOLDFAST_CHECK(timing_.resend_max >= timing_.resend_min, "resend_max lies below resend_min");
}

Election::Result Election::look(const Self& self, Ticks now) {
  role_ = Role::kLooking;
  round_ += 1;
  decided_ = false;
  join_at_.reset();
  tally_.clear();
  forgive(now);
  change_vote(own_vote(self, now));
  Result result;
  result.notify = tell_all(self, now);
  result.join = count_votes(self, now);
  if (self.voter && self.membership == Membership::kRejoining && voters_.size() == 1) {
    result.fatal = "this replica is the only voter of its cell: there is none to rejoin";
  }
  return result;
}

void Election::settle(Role role, ServerId leader, Epoch epoch) {
  HOLDFAST_CHECK(role != Role::kLooking && !leader.is_none(), describe());
  role_ = role;
  vote_.leader = leader;
  if (!epoch.is_none()) vote_.epoch = epoch;
  decided_ = false;
  finalize_at_.reset();
  join_at_.reset();
  tally_.clear();
  answered_.clear();
}

std::vector<Notify> Election::tell_settled(const Self& self) const {
  return casts(self) ? to_all(self) : std::vector<Notify>();
}

Election::Result Election::on_notification(const Self& self, const Notification& notification,
                                           Ticks now) {
  if (notification.from == self.id) return {};
  dead_.erase(notification.from);
  const bool sender_looks = notification.role == Role::kLooking;
  Result result;
  if (role_ != Role::kLooking || decided_) {
    if (sender_looks) result.notify = answer(self, notification.from);
    return result;
  }
  result.fatal = misfit(self, notification);
  if (result.fatal) return result;
  if (!counts(self, notification)) {
    if (sender_looks && casts(self)) result.notify = answer_once(self, notification.from);
    return result;
  }
  tally_.meet(notification.from, notification.incarnation);
  return sender_looks ? on_vote(self, notification, now) : on_report(self, notification, now);
}

// The sender looks too.
Election::Result Election::on_vote(const Self& self, const Notification& notification, Ticks now) {
  Result result;
  tally_.note_looking(notification.from);
  if (!casts(self)) return result;
  if (notification.round < round_) {
    result.notify = answer(self, notification.from);
    return result;
  }
  bool has_changed = false;
  if (notification.round > round_) {
    round_ = notification.round;
    tally_.start_round(round_);
    change_vote(own_vote(self, now));
    has_changed = true;
  }
  tally_.note_vote(notification);
  if (notification.vote > vote_ && may_adopt(self, notification.vote, now)) {
    change_vote(notification.vote);
    has_changed = true;
  }
  // A peer whose vote is worse may have been settled, or away, when it was told of ours: without an
  // answer it would wait for the next repetition. It never answers a better vote, so this ends.
  if (has_changed) {
    result.notify = tell_all(self, now);
  } else if (notification.vote < vote_) {
    result.notify = answer(self, notification.from);
  }
  result.join = decide(self, now);
  return result;
}

// The sender follows or leads.
Election::Result Election::on_report(const Self& self, const Notification& notification,
                                     Ticks now) {
  tally_.note_settled(notification, round_);
  Result result;
  result.join = decide(self, now);
  return result;
}

Election::Result Election::on_peer_refused(const Self& self, ServerId peer, Ticks now) {
  Result result;
  if (peer == self.id || !quorum_.is_voter(peer)) return result;
  dead_.insert(peer);
  if (role_ != Role::kLooking || decided_) return result;
  tally_.forget(peer);
  // Others may hold on to this vote in this round; in the next one the candidate must speak itself.
  if (vote_.leader == peer) return look(self, now);
  result.join = count_votes(self, now);
  return result;
}

void Election::on_join_failed(ServerId leader, Ticks now) {
  if (failures_.leader != leader || failures_.epoch != joined_epoch_) {
    failures_ = {.leader = leader, .epoch = joined_epoch_, .count = 0};
  }
  failures_.count += 1;
  if (failures_.count < kFailuresMax) return;
  // Between half and one and a half of the longest pause, so that peers do not come back as one.
  const auto spread = static_cast<std::uint64_t>(timing_.resend_max) + 1;
  avoided_until_[leader] = now + timing_.resend_max / 2 + static_cast<Ticks>(random_.below(spread));
}

void Election::on_join_succeeded() {
  failures_ = {};
  avoided_until_.clear();
}

Election::Result Election::tick(const Self& self, Ticks now) {
  Result result;
  if (role_ != Role::kLooking || decided_) return result;
  if (forgive(now) && casts(self)) {
    std::set<ServerId> avoided;
    for (const auto& [leader, until] : avoided_until_) avoided.insert(leader);
    const Vote best = std::max(own_vote(self, now), tally_.best_vote(avoided).value_or(Vote()));
    if (best > vote_ && may_adopt(self, best, now)) {
      change_vote(best);
      result.notify = tell_all(self, now);
    }
  }
  result.join = decide(self, now);
  if (!result.join && now >= resend_at_) {
    resend_interval_ = std::min(2 * resend_interval_, timing_.resend_max);
    result.notify = tell_all(self, now);
  }
  return result;
}

// Keeps replicas apart that must not decide anything together; the text is for the operator.
std::optional<std::string> Election::misfit(const Self& self, const Notification& notification) {
  if (!quorum_.is_voter(notification.from)) return std::nullopt;
  if (notification.membership == Membership::kFresh) {
    fresh_.insert(notification.from);
  } else {
    fresh_.erase(notification.from);
  }
  if (is_fresh_voter(self) && notification.membership == Membership::kProvisioned) {
    return "the directory of replica " + to_string(self.id) + " is fresh, but voter " +
           to_string(notification.from) +
           " of its cell has been in service: if this replica lost its disk, start it with "
           "--rejoin";
  }
  if (self.voter && self.membership == Membership::kRejoining) {
    const bool all_fresh = std::all_of(voters_.begin(), voters_.end(), [&](ServerId id) {
      return id == self.id || fresh_.contains(id);
    });
    if (all_fresh) {
      return "all other voters of the cell are fresh, so there is nothing to rejoin: start "
             "replica " +
             to_string(self.id) + " without --rejoin";
    }
  }
  return std::nullopt;
}

// Whether the sender's words may be recorded. Fresh voters decide among themselves; all others
// count provisioned ones only (R8). A looking voter may abstain by a vote for nobody.
bool Election::counts(const Self& self, const Notification& notification) const {
  const Membership peers = is_fresh_voter(self) ? Membership::kFresh : Membership::kProvisioned;
  if (notification.membership != peers || notification.round > kRoundMax) return false;
  if (!quorum_.is_voter(notification.from) || notification.role == Role::kObserving) return false;
  const ServerId candidate = notification.vote.leader;
  return quorum_.is_voter(candidate) ||
         (candidate.is_none() && notification.role == Role::kLooking);
}

bool Election::may_adopt(const Self& self, const Vote& vote, Ticks now) const {
  if (vote.leader.is_none() || avoids(vote.leader, now)) return false;
  // While this replica does not trust itself to lead, it still backs no one who lacks part of its
  // history: such a leader would resign as soon as it learned of it (R13).
  return !avoids(self.id, now) ||
         std::pair(vote.epoch, vote.zxid) >= std::pair(self.current, self.last);
}

bool Election::avoids(ServerId leader, Ticks now) const {
  const auto it = avoided_until_.find(leader);
  return it != avoided_until_.end() && now < it->second;
}

Vote Election::own_vote(const Self& self, Ticks now) const {
  return casts(self) && !avoids(self.id, now) ? vote_for_itself(self) : Vote();
}

void Election::change_vote(const Vote& vote) {
  vote_ = vote;
  finalize_at_.reset();
  resend_interval_ = timing_.resend_min;
}

std::optional<Election::Join> Election::decide(const Self& self, Ticks now) {
  const std::optional<Join> reported = join_reported_leader(self, now);
  return reported ? reported : count_votes(self, now);
}

// Tests whether a quorum casts our vote in our round. When every voter has cast it or is known
// dead, no better vote can come; otherwise time is left for one.
std::optional<Election::Join> Election::count_votes(const Self& self, Ticks now) {
  if (decided_ || vote_.leader.is_none() || !casts(self)) return std::nullopt;
  std::set<ServerId> supporters = tally_.supporters(vote_);
  supporters.insert(self.id);
  if (!rule(self).is_quorum(supporters)) {
    finalize_at_.reset();
    return std::nullopt;
  }
  const bool is_complete = std::all_of(voters_.begin(), voters_.end(), [&](ServerId id) {
    return supporters.contains(id) || dead_.contains(id);
  });
  if (!finalize_at_) finalize_at_ = now + timing_.finalize;
  if (!is_complete && now < *finalize_at_) return std::nullopt;
  return join(vote_, round_);
}

// Tests whether those who have settled already tell us whom to join. Only the leader's own word
// confirms it, because followers of a dead leader report it too (ZOOKEEPER-3537); and that this
// replica leads is believed only by its own vote in its own round, because followers of its
// previous run report it too (ZOOKEEPER-1514).
std::optional<Election::Join> Election::join_reported_leader(const Self& self, Ticks now) {
  if (casts(self) && !avoids(self.id, now) && tally_.is_followed(vote_for_itself(self))) {
    const Vote mine = vote_for_itself(self);
    std::set<ServerId> supporters = tally_.supporters(mine);
    if (vote_ == mine) supporters.insert(self.id);
    if (rule(self).is_quorum(supporters)) return join(mine, round_);
  }
  std::optional<Notification> leader;
  if (casts(self)) leader = tally_.leader_in_round(rule(self), notification(self));
  if (!leader) leader = tally_.settled_leader(rule(self));
  if (!leader || avoids(leader->from, now)) {
    join_at_.reset();
    return std::nullopt;
  }
  // Observers come one after the other, so that they do not take a new leader by storm.
  if (!self.voter) {
    const auto spread = static_cast<std::uint64_t>(4 * timing_.resend_min) + 1;
    if (!join_at_) join_at_ = now + static_cast<Ticks>(random_.below(spread));
    if (now < *join_at_) return std::nullopt;
  }
  return join(leader->vote, leader->round);
}

Election::Join Election::join(const Vote& vote, std::uint64_t round) {
  vote_ = vote;
  round_ = round;
  joined_epoch_ = vote.epoch;
  decided_ = true;
  finalize_at_.reset();
  join_at_.reset();
  return {.leader = vote.leader};
}

// Ends the avoidance of leaders whose time is over; true when there was one.
bool Election::forgive(Ticks now) {
  return std::erase_if(avoided_until_, [now](const auto& entry) { return entry.second <= now; }) >
         0;
}

const QuorumSet& Election::rule(const Self& self) const {
  return is_fresh_voter(self) ? all_voters_ : quorum_;
}

Notification Election::notification(const Self& self) const {
  return {.from = self.id,
          .incarnation = self.incarnation,
          .role = role_,
          .vote = vote_,
          .round = round_,
          .membership = self.membership,
          .config_version = self.config_version};
}

std::vector<Notify> Election::answer(const Self& self, ServerId to) const {
  return {Notify{.to = to, .notification = notification(self)}};
}

// For peers that look and are not counted: two replicas of different configurations would otherwise
// answer each other without end. The next repetition of our vote allows one more answer.
std::vector<Notify> Election::answer_once(const Self& self, ServerId to) {
  return answered_.insert(to).second ? answer(self, to) : std::vector<Notify>();
}

std::vector<Notify> Election::tell_all(const Self& self, Ticks now) {
  answered_.clear();
  resend_at_ = now + jittered(resend_interval_);
  return to_all(self);
}

std::vector<Notify> Election::to_all(const Self& self) const {
  std::vector<Notify> all;
  for (const ServerId voter : voters_) {
    if (voter != self.id) all.push_back({.to = voter, .notification = notification(self)});
  }
  return all;
}

// Between three quarters of the interval and all of it.
Ticks Election::jittered(Ticks interval) {
  return interval - static_cast<Ticks>(random_.below(static_cast<std::uint64_t>(interval) / 4 + 1));
}

void Election::hash_into(StateHash& hash) const {
  hash.add(Random(random_).next()).add(role_).add(round_);
  hash.add(vote_.epoch).add(vote_.zxid).add(vote_.leader).add(decided_);
  for (const std::optional<Ticks>& at : {finalize_at_, join_at_}) {
    hash.add(at.has_value());
    if (at) hash.add_time(*at);
  }
  hash.add(resend_interval_).add_time(resend_at_).add(joined_epoch_);
  hash.add(failures_.leader).add(failures_.epoch).add(failures_.count);
  hash.add_ids(dead_).add_ids(fresh_).add_ids(answered_);
  hash.add_set(avoided_until_,
               [](StateHash& one, const auto& item) { one.add(item.first).add_time(item.second); });
  tally_.hash_into(hash);
}

std::string Election::describe() const {
  std::string text = "election " + to_string(role_) + " round=" + std::to_string(round_) +
                     " vote=" + to_string(vote_) + " " + tally_.describe() + " dead=[";
  for (const ServerId id : dead_) text += " " + to_string(id);
  text += " ] avoided=[";
  for (const auto& [leader, until] : avoided_until_) text += " " + to_string(leader);
  text += " ]";
  if (finalize_at_) text += " finalize at " + std::to_string(*finalize_at_);
  return text + (decided_ ? " decided" : "");
}

}  // namespace holdfast::zab
