// The small rooms of the replica: lanes, pending, reads, alarms, admission, image writer, log
// meter, refusals.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lockserver/replica/admit.h"
#include "lockserver/replica/alarms.h"
#include "lockserver/replica/image_writer.h"
#include "lockserver/replica/lanes.h"
#include "lockserver/replica/pending.h"
#include "lockserver/replica/reads.h"
#include "lockserver/replica/refusals.h"
#include "lockserver/state/image_codec.h"

namespace holdfast::replica {
namespace {

constexpr CallId kOne(1);
constexpr CallId kTwo(2);
constexpr CallId kThree(3);
constexpr SessionId kSession(5);
using Kind = Lanes::Kind;

class LanesTest : public ::testing::Test {
 protected:
  void enter(CallId call, Kind kind) {
    ASSERT_EQ(lanes.enter(lane, {call, kind, kSession}), Lanes::Entered::kYes);
  }
  Lanes lanes{{.per_lane = 3, .per_session = 4, .bound = 1}};
  LaneId lane = lanes.open();
};

TEST_F(LanesTest, WritesStartTogetherAndReadsStartBehindThem) {
  enter(kOne, Kind::kWrite);
  enter(kTwo, Kind::kWrite);
  enter(kThree, Kind::kRead);
  EXPECT_EQ(lanes.start_next(lane), kOne);
  EXPECT_EQ(lanes.start_next(lane), kTwo);
  EXPECT_EQ(lanes.start_next(lane), kThree);
  EXPECT_EQ(lanes.start_next(lane), std::nullopt);
  EXPECT_EQ(lanes.front(lane), kOne);
}

TEST_F(LanesTest, AWriteDoesNotStartBeforeAnEarlierReadIsAnswered) {
  enter(kOne, Kind::kRead);
  enter(kTwo, Kind::kWrite);
  EXPECT_EQ(lanes.start_next(lane), kOne);
  EXPECT_EQ(lanes.start_next(lane), std::nullopt);
  lanes.leave(lane, kOne);
  EXPECT_EQ(lanes.start_next(lane), kTwo);
}

TEST_F(LanesTest, WhatIsSetAsideIsOvertaken) {
  enter(kOne, Kind::kWrite);
  enter(kTwo, Kind::kRead);
  lanes.start_next(lane);
  lanes.start_next(lane);
  lanes.set_aside(lane, kOne);
  EXPECT_EQ(lanes.front(lane), kTwo);
  const Lanes::Closed closed = lanes.close(lane);
  EXPECT_EQ(closed.calls, (std::vector<CallId>{kOne, kTwo}));
}

TEST_F(LanesTest, AWriteThatBecomesAReadHoldsUpLaterWrites) {
  enter(kOne, Kind::kWrite);
  enter(kTwo, Kind::kWrite);
  lanes.start_next(lane);
  lanes.become(lane, kOne, Kind::kRead);
  EXPECT_EQ(lanes.start_next(lane), std::nullopt);
  lanes.set_aside(lane, kOne);
  EXPECT_EQ(lanes.start_next(lane), kTwo);
}

TEST_F(LanesTest, LimitsCountWhatIsSetAsideToo) {
  enter(kOne, Kind::kWrite);
  lanes.start_next(lane);
  lanes.set_aside(lane, kOne);
  enter(kTwo, Kind::kWrite);
  enter(kThree, Kind::kWrite);
  EXPECT_EQ(lanes.enter(lane, {CallId(4), Kind::kRead, kSession}), Lanes::Entered::kLaneFull);
  const LaneId other = lanes.open();
  EXPECT_EQ(lanes.enter(other, {CallId(4), Kind::kRead, kSession}), Lanes::Entered::kYes);
  EXPECT_EQ(lanes.enter(other, {CallId(5), Kind::kRead, kSession}), Lanes::Entered::kSessionFull);
  lanes.leave(lane, kOne);
  EXPECT_EQ(lanes.enter(other, {CallId(5), Kind::kRead, kSession}), Lanes::Entered::kYes);
}

TEST_F(LanesTest, ASessionIsHereAsLongAsALaneIsBoundToIt) {
  const LaneId other = lanes.open();
  EXPECT_TRUE(lanes.bind(lane, kSession));
  EXPECT_TRUE(lanes.bind(other, kSession));
  EXPECT_FALSE(lanes.bind(lane, SessionId(6)));  // Limit of this fixture.
  EXPECT_TRUE(lanes.close(lane).absent.empty());
  EXPECT_EQ(lanes.close(other).absent, std::vector<SessionId>{kSession});
  EXPECT_FALSE(lanes.is_bound(other, kSession));
}

state::Command numbered(std::uint64_t number) {
  state::Command command;
  command.session = kSession;
  command.request = state::RequestNumber(number);
  command.op = state::Release{};
  return command;
}

TEST(Pending, WhatWasSentIsSentAgainInOrderAfterALossOfTheLeader) {
  replica::Pending pending;
  pending.add(kOne, numbered(1));
  pending.add(kTwo, numbered(2));
  pending.add(kThree, numbered(3));
  pending.on_sent(kOne);
  pending.on_sent(kTwo);
  EXPECT_EQ(pending.next_to_send(), kThree);
  pending.erase(kOne);
  pending.on_stop_serving();
  EXPECT_EQ(pending.next_to_send(), kTwo);
  EXPECT_TRUE(pending.was_sent(kTwo));
  EXPECT_EQ(pending.never_sent(), std::vector<CallId>{kThree});
}

TEST(Pending, ABreakWithoutNumberOrAcquisitionIsNotRepeated) {
  replica::Pending pending;
  state::Command command;
  command.op = state::BreakLock{};
  pending.add(kOne, command);
  pending.on_sent(kOne);
  pending.on_stop_serving();
  EXPECT_EQ(pending.next_to_send(), std::nullopt);
  std::get<state::BreakLock>(command.op).acquisition = Zxid(1);
  EXPECT_TRUE(is_repeatable(command));
}

TEST(Pending, TwoCallsThatWaitForOneRequestAreBothGiven) {
  replica::Pending pending;
  pending.park(kOne, kSession, state::RequestNumber(1));
  pending.park(kTwo, kSession, state::RequestNumber(1));
  pending.park(kThree, kSession, state::RequestNumber(2));
  EXPECT_EQ(pending.take_parked(kSession, state::RequestNumber(1)),
            (std::vector<CallId>{kOne, kTwo}));
  EXPECT_EQ(pending.parked(), std::vector<CallId>{kThree});
}

TEST(Reads, OneBarrierServesAllThatCameBeforeIt) {
  Reads reads;
  reads.want(kOne, SessionId());
  reads.want(kTwo, SessionId());
  const auto barrier = reads.begin(Reads::Kind::kPlain, Zxid());
  ASSERT_TRUE(barrier);
  reads.want(kThree, SessionId());
  const auto confirmed = reads.confirm(barrier->tag, Zxid(4));
  EXPECT_EQ(confirmed.calls, (std::vector<CallId>{kOne, kTwo}));
  EXPECT_EQ(confirmed.needed, Zxid(4));
  EXPECT_EQ(reads.waiting(), std::vector<CallId>{kThree});
}

TEST(Reads, TouchesHaveABarrierOfTheirOwnWithAFloor) {
  Reads reads;
  reads.want(kOne, SessionId());
  reads.want(kTwo, kSession);
  const auto touching = reads.begin(Reads::Kind::kTouching, Zxid(9));
  ASSERT_TRUE(touching);
  EXPECT_EQ(touching->touched, std::vector<SessionId>{kSession});
  EXPECT_EQ(reads.confirm(touching->tag, Zxid(4)).needed, Zxid(9));
}

TEST(Reads, LostBarriersAreWantedAgain) {
  Reads reads;
  reads.want(kOne, SessionId());
  reads.want(kTwo, SessionId());
  const auto barrier = reads.begin(Reads::Kind::kPlain, Zxid());
  reads.forget(kTwo);
  reads.on_stop_serving();
  EXPECT_EQ(reads.waiting(), std::vector<CallId>{kOne});
  EXPECT_TRUE(reads.confirm(barrier->tag, Zxid(4)).calls.empty());
}

TEST(Alarms, ALaterAlarmReplacesAnEarlierOne) {
  Alarms alarms;
  alarms.set(kOne, 100);
  alarms.set(kTwo, 50);
  alarms.set(kOne, 200);
  EXPECT_EQ(alarms.take_due(150), std::vector<CallId>{kTwo});
  EXPECT_EQ(alarms.take_due(200), std::vector<CallId>{kOne});
}

TEST(Admission, ClusterTimeGoesOnFromTheLastStampAndNeverBack) {
  Stamps stamps;
  stamps.begin_reign({.cluster_ms = 5'000, .wall_ms = 1}, 100);
  EXPECT_EQ(stamps.next({.now = 150, .wall_ms = 7}).cluster_ms, 5'050);
  EXPECT_EQ(stamps.next({.now = 150, .wall_ms = 3}).cluster_ms, 5'050);
  EXPECT_EQ(stamps.cluster_ms(160), 5'060);
}

TEST(Admission, OnlyWhatFreesIsTakenWithoutSpace) {
  EXPECT_TRUE(only_frees(state::Release{}));
  EXPECT_TRUE(only_frees(state::CloseSession{}));
  EXPECT_TRUE(only_frees(state::ExpireSession{}));
  EXPECT_TRUE(only_frees(state::Remove{}));
  EXPECT_TRUE(only_frees(state::Multi{{state::Remove{}, state::Check{}}}));
  EXPECT_FALSE(only_frees(state::Multi{{state::Remove{}, state::Create{}}}));
  EXPECT_FALSE(only_frees(state::SetContents{}));
  EXPECT_FALSE(only_frees(state::Acquire{}));
  EXPECT_FALSE(only_frees(state::OpenSession{}));
}

TEST(Admission, SpaceIsLackingWhenAQuorumLacksItForAWhile) {
  const zab::Config config{Zxid(), {ServerId(1), ServerId(2), ServerId(3)}, {}};
  SpaceWatch space(zab::QuorumSet(config), 1'000);
  const zab::CoreView::Learner roomy{ServerId(2), false, true, Zxid(), 10};
  const zab::CoreView::Learner full{ServerId(2), false, true, Zxid(), 0};
  space.observe({ServerId(1), 10}, {full}, 0);
  EXPECT_TRUE(space.has_space(999));
  EXPECT_FALSE(space.has_space(1'000));
  space.observe({ServerId(1), 10}, {roomy}, 1'000);
  EXPECT_TRUE(space.has_space(1'000));
  space.observe({ServerId(1), 0}, {roomy}, 2'000);
  EXPECT_FALSE(space.has_space(3'000));
}

TEST(Admission, SpaceIsNotLackingBecauseReplicasAre) {
  const zab::Config config{Zxid(), {ServerId(1), ServerId(2), ServerId(3)}, {}};
  SpaceWatch space(zab::QuorumSet(config), 1'000);
  space.observe({ServerId(1), 10}, {}, 0);
  EXPECT_TRUE(space.has_space(1'000));
  space.observe({ServerId(1), 10}, {{ServerId(2), false, false, Zxid(), 10}}, 0);
  EXPECT_TRUE(space.has_space(1'000));
}

class ImageWriterTest : public ::testing::Test {
 protected:
  // An entry that changes the contents of "/".
  void apply(const std::string& contents, Ticks now, std::size_t bytes = 1) {
    zxid = Zxid(zxid.value + 1);
    state::Command command{.op = state::SetContents{.path = "/", .contents = contents}};
    command.session = session;
    command.request = state::RequestNumber(zxid.value);
    state.apply(zxid, command);
    writer.add(zxid, bytes, now);
  }
  static std::vector<std::string> contents_of(const storage::ImageBatch& batch) {
    std::vector<std::string> contents;
    for (const state::Write& write : batch.writes) {
      if (write.key == state::contents_key("/")) contents.push_back(write.value.value_or("none"));
    }
    return contents;
  }

  void SetUp() override {
    state::OpenSession open;
    open.secret.bytes = std::string(32, 's');
    open.lease_ms = 10'000;
    session = SessionId(zxid.value);
    state.apply(zxid, state::Command{.op = open});
    state.take_writes();
  }

  Zxid zxid = Zxid(Epoch(1), 1);
  SessionId session;
  state::StateMachine state{state::StateLimits::defaults(), std::string(16, '0')};
  ImageWriter writer{{.flush_ms = 100, .flush_bytes = 1'000, .sync_ms = 1'000},
                     {.generation = 3, .applied = zxid},
                     0};
};

TEST_F(ImageWriterTest, OfSeveralChangesOfARecordTheLatestIsWritten) {
  apply("old", 0);
  apply("new", 50);
  EXPECT_FALSE(writer.is_due(99));
  EXPECT_TRUE(writer.is_due(100));
  const auto batch = writer.take_batch(state);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->generation, 3U);
  EXPECT_EQ(batch->applied, zxid);
  EXPECT_EQ(contents_of(*batch), (std::vector<std::string>{"new"}));
  EXPECT_FALSE(writer.take_batch(state)) << "there is nothing more";
}

TEST_F(ImageWriterTest, ABigBatchIsDueAtOnceAndOneIsOnItsWayAtATime) {
  apply("x", 0, 1'000);
  EXPECT_TRUE(writer.is_due(0));
  ASSERT_TRUE(writer.take_batch(state));
  const Zxid written = zxid;
  apply("y", 0, 1'000);
  EXPECT_FALSE(writer.is_due(0));
  writer.on_written(written);
  EXPECT_TRUE(writer.is_due(0));
  EXPECT_EQ(writer.written(), written);
}

TEST_F(ImageWriterTest, ASyncComesInTimeOrInAHurryAndOnlyForSomething) {
  EXPECT_FALSE(writer.take_sync(5'000));
  apply("x", 0);
  ASSERT_TRUE(writer.take_batch(state));
  EXPECT_FALSE(writer.take_sync(5'000));
  writer.on_written(zxid);
  ASSERT_TRUE(writer.take_sync(5'000));
  writer.on_synced(zxid, 5'000);
  EXPECT_EQ(writer.synced(), zxid);
  apply("y", 5'010);
  writer.hurry();
  EXPECT_TRUE(writer.is_due(5'010));
  ASSERT_TRUE(writer.take_batch(state));
  writer.on_written(zxid);
  EXPECT_TRUE(writer.take_sync(5'010));
}

TEST_F(ImageWriterTest, AnotherImageVoidsWhatWasCollected) {
  apply("x", 0);
  const Zxid before = zxid;
  ASSERT_TRUE(writer.take_batch(state));
  writer.restart({.generation = 4, .applied = Zxid(Epoch(1), 9)}, 200);
  writer.on_written(before);
  EXPECT_EQ(writer.written(), Zxid(Epoch(1), 9));
  EXPECT_FALSE(writer.is_due(10'000));
}

TEST(LogMeter, ALongLogIsPurgedToAboutHalf) {
  LogMeter meter(Zxid(10), 1'000);
  EXPECT_FALSE(meter.wanted_purge(1'000));
  for (std::uint64_t z = 11; z <= 30; ++z) {
    meter.add(Zxid(z), 52);  // 100 bytes with the overhead.
  }
  EXPECT_FALSE(meter.wanted_purge(1'000));
  EXPECT_EQ(meter.wanted_purge(2'000), Zxid(25));
  meter.on_purged(Zxid(25));
  EXPECT_FALSE(meter.wanted_purge(2'000));
}

TEST(LogMeter, ALongLogOfAnEarlierRunIsPurgedToItsStart) {
  LogMeter meter(Zxid(10), 1'000);
  EXPECT_EQ(meter.wanted_purge(5'000), Zxid(10));
}

TEST(Refusals, ALeadersRefusalComesBackAsItWas) {
  ForwardRefusal refusal{kTwo, refuse_too_large({.name = "x", .limit = 5, .actual = 7})};
  const auto back = decode_forward_refusal(encode_forward_refusal(refusal).view());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->call, kTwo);
  EXPECT_EQ(back->refusal.error, refusal.refusal.error);
  EXPECT_FALSE(back->refusal.retryable);
  EXPECT_FALSE(decode_forward_refusal("rubbish").ok());
}

}  // namespace
}  // namespace holdfast::replica
