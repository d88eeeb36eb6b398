// One test for each action and each property of Zab.tla (names from there), with three real cores.

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/zxids.h"

namespace holdfast::zab::testing {
namespace {

constexpr std::uint64_t kIds[] = {1, 2, 3};

// Everybody serves, and what is on its way has arrived.
bool come_to_rest(SmallCell& cell) {
  const auto serve = [&cell] {
    return std::all_of(std::begin(kIds), std::end(kIds),
                       [&cell](std::uint64_t id) { return cell.view(id).serving; });
  };
  const bool serving = cell.advance_until(serve, 30'000);
  cell.advance(300);
  return serving;
}

// Replicas 1, 2, 3 with the history "1.1 1.2" of epoch 1.
struct Paper : ::testing::Test {
  SmallCell cell{{.voters = {1, 2, 3}, .observers = {}}};

  void SetUp() override {
    for (const std::uint64_t id : kIds) cell.provision(id, kOne, kOne, "1.1 1.2");
  }
  std::vector<std::uint64_t> others(std::uint64_t leader) {
    std::vector<std::uint64_t> ids;
    for (const std::uint64_t id : kIds) {
      if (id != leader) ids.push_back(id);
    }
    return ids;
  }
  void rest() { ASSERT_TRUE(come_to_rest(cell)); }
};

// ---- actions ----------------------------------------------------------------------------------

// Election: the leader and a quorum of followers agree, and the best history wins.
TEST_F(Paper, Election) {
  cell.provision(2, kOne, kOne, "1.1 1.2 1.3");
  EXPECT_EQ(cell.elect(), 2U);
  rest();
  for (const std::uint64_t id : kIds) EXPECT_EQ(cell.view(id).leader, ServerId(2));
}

// Restart: a replica that comes back finds the leader and leaves it in office.
TEST_F(Paper, Restart) {
  const std::uint64_t leader = cell.elect();
  const std::uint64_t back = others(leader).front();
  cell.crash(back);
  cell.write("a");
  cell.start(back);
  rest();
  EXPECT_EQ(cell.leader(), leader);
  EXPECT_EQ(cell.applied(back), cell.applied(leader));
}

// ConnectAndFollowerSendCEPOCH: the first word on a connection is the accepted epoch.
TEST_F(Paper, ConnectAndFollowerSendCEpoch) {
  const std::uint64_t leader = cell.elect();
  for (const std::uint64_t id : others(leader)) {
    const auto infos = cell.sent_of<LearnerInfo>(id, leader);
    ASSERT_EQ(infos.size(), 1U);
    EXPECT_EQ(infos[0].accepted, kOne);
  }
}

// LeaderProcessCEPOCH: NEWEPOCH is above all accepted epochs of a quorum.
TEST_F(Paper, LeaderProcessCEpoch) {
  cell.provision(1, Epoch(4), kOne, "1.1 1.2");
  cell.provision(2, Epoch(6), kOne, "1.1 1.2");
  const std::uint64_t leader = cell.elect();
  EXPECT_GT(cell.view(leader).current, Epoch(4));
  rest();
  EXPECT_GT(cell.view(leader).current, Epoch(6)) << "the last voter's promise was above the epoch";
}

// FollowerProcessNEWEPOCH: the epoch is accepted, durably, before it is acknowledged.
TEST_F(Paper, FollowerProcessNewEpoch) {
  cell.slow_disk(1);
  cell.start_all();
  cell.advance(1000);
  const std::uint64_t leader = cell.leader();
  ASSERT_NE(leader, 0U);
  EXPECT_TRUE(cell.sent_of<AckEpoch>(1, leader).empty());
  EXPECT_EQ(cell.sent_of<LeaderInfo>(leader, 1).size(), 1U);
  EXPECT_EQ(cell.view(1).accepted, kTwo);
  cell.persist_one(1);
  cell.run();
  EXPECT_EQ(cell.sent_of<AckEpoch>(1, leader).size(), 1U);
}

// LeaderProcessACKEPOCH: a quorum of promises makes the epoch the leader's own, and histories are
// sent.
TEST_F(Paper, LeaderProcessAckEpoch) {
  const std::uint64_t leader = cell.elect();
  EXPECT_EQ(cell.disk(leader).current, kTwo);
  for (const std::uint64_t id : others(leader)) {
    EXPECT_EQ(cell.sent_of<Diff>(leader, id).size(), 1U);
  }
}

// FollowerProcessNEWLEADER: the history is the leader's, the epoch is the follower's own.
TEST_F(Paper, FollowerProcessNewLeader) {
  cell.provision(1, kOne, kOne, "1.1");
  const std::uint64_t leader = cell.elect();
  rest();
  EXPECT_EQ(cell.disk(1).current, kTwo);
  EXPECT_EQ(cell.log(1), "1.1 1.2");
  EXPECT_EQ(cell.sent_of<AckNewLeader>(1, leader).size(), 1U);
}

// LeaderProcessACKLD: a quorum of acknowledgements commits the initial history.
TEST_F(Paper, LeaderProcessAckLd) {
  cell.start_all();
  cell.stall_if([](const SmallCell::SentMessage& sent) {
    return std::holds_alternative<AckNewLeader>(sent.message);
  });
  cell.advance(1000);
  for (const std::uint64_t id : kIds) EXPECT_EQ(cell.view(id).committed, Zxid());
  cell.heal();
  rest();
  for (const std::uint64_t id : kIds) EXPECT_EQ(cell.view(id).committed, Zxid(kOne, 2));
}

// FollowerProcessCOMMITLD: the follower delivers the initial history and serves.
TEST_F(Paper, FollowerProcessCommitLd) {
  const std::uint64_t leader = cell.elect();
  rest();
  for (const std::uint64_t id : others(leader)) {
    ASSERT_EQ(cell.sent_of<UpToDate>(leader, id).size(), 1U);
    EXPECT_EQ(cell.applied(id), "1.1=1.1 1.2=1.2");
  }
}

// LeaderProcessRequest, LeaderBroadcastPROPOSE: counters begin with 1 and have no holes.
TEST_F(Paper, LeaderProcessRequest) {
  const std::uint64_t leader = cell.elect();
  EXPECT_EQ(cell.propose(leader, "a"), Zxid(kTwo, 1));
  EXPECT_EQ(cell.propose(leader, "b"), Zxid(kTwo, 2));
  for (const std::uint64_t id : others(leader)) {
    EXPECT_EQ(cell.propose(id, "x"), std::nullopt);
  }
}

// FollowerProcessPROPOSE: it is appended, and acknowledged when it is durable.
TEST_F(Paper, FollowerProcessPropose) {
  const std::uint64_t leader = cell.elect();
  rest();
  const std::uint64_t slow = others(leader).front();
  cell.slow_disk(slow);
  cell.write("a");
  EXPECT_EQ(cell.view(slow).last, Zxid(kTwo, 1));
  EXPECT_TRUE(cell.sent_of<Ack>(slow, leader).empty());
  cell.fast_disk(slow);
  cell.advance(10);
  EXPECT_EQ(cell.sent_of<Ack>(slow, leader).size(), 1U);
}

// LeaderProcessACK: a quorum of acknowledgements commits, in order.
TEST_F(Paper, LeaderProcessAck) {
  const std::uint64_t leader = cell.elect();
  rest();
  for (const std::uint64_t id : others(leader)) cell.slow_disk(id);
  cell.propose(leader, "a");
  cell.run();
  cell.propose(leader, "b");
  cell.run();
  EXPECT_EQ(cell.view(leader).committed, Zxid(kOne, 2));
  cell.persist_one(others(leader)[0]);
  cell.run();
  EXPECT_EQ(cell.view(leader).committed, Zxid(kTwo, 1));
  cell.persist_one(others(leader)[0]);
  cell.run();
  EXPECT_EQ(cell.view(leader).committed, Zxid(kTwo, 2));
}

// FollowerProcessCOMMIT: it is delivered.
TEST_F(Paper, FollowerProcessCommit) {
  const std::uint64_t leader = cell.elect();
  rest();
  cell.write("a");
  for (const std::uint64_t id : others(leader)) {
    EXPECT_EQ(cell.applied(id), "1.1=1.1 1.2=1.2 2.1=a");
  }
}

// LeaderTimeout: a leader without its followers steps down.
TEST_F(Paper, LeaderTimeout) {
  const std::uint64_t leader = cell.elect();
  for (const std::uint64_t id : others(leader)) cell.crash(id);
  cell.advance(2000);
  EXPECT_EQ(cell.view(leader).role, Role::kLooking);
}

// FollowerTimeout: a follower without its leader looks for another.
TEST_F(Paper, FollowerTimeout) {
  const std::uint64_t leader = cell.elect();
  rest();
  cell.isolate(leader);
  ASSERT_TRUE(
      cell.advance_until([&] { return cell.leader() != leader && cell.leader() != 0; }, 20'000));
}

// ---- properties -------------------------------------------------------------------------------

// A long run with many changes of leader, losses and breaks, whose deliveries the properties are
// read from. The choices are fixed by the seed, so a failure repeats.
struct Ordeal {
  SmallCell cell{{.voters = {1, 2, 3}, .observers = {}}};
  std::map<std::uint64_t, std::vector<std::string>> delivered;  // "2.1=payload", by replica.
  std::vector<std::pair<Zxid, std::uint64_t>> proposed;         // In order, with the proposer.
  std::map<Epoch, std::set<std::uint64_t>> primaries;

  explicit Ordeal(std::uint64_t seed) {
    for (const std::uint64_t id : kIds) cell.provision(id, kOne, kOne, "1.1 1.2");
    play(seed);
  }

  void note_leaders() {
    for (const std::uint64_t id : kIds) {
      if (!cell.is_up(id)) continue;
      const CoreView view = cell.view(id);
      if (view.role != Role::kLeading || !view.established) continue;
      primaries[view.current].insert(id);
    }
  }
  void play(std::uint64_t seed) {
    Random dice(seed);
    cell.start_all();
    for (int step = 0; step < 150; ++step) {
      const std::uint64_t id = 1 + dice.below(3);
      switch (dice.below(8)) {
        case 0:
          if (cell.is_up(id)) cell.crash(id);
          break;
        case 1:
          cell.break_connections(id, 1 + id % 3);
          break;
        case 2:
          cell.slow_disk(id);
          break;
        case 3:
          for (const std::uint64_t one : kIds) cell.fast_disk(one);
          break;
        default:
          for (const std::uint64_t one : kIds) {
            if (!cell.is_up(one)) continue;
            if (const auto zxid = cell.propose(one, "w" + std::to_string(step))) {
              proposed.emplace_back(*zxid, one);
            }
          }
          break;
      }
      note_leaders();
      cell.advance(static_cast<Ticks>(dice.below(150)));
      note_leaders();
      if (dice.chance(1, 3)) cell.start_all();
    }
    for (const std::uint64_t id : kIds) cell.fast_disk(id);
    cell.start_all();
    ASSERT_TRUE(come_to_rest(cell));
    for (const std::uint64_t id : kIds) {
      std::istringstream words(cell.applied(id));
      for (std::string word; words >> word;) delivered[id].push_back(word);
    }
  }
};

TEST(Property, ShouldNotBeTriggered) {
  // The core aborts on broken invariants of its own, and the cell checks them after every input.
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Ordeal run(seed);
    EXPECT_GT(run.proposed.size(), 10U) << "nothing happened in run " << seed;
  }
}

TEST(Property, Leadership1AndLeadership2) {
  Ordeal run(11);
  EXPECT_GT(run.primaries.size(), 3U);
  for (const auto& [epoch, ids] : run.primaries) {
    EXPECT_EQ(ids.size(), 1U) << "two primaries in epoch " << to_string(epoch);
  }
}

TEST(Property, PrefixConsistency) {
  Ordeal run(12);
  for (const std::uint64_t id : kIds) EXPECT_EQ(run.delivered[id], run.delivered[1]);
}

// Integrity: what is delivered was broadcast by the primary of its epoch, and once.
TEST(Property, Integrity) {
  Ordeal run(13);
  std::map<std::string, std::uint64_t> broadcast;
  for (const auto& [zxid, id] : run.proposed) broadcast[to_string(zxid)] = id;
  for (const std::string& word : run.delivered[1]) {
    const std::string zxid = word.substr(0, word.find('='));
    if (zxid.starts_with("1.")) continue;  // The history that the run began with.
    ASSERT_TRUE(broadcast.contains(zxid)) << word;
  }
  std::set<std::string> once(run.delivered[1].begin(), run.delivered[1].end());
  EXPECT_EQ(once.size(), run.delivered[1].size());
}

// Agreement: of any two replicas, one has delivered what the other has.
TEST(Property, Agreement) {
  Ordeal run(14);
  const std::set<std::string> first(run.delivered[1].begin(), run.delivered[1].end());
  for (const std::uint64_t id : kIds) {
    EXPECT_EQ(first, std::set<std::string>(run.delivered[id].begin(), run.delivered[id].end()));
  }
}

Zxid zxid_in(const std::string& word) {
  const std::size_t dot = word.find('.');
  return Zxid(Epoch(static_cast<std::uint32_t>(std::stoul(word.substr(0, dot)))),
              static_cast<std::uint32_t>(std::stoul(word.substr(dot + 1))));
}

TEST(Property, TotalOrder) {
  Ordeal run(15);
  for (const std::uint64_t id : kIds) {
    for (std::size_t i = 1; i < run.delivered[id].size(); ++i) {
      EXPECT_LT(zxid_in(run.delivered[id][i - 1]), zxid_in(run.delivered[id][i]));
    }
  }
}

// LocalPrimaryOrder: of one primary everything up to the last that was delivered, in the order of
// its broadcast.
TEST(Property, LocalPrimaryOrder) {
  Ordeal run(16);
  std::map<Epoch, std::uint32_t> counters;
  for (const std::string& word : run.delivered[1]) {
    const Zxid zxid = zxid_in(word);
    EXPECT_EQ(zxid.counter(), ++counters[zxid.epoch()]) << word;
  }
}

// GlobalPrimaryOrder: nothing of an earlier primary behind anything of a later one.
TEST(Property, GlobalPrimaryOrder) {
  Ordeal run(17);
  Epoch newest;
  for (const std::string& word : run.delivered[2]) {
    EXPECT_GE(zxid_in(word).epoch(), newest) << word;
    newest = std::max(newest, zxid_in(word).epoch());
  }
}

// PrimaryIntegrity: a primary broadcasts only after it has delivered all that any replica delivered
// of earlier epochs.
TEST_F(Paper, PrimaryIntegrity) {
  for (int round = 0; round < 4; ++round) {
    const std::uint64_t leader = cell.elect();
    cell.write("w" + std::to_string(round));
    std::string most;
    for (const std::uint64_t id : kIds) {
      if (cell.applied(id).size() > most.size()) most = cell.applied(id);
    }
    cell.crash(leader);
    ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
    EXPECT_EQ(cell.applied(cell.leader()), most) << "before its first proposal";
    cell.start(leader);
    rest();
  }
}

// CommitCompleteness: what a primary committed is in the history of every later one.
TEST_F(Paper, CommitCompleteness) {
  cell.elect();
  const Zxid committed = cell.write("kept");
  for (int change = 0; change < 3; ++change) {
    const std::uint64_t leader = cell.leader();
    cell.core(leader).resign("test");
    cell.advance(5);
    ASSERT_TRUE(cell.advance_until([&] { return cell.leader() != 0; }, 20'000));
    EXPECT_GE(cell.view(cell.leader()).committed, committed);
    rest();
  }
}

}  // namespace
}  // namespace holdfast::zab::testing
