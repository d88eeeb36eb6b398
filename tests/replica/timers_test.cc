#include "lockserver/replica/timers.h"

#include <gtest/gtest.h>

namespace holdfast::replica {
namespace {

state::Due wait_until(std::int64_t at, std::uint64_t number) {
  state::CancelWait op;
  op.path = "/a";
  op.why = state::CancelWait::Why::kTimedOut;
  op.session = SessionId(7);
  op.waiter = state::RequestNumber(number);
  return {.cluster_ms = at, .op = op};
}

state::Due delay_until(std::int64_t at) {
  return {.cluster_ms = at,
          .op = state::EndLockDelay{.path = "/a", .since = Zxid(9), .acknowledged_by = {}}};
}

TEST(Timers, WhatIsDueIsNamedOnceAndInItsOrder) {
  Timers timers;
  timers.begin_reign({delay_until(300), wait_until(100, 1), wait_until(200, 2)});
  EXPECT_TRUE(timers.take_due(99).empty());
  const auto due = timers.take_due(300);
  ASSERT_EQ(due.size(), 3U);
  EXPECT_EQ(due[0], wait_until(100, 1));
  EXPECT_EQ(due[1], wait_until(200, 2));
  EXPECT_EQ(due[2], delay_until(300));
  EXPECT_TRUE(timers.take_due(1'000).empty());
}

TEST(Timers, AWaitThatEndedOtherwiseIsForgotten) {
  Timers timers;
  timers.begin_reign({});
  timers.add(wait_until(100, 1));
  timers.add(wait_until(100, 2));
  state::Outcome outcome;
  outcome.path = "/a";
  outcome.session = SessionId(7);
  outcome.request = state::RequestNumber(1);
  timers.on_outcome(outcome);
  const auto due = timers.take_due(100);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0], wait_until(100, 2));
  EXPECT_EQ(timers.size(), 0U);
}

TEST(Timers, OfTwoDelaysThatOneCommandEndsTheLongerCounts) {
  Timers timers;
  timers.begin_reign({delay_until(100), delay_until(500), delay_until(300)});
  EXPECT_TRUE(timers.take_due(499).empty());
  EXPECT_EQ(timers.take_due(500).size(), 1U);
}

TEST(Timers, OutsideAReignNothingIsKept) {
  Timers timers;
  timers.add(wait_until(100, 1));
  EXPECT_TRUE(timers.take_due(1'000).empty());
  timers.begin_reign({wait_until(100, 1)});
  timers.end_reign();
  EXPECT_TRUE(timers.take_due(1'000).empty());
}

}  // namespace
}  // namespace holdfast::replica
