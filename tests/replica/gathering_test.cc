// How long a leader waits for writes that are about to come.

#include "lockserver/replica/gathering.h"

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

using Say = Gathering::Say;

TEST(Gathering, AWriteThatNobodyElseIsLikelyToFollowGoesAtOnce) {
  Gathering gathering;
  EXPECT_EQ(gathering.on_writes(1, 100), Say::kPropose);
  gathering.on_answered(100);
  EXPECT_EQ(gathering.on_writes(1, 100), Say::kPropose);
}

TEST(Gathering, WaitsForAsManyAsWereAnsweredAndForAMomentOnly) {
  Gathering gathering;
  gathering.on_answered(100);
  gathering.on_answered(100);
  gathering.on_answered(101);
  EXPECT_EQ(gathering.on_writes(1, 101), Say::kBeginMoment);
  EXPECT_EQ(gathering.on_writes(2, 101), Say::kWait);
  EXPECT_EQ(gathering.on_writes(3, 101), Say::kPropose);
  gathering.on_proposed();
  gathering.on_answered(102);
  gathering.on_answered(102);
  EXPECT_EQ(gathering.on_writes(1, 102), Say::kBeginMoment);
  gathering.on_moment_over();
  EXPECT_EQ(gathering.on_writes(1, 102), Say::kPropose);
}

TEST(Gathering, WhoWasAnsweredLongAgoIsNotWaitedFor) {
  Gathering gathering;
  gathering.on_answered(100);
  gathering.on_answered(100);
  EXPECT_EQ(gathering.on_writes(1, 102), Say::kPropose);
}

// A release answers who released and who is granted; what both do next shares an entry's way.
TEST(Gathering, ALeaderProposesTogetherWhatTwoAnsweredClientsDoNext) {
  Cell cell({.moments = true});
  const int leader = cell.wait_for_leader();
  Client first(cell, leader);
  Client second(cell, leader);
  first.open(12'000);
  second.open(12'000);
  first.send(create("/a", "0"));
  cell.settle();
  cell.advance(10);
  const auto both = [&] {
    first.send(set("/a", "1"));
    second.send(set("/a", "2"));
  };
  both();
  cell.settle();
  const auto last = [&] { return cell.replica(leader).status().core.last; };
  const Zxid before = last();
  const auto early = first.send(set("/a", "3"));
  EXPECT_EQ(last(), before) << "The other one was answered too, and is waited for.";
  const auto late = second.send(set("/a", "4"));
  EXPECT_EQ(last().counter(), before.counter() + 2);
  cell.settle();
  EXPECT_EQ(outcome(early), "ok");
  EXPECT_EQ(outcome(late), "ok");
  const auto alone = first.send(set("/a", "5"));
  cell.settle();
  EXPECT_EQ(outcome(alone), "ok") << "The moment is over, and it goes without the other.";
}

}  // namespace
}  // namespace holdfast::replica::testing
