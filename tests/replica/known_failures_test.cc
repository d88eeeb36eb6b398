// Failures of ZooKeeper that lie above its broadcast protocol; docs/failures.md names the others.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

constexpr int kVoters = 3;

// ZOOKEEPER-1367: a server that had learnt of a session by synchronization never counted its lease,
// so that as leader it kept the session's ephemeral nodes for ever.
TEST(KnownFailures, ASessionLearntBySynchronizationExpiresUnderTheNextLeader) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int away = leader == kVoters ? kVoters - 1 : kVoters;  // Wins when the logs are equal.
  cell.kill(away);
  Client client(cell, leader);
  client.open(kShortLease);
  state::Create ephemeral = create("/alive", "");
  ephemeral.kind = state::NodeKind::kEphemeral;
  ASSERT_EQ(outcome(client.send(ephemeral)), "open");
  cell.advance(100);
  cell.start(away);
  ASSERT_TRUE(
      cell.wait_for([&] { return cell.replica(away).state().get("/alive").has_value(); }, 5'000));
  cell.kill(leader);
  ASSERT_EQ(cell.wait_for_leader(), away);
  const auto gone = [&] { return !cell.replica(away).state().get("/alive"); };
  ASSERT_FALSE(gone());
  EXPECT_TRUE(cell.wait_for(gone, 2 * kShortLease));
  EXPECT_FALSE(cell.replica(away).state().session(client.session()));
}

// ZOOKEEPER-2926: the server that a client was connected to knew its session before the cell had
// committed it, and answered for a session that was then lost with the leader.
TEST(KnownFailures, ASessionIsNobodysBeforeItsOpeningIsCommitted) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int origin = cell.follower();
  for (int id = 1; id <= kVoters; ++id) {
    cell.node(id).disk->stalled = id != origin;  // Only the origin's own disk goes on.
  }
  Client client(cell, origin);
  std::vector<WriteAnswer> answers;
  state::OpenSession op;
  op.secret = client.secret();
  op.lease_ms = kShortLease;
  cell.replica(origin).open_session(client.lane(), {}, op,
                                    [&answers](WriteAnswer answer) { answers.push_back(answer); });
  cell.advance(300);
  EXPECT_TRUE(answers.empty());
  for (int id = 1; id <= kVoters; ++id) {
    EXPECT_TRUE(cell.replica(id).state().sessions(SessionId(), 10).empty()) << id;
  }
  cell.node(leader).disk->stalled = false;
  EXPECT_TRUE(cell.wait_for([&] { return !answers.empty(); }, 5'000));
  EXPECT_EQ(cell.replica(origin).state().sessions(SessionId(), 10).size(), 1U);
  for (int id = 1; id <= kVoters; ++id) cell.node(id).disk->stalled = false;
}

// Numbers of calls begin anew in each process, so an entry names the process that it is of.
TEST(KnownFailures, ACallIsNotAnsweredWithTheOutcomeOfAnEarlierProcess) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  const int origin = cell.follower();
  for (int id = 1; id <= kVoters; ++id) {
    cell.node(id).disk->stalled = id != origin;
  }
  const auto open = [&](Client& client, std::vector<WriteAnswer>& answers) {
    state::OpenSession op;
    op.secret = client.secret();
    op.lease_ms = kShortLease;
    cell.replica(origin).open_session(
        client.lane(), {}, op, [&answers](WriteAnswer answer) { answers.push_back(answer); });
    cell.advance(50);
  };
  std::vector<WriteAnswer> lost;
  Client before(cell, origin);
  open(before, lost);
  cell.kill(origin);
  cell.start(origin);
  ASSERT_TRUE(cell.wait_for([&] { return cell.replica(origin).status().core.serving; }, 5'000));
  std::vector<WriteAnswer> answers;
  Client after(cell, origin);
  open(after, answers);
  for (int id = 1; id <= kVoters; ++id) cell.node(id).disk->stalled = false;
  ASSERT_TRUE(cell.wait_for([&] { return !answers.empty(); }, 5'000));
  ASSERT_EQ(cell.leader(), leader);
  EXPECT_TRUE(lost.empty());
  const auto* applied = std::get_if<Applied>(&answers.front().outcome);
  ASSERT_NE(applied, nullptr);
  EXPECT_EQ(std::get<state::SessionOpened>(applied->reply).session,
            cell.replica(origin).state().session_of(after.secret()));
}

}  // namespace
}  // namespace holdfast::replica::testing
