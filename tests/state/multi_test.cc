#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

using Ids = std::vector<SessionId>;

class Multis : public testing::Test {
 protected:
  Reply multi(std::vector<MultiOp> ops) { return cell.ask(a, Multi{.ops = std::move(ops)}); }

  static Check check(std::string path) {
    Check op;
    op.path = std::move(path);
    return op;
  }
  static Check check_absent(std::string path) {
    Check op = check(std::move(path));
    op.must_exist = false;
    return op;
  }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
};

TEST_F(Multis, EachOperationSeesWhatThoseBeforeItDid) {
  const MultiDone done = as<MultiDone>(
      multi({node("/x"), node("/x/y"), contents("/x", "data"), check("/x/y"), removal("/x/y")}));
  ASSERT_EQ(done.results.size(), 5U);
  EXPECT_EQ(std::get<Created>(done.results[0]).path, "/x");
  EXPECT_EQ(std::get<ContentsSet>(done.results[2]).stat.contents_length, 4U);
  EXPECT_EQ(std::get<ContentsSet>(done.results[2]).stat.children, 1U);
  EXPECT_TRUE(std::get<Checked>(done.results[3]).stat);
  EXPECT_EQ(cell.state().get("/x")->contents, "data");
  EXPECT_FALSE(cell.state().get("/x/y"));
}

TEST_F(Multis, ARefusedOperationUndoesAllBeforeItAndIsNamed) {
  Create big = node("/keep");
  big.contents = "kept";
  as<Created>(cell.ask(a, big));
  cell.create(a, "/keep/child");
  const auto image_nodes = cell.state().node_count();
  const auto bytes = cell.state().state_bytes();
  const Stat keep = cell.state().get("/keep")->stat;
  const Stat root = cell.state().get("/")->stat;
  Create sequential = node("/keep/s");
  sequential.sequential = true;
  const Reply reply = multi({contents("/keep", "lost"), removal("/keep/child"), sequential,
                             node("/x"), node_of_kind(NodeKind::kEphemeral, "/e"),
                             contents("/x", "1"), removal("/x"), check("/absent")});
  EXPECT_EQ(as<MultiFailed>(reply).index, 7U);
  EXPECT_EQ(code_of(reply), ErrorCode::kNoNode);
  EXPECT_EQ(cell.state().node_count(), image_nodes);
  EXPECT_EQ(cell.state().get("/keep")->contents, "kept");
  EXPECT_EQ(cell.state().get("/keep")->stat, keep);
  EXPECT_EQ(cell.state().get("/")->stat, root);
  EXPECT_TRUE(cell.state().get("/keep/child"));
  EXPECT_TRUE(cell.last().events.empty());
  EXPECT_EQ(cell.state().session(a)->ephemerals, 0U);
  EXPECT_GE(cell.state().state_bytes(), bytes);
  as<Created>(cell.ask(a, sequential));
  EXPECT_TRUE(cell.state().get("/keep/s0000000000"));
}

TEST_F(Multis, APathIsCreatedAtMostOnceAndNotAfterItsRemoval) {
  cell.create(a, "/x");
  EXPECT_EQ(code_of(multi({removal("/x"), node("/x")})), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(multi({node("/y"), node("/y")})), ErrorCode::kNodeExists);
  EXPECT_EQ(code_of(multi({node("/y"), removal("/y"), node("/y")})), ErrorCode::kBadArgument);
  Create below = node("/x/z");
  below.create_parents = true;
  EXPECT_EQ(code_of(multi({removal("/x"), below})), ErrorCode::kBadArgument);
  as<MultiDone>(multi({node("/y"), removal("/y")}));
  EXPECT_TRUE(cell.state().get("/x"));
}

TEST_F(Multis, ChecksHoldOrFailTheWhole) {
  const Created created = as<Created>(cell.ask(a, node("/x")));
  Check exact = check("/x");
  exact.conditions.instance = created.stat.instance;
  exact.conditions.content_generation = 1;
  as<MultiDone>(multi({exact, check_absent("/y"), node("/y")}));
  EXPECT_EQ(code_of(multi({check_absent("/y"), node("/z")})), ErrorCode::kNodeExists);
  exact.conditions.content_generation = 2;
  EXPECT_EQ(code_of(multi({exact, node("/z")})), ErrorCode::kBadGeneration);
  EXPECT_FALSE(cell.state().get("/z"));
}

TEST_F(Multis, ASequencerIsCheckedInTheMidst) {
  const Granted granted = cell.acquire(b, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<MultiDone>(multi({CheckHeld{.sequencer = granted.sequencer}, node("/x")}));
  as<Done>(cell.ask(b, release("/lock")));
  const Reply reply = multi({node("/y"), CheckHeld{.sequencer = granted.sequencer}});
  EXPECT_EQ(as<MultiFailed>(reply).index, 1U);
  EXPECT_EQ(code_of(reply), ErrorCode::kStaleSequencer);
  EXPECT_FALSE(cell.state().get("/y"));
}

TEST_F(Multis, ASequencerOfALockWhoseNodeWasRemovedBeforeItIsStale) {
  const Granted granted = cell.acquire(a, creating(LockCreate::kPersistent, exclusive("/lock")));
  EXPECT_EQ(code_of(multi({removal("/lock"), CheckHeld{.sequencer = granted.sequencer}})),
            ErrorCode::kStaleSequencer);
  EXPECT_EQ(cell.holders("/lock"), Ids{a});
  EXPECT_FALSE(cell.state().check_sequencer(granted.sequencer));
}

TEST_F(Multis, RemovalOfAnOwnLockedNodeTellsItsWaitersOnlyWhenAllIsDone) {
  cell.acquire(a, creating(LockCreate::kPersistent, exclusive("/lock")));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<MultiFailed>(multi({removal("/lock"), check("/absent")}));
  EXPECT_TRUE(cell.last().outcomes.empty());
  EXPECT_EQ(cell.waiters("/lock"), Ids{b});
  as<MultiDone>(multi({removal("/lock")}));
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kNoNode);
}

TEST_F(Multis, AnEmptyMultiIsDone) {
  EXPECT_TRUE(as<MultiDone>(multi({})).results.empty());
}

TEST_F(Multis, AnUntilFreeParentThatLosesItsLastChildGoesAtTheEnd) {
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kUntilFree, "/u")));
  cell.create(a, "/u/one");
  as<MultiDone>(multi({removal("/u/one"), node("/u/two")}));
  EXPECT_TRUE(cell.state().get("/u"));
  as<MultiDone>(multi({removal("/u/two")}));
  EXPECT_FALSE(cell.state().get("/u"));
}

}  // namespace
}  // namespace holdfast::state
