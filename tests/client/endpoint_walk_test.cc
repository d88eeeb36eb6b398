#include "client/endpoint_walk.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast::client::test {
namespace {

constexpr const char* kService = "srv:a.example";

EndpointWalk walk_over(const std::vector<std::string>& endpoints) {
  return EndpointWalk(endpoints, Random(3));
}

Status unknown() {
  return {StatusCode::kUnavailable, "there is no such name"};
}

Place place(const std::string& address, std::uint16_t priority, std::uint16_t weight) {
  return {.name = address, .addresses = {address}, .priority = priority, .weight = weight};
}

// Over a service that stands for these places, at the beginning of a round.
EndpointWalk walk_to(const std::vector<Place>& places, std::uint64_t seed) {
  EndpointWalk walk({kService}, Random(seed));
  EXPECT_FALSE(walk.next(0));
  EXPECT_EQ(walk.take_questions(), std::vector<std::string>{kService});
  walk.on_found(kService, places);
  return walk;
}

std::vector<std::string> attempts(EndpointWalk& walk, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(walk.next(0).value().address);
  return out;
}

std::set<std::string> as_set(const std::vector<std::string>& items) {
  return {items.begin(), items.end()};
}

TEST(EndpointWalk, FirstRetryIsAtOnceAndFurtherOnesWaitEverLonger) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "10.0.0.2:1"});
  EXPECT_EQ(walk.next(1'000)->at, 1'000);
  Ticks longest = 0;
  for (int i = 0; i < 10; ++i) {
    const Ticks pause = walk.next(0)->at;
    EXPECT_GE(pause, 25);
    EXPECT_LE(pause, 2'000);
    longest = std::max(longest, pause);
  }
  EXPECT_GE(longest, 1'000);
  walk.on_success();
  EXPECT_EQ(walk.next(5'000)->at, 5'000);
}

TEST(EndpointWalk, GoesRoundAllEndpoints) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  for (int round = 0; round < 3; ++round) EXPECT_EQ(as_set(attempts(walk, 3)).size(), 3U);
}

TEST(EndpointWalk, GoesOverAddressesAndNotOverNames) {
  EndpointWalk walk = walk_over({"a.example:1", "10.0.0.9:1"});
  EXPECT_FALSE(walk.next(0));
  walk.on_found("a.example:1", std::vector<Place>{{.name = "a.example:1",
                                                   .addresses = {"10.0.0.1:1", "10.0.0.2:1"}}});
  EXPECT_EQ(as_set(attempts(walk, 3)),
            (std::set<std::string>{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.9:1"}));
}

TEST(EndpointWalk, WhatWasTriedLastIsNotTriedFirstAgain) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  std::string last;
  for (int i = 0; i < 50; ++i) {
    const std::string address = walk.next(0)->address;
    EXPECT_NE(address, last);
    last = address;
    if (i % 2 == 0) walk.on_success();
  }
}

TEST(EndpointWalk, FollowsALeadersNameOnceInARound) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  walk.next(0);
  walk.hint("10.0.0.9:1");
  EXPECT_EQ(walk.next(0)->address, "10.0.0.9:1");
  walk.hint("10.0.0.9:1");
  EXPECT_NE(walk.next(0)->address, "10.0.0.9:1");
  EXPECT_NE(walk.next(0)->address, "10.0.0.9:1");
  walk.hint("10.0.0.9:1");
  EXPECT_EQ(walk.next(0)->address, "10.0.0.9:1") << "this is the next round";
}

TEST(EndpointWalk, LeadersNameMayBeThatOfAKnownPlace) {
  Place named = place("10.0.0.2:1", 9, 0);
  named.name = "r2.example:1";
  EndpointWalk walk = walk_to({place("10.0.0.1:1", 0, 0), named, place("10.0.0.3:1", 0, 0)}, 3);
  walk.next(0);
  walk.hint("r2.example:1");
  EXPECT_EQ(walk.next(0)->address, "10.0.0.2:1");
  walk.on_success();
  walk.next(0);
  walk.on_found(kService, unknown());
  walk.hint("r7.example:1");
  EXPECT_NE(walk.next(0)->address, "10.0.0.2:1") << "it has the worst priority";
  walk.hint("no endpoint");
  EXPECT_TRUE(walk.next(0));
}

TEST(EndpointWalk, JitterDiffersBetweenClients) {
  EndpointWalk one({"10.0.0.1:1"}, Random(1));
  EndpointWalk other({"10.0.0.1:1"}, Random(2));
  bool differs = false;
  for (int i = 0; i < 8; ++i) differs = one.next(0)->at != other.next(0)->at || differs;
  EXPECT_TRUE(differs);
}

TEST(EndpointWalk, LowestPriorityComesFirst) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EndpointWalk walk = walk_to({place("c", 20, 0), place("a", 10, 9), place("b", 10, 1)}, seed);
    const std::vector<std::string> order = attempts(walk, 3);
    EXPECT_EQ((std::set<std::string>{order[0], order[1]}), (std::set<std::string>{"a", "b"}));
    EXPECT_EQ(order[2], "c");
  }
}

TEST(EndpointWalk, WeightIsTheShareOfBeingFirst) {
  constexpr int kRuns = 10'000;
  std::map<std::string, int> firsts;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    EndpointWalk walk =
        walk_to({place("a", 0, 90), place("b", 0, 10), place("z", 0, 0)}, seed * 7'919);
    ++firsts[walk.next(0)->address];
  }
  EXPECT_NEAR(firsts["a"], 0.9 * kRuns, 0.02 * kRuns);
  EXPECT_NEAR(firsts["b"], 0.1 * kRuns, 0.02 * kRuns);
  EXPECT_GT(firsts["z"], 0) << "without weight: rarely, and not never";
}

TEST(EndpointWalk, EachPlaceComesBeforeTheSecondAddressOfAny) {
  EndpointWalk walk = walk_to(
      {{.name = "a", .addresses = {"a1", "a2"}}, {.name = "b", .addresses = {"b1", "b2", "b3"}}},
      5);
  const std::vector<std::string> order = attempts(walk, 5);
  EXPECT_NE(order[0][0], order[1][0]);
  EXPECT_NE(order[2][0], order[3][0]);
  EXPECT_EQ(as_set(order).size(), 5U);
}

TEST(EndpointWalk, AsksAgainAtEachRoundAndFollowsTheNewAnswer) {
  EndpointWalk walk = walk_to({place("a", 0, 0)}, 3);
  EXPECT_EQ(walk.next(0)->address, "a");
  EXPECT_FALSE(walk.next(0));
  EXPECT_EQ(walk.take_questions(), std::vector<std::string>{kService});
  walk.on_found(kService, std::vector<Place>{place("b", 0, 0)});
  EXPECT_EQ(walk.next(0)->address, "b");
  walk.on_success();
  EXPECT_FALSE(walk.next(0)) << "it waits for the answer";
  EXPECT_EQ(walk.take_questions(), std::vector<std::string>{kService});
}

TEST(EndpointWalk, WhatWasKnownStaysWhileItCannotBeLookedUp) {
  EndpointWalk walk = walk_to({place("a", 0, 0)}, 3);
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(walk.next(0)->address, "a");
    EXPECT_FALSE(walk.next(0));
    walk.on_found(kService, round % 2 == 0 ? Result<std::vector<Place>>(unknown())
                                           : Result<std::vector<Place>>(std::vector<Place>()));
  }
}

