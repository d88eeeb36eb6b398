#include "zab/base/limits.h"

#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

// Applies without looking at the whole state after each command, for tests of large numbers.
class Bare {
 public:
  explicit Bare(const StateLimits& limits) : machine_(limits, std::string(kCellPrefix)) {}
  Bare() : Bare(StateLimits::defaults()) {}

  SessionId open(std::string_view name) {
    OpenSession open;
    open.secret = secret_of(name);
    return as<SessionOpened>(apply(SessionId(), 0, open)).session;
  }
  Reply apply(SessionId session, std::uint64_t number, Op op) {
    Command command;
    command.session = session;
    command.request = RequestNumber(number);
    command.op = std::move(op);
    last_ = machine_.apply(Zxid(Epoch(1), ++counter_), command);
    return last_.reply;
  }
  const StateMachine& state() const { return machine_; }

 private:
  StateMachine machine_;
  std::uint32_t counter_ = 0;
  Effects last_;
};

void expect_limit(const Reply& reply, std::string_view name, std::uint64_t limit) {
  const Error error = error_of(reply);
  EXPECT_EQ(error.code, ErrorCode::kLimit) << error.message;
  EXPECT_EQ(error.limit_name, name);
  EXPECT_EQ(error.limit, limit);
  EXPECT_GT(error.actual, limit);
}

void expect_too_large(const Reply& reply, std::string_view name, std::uint64_t limit) {
  const Error error = error_of(reply);
  EXPECT_EQ(error.code, ErrorCode::kTooLarge) << error.message;
  EXPECT_EQ(error.limit_name, name);
  EXPECT_EQ(error.limit, limit);
  EXPECT_GT(error.actual, limit);
}

TEST(Limits, AThousandResultsAndNoMoreUntilTheClientSaysWhichItHas) {
  Bare cell;
  const SessionId a = cell.open("a");
  for (std::uint64_t number = 1; number <= limits::kResultsPerSessionMax; ++number) {
    as<WaitCancelled>(cell.apply(a, number, cancel("/x")));
  }
  expect_limit(cell.apply(a, 5000, cancel("/x")), "results_per_session_max",
               limits::kResultsPerSessionMax);
  // Nothing was remembered: the same request succeeds when there is room.
  Command command;
  command.session = a;
  command.request = RequestNumber(5000);
  command.answered_below = RequestNumber(5000);
  command.op = cancel("/x");
  TestCell small;
  const SessionId b = small.open("b");
  as<WaitCancelled>(small.ask_numbered(b, {.number = 5000, .answered_below = 5000}, cancel("/x")));
  as<Done>(cell.apply(a, 6000, CloseSession{}));
}

TEST(Limits, AMebibyteOfResultsAndNoMore) {
  Bare cell;
  const SessionId a = cell.open("a");
  Multi multi;
  cell.apply(a, 1, node("/x"));
  Check check;
  check.path = "/x";
  for (int i = 0; i < 1000; ++i) multi.ops.push_back(check);
  std::uint64_t number = 1;
  Reply reply;
  do {
    reply = cell.apply(a, ++number, multi);
  } while (std::holds_alternative<MultiDone>(reply) && number < 1000);
  expect_limit(reply, "result_bytes_per_session_max", limits::kResultBytesPerSessionMax);
}

TEST(Limits, ContentsAreBounded) {
  TestCell cell;
  const SessionId a = cell.open("a");
  Create create = node("/x");
  create.contents = std::string(limits::kContentBytesMax + 1, 'x');
  expect_too_large(cell.ask(a, create), "content_bytes_max", limits::kContentBytesMax);
  cell.create(a, "/x");
  expect_too_large(cell.ask(a, contents("/x", create.contents)), "content_bytes_max",
                   limits::kContentBytesMax);
  create.contents.pop_back();
  as<ContentsSet>(cell.ask(a, contents("/x", create.contents)));
}

TEST(Limits, WordsAreBounded) {
  TestCell cell;
  const SessionId a = cell.open("a");
  cell.create(a, "/x");
  Acquire acquire = exclusive("/x");
  acquire.description = std::string(limits::kDescriptionBytesMax + 1, 'd');
  expect_too_large(cell.ask(a, acquire), "description_bytes_max", limits::kDescriptionBytesMax);
  BreakLock broken = breaking("/x");
  broken.reason = std::string(limits::kReasonBytesMax + 1, 'r');
  expect_too_large(cell.lead(broken), "reason_bytes_max", limits::kReasonBytesMax);
  KillSession killed = killing(a);
  killed.who = std::string(limits::kClientNameBytesMax + 1, 'w');
  expect_too_large(cell.lead(killed), "client_name_bytes_max", limits::kClientNameBytesMax);
  OpenSession open;
  open.secret = secret_of("b");
  open.host = killed.who;
  expect_too_large(cell.lead(open), "client_name_bytes_max", limits::kClientNameBytesMax);
}

