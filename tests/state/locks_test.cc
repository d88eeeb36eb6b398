#include <limits>

#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

using Ids = std::vector<SessionId>;

class Locks : public testing::Test {
 protected:
  void SetUp() override { cell.create(a, "/lock"); }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
  SessionId c = cell.open("c");
  SessionId d = cell.open("d");
};

TEST_F(Locks, AFreeLockIsGrantedAtOnceWithASequencer) {
  const Granted granted = cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(granted.sequencer.path, "/lock");
  EXPECT_EQ(granted.sequencer.generation, cell.zxid());
  EXPECT_EQ(granted.sequencer.acquisition, cell.zxid());
  EXPECT_EQ(granted.sequencer.instance, cell.state().get("/lock")->stat.instance);
  EXPECT_EQ(granted.sequencer.cell_prefix, 0x00112233445566ffULL);
  EXPECT_FALSE(cell.state().check_sequencer(granted.sequencer));
  EXPECT_EQ(cell.holders("/lock"), Ids{a});
}

TEST_F(Locks, AnAbsentNodeIsNoNode) {
  EXPECT_EQ(code_of(cell.ask(a, exclusive("/absent"))), ErrorCode::kNoNode);
}

TEST_F(Locks, TryOfAHeldLockIsLockHeldWithTheHolder) {
  cell.acquire(a, exclusive("/lock"));
  const Error error = error_of(cell.ask(b, try_exclusive("/lock")));
  EXPECT_EQ(error.code, ErrorCode::kLockHeld);
  ASSERT_EQ(error.holders.size(), 1U);
  EXPECT_EQ(error.holders[0].session, a);
  EXPECT_EQ(error.holders[0].client_name, "a");
  EXPECT_TRUE(cell.waiters("/lock").empty());
}

TEST_F(Locks, WaitersGetTheLockInTheOrderInWhichTheyAsked) {
  cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(as<Waiting>(cell.ask(b, exclusive("/lock"))).ahead, 0U);
  EXPECT_EQ(as<Waiting>(cell.ask(c, exclusive("/lock"))).ahead, 1U);
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
  EXPECT_EQ(cell.waiters("/lock"), Ids{c});
  as<Done>(cell.ask(b, release("/lock")));
  EXPECT_EQ(cell.holders("/lock"), Ids{c});
}

TEST_F(Locks, TheFreeingCommandItselfGrantsTheNext) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  const std::uint64_t number = cell.last_number(b);
  as<Done>(cell.ask(a, release("/lock")));
  const Granted granted = as<Granted>(cell.last_outcome());
  EXPECT_EQ(granted.sequencer.generation, cell.zxid());
  EXPECT_EQ(cell.last().outcomes[0].session, b);
  EXPECT_EQ(cell.last().outcomes[0].request, RequestNumber(number));
}

TEST_F(Locks, SharedHoldersShareAGeneration) {
  const Granted first = cell.acquire(a, shared("/lock"));
  const Granted second = cell.acquire(b, shared("/lock"));
  EXPECT_EQ(first.sequencer.generation, second.sequencer.generation);
  EXPECT_LT(first.sequencer.acquisition, second.sequencer.acquisition);
  EXPECT_EQ(cell.holders("/lock"), (Ids{a, b}));
}

TEST_F(Locks, AWaitingExclusiveIsNotOvertakenByALaterShared) {
  cell.acquire(a, shared("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<Waiting>(cell.ask(c, shared("/lock")));
  EXPECT_EQ(code_of(cell.ask(d,
                             [] {
                               Acquire acquire = shared("/lock");
                               acquire.wait_ms = 0;
                               return acquire;
                             }())),
            ErrorCode::kLockHeld);
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_EQ(cell.holders("/lock"), Ids{b});
}

TEST_F(Locks, AdjacentSharedRequestsAtTheHeadAreGrantedTogether) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, shared("/lock")));
  as<Waiting>(cell.ask(c, shared("/lock")));
  as<Waiting>(cell.ask(d, exclusive("/lock")));
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_EQ(cell.holders("/lock"), (Ids{b, c}));
  EXPECT_EQ(cell.waiters("/lock"), Ids{d});
  EXPECT_EQ(cell.last().outcomes.size(), 2U);
}

