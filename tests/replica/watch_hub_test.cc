#include "lockserver/replica/watch_hub.h"

#include <gtest/gtest.h>

#include "zab/base/hash.h"

namespace holdfast::replica {
namespace {

using state::EventKind;
using state::EventName;

// A real state machine and a hub that follows it.
class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() { EXPECT_TRUE(state_.finish_load().ok()); }

  static state::StateLimits small_history() {
    state::StateLimits limits = state::StateLimits::defaults();
    limits.event_history_bytes = 4'000;
    return limits;
  }

  Zxid apply(SessionId session, state::Op op) {
    state::Command command;
    command.stamp.cluster_ms = static_cast<std::int64_t>(zxid_.value);
    command.session = session;
    command.request = state::RequestNumber(++number_);
    command.op = std::move(op);
    zxid_ = Zxid(zxid_.value + 1);
    const state::Effects effects = state_.apply(zxid_, command);
    if (const auto* error = std::get_if<state::Error>(&effects.reply)) {
      ADD_FAILURE() << error->message;
    }
    awake_ = hub_.on_events(effects.events);
    for (const SessionId ended : effects.sessions_ended) {
      hub_.on_session_ended(ended);
    }
    return zxid_;
  }
  SessionId open() {
    state::OpenSession op;
    op.secret.bytes = std::to_string(zxid_.value);
    op.secret.bytes.resize(32, 's');
    apply(SessionId(), op);
    hub_.attach(SessionId(zxid_.value), state_);
    return SessionId(zxid_.value);
  }
  Zxid make(const std::string& path) {
    state::Create op;
    op.path = path;
    return apply(other_, op);
  }
  Zxid write(const std::string& path) {
    state::SetContents op;
    op.path = path;
    op.contents = "x";
    return apply(other_, op);
  }
  WatchHub::Started watch(SessionId session, Watch it) { return hub_.watch(session, it, state_); }
  // The zxids of what is due.
  std::vector<Zxid> due(SessionId session, EventName after) {
    last_ = hub_.gather(session, after, state_);
    std::vector<Zxid> zxids;
    for (const state::Event& event : last_.events) {
      zxids.push_back(event.name.zxid);
    }
    return zxids;
  }

  state::StateMachine state_{small_history(), "0011223344556677"};
  WatchHub hub_{{.per_session = 3, .in_all = 4, .reply_events = 2, .reply_bytes = 1'000}};
  Zxid zxid_{Epoch(1), 0};
  std::uint64_t number_ = 0;
  std::vector<SessionId> awake_;
  WatchHub::Batch last_;
  SessionId other_ = open();
};

const std::set<EventKind> kContents = {EventKind::kContentsChanged};

TEST_F(WatchHubTest, OnlyTheKindsAndPathsThatWereChosenAreDue) {
  make("/a");
  make("/ab");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  write("/ab");
  EXPECT_TRUE(awake_.empty());
  const Zxid changed = write("/a");
  EXPECT_EQ(awake_, std::vector<SessionId>{me});
  EXPECT_EQ(due(me, {}), std::vector<Zxid>{changed});
  make("/a/b");
  EXPECT_TRUE(awake_.empty());
}

TEST_F(WatchHubTest, ARecursiveWatchSeesTheSubtreeButNotItsNeighbours) {
  make("/a");
  make("/a/b");
  make("/ab");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = true, .kinds = kContents, .after = {}});
  const Zxid deep = write("/a/b");
  write("/ab");
  const Zxid top = write("/a");
  EXPECT_EQ(due(me, {}), (std::vector<Zxid>{deep, top}));
}

TEST_F(WatchHubTest, AnEventOfSeveralWatchesComesOnce) {
  make("/a");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  watch(me, {.id = 2, .path = "/", .recursive = true, .kinds = kContents, .after = {}});
  const Zxid changed = write("/a");
  EXPECT_EQ(due(me, {}), std::vector<Zxid>{changed});
}

TEST_F(WatchHubTest, AcknowledgedEventsAreNotGivenAgainAndOthersAre) {
  make("/a");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  const Zxid first = write("/a");
  EXPECT_EQ(due(me, {}), std::vector<Zxid>{first});
  EXPECT_EQ(due(me, {}), std::vector<Zxid>{first});  // The reply was lost.
  const EventName seen = last_.through;
  EXPECT_EQ(due(me, seen), std::vector<Zxid>());
  const Zxid second = write("/a");
  EXPECT_EQ(due(me, seen), std::vector<Zxid>{second});
}

TEST_F(WatchHubTest, ABatchIsCutAndSaysSo) {
  make("/a");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  const std::vector<Zxid> changes = {write("/a"), write("/a"), write("/a")};
  EXPECT_EQ(due(me, {}), (std::vector<Zxid>{changes[0], changes[1]}));
  EXPECT_TRUE(last_.more);
  EXPECT_EQ(last_.through.zxid, changes[1]);
  EXPECT_EQ(due(me, last_.through), std::vector<Zxid>{changes[2]});
  EXPECT_FALSE(last_.more);
}

TEST_F(WatchHubTest, AWatchGoesOnWhereAnotherReplicaLeftIt) {
  make("/a");
  const SessionId me = open();
  const EventName seen = state_.newest_event();
  const Zxid missed = write("/a");
  const auto started =
      watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = seen});
  EXPECT_TRUE(started.is_due);
  EXPECT_EQ(started.active_from, seen.zxid);
  EXPECT_EQ(due(me, seen), std::vector<Zxid>{missed});
}

