#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/random.h"
#include "zab/election.h"

// Elections of whole cells under random faults, with just as much of the rest of ZAB as an election
// needs: a leader has to gather a quorum whose histories are not newer than its own within a time,
// and whoever loses its peer looks again. When the faults end, the cell must come together.

namespace holdfast::zab {
namespace {

constexpr Ticks kStep = 5;
constexpr Ticks kJoinTimeout = 400;
constexpr Ticks kFaultsEnd = 3000;
constexpr Ticks kConvergence = 5000;  // After the end of the faults.

struct Plan {
  std::uint64_t seed = 0;
  std::uint64_t voters = 3;
  std::uint64_t observers = 0;
  bool one_rejoins = false;
  Membership membership = Membership::kProvisioned;
  bool has_faults = true;
};

struct Node {
  explicit Node(Election e) : election(std::move(e)) {}

  Election election;
  Election::Self self;
  bool is_up = false;
  ServerId leader;            // Whom it joins or has joined; none while looking.
  bool is_connected = false;  // To that leader.
  bool is_established = false;
  std::uint64_t reign = 0;  // Of a leader; one number for each attempt to lead.
  std::uint64_t joined_reign = 0;
  Ticks since = 0;  // Of the role, or of the last sight of a quorum.
};

class Cell {
 public:
  explicit Cell(const Plan& plan) : plan_(plan), random_(plan.seed) {
    for (std::uint64_t id = 1; id <= plan.voters; ++id) config_.voters.push_back(ServerId(id));
    for (std::uint64_t i = 1; i <= plan.observers; ++i) {
      config_.observers.push_back(ServerId(plan.voters + i));
    }
    for (const ServerId id : everyone()) nodes_.emplace(id, Node(new_election()));
    for (auto& [id, node] : nodes_) set_up(id, node);
  }

  // Runs until the cell has come together after the faults; false when it has not within the bound.
  bool run() {
    while (now_ < kFaultsEnd + kConvergence) {
      now_ += kStep;
      if (plan_.has_faults && now_ < kFaultsEnd) inject_faults();
      if (now_ >= kFaultsEnd || !plan_.has_faults) heal();
      deliver();
      for (auto& [id, node] : nodes_) {
        if (node.is_up) step(id, node);
      }
      if (!fatal_.empty()) return false;
      if ((now_ > kFaultsEnd || !plan_.has_faults) && has_converged()) return true;
    }
    return false;
  }

  Ticks now() const { return now_; }
  const std::string& fatal() const { return fatal_; }
  std::string describe() const {
    std::string text;
    for (const auto& [id, node] : nodes_) {
      text += to_string(id) + ": " + node.election.describe() +
              " leader=" + to_string(node.leader) + (node.is_connected ? " connected" : "") +
              (node.is_established ? " established" : "") + "\n";
    }
    return text;
  }

 private:
  struct Flight {
    ServerId to;
    std::optional<Notification> notification;
    ServerId refused;  // Without a notification: this peer's port refused us.
  };

  std::vector<ServerId> everyone() const {
    std::vector<ServerId> all = config_.voters;
    all.insert(all.end(), config_.observers.begin(), config_.observers.end());
    return all;
  }
  Election new_election() {
    const Election::Timing timing{.finalize = 50, .resend_min = 50, .resend_max = 1000};
    return Election(QuorumSet(config_), everyone(), timing, random_.next());
  }
  void set_up(ServerId id, Node& node) {
    node.self.id = id;
    node.self.voter = config_.is_voter(id);
    node.self.membership = plan_.membership;
    if (plan_.membership == Membership::kProvisioned) {
      node.self.current = Epoch(static_cast<std::uint32_t>(1 + random_.below(2)));
      node.self.last = Zxid(node.self.current, static_cast<std::uint32_t>(1 + random_.below(4)));
    }
    if (plan_.one_rejoins && id == ServerId(1)) {
      node.self.membership = Membership::kRejoining;
      node.self.current = Epoch();
      node.self.last = Zxid();
    }
    if (plan_.membership != Membership::kFresh || random_.chance(1, 2)) start(node);
  }

  // ---- The world -------------------------------------------------------------------------------