TEST_F(Locks, ACancelledExclusiveLetsTheSharedBehindItJoinTheHolders) {
  cell.acquire(a, shared("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<Waiting>(cell.ask(c, shared("/lock")));
  as<WaitCancelled>(cell.ask(b, cancel("/lock")));
  EXPECT_EQ(cell.holders("/lock"), (Ids{a, c}));
}

TEST_F(Locks, ReleaseByStrangerIsRefused) {
  cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(code_of(cell.ask(b, release("/lock"))), ErrorCode::kNotHeld);
  EXPECT_EQ(code_of(cell.ask(a, Release{.path = "/lock", .owner = OwnerId(7)})),
            ErrorCode::kNotHeld);
  EXPECT_EQ(cell.holders("/lock"), Ids{a});
}

TEST_F(Locks, AWaiterCannotRelease) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  EXPECT_EQ(code_of(cell.ask(b, release("/lock"))), ErrorCode::kNotHeld);
  EXPECT_EQ(cell.waiters("/lock"), Ids{b});
}

TEST_F(Locks, OwnersOfOneSessionContendWithEachOther) {
  cell.acquire(a, owned_by(1, exclusive("/lock")));
  as<Waiting>(cell.ask(a, owned_by(2, exclusive("/lock"))));
  as<Done>(cell.ask(a, Release{.path = "/lock", .owner = OwnerId(1)}));
  EXPECT_TRUE(cell.state().sequencer_of(a, OwnerId(2), "/lock"));
  EXPECT_FALSE(cell.state().sequencer_of(a, OwnerId(1), "/lock"));
}

TEST_F(Locks, TheSameOwnerGetsTheSameSequencerAndOneReleaseFrees) {
  const Granted first = cell.acquire(a, exclusive("/lock"));
  const Granted again = cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(first, again);
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_TRUE(cell.holders("/lock").empty());
}

TEST_F(Locks, AnotherModeUnderTheSameOwnerIsBadArgument) {
  cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(code_of(cell.ask(a, shared("/lock"))), ErrorCode::kBadArgument);
}

TEST_F(Locks, ALaterAcquireOfAWaitingOwnerTakesItsPlaceInTheQueue) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  const std::uint64_t first = cell.last_number(b);
  as<Waiting>(cell.ask(c, exclusive("/lock")));
  EXPECT_EQ(as<Waiting>(cell.ask(b, exclusive("/lock"))).ahead, 0U);
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kCancelled);
  EXPECT_EQ(cell.last().outcomes[0].request, RequestNumber(first));
  EXPECT_EQ(cell.waiters("/lock"), (Ids{b, c}));
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_EQ(cell.last().outcomes[0].request, RequestNumber(cell.last_number(b)));
}

TEST_F(Locks, CancelAnswersTheWaitingAcquireAndLeavesNothingBehind) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<WaitCancelled>(cell.ask(b, cancel("/lock")));
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kCancelled);
  EXPECT_TRUE(cell.waiters("/lock").empty());
  as<Done>(cell.ask(a, release("/lock")));
  EXPECT_TRUE(cell.holders("/lock").empty());
}

TEST_F(Locks, CancelOfAGrantedAcquireTellsTheGrant) {
  const Granted granted = cell.acquire(a, exclusive("/lock"));
  EXPECT_EQ(as<Granted>(cell.ask(a, cancel("/lock"))), granted);
  EXPECT_EQ(cell.holders("/lock"), Ids{a});
}

TEST_F(Locks, CancelWithoutAWaitIsCancelled) {
  as<WaitCancelled>(cell.ask(a, cancel("/lock")));
  as<WaitCancelled>(cell.ask(a, cancel("/absent")));
}

TEST_F(Locks, AWaitIsDueWhenItsTimeIsOver) {
  cell.acquire(a, exclusive("/lock"));
  Acquire acquire = exclusive("/lock");
  acquire.wait_ms = 500;
  as<Waiting>(cell.ask(b, acquire));
  ASSERT_EQ(cell.last().dues.size(), 1U);
  EXPECT_EQ(cell.last().dues, cell.state().dues());
  EXPECT_EQ(cell.last().dues[0].cluster_ms, cell.now_ms() + 500);
  as<Done>(cell.lead(cell.last().dues[0].op));
  const Error error = error_of(cell.last_outcome());
  EXPECT_EQ(error.code, ErrorCode::kTimeout);
  EXPECT_EQ(error.holders.size(), 1U);
  EXPECT_TRUE(cell.waiters("/lock").empty());
  EXPECT_TRUE(cell.state().dues().empty());
}

TEST_F(Locks, ATimeoutOfAnotherWaitIsLeftAlone) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  CancelWait timeout{.path = "/lock",
                     .owner = OwnerId(),
                     .why = CancelWait::Why::kTimedOut,
                     .session = b,
                     .waiter = RequestNumber(999)};
  as<Done>(cell.lead(timeout));
  EXPECT_EQ(cell.waiters("/lock"), Ids{b});
  timeout.session = a;
  timeout.waiter = RequestNumber(cell.last_number(a));
  as<Done>(cell.lead(timeout));
  EXPECT_EQ(cell.holders("/lock"), Ids{a});
}

