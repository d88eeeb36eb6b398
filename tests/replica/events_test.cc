// Watches over replicas and leaders.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

using state::EventKind;
using state::EventName;

Watch contents_of(const std::string& path, std::optional<EventName> after) {
  return {.id = 1,
          .path = path,
          .recursive = true,
          .kinds = {EventKind::kContentsChanged},
          .after = after};
}

TEST(Events, AParkedKeepAliveIsAnsweredByAnEventOfAnotherReplicasClient) {
  Cell cell({});
  cell.wait_for_leader();
  Client writer(cell, 1);
  writer.open(kLease);
  writer.send(create("/a", ""));
  Client watcher(cell, 2);
  watcher.open(kLease);
  watcher.watch(contents_of("/", {}));
  const auto alive = watcher.keep_alive({}, 4'000);
  cell.settle();
  EXPECT_EQ(outcome(alive), "open");
  const auto written = writer.send(set("/a", "x"));
  cell.settle();
  ASSERT_EQ(outcome(alive), "1 events");
  EXPECT_EQ(alive->front().events[0].path, "/a");
  EXPECT_EQ(alive->front().events[0].name.zxid, written->front().facts.zxid);
  EXPECT_EQ(alive->front().facts.lease_ms, kLease);
}

// Who has just been told something is told the next thing at once, not behind the next barrier; but
// such an answer extends no lease, so before half of it has gone a confirmed one has to come, and
// for that one nobody waits until others come along.
TEST(Events, WhatHappensIsToldBeforeTheKeepAliveIsConfirmed) {
  Cell cell({.adjust = [](ReplicaOptions& options) { options.keep_alive_gather_ms = 5'000; }});
  cell.wait_for_leader();
  for (const int at : {cell.leader(), cell.follower()}) {
    Client writer(cell, 1);
    writer.open(kLease);
    writer.send(create("/a" + std::to_string(at), ""));
    Client watcher(cell, at);
    watcher.open(kLease);
    watcher.watch(contents_of("/", {}));
    Client other(cell, at);  // Its barriers begin times of gathering.
    other.open(kLease);
    const auto write = [&] {
      writer.send(set("/a" + std::to_string(at), "x"));
      cell.settle();
    };
    cell.advance(5'100);
    other.keep_alive({}, 0);
    const auto first = watcher.keep_alive({}, 0);
    cell.settle();
    EXPECT_EQ(outcome(first), "open");
    write();
    ASSERT_EQ(outcome(first), "1 events");
    EXPECT_EQ(first->front().facts.lease_ms, kLease) << "This replica had not extended it yet.";

    const auto second = watcher.keep_alive(first->front().delivered_through, 0);
    cell.settle();
    EXPECT_EQ(outcome(second), "open");
    write();
    ASSERT_EQ(outcome(second), "1 events");
    EXPECT_EQ(second->front().facts.lease_ms, 0);
    write();
    const auto third = watcher.keep_alive(second->front().delivered_through, 0);
    cell.settle();
    ASSERT_EQ(outcome(third), "1 events");
    EXPECT_EQ(third->front().facts.lease_ms, 0);

    cell.advance(kLease / 2 + 10);
    write();
    other.keep_alive({}, 0);
    cell.settle();
    const auto late = watcher.keep_alive(third->front().delivered_through, 0);
    cell.settle();
    ASSERT_EQ(outcome(late), "1 events");
    EXPECT_EQ(late->front().facts.lease_ms, kLease);
  }
}

TEST(Events, ARepliesHeaderNamesTheEventsThatCameBeforeIt) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  client.send(create("/a", ""));
  client.watch(contents_of("/", {}));
  const auto written = client.send(set("/a", "x"));
  cell.settle();
  EXPECT_EQ(written->front().facts.events_through.zxid, written->front().facts.zxid);
}

TEST(Events, AWatchGoesOnAtAnotherReplicaWithoutAGap) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client writer(cell, cell.follower());
  writer.open(kLease);
  writer.send(create("/a", ""));
  cell.settle();
  Client watcher(cell, leader);
  watcher.open(kLease);
  watcher.watch(contents_of("/", {}));
  std::vector<Zxid> seen;
  EventName through;
  const auto collect = [&] {
    const auto alive = watcher.keep_alive(through, 0);
    cell.settle();
    ASSERT_FALSE(alive->empty());
    ASSERT_FALSE(alive->front().refusal);
    EXPECT_FALSE(alive->front().events_lost);
    for (const state::Event& event : alive->front().events) {
      seen.push_back(event.name.zxid);
    }
    through = alive->front().delivered_through;
  };
  std::vector<Zxid> written;
  const auto write = [&] {
    const auto it = writer.send(set("/a", "x"));
    ASSERT_TRUE(cell.wait_for([&] { return !it->empty(); }, 10'000));
    ASSERT_EQ(outcome(it), "ok");
    written.push_back(it->front().facts.zxid);
  };
  write();
  collect();
  write();  // Nobody has told the watcher of this one when its replica dies.
  cell.kill(leader);
  cell.wait_for_leader();
  write();
  watcher.move_to(writer.at() == 1 || leader == 1 ? (writer.at() == 2 || leader == 2 ? 3 : 2) : 1);
  ASSERT_FALSE(watcher.resume().refusal);
  watcher.watch(contents_of("/", through));
  write();
  collect();
  EXPECT_EQ(seen, written);
}

TEST(Events, AGapTooLongForTheHistoryIsToldOnce) {
  Cell cell(
      {.adjust = [](ReplicaOptions& options) { options.limits.event_history_bytes = 4'000; }});
  cell.wait_for_leader();
  Client writer(cell, 1);
  writer.open(kLease);
  writer.send(create("/a", ""));
  Client watcher(cell, 2);
  watcher.open(kLease);
  cell.settle();
  const auto first = watcher.keep_alive({}, 0);
  cell.settle();
  const EventName seen = first->front().delivered_through;
  watcher.disconnect();
  for (int i = 0; i < 100; ++i) {
    writer.send(set("/a", "x"));
  }
  cell.settle();
  watcher.move_to(3);
  ASSERT_FALSE(watcher.resume().refusal);
  watcher.watch(contents_of("/", seen));
  const auto told = watcher.keep_alive(seen, 0);
  cell.settle();
  ASSERT_FALSE(told->empty());
  EXPECT_TRUE(told->front().events_lost);
  const auto after = watcher.keep_alive(told->front().delivered_through, 0);
  cell.settle();
  EXPECT_FALSE(after->front().events_lost);
}

TEST(Events, EveryWatcherOfLeadersHearsOfEachNewOne) {
  Cell cell({});
  const int leader = cell.wait_for_leader();
  Client watcher(cell, cell.follower());
  watcher.open(kLease);
  watcher.watch({.id = 1,
                 .path = "/",
                 .recursive = false,
                 .kinds = {EventKind::kLeaderChanged},
                 .after = {}});
  const auto alive = watcher.keep_alive({}, 4'000);
  cell.settle();
  cell.kill(leader);
  cell.wait_for_leader();
  cell.advance(100);
  ASSERT_EQ(outcome(alive), "1 events");
  EXPECT_EQ(alive->front().events[0].kind, EventKind::kLeaderChanged);
}

TEST(Events, AnUnwatchedPathIsQuiet) {
  Cell cell({});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  client.send(create("/a", ""));
  client.watch(contents_of("/", {}));
  Terms terms;
  terms.session = client.session();
  bool done = false;
  cell.replica(1).unwatch(client.lane(), terms, 1,
                          [&](const WatchAnswer& it) { done = !it.refusal; });
  client.send(set("/a", "x"));
  const auto alive = client.keep_alive({}, 0);
  cell.settle();
  EXPECT_TRUE(done);
  EXPECT_EQ(outcome(alive), "0 events");
}

TEST(Events, AReplicaThatWasGivenAnImageGoesOnWithItsWatches) {
  Cell cell({.adjust = [](ReplicaOptions& options) {
    options.log_bytes_max = 20'000;
    options.image_flush_ms = 20;
    options.image_sync_ms = 50;
    options.core.log_window_bytes = 2'000;
  }});
  const int leader = cell.wait_for_leader();
  const int away = cell.follower();
  Client writer(cell, leader);
  writer.open(60'000);
  writer.send(create("/a", ""));
  Client watcher(cell, away);
  watcher.open(60'000);
  watcher.watch(contents_of("/", {}));
  const auto first = watcher.keep_alive({}, 0);
  cell.settle();
  const EventName seen = first->front().delivered_through;
  cell.cut_off(away);
  std::size_t written = 0;
  for (int i = 0; i < 300; ++i) {
    writer.send(set("/a", std::string(200, 'x')));
    ++written;
    cell.advance(10);
  }
  cell.heal();
  cell.wait_for_leader();
  cell.advance(500);
  ASSERT_EQ(cell.replica(away).state().hash(), cell.replica(leader).state().hash());
  ASSERT_TRUE(cell.node(away).has_logged("event=image-installed"));
  const auto rest = watcher.keep_alive(seen, 0);
  cell.settle();
  ASSERT_FALSE(rest->empty());
  EXPECT_FALSE(rest->front().events_lost);
  EXPECT_EQ(rest->front().events.size(), written);
}

TEST(Events, AWaiterIsAnsweredWhenItsGrantCameWithAnImage) {
  Cell cell({.adjust = [](ReplicaOptions& options) {
    options.log_bytes_max = 20'000;
    options.image_flush_ms = 20;
    options.image_sync_ms = 50;
    options.core.log_window_bytes = 2'000;
  }});
  const int leader = cell.wait_for_leader();
  const int away = cell.follower();
  Client holder(cell, leader);
  holder.open(60'000);
  holder.acquire("/l", 0, 0);
  Client waiter(cell, away);
  waiter.open(60'000);
  const auto waiting = waiter.acquire("/l", -1, 60'000);
  cell.settle();
  ASSERT_EQ(outcome(waiting), "open");
  cell.cut_off(away);
  holder.send(state::Release{.path = "/l"});
  for (int i = 0; i < 300; ++i) {
    holder.send(set("/l", std::string(200, 'x')));
    cell.advance(10);
  }
  cell.heal();
  cell.wait_for_leader();
  cell.advance(500);
  ASSERT_TRUE(cell.node(away).has_logged("event=image-installed"));
  EXPECT_EQ(outcome(waiting), "granted");
}

}  // namespace
}  // namespace holdfast::replica::testing