  void start(Node& node) {
    node.self.incarnation = Incarnation(random_.next());
    node.election = new_election();
    node.is_up = true;
    look(node);
  }
  void crash(Node& node) {
    node.is_up = false;
    leave(node);
    // What had not reached the disk is gone: its next vote is worse than its last one.
    const std::uint32_t counter = node.self.last.counter();
    if (counter > 1 && random_.chance(1, 3)) {
      node.self.last = Zxid(node.self.last.epoch(), counter - 1);
    }
  }
  void inject_faults() {
    Node& node = nodes_.at(ServerId(1 + random_.below(nodes_.size())));
    if (random_.chance(1, 60)) {
      if (node.is_up) {
        crash(node);
      } else {
        start(node);
      }
    }
    if (random_.chance(1, 60)) {
      const std::pair link(ServerId(1 + random_.below(nodes_.size())),
                           ServerId(1 + random_.below(nodes_.size())));
      if (!cut_.erase(link)) cut_.insert(link);
    }
    if (node.is_established && random_.chance(1, 10)) {
      node.self.last = Zxid(node.self.last.value + 1);
    }
  }
  void heal() {
    cut_.clear();
    for (auto& [id, node] : nodes_) {
      if (!node.is_up && random_.chance(1, 20)) start(node);
    }
  }
  bool is_linked(ServerId from, ServerId to) const { return !cut_.contains({from, to}); }
  bool are_linked(ServerId a, ServerId b) const { return is_linked(a, b) && is_linked(b, a); }

  void send(const std::vector<Notify>& all) {
    const bool is_lossy = plan_.has_faults && now_ < kFaultsEnd;
    for (const Notify& notify : all) {
      const ServerId from = notify.notification.from;
      if (!is_linked(from, notify.to) || (is_lossy && random_.chance(1, 8))) continue;
      if (!nodes_.at(notify.to).is_up) {
        if (is_linked(notify.to, from)) post({from, std::nullopt, notify.to});
        continue;
      }
      post({notify.to, notify.notification, ServerId()});
      if (is_lossy && random_.chance(1, 20)) post({notify.to, notify.notification, ServerId()});
    }
  }
  void post(const Flight& flight) {
    const auto spread = static_cast<Ticks>(random_.below(random_.chance(1, 10) ? 60 : 8));
    flights_.emplace(now_ + 1 + spread, flight);
  }
  void deliver() {
    while (!flights_.empty() && flights_.begin()->first <= now_) {
      const Flight flight = flights_.begin()->second;
      flights_.erase(flights_.begin());
      Node& node = nodes_.at(flight.to);
      if (!node.is_up) continue;
      take(node, flight.notification
                     ? node.election.on_notification(node.self, *flight.notification, now_)
                     : node.election.on_peer_refused(node.self, flight.refused, now_));
    }
  }

  // ---- The rest of a replica -------------------------------------------------------------------

  void take(Node& node, const Election::Result& result) {
    if (result.fatal) fatal_ = *result.fatal;
    send(result.notify);
    if (!result.join) return;
    node.leader = result.join->leader;
    node.since = now_;
    const bool leads = node.leader == node.self.id;
    if (leads) node.reign = ++reigns_;
    const Role learner = node.self.voter ? Role::kFollowing : Role::kObserving;
    node.election.settle(leads ? Role::kLeading : learner, node.leader, Epoch());
  }
  void leave(Node& node) {
    node.leader = ServerId();
    node.is_connected = false;
    node.is_established = false;
    node.reign = 0;
    node.joined_reign = 0;
  }
  void look(Node& node) {
    leave(node);
    take(node, node.election.look(node.self, now_));
  }
  void give_up(Node& node) {
    if (!node.is_established) node.election.on_join_failed(node.leader, now_);
    look(node);
  }

  void step(ServerId id, Node& node) {
    if (node.leader.is_none()) return take(node, node.election.tick(node.self, now_));
    if (node.leader == id) return lead(node);
    const Node& leader = nodes_.at(node.leader);
    const bool leads = leader.is_up && leader.reign != 0;
    if (node.is_connected) {
      const bool is_same = leads && leader.reign == node.joined_reign;
      if (!is_same || !are_linked(id, node.leader)) give_up(node);
    } else if (!leader.is_up && are_linked(id, node.leader)) {
      give_up(node);
    } else if (leads && are_linked(id, node.leader)) {
      node.is_connected = true;
      node.joined_reign = leader.reign;
    } else if (now_ - node.since > kJoinTimeout) {
      give_up(node);
    }
  }