TEST(EndpointWalk, WaitsLittleForAnswersWhileSomethingIsKnown) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "a.example:1"});
  EXPECT_FALSE(walk.next(1'000));
  EXPECT_EQ(walk.wake_at(), 1'000 + EndpointWalk::kPatienceMs);
  EXPECT_FALSE(walk.next(1'001));
  EXPECT_EQ(walk.take_questions().size(), 1U) << "it is asked once";
  EXPECT_EQ(walk.next(1'000 + EndpointWalk::kPatienceMs)->address, "10.0.0.1:1");
}

TEST(EndpointWalk, LateAnswerIsTakenIntoTheRound) {
  EndpointWalk walk = walk_over({"10.0.0.1:1", "10.0.0.2:1", "a.example:1"});
  EXPECT_FALSE(walk.next(0));
  std::set<std::string> tried = {walk.next(EndpointWalk::kPatienceMs)->address};
  walk.on_found("a.example:1", std::vector<Place>{place("10.0.0.3:1", 0, 0)});
  for (const std::string& address : attempts(walk, 2)) tried.insert(address);
  EXPECT_EQ(tried.size(), 3U);
}

TEST(EndpointWalk, RoundWithoutAnAddressIsFollowedByAPause) {
  EndpointWalk walk = walk_over({"a.example:1"});
  Ticks now = 1'000;
  Ticks pause = 0;
  for (int round = 0; round < 8; ++round) {
    EXPECT_FALSE(walk.next(now));
    EXPECT_FALSE(walk.wake_at()) << "only the answer is waited for";
    EXPECT_EQ(walk.take_questions().size(), 1U);
    walk.on_found("a.example:1", unknown());
    EXPECT_FALSE(walk.next(now));
    ASSERT_TRUE(walk.wake_at());
    pause = *walk.wake_at() - now;
    EXPECT_GE(pause, 25);
    EXPECT_LE(pause, 2'000);
    EXPECT_FALSE(walk.next(*walk.wake_at() - 1));
    EXPECT_TRUE(walk.take_questions().empty());
    now = *walk.wake_at();
  }
  EXPECT_GE(pause, 1'000);
}

}  // namespace
}  // namespace holdfast::client::test