TEST_F(Locks, ANewLeaderStartsTheTimesOfWaitsAgain) {
  cell.acquire(a, exclusive("/lock"));
  Acquire acquire = exclusive("/lock");
  acquire.wait_ms = 500;
  as<Waiting>(cell.ask(b, acquire));
  cell.pass_ms(300);
  cell.begin_epoch();
  ASSERT_EQ(cell.state().dues().size(), 1U);
  EXPECT_EQ(cell.state().dues()[0].cluster_ms, cell.now_ms() + 500);
}

TEST_F(Locks, AcquireCreatesTheNodeAndItsMissingParents) {
  cell.acquire(a, creating(LockCreate::kPersistent, exclusive("/x/y/z")));
  EXPECT_EQ(cell.state().get("/x/y/z")->stat.kind, NodeKind::kPersistent);
  EXPECT_EQ(cell.state().get("/x")->stat.kind, NodeKind::kPersistent);
  as<Done>(cell.ask(a, release("/x/y/z")));
  EXPECT_TRUE(cell.state().get("/x/y/z"));
}

TEST_F(Locks, ARefusedAcquireCreatesNothing) {
  as<Created>(cell.ask(b, node_of_kind(NodeKind::kEphemeral, "/e")));
  const auto before = cell.state().node_count();
  EXPECT_EQ(code_of(cell.ask(c, creating(LockCreate::kPersistent, exclusive("/e/child")))),
            ErrorCode::kNoChildrenForEphemerals);
  EXPECT_EQ(code_of(cell.ask(c, creating(LockCreate::kPersistent, exclusive("/e/child/x")))),
            ErrorCode::kNoChildrenForEphemerals);
  EXPECT_EQ(cell.state().node_count(), before);
}

TEST_F(Locks, AnUntilFreeNodeGoesWithItsLastHolderAndWaiter) {
  cell.acquire(a, creating(LockCreate::kUntilFree, exclusive("/p/free")));
  EXPECT_EQ(cell.state().get("/p/free")->stat.kind, NodeKind::kUntilFree);
  as<Waiting>(cell.ask(b, exclusive("/p/free")));
  as<Done>(cell.ask(a, release("/p/free")));
  EXPECT_TRUE(cell.state().get("/p/free"));
  as<Done>(cell.ask(b, release("/p/free")));
  EXPECT_FALSE(cell.state().get("/p/free"));
  EXPECT_TRUE(cell.state().get("/p"));
  EXPECT_FALSE(cell.state().lock_info("/p/free"));
}

TEST_F(Locks, AnUntilFreeNodeStaysForItsChildrenAndGoesWithTheLast) {
  cell.acquire(a, creating(LockCreate::kUntilFree, exclusive("/top")));
  cell.acquire(a, creating(LockCreate::kUntilFree, exclusive("/top/leaf")));
  as<Done>(cell.ask(a, release("/top")));
  EXPECT_TRUE(cell.state().get("/top"));
  as<Done>(cell.ask(a, release("/top/leaf")));
  EXPECT_FALSE(cell.state().get("/top/leaf"));
  EXPECT_FALSE(cell.state().get("/top"));
}

TEST_F(Locks, AnUntilFreeNodeOfCreateStaysUntilItsFirstUseIsOver) {
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kUntilFree, "/uf")));
  EXPECT_TRUE(cell.state().get("/uf"));
  cell.acquire(b, exclusive("/uf"));
  as<Done>(cell.ask(b, release("/uf")));
  EXPECT_FALSE(cell.state().get("/uf"));
}

TEST_F(Locks, GenerationsGrowAlsoAcrossDeletionAndRecreation) {
  const Granted first = cell.acquire(a, exclusive("/lock"));
  as<Done>(cell.ask(a, release("/lock")));
  as<Removed>(cell.ask(a, removal("/lock")));
  cell.create(a, "/lock");
  const Granted second = cell.acquire(a, exclusive("/lock"));
  EXPECT_LT(first.sequencer.generation, second.sequencer.generation);
  EXPECT_TRUE(cell.state().check_sequencer(first.sequencer));
}