TEST_F(WatchHubTest, AWatchOfANewSessionGoesOnFromBeforeItsOpening) {
  make("/a");
  const Zxid before = write("/a");
  const Zxid missed = write("/a");
  const SessionId me = open();
  const EventName seen{before, 0};
  const WatchHub::Started started =
      watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = seen});
  EXPECT_EQ(started.active_from, before);
  EXPECT_TRUE(started.is_due);
  const Zxid later = write("/a");
  EXPECT_EQ(due(me, {}), (std::vector<Zxid>{missed, later}));
  EXPECT_FALSE(last_.lost);
}

TEST_F(WatchHubTest, AWatchOfANewSessionIsToldOfAGapBeforeItsOpening) {
  const Zxid made = make("/a");
  for (int i = 0; i < 200; ++i) write("/a");
  const SessionId me = open();
  watch(
      me,
      {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = EventName{made, 0}});
  due(me, {});
  EXPECT_TRUE(last_.lost);
}

TEST_F(WatchHubTest, WithoutAfterAWatchBeginsNow) {
  make("/a");
  const SessionId me = open();
  const Zxid before = write("/a");
  const auto started =
      watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  EXPECT_GT(started.active_from, before);
  EXPECT_EQ(due(me, {}), std::vector<Zxid>());
}

TEST_F(WatchHubTest, AGapIsToldExactlyOnce) {
  make("/a");
  const SessionId me = open();
  const EventName seen = state_.newest_event();
  for (int i = 0; i < 100; ++i) {
    write("/a");
  }
  ASSERT_GT(state_.history_begins_after(), seen.zxid);
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = seen});
  due(me, seen);
  EXPECT_TRUE(last_.lost);
  due(me, seen);
  EXPECT_TRUE(last_.lost);  // The reply with it was lost too.
  due(me, last_.through);
  EXPECT_FALSE(last_.lost);
}

TEST_F(WatchHubTest, AQuietSessionUnderLoadHasNoGap) {
  make("/a");
  make("/b");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  due(me, {});
  const EventName seen = last_.through;
  for (int i = 0; i < 100; ++i) {
    write("/b");
  }
  ASSERT_GT(state_.history_begins_after(), seen.zxid);
  const Zxid changed = write("/a");
  EXPECT_EQ(due(me, seen), std::vector<Zxid>{changed});
  EXPECT_FALSE(last_.lost);
}

TEST_F(WatchHubTest, TheLossOfOnesOwnLockComesWithoutAWatch) {
  make("/a");
  const SessionId me = open();
  state::Acquire acquire;
  acquire.path = "/a";
  apply(me, acquire);
  EXPECT_FALSE(hub_.has_unheard_loss(me, {}));
  state::BreakLock broken;
  broken.path = "/a";
  broken.reason = "test";
  broken.who = "me";
  const Zxid at = apply(SessionId(), broken);
  EXPECT_EQ(due(me, {}), std::vector<Zxid>{at});
  EXPECT_TRUE(hub_.has_unheard_loss(me, {}));
  EXPECT_FALSE(hub_.has_unheard_loss(me, last_.through));
  due(me, last_.through);
  EXPECT_FALSE(hub_.has_unheard_loss(me, {}));
}