  std::vector<Node*> learners(const Node& leader) {
    std::vector<Node*> result;
    for (auto& [id, node] : nodes_) {
      if (node.is_up && node.is_connected && node.joined_reign == leader.reign) {
        result.push_back(&node);
      }
    }
    return result;
  }
  static bool may_count(const Node& node) {
    return node.self.voter && node.self.membership != Membership::kRejoining;
  }
  void lead(Node& leader) {
    std::set<ServerId> present = {leader.self.id};
    for (const Node* learner : learners(leader)) {
      if (!may_count(*learner)) continue;
      present.insert(learner->self.id);
      const bool is_newer = std::pair(learner->self.current, learner->self.last) >
                            std::pair(leader.self.current, leader.self.last);
      if (!leader.is_established && is_newer) return give_up(leader);
    }
    const bool is_fresh = leader.self.membership == Membership::kFresh;
    const QuorumSet quorum =
        QuorumSet(config_).with_rule(is_fresh ? QuorumSet::Rule::kAll : QuorumSet::Rule::kMajority);
    if (!quorum.is_quorum(present)) {
      if (now_ - leader.since > kJoinTimeout) give_up(leader);
      return;
    }
    leader.since = now_;
    if (!leader.is_established) establish(leader, Epoch(++epochs_));
    for (Node* learner : learners(leader)) {
      learner->self.last = leader.self.last;
      if (!learner->is_established) establish(*learner, leader.self.current);
    }
  }
  void establish(Node& node, Epoch epoch) {
    node.is_established = true;
    node.self.current = epoch;
    node.self.membership = Membership::kProvisioned;
    node.election.settle(node.election.role(), node.leader, epoch);
    node.election.on_join_succeeded();
  }

  bool has_converged() const {
    std::set<ServerId> leaders;
    for (const auto& [id, node] : nodes_) {
      if (!node.is_up || !node.is_established) return false;
      leaders.insert(node.leader);
    }
    return leaders.size() == 1;
  }

  Plan plan_;
  Random random_;
  Config config_;
  std::map<ServerId, Node> nodes_;
  std::set<std::pair<ServerId, ServerId>> cut_;
  std::multimap<Ticks, Flight> flights_;
  Ticks now_ = 0;
  std::uint64_t reigns_ = 0;
  std::uint32_t epochs_ = 2;
  std::string fatal_;
};

void expect_convergence(const Plan& first, std::uint64_t seeds) {
  Ticks slowest = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Plan plan = first;
    plan.seed = seed;
    Cell cell(plan);
    ASSERT_TRUE(cell.run()) << "seed=" << seed << " " << cell.fatal() << "\n" << cell.describe();
    slowest = std::max(slowest, cell.now());
  }
  ::testing::Test::RecordProperty("slowest_ms", std::to_string(slowest));
}

TEST(ElectionsUnderFaults, BringThreeVotersTogether) {
  expect_convergence({.voters = 3}, 1000);
}

TEST(ElectionsUnderFaults, BringFiveVotersTogether) {
  expect_convergence({.voters = 5}, 500);
}

TEST(ElectionsUnderFaults, BringObserversToTheirLeader) {
  expect_convergence({.voters = 3, .observers = 2}, 300);
}

TEST(ElectionsUnderFaults, BringARejoiningVoterBack) {
  expect_convergence({.voters = 3, .one_rejoins = true}, 300);
  expect_convergence({.voters = 5, .one_rejoins = true}, 200);
}

TEST(ElectionsWithoutFaults, BringAFreshCellUp) {
  const Plan fresh{.membership = Membership::kFresh, .has_faults = false};
  expect_convergence(fresh, 500);
  Plan five = fresh;
  five.voters = 5;
  five.observers = 1;
  expect_convergence(five, 300);
}

}  // namespace
}  // namespace holdfast::zab
