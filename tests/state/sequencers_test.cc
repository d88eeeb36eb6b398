#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

class Sequencers : public testing::Test {
 protected:
  void SetUp() override { cell.create(a, "/lock"); }
  bool is_valid(const Sequencer& sequencer) const {
    const auto why = cell.state().check_sequencer(sequencer);
    EXPECT_TRUE(!why || why->code == ErrorCode::kStaleSequencer);
    return !why;
  }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
  SessionId c = cell.open("c");
};

TEST_F(Sequencers, OneIsValidExactlyWhileItsAcquisitionStands) {
  const Sequencer first = cell.acquire(a, exclusive("/lock")).sequencer;
  EXPECT_TRUE(is_valid(first));
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_FALSE(is_valid(first));
  const Sequencer second = cell.acquire(a, exclusive("/lock")).sequencer;
  EXPECT_FALSE(is_valid(first));
  EXPECT_TRUE(is_valid(second));
  as<Done>(cell.lead(ExpireSession{.session = a}));
  EXPECT_FALSE(is_valid(second));
}

TEST_F(Sequencers, EachPartOfItMustFit) {
  const Sequencer valid = cell.acquire(a, exclusive("/lock")).sequencer;
  Sequencer other = valid;
  other.mode = LockMode::kShared;
  EXPECT_FALSE(is_valid(other));
  other = valid;
  other.generation = Zxid(valid.generation.value - 1);
  EXPECT_FALSE(is_valid(other));
  other = valid;
  other.acquisition = Zxid(valid.acquisition.value + 1);
  EXPECT_FALSE(is_valid(other));
  other = valid;
  other.instance = Zxid(valid.instance.value + 1);
  EXPECT_FALSE(is_valid(other));
  other = valid;
  other.cell_prefix += 1;
  EXPECT_FALSE(is_valid(other));
  other = valid;
  other.path = "/other";
  EXPECT_FALSE(is_valid(other));
  other.path = "no path";
  EXPECT_FALSE(is_valid(other));
}

TEST_F(Sequencers, SharedOnesAreValidEachByItsOwnAcquisition) {
  const Sequencer first = cell.acquire(a, shared("/lock")).sequencer;
  const Sequencer second = cell.acquire(b, shared("/lock")).sequencer;
  EXPECT_TRUE(is_valid(first));
  EXPECT_TRUE(is_valid(second));
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_FALSE(is_valid(first));
  EXPECT_TRUE(is_valid(second));
}

TEST_F(Sequencers, AGuardedRequestIsAppliedOnlyWhileTheGuardIsValid) {
  const Sequencer guard = cell.acquire(b, exclusive("/lock")).sequencer;
  as<Created>(cell.ask_guarded(a, node("/x"), guard));
  as<Done>(cell.ask(b, release("/lock")));
  EXPECT_EQ(code_of(cell.ask_guarded(a, node("/y"), guard)), ErrorCode::kStaleSequencer);
  EXPECT_EQ(code_of(cell.ask_guarded(a, contents("/x", "late"), guard)),
            ErrorCode::kStaleSequencer);
  EXPECT_EQ(code_of(cell.ask_guarded(a, Multi{.ops = {node("/y")}}, guard)),
            ErrorCode::kStaleSequencer);
  EXPECT_EQ(code_of(cell.ask_guarded(a, removal("/x"), guard)), ErrorCode::kStaleSequencer);
  EXPECT_EQ(code_of(cell.ask_guarded(a, exclusive("/lock"), guard)), ErrorCode::kStaleSequencer);
  EXPECT_FALSE(cell.state().get("/y"));
  EXPECT_TRUE(cell.holders("/lock").empty());
}

TEST_F(Sequencers, AGuardedMultiIsRefusedAsAWhole) {
  const Sequencer guard = cell.acquire(b, exclusive("/lock")).sequencer;
  as<MultiDone>(cell.ask_guarded(a, Multi{.ops = {node("/x"), node("/y")}}, guard));
  EXPECT_TRUE(cell.state().get("/y"));
}

TEST_F(Sequencers, OneOfAWaiterIsThatOfItsGrant) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  EXPECT_FALSE(cell.state().sequencer_of(b, OwnerId(), "/lock"));
  as<Done>(cell.ask(a, release("/lock")));
  const auto sequencer = cell.state().sequencer_of(b, OwnerId(), "/lock");
  ASSERT_TRUE(sequencer);
  EXPECT_EQ(sequencer->acquisition, cell.zxid());
  EXPECT_TRUE(is_valid(*sequencer));
}

TEST_F(Sequencers, TheyStayValidThroughANewEpochAndAReload) {
  const Sequencer sequencer = cell.acquire(a, exclusive("/lock")).sequencer;
  cell.begin_epoch();
  EXPECT_TRUE(is_valid(sequencer));
  cell.reload();
  EXPECT_TRUE(is_valid(sequencer));
  EXPECT_EQ(cell.state().sequencer_of(a, OwnerId(), "/lock"), sequencer);
}

}  // namespace
}  // namespace holdfast::state