// A session that comes from another replica has seen less than happened before it came.
TEST_F(WatchHubTest, WhoComesFromElsewhereIsToldOfItsLossesAndGaps) {
  make("/a");
  const SessionId me = open();
  const SessionId somebody = open();
  state::Acquire acquire;
  acquire.path = "/a";
  apply(me, acquire);
  hub_.detach(me);
  hub_.detach(somebody);
  const EventName seen = state_.newest_event();
  write("/a");
  state::BreakLock broken;
  broken.path = "/a";
  broken.reason = "test";
  broken.who = "me";
  const Zxid at = apply(SessionId(), broken);
  hub_.attach(me, state_);
  hub_.attach(somebody, state_);
  EXPECT_EQ(due(me, seen), std::vector<Zxid>{at});
  EXPECT_TRUE(due(somebody, seen).empty());
  EXPECT_FALSE(last_.lost);
  hub_.detach(somebody);
  for (int i = 0; i < 100; ++i) write("/a");
  hub_.attach(somebody, state_);
  EXPECT_TRUE(due(somebody, seen).empty());
  EXPECT_TRUE(last_.lost);
}

TEST_F(WatchHubTest, AConflictGoesToTheHolderAloneAndOnlyWhenItIsWatched) {
  make("/a");
  make("/b");
  const SessionId me = open();
  const Watch conflicts{
      .id = 1, .path = "/b", .recursive = false, .kinds = {EventKind::kLockConflict}, .after = {}};
  EXPECT_FALSE(watch(me, conflicts).refused);
  EXPECT_FALSE(watch(other_, conflicts).refused);
  state::Acquire acquire;
  acquire.wait_ms = -1;
  for (const char* path : {"/a", "/b"}) {
    acquire.path = path;
    apply(me, acquire);
    const Zxid conflict = apply(other_, acquire);
    const bool is_watched = acquire.path == "/b";
    EXPECT_EQ(due(me, {}), is_watched ? std::vector<Zxid>{conflict} : std::vector<Zxid>());
    EXPECT_TRUE(due(other_, {}).empty());
  }
}

TEST_F(WatchHubTest, LimitsAreKeptAndReplacingIsNoGrowth) {
  const SessionId me = open();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    EXPECT_FALSE(
        watch(me, {.id = id, .path = "/", .recursive = false, .kinds = kContents, .after = {}})
            .refused);
  }
  EXPECT_FALSE(watch(me, {.id = 3, .path = "/", .recursive = true, .kinds = kContents, .after = {}})
                   .refused);
  EXPECT_EQ(watch(me, {.id = 4, .path = "/", .recursive = false, .kinds = kContents, .after = {}})
                .refused,
            WatchHub::Refused::kSessionFull);
  const SessionId another = open();
  EXPECT_FALSE(
      watch(another, {.id = 1, .path = "/", .recursive = false, .kinds = kContents, .after = {}})
          .refused);
  EXPECT_EQ(
      watch(another, {.id = 2, .path = "/", .recursive = false, .kinds = kContents, .after = {}})
          .refused,
      WatchHub::Refused::kReplicaFull);
  hub_.detach(me);
  EXPECT_EQ(hub_.watches(), 1U);
}

TEST_F(WatchHubTest, AnInstalledImageWithItsHistoryLeavesNoGap) {
  make("/a");
  const SessionId me = open();
  watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = {}});
  const EventName seen = state_.newest_event();
  const Zxid behind = write("/a");
  // The hub of a replica that did not apply that entry but got the state after it.
  WatchHub late({.per_session = 3, .in_all = 4, .reply_events = 2, .reply_bytes = 1'000});
  state::StateMachine old(small_history(), "0011223344556677");
  ASSERT_TRUE(old.finish_load().ok());
  late.attach(me, old);
  late.watch(me, {.id = 1, .path = "/a", .recursive = false, .kinds = kContents, .after = seen},
             old);
  EXPECT_EQ(late.on_state_loaded(state_, seen), std::vector<SessionId>{me});
  const auto batch = late.gather(me, seen, state_);
  ASSERT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.events[0].name.zxid, behind);
  EXPECT_FALSE(batch.lost);
}

}  // namespace
}  // namespace holdfast::replica
