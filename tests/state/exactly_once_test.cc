#include <gtest/gtest.h>

#include "lockserver/state/image_codec.h"
#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

class ExactlyOnce : public testing::Test {
 protected:
  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
};

TEST_F(ExactlyOnce, ARepeatedRequestIsNotAppliedAgainAndAnswersTheSameByteForByte) {
  Create create = node("/n-");
  create.sequential = true;
  const Reply first = cell.ask_numbered(a, {.number = 1}, create);
  const auto nodes = cell.state().node_count();
  const Reply again = cell.ask_numbered(a, {.number = 1}, create);
  EXPECT_EQ(encode_reply(first), encode_reply(again));
  EXPECT_EQ(cell.state().node_count(), nodes);
  EXPECT_TRUE(cell.last().events.empty());
}

TEST_F(ExactlyOnce, ARefusalIsTheResultForEver) {
  const Reply first = cell.ask_numbered(a, {.number = 1}, removal("/x"));
  EXPECT_EQ(code_of(first), ErrorCode::kNoNode);
  cell.ask_numbered(a, {.number = 2}, node("/x"));
  EXPECT_EQ(cell.ask_numbered(a, {.number = 1}, removal("/x")), first);
  EXPECT_TRUE(cell.state().get("/x"));
}

TEST_F(ExactlyOnce, ResultsSurviveAReloadFromTheImage) {
  const Reply first = cell.ask_numbered(a, {.number = 1}, node("/x"));
  as<ContentsSet>(cell.ask_numbered(a, {.number = 2}, contents("/x", "later")));
  cell.reload();
  EXPECT_EQ(cell.state().remembered(a, RequestNumber(1)), first);
  EXPECT_EQ(encode_reply(cell.ask_numbered(a, {.number = 1}, node("/x"))), encode_reply(first));
}

TEST_F(ExactlyOnce, NumbersMayComeOutOfOrder) {
  as<Created>(cell.ask_numbered(a, {.number = 5}, node("/five")));
  as<Created>(cell.ask_numbered(a, {.number = 3}, node("/three")));
  EXPECT_EQ(cell.state().session(a)->results_kept, 2U);
}

TEST_F(ExactlyOnce, AnsweredBelowForgetsResultsAndRefusesTheirNumbersClearly) {
  as<Created>(cell.ask_numbered(a, {.number = 1}, node("/one")));
  as<Created>(cell.ask_numbered(a, {.number = 2}, node("/two")));
  as<Created>(cell.ask_numbered(a, {.number = 3, .answered_below = 2}, node("/three")));
  EXPECT_FALSE(cell.state().remembered(a, RequestNumber(1)));
  EXPECT_TRUE(cell.state().remembered(a, RequestNumber(2)));
  const Error error = error_of(cell.ask_numbered(a, {.number = 1}, node("/one")));
  EXPECT_EQ(error.code, ErrorCode::kBadArgument);
  EXPECT_NE(error.message.find("request 1"), std::string::npos);
  // A bound that comes late does not bring anything back.
  as<Created>(cell.ask_numbered(a, {.number = 4, .answered_below = 1}, node("/four")));
  EXPECT_EQ(cell.state().session(a)->results_kept, 3U);
}

TEST_F(ExactlyOnce, AWaitingAcquireIsAnsweredFromLockState) {
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Waiting>(cell.ask_numbered(a, {.number = 1}, exclusive("/lock")));
  as<Waiting>(cell.ask_numbered(a, {.number = 1}, exclusive("/lock")));
  EXPECT_EQ(cell.state().lock_info("/lock")->waiters.size(), 1U);
  as<Done>(cell.ask(b, release("/lock")));
  const Granted granted = as<Granted>(cell.last_outcome());
  EXPECT_EQ(as<Granted>(cell.ask_numbered(a, {.number = 1}, exclusive("/lock"))), granted);
  EXPECT_EQ(as<Granted>(*cell.state().acquire_state(a, OwnerId(), "/lock", RequestNumber(1))),
            granted);
}

TEST_F(ExactlyOnce, AWaitPinsNothingAndIsFoundAlsoBelowTheBound) {
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Waiting>(cell.ask_numbered(a, {.number = 1}, exclusive("/lock")));
  as<Created>(cell.ask_numbered(a, {.number = 2, .answered_below = 2}, node("/x")));
  EXPECT_EQ(cell.state().session(a)->results_kept, 1U);
  as<Waiting>(cell.ask_numbered(a, {.number = 1, .answered_below = 2}, exclusive("/lock")));
  as<Done>(cell.ask(b, release("/lock")));
  as<Granted>(cell.ask_numbered(a, {.number = 1, .answered_below = 2}, exclusive("/lock")));
}

TEST_F(ExactlyOnce, ALateRepetitionOfAnEndedWaitDoesNotAskAgain) {
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Waiting>(cell.ask_numbered(a, {.number = 1}, exclusive("/lock")));
  as<Done>(cell.ask(b, release("/lock")));
  as<Done>(cell.ask_numbered(a, {.number = 2}, release("/lock")));
  EXPECT_EQ(code_of(cell.ask_numbered(a, {.number = 1}, exclusive("/lock"))), ErrorCode::kTimeout);
  EXPECT_TRUE(cell.holders("/lock").empty());
  as<Removed>(cell.ask_numbered(a, {.number = 3, .answered_below = 3}, removal("/lock")));
  EXPECT_EQ(code_of(cell.ask_numbered(a, {.number = 1}, exclusive("/lock"))), ErrorCode::kNoNode);
}

TEST_F(ExactlyOnce, AnAcquireGrantedAtOnceAnswersItsGrantAlsoAfterTheRelease) {
  const Reply first =
      cell.ask_numbered(a, {.number = 1}, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Done>(cell.ask_numbered(a, {.number = 2}, release("/lock")));
  EXPECT_EQ(cell.ask_numbered(a, {.number = 1}, exclusive("/lock")), first);
  EXPECT_TRUE(cell.holders("/lock").empty());
}

TEST_F(ExactlyOnce, WaitersSurviveAReloadWithTheirNumbers) {
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Waiting>(cell.ask_numbered(a, {.number = 1}, owned_by(4, exclusive("/lock"))));
  cell.reload();
  as<Waiting>(*cell.state().acquire_state(a, OwnerId(4), "/lock", RequestNumber(1)));
  as<Done>(cell.ask(b, release("/lock")));
  EXPECT_EQ(cell.last().outcomes.at(0).request, RequestNumber(1));
  EXPECT_EQ(cell.last().outcomes.at(0).owner, OwnerId(4));
}

TEST_F(ExactlyOnce, AnOperatorsCommandWithASessionIsNumberedToo) {
  cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  const Reply first = cell.ask_numbered(a, {.number = 1}, breaking("/lock"));
  as<Broken>(first);
  EXPECT_EQ(cell.ask_numbered(a, {.number = 1}, breaking("/lock")), first);
}

TEST_F(ExactlyOnce, NumbersOfSessionsAreApart) {
  as<Created>(cell.ask_numbered(a, {.number = 1}, node("/x")));
  EXPECT_EQ(code_of(cell.ask_numbered(b, {.number = 1}, node("/x"))), ErrorCode::kNodeExists);
}

TEST_F(ExactlyOnce, ASessionThatKillsItselfLeavesNoResultBehind) {
  EXPECT_TRUE(as<Killed>(cell.ask_numbered(a, {.number = 1}, killing(a))).killed);
  EXPECT_FALSE(cell.state().session(a));
}

}  // namespace
}  // namespace holdfast::state