TEST(Limits, AMultiIsBoundedInOperationsAndBytes) {
  TestCell cell;
  const SessionId a = cell.open("a");
  Multi multi;
  multi.ops.assign(limits::kMultiOpsMax + 1, Check{});
  expect_limit(cell.ask(a, multi), "multi_ops_max", limits::kMultiOpsMax);
  Create create = node("/x");
  create.contents = std::string(limits::kContentBytesMax, 'x');
  multi.ops.assign(5, create);
  expect_too_large(cell.ask(a, multi), "multi_bytes_max", limits::kMultiBytesMax);
}

TEST(Limits, EphemeralNodesOfASessionAreBounded) {
  Bare cell;
  const SessionId a = cell.open("a");
  Create create = node_of_kind(NodeKind::kEphemeral, "/e-");
  create.sequential = true;
  for (std::size_t i = 0; i < limits::kEphemeralsPerSessionMax; ++i) cell.apply(a, 0, create);
  expect_limit(cell.apply(a, 0, create), "ephemerals_per_session_max",
               limits::kEphemeralsPerSessionMax);
  as<Done>(cell.apply(SessionId(), 0, ExpireSession{.session = a}));
  EXPECT_EQ(cell.state().node_count(), 1U);
}

TEST(Limits, LocksOfASessionAndWaitersOfALockAreBounded) {
  Bare cell;
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  as<Granted>(cell.apply(a, 0, creating(LockCreate::kPersistent, exclusive("/x"))));
  for (std::uint64_t owner = 1; owner < limits::kLocksPerSessionMax; ++owner) {
    as<Waiting>(cell.apply(a, 0, owned_by(owner, exclusive("/x"))));
  }
  expect_limit(cell.apply(a, 0, owned_by(99'999, exclusive("/x"))), "locks_per_session_max",
               limits::kLocksPerSessionMax);
  as<Waiting>(cell.apply(b, 0, owned_by(1, exclusive("/x"))));
  expect_limit(cell.apply(b, 0, owned_by(2, exclusive("/x"))), "waiters_per_lock_max",
               limits::kWaitersPerLockMax);
  as<Done>(cell.apply(SessionId(), 0, ExpireSession{.session = a}));
  EXPECT_TRUE(cell.state().sequencer_of(b, OwnerId(1), "/x"));
}

TEST(Limits, SessionsAreBounded) {
  StateLimits limits = StateLimits::defaults();
  limits.sessions_max = 2;
  TestCell cell(limits);
  cell.open("a");
  const SessionId b = cell.open("b");
  OpenSession open;
  open.secret = secret_of("c");
  expect_limit(cell.lead(open), "sessions_max", 2);
  as<Done>(cell.ask(b, CloseSession{}));
  as<SessionOpened>(cell.lead(open));
}

class FullCell : public testing::Test {
 protected:
  static StateLimits small() {
    StateLimits limits = StateLimits::defaults();
    limits.state_bytes_max = 20'000;
    return limits;
  }
  void SetUp() override {
    cell.create(a, "/lock");
    Create create = node("/n-");
    create.sequential = true;
    create.contents = std::string(500, 'x');
    Reply reply;
    do {
      reply = ask(create);
    } while (std::holds_alternative<Created>(reply));
    refusal = error_of(reply);
  }
  Reply ask(Op op) {
    return cell.ask_numbered(a, {.number = ++number, .answered_below = number}, std::move(op));
  }

  TestCell cell{small()};
  SessionId a = cell.open("a");
  std::uint64_t number = 10;
  Error refusal;
};

TEST_F(FullCell, NewDataIsNoSpace) {
  EXPECT_EQ(refusal.code, ErrorCode::kNoSpace);
  EXPECT_EQ(refusal.limit_name, "state_bytes_max");
  EXPECT_EQ(refusal.limit, 20'000U);
  EXPECT_EQ(code_of(ask(contents("/lock", std::string(5000, 'y')))), ErrorCode::kNoSpace);
  EXPECT_EQ(code_of(ask(Multi{.ops = {contents("/lock", std::string(5000, 'y'))}})),
            ErrorCode::kNoSpace);
}

TEST_F(FullCell, WhatFreesOrDoesNotGrowStillWorks) {
  as<ContentsSet>(ask(contents("/n-0000000000", "less")));
  as<Removed>(ask(removal("/n-0000000001")));
  as<Removed>(ask(removal("/n-0000000002")));
  Create create = node("/again");
  create.contents = "x";
  as<Created>(ask(create));
}

TEST_F(FullCell, LocksAndSessionsHaveAnEighthOfTheirOwnAndNoMore) {
  as<Granted>(ask(exclusive("/lock")));
  as<Done>(ask(release("/lock")));
  const SessionId b = cell.open("b");
  Reply reply;
  std::uint64_t owner = 0;
  do {
    reply = cell.ask(b, owned_by(++owner, exclusive("/lock")));
  } while (!std::holds_alternative<Error>(reply) && owner < 100);
  EXPECT_EQ(code_of(reply), ErrorCode::kNoSpace);
  EXPECT_GT(owner, 1U);
  as<Done>(cell.ask(b, CloseSession{}));
  as<Granted>(ask(exclusive("/lock")));
  as<Done>(cell.lead(ExpireSession{.session = a}));
}

}  // namespace
}  // namespace holdfast::state
