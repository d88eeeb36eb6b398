#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lockserver/net/client_codec.h"
#include "lockserver/state/error_code.h"

// Answers out: each fact reaches the field that the contract names for it.

namespace holdfast::net {
namespace {

using state::ErrorCode;

state::LockParty holder() {
  return {.session = SessionId(~0ULL),
          .owner = state::OwnerId(5),
          .client_name = "name",
          .host = "host",
          .description = "why",
          .mode = LockMode::kShared,
          .since_wall_ms = 6,
          .since_cluster_ms = 7,
          .asked = Zxid(8),
          .acquisition = Zxid(9),
          .request = state::RequestNumber(10),
          .lock_delay_ms = 11,
          .wait_ms = 12};
}

state::LockParty waiter() {
  state::LockParty party = holder();
  party.acquisition = Zxid();
  return party;
}

TEST(Answers, APartyIsNamedByItsAcquisitionOrByWhenItAsked) {
  const api::LockParty held = to_wire(holder());
  EXPECT_EQ(held.session_id, -1);
  EXPECT_EQ(held.owner, 5);
  EXPECT_EQ(held.client_name, "name");
  EXPECT_EQ(held.host, "host");
  EXPECT_EQ(held.description, "why");
  EXPECT_EQ(held.mode, api::LockMode::SHARED);
  EXPECT_EQ(held.zxid, 9);
  EXPECT_EQ(held.since_wall_ms, 6);
  EXPECT_EQ(held.lock_delay_ms, 11);
  EXPECT_EQ(to_wire(waiter()).zxid, 8) << "the command by which it asked";
}

TEST(Answers, AStatCarriesEveryField) {
  const state::Stat stat{.instance = Zxid(1),
                         .content_generation = 2,
                         .child_generation = 3,
                         .lock_generation = Zxid(4),
                         .created_zxid = Zxid(1),
                         .modified_zxid = Zxid(5),
                         .created_wall_ms = 6,
                         .modified_wall_ms = 7,
                         .contents_length = 8,
                         .contents_checksum = ~0ULL,
                         .children = 9,
                         .ephemeral_owner = SessionId(10),
                         .kind = state::NodeKind::kEphemeral};
  const api::Stat out = to_wire(stat);
  EXPECT_EQ(out.instance, 1);
  EXPECT_EQ(out.content_generation, 2);
  EXPECT_EQ(out.child_generation, 3);
  EXPECT_EQ(out.lock_generation, 4);
  EXPECT_EQ(out.modified_zxid, 5);
  EXPECT_EQ(out.created_wall_ms, 6);
  EXPECT_EQ(out.modified_wall_ms, 7);
  EXPECT_EQ(out.content_length, 8);
  EXPECT_EQ(out.content_checksum, -1);
  EXPECT_EQ(out.children, 9);
  EXPECT_EQ(out.ephemeral_session_id, 10);
  EXPECT_EQ(out.kind, api::NodeKind::EPHEMERAL);
}

state::LockInfo crowded_lock(std::size_t holders, std::size_t waiters) {
  state::LockInfo info;
  info.path = "/a";
  info.generation = Zxid(3);
  info.instance = Zxid(2);
  info.holders.assign(holders, holder());
  info.waiters.assign(waiters, waiter());
  return info;
}

TEST(Answers, ACrowdedLockListsAHundredHoldersAndCountsThemAll) {
  const api::LockInfo out = to_wire(crowded_lock(150, 30), /*waiters_max=*/20, 0);
  EXPECT_EQ(out.state, api::LockState::HELD);
  EXPECT_EQ(out.holders.size(), 100U);
  EXPECT_EQ(out.holder_count, 150);
  EXPECT_EQ(out.waiters.size(), 20U);
  EXPECT_EQ(out.waiter_count, 30);
  EXPECT_EQ(out.generation, 3);
  EXPECT_EQ(out.instance, 2);
  EXPECT_EQ(to_wire(crowded_lock(0, 0), 20, 0).state, api::LockState::FREE);
}

TEST(Answers, ADelayedLockTellsTheRestOfItsTime) {
  state::LockInfo info;
  info.path = "/a";
  info.delayed = true;
  info.delay_ms = 1'000;
  info.delay_began_cluster_ms = 5'000;
  info.previous_holder = holder();
  const auto remaining = [&](std::int64_t now) { return to_wire(info, 0, now).delay_remaining_ms; };
  EXPECT_EQ(remaining(5'000), 1'000);
  EXPECT_EQ(remaining(5'400), 600);
  EXPECT_EQ(remaining(9'000), 0) << "the leader has yet to end it";
  EXPECT_EQ(remaining(4'000), 1'000) << "a delay is never longer than itself";
  EXPECT_EQ(to_wire(info, 0, 0).state, api::LockState::DELAYED);
  EXPECT_EQ(to_wire(info, 0, 0).previous_holder.session_id, -1);
}

TEST(Answers, AnErrorCarriesTheFactsOfItsCode) {
  state::Error error{.code = ErrorCode::kLockDelayed,
                     .message = "words",
                     .path = "/a",
                     .holders = {holder()},
                     .remaining_ms = 3,
                     .previous_holder = holder(),
                     .limit_name = "some_max",
                     .limit = 4,
                     .actual = 5,
                     .cycle = {{SessionId(1), state::OwnerId(2), "/b"}}};
  const api::LockServiceError out = to_wire(error);
  EXPECT_EQ(out.code, api::ErrorCode::LOCK_DELAYED);
  EXPECT_EQ(out.message, "words");
  EXPECT_EQ(out.path, "/a");
  EXPECT_EQ(out.holders.size(), 1U);
  EXPECT_EQ(out.remaining_ms, 3);
  EXPECT_EQ(out.previous_holder.zxid, 9);
  EXPECT_EQ(out.limit_name, "some_max");
  EXPECT_EQ(out.limit, 4);
  EXPECT_EQ(out.actual, 5);
  ASSERT_EQ(out.cycle.size(), 1U);
  EXPECT_EQ(out.cycle[0].session_id, 1);
  EXPECT_EQ(out.cycle[0].owner, 2);
  EXPECT_EQ(out.cycle[0].path, "/b");
}

TEST(Answers, WhatAnErrorDoesNotUseIsAbsent) {
  const api::LockServiceError out = to_wire(state::Error{.code = ErrorCode::kNoNode});
  EXPECT_FALSE(out.__isset.path || out.__isset.holders || out.__isset.remaining_ms ||
               out.__isset.previous_holder || out.__isset.limit_name || out.__isset.limit ||
               out.__isset.actual || out.__isset.cycle || out.__isset.leader);
  EXPECT_TRUE(to_wire(state::Error{.code = ErrorCode::kBadGeneration}).__isset.actual);
  EXPECT_TRUE(to_wire(state::Error{.code = ErrorCode::kStaleInstance}).__isset.actual);
}

TEST(Answers, AnEventSetsWhatItsKindHas) {
  state::Event event{.name = {.zxid = Zxid(5), .index = 1},
                     .kind = state::EventKind::kLockLost,
                     .path = "/a",
                     .child = "",
                     .instance = Zxid(1),
                     .session = SessionId(2),
                     .owner = state::OwnerId(3),
                     .to = SessionId(4),
                     .generation = Zxid(6),
                     .acquisition = Zxid(7),
                     .content_generation = 8,
                     .mode = LockMode::kShared,
                     .reason = "why"};
  const api::Event lost = to_wire(event);
  EXPECT_EQ(lost.name.zxid, 5);
  EXPECT_EQ(lost.name.index, 1);
  EXPECT_EQ(lost.kind, api::EventKind::LOCK_LOST);
  EXPECT_EQ(lost.session_id, 2);
  EXPECT_EQ(lost.owner, 3);
  EXPECT_EQ(lost.mode, api::LockMode::SHARED);
  EXPECT_EQ(lost.generation, 6);
  EXPECT_EQ(lost.acquisition, 7);
  EXPECT_EQ(lost.reason, "why");
  EXPECT_FALSE(lost.__isset.content_generation || lost.__isset.child);
  event.kind = state::EventKind::kLockConflict;
  EXPECT_FALSE(to_wire(event).__isset.generation);
  event.kind = state::EventKind::kContentsChanged;
  EXPECT_EQ(to_wire(event).content_generation, 8);
  EXPECT_FALSE(to_wire(event).__isset.session_id);
  event.kind = state::EventKind::kChildAdded;
  event.child = "c";
  EXPECT_EQ(to_wire(event).child, "c");
}

}  // namespace
}  // namespace holdfast::net
