#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

class Deadlocks : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/x", "/y", "/z"}) cell.create(a, path);
  }
  Reply ask(SessionId session, const Acquire& acquire) {
    return cell.ask(session, owned_by(1, acquire));
  }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
  SessionId c = cell.open("c");
};

TEST_F(Deadlocks, TwoWhoWaitForEachOtherAreRefusedWithTheCircle) {
  as<Granted>(ask(a, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, exclusive("/y")));
  const Error error = error_of(ask(b, exclusive("/x")));
  EXPECT_EQ(error.code, ErrorCode::kDeadlock);
  ASSERT_EQ(error.cycle.size(), 2U);
  EXPECT_EQ(error.cycle[0], (WaitEdge{.session = b, .owner = OwnerId(1), .path = "/x"}));
  EXPECT_EQ(error.cycle[1], (WaitEdge{.session = a, .owner = OwnerId(1), .path = "/y"}));
  EXPECT_TRUE(cell.waiters("/x").empty());
}

TEST_F(Deadlocks, ACircleOfThreeIsFound) {
  as<Granted>(ask(a, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Granted>(ask(c, exclusive("/z")));
  as<Waiting>(ask(a, exclusive("/y")));
  as<Waiting>(ask(b, exclusive("/z")));
  const Error error = error_of(ask(c, exclusive("/x")));
  EXPECT_EQ(error.code, ErrorCode::kDeadlock);
  EXPECT_EQ(error.cycle.size(), 3U);
}

TEST_F(Deadlocks, AnEarlierConflictingWaiterIsWaitedForToo) {
  as<Granted>(ask(c, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, exclusive("/x")));
  as<Waiting>(ask(b, exclusive("/x")));
  // a stands before b in the queue of /x, so b waits for a.
  EXPECT_EQ(code_of(ask(a, exclusive("/y"))), ErrorCode::kDeadlock);
}

TEST_F(Deadlocks, AnEarlierSharedWaiterIsNotWaitedForByASharedOne) {
  as<Granted>(ask(c, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, shared("/x")));
  as<Waiting>(ask(b, shared("/x")));
  as<Waiting>(ask(a, exclusive("/y")));
}

TEST_F(Deadlocks, ASharedWaiterBehindAnExclusiveOneWaitsForIt) {
  as<Granted>(ask(c, shared("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, exclusive("/x")));
  as<Waiting>(ask(b, shared("/x")));
  EXPECT_EQ(code_of(ask(a, exclusive("/y"))), ErrorCode::kDeadlock);
}

TEST_F(Deadlocks, OwnersOfOneSessionCanBlockEachOther) {
  as<Granted>(cell.ask(a, owned_by(1, exclusive("/x"))));
  as<Granted>(cell.ask(a, owned_by(2, exclusive("/y"))));
  as<Waiting>(cell.ask(a, owned_by(1, exclusive("/y"))));
  EXPECT_EQ(code_of(cell.ask(a, owned_by(2, exclusive("/x")))), ErrorCode::kDeadlock);
}

TEST_F(Deadlocks, OwnerZeroIsExempt) {
  as<Granted>(cell.ask(a, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(cell.ask(a, exclusive("/y")));
  as<Waiting>(ask(b, exclusive("/x")));
  as<Granted>(cell.ask(c, owned_by(1, exclusive("/z"))));
  as<Waiting>(cell.ask(c, exclusive("/z")));
}

TEST_F(Deadlocks, TryDoesNotWaitAndSoClosesNoCircle) {
  as<Granted>(ask(a, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, exclusive("/y")));
  EXPECT_EQ(code_of(ask(b, try_exclusive("/x"))), ErrorCode::kLockHeld);
}

TEST_F(Deadlocks, AfterARefusalTheOtherWaitCanBeGranted) {
  as<Granted>(ask(a, exclusive("/x")));
  as<Granted>(ask(b, exclusive("/y")));
  as<Waiting>(ask(a, exclusive("/y")));
  EXPECT_EQ(code_of(ask(b, exclusive("/x"))), ErrorCode::kDeadlock);
  as<Done>(cell.ask(b, Release{.path = "/y", .owner = OwnerId(1)}));
  as<Granted>(cell.last_outcome());
}

TEST_F(Deadlocks, ALongCircleIsListedInPart) {
  constexpr std::uint64_t kOwners = 120;
  const auto path = [](std::uint64_t owner) { return "/z" + std::to_string(owner); };
  for (std::uint64_t owner = 1; owner <= kOwners; ++owner) {
    cell.create(a, path(owner));
    as<Granted>(cell.ask(a, owned_by(owner, exclusive(path(owner)))));
  }
  for (std::uint64_t owner = 1; owner < kOwners; ++owner) {
    as<Waiting>(cell.ask(a, owned_by(owner, exclusive(path(owner + 1)))));
  }
  const Error error = error_of(cell.ask(a, owned_by(kOwners, exclusive(path(1)))));
  EXPECT_EQ(error.code, ErrorCode::kDeadlock);
  EXPECT_EQ(error.cycle.size(), 100U);
  EXPECT_EQ(error.cycle[0].owner, OwnerId(kOwners)) << "it begins with who was refused";
  EXPECT_NE(error.message.find("120"), std::string::npos) << error.message;
}

TEST_F(Deadlocks, ALongQueueIsSearchedQuickly) {
  // Not through the cell, which looks at the whole state after every command.
  StateMachine machine(StateLimits::defaults(), std::string(kCellPrefix));
  std::uint32_t counter = 0;
  const auto apply = [&](Op op, SessionId session) {
    Command command;
    command.session = session;
    command.op = std::move(op);
    return machine.apply(Zxid(Epoch(1), ++counter), command).reply;
  };
  OpenSession open;
  open.secret = secret_of("a");
  const SessionId session = as<SessionOpened>(apply(open, SessionId())).session;
  apply(node("/x"), session);
  apply(node("/y"), session);
  as<Granted>(apply(owned_by(1, exclusive("/x")), session));
  as<Granted>(apply(owned_by(2, exclusive("/y")), session));
  for (std::uint64_t owner = 3; owner < 5000; ++owner) {
    as<Waiting>(apply(owned_by(owner, exclusive("/x")), session));
  }
  as<Waiting>(apply(owned_by(2, exclusive("/x")), session));
  for (std::uint64_t owner = 3; owner < 20; ++owner) {
    EXPECT_EQ(code_of(apply(owned_by(owner, exclusive("/y")), session)), ErrorCode::kDeadlock);
  }
}

}  // namespace
}  // namespace holdfast::state