TEST_F(Locks, ArgumentsOutOfRangeAreRefused) {
  Acquire wrong_wait = exclusive("/lock");
  wrong_wait.wait_ms = -2;
  EXPECT_EQ(code_of(cell.ask(a, wrong_wait)), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, with_delay(60'001, exclusive("/lock")))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, with_delay(-1, exclusive("/lock")))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, exclusive("no slash"))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, exclusive("/a//b"))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, exclusive("/.holdfast/x"))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.ask(a, exclusive(std::string("/a\0b", 4)))), ErrorCode::kBadArgument);
  EXPECT_EQ(code_of(cell.lead(exclusive("/lock"))), ErrorCode::kBadArgument);
}

TEST_F(Locks, AWaitAsLongAsTimeItselfDoesNotOverflow) {
  cell.acquire(a, exclusive("/lock"));
  Acquire acquire = exclusive("/lock");
  acquire.wait_ms = std::numeric_limits<std::int64_t>::max();
  as<Waiting>(cell.ask(b, acquire));
  EXPECT_EQ(cell.last().dues.at(0).cluster_ms, std::numeric_limits<std::int64_t>::max());
}

TEST_F(Locks, HoldersAreToldOnceThatSomeoneWaits) {
  cell.acquire(a, shared("/lock"));
  cell.acquire(b, shared("/lock"));
  as<Waiting>(cell.ask(c, exclusive("/lock")));
  const auto conflicts = cell.last_events(EventKind::kLockConflict);
  ASSERT_EQ(conflicts.size(), 2U);
  EXPECT_EQ(conflicts[0].to, a);
  EXPECT_EQ(conflicts[1].to, b);
  EXPECT_EQ(conflicts[0].session, c);
  EXPECT_EQ(conflicts[0].mode, LockMode::kExclusive);
  as<Waiting>(cell.ask(d, exclusive("/lock")));
  EXPECT_TRUE(cell.last_events(EventKind::kLockConflict).empty());
}

TEST_F(Locks, ANewHolderIsToldThatOthersWaitAlready) {
  cell.acquire(a, exclusive("/lock"));
  as<Waiting>(cell.ask(b, exclusive("/lock")));
  as<Waiting>(cell.ask(c, exclusive("/lock")));
  as<Done>(cell.ask(a, release("/lock")));
  const auto conflicts = cell.last_events(EventKind::kLockConflict);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].to, b);
  EXPECT_EQ(conflicts[0].session, c);
}

TEST_F(Locks, LockEventsNameTheAcquisition) {
  const Granted granted = cell.acquire(a, owned_by(3, exclusive("/lock")));
  const auto acquired = cell.last_events(EventKind::kLockAcquired);
  ASSERT_EQ(acquired.size(), 1U);
  EXPECT_EQ(acquired[0].session, a);
  EXPECT_EQ(acquired[0].owner, OwnerId(3));
  EXPECT_EQ(acquired[0].acquisition, granted.sequencer.acquisition);
  EXPECT_EQ(acquired[0].generation, granted.sequencer.generation);
  as<Done>(cell.ask(a, Release{.path = "/lock", .owner = OwnerId(3)}));
  const auto released = cell.last_events(EventKind::kLockReleased);
  ASSERT_EQ(released.size(), 1U);
  EXPECT_EQ(released[0].acquisition, granted.sequencer.acquisition);
}

TEST_F(Locks, ListShowsLocksAtAndBelowAPathInPages) {
  for (const char* path : {"/a", "/a-b", "/a/b", "/a/c", "/b"}) {
    cell.acquire(a, creating(LockCreate::kPersistent, exclusive(path)));
  }
  const auto paths = [&](std::string_view prefix, std::string_view after, std::size_t limit) {
    std::vector<std::string> found;
    for (const LockInfo& info : cell.state().list_locks(prefix, after, limit)) {
      found.push_back(info.path);
    }
    return found;
  };
  using Paths = std::vector<std::string>;
  EXPECT_EQ(paths("/a", "", 10), (Paths{"/a", "/a/b", "/a/c"}));
  EXPECT_EQ(paths("/a", "/a", 1), (Paths{"/a/b"}));
  EXPECT_EQ(paths("/a", "/a/b", 10), (Paths{"/a/c"}));
  EXPECT_EQ(paths("/", "", 10), (Paths{"/a", "/a-b", "/a/b", "/a/c", "/b"}));
  EXPECT_EQ(paths("/", "/a/b", 1), (Paths{"/a/c"}));
  EXPECT_TRUE(paths("/zzz", "", 10).empty());
}

TEST_F(Locks, InfoOfALockOnceHeldStillTellsItsGeneration) {
  EXPECT_FALSE(cell.state().lock_info("/lock"));
  const Granted granted = cell.acquire(a, exclusive("/lock"));
  as<Done>(cell.ask(a, release("/lock")));
  const auto info = cell.state().lock_info("/lock");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->generation, granted.sequencer.generation);
  EXPECT_TRUE(info->holders.empty());
  EXPECT_EQ(cell.state().lock_count(), 0U);
}

}  // namespace
}  // namespace holdfast::state
