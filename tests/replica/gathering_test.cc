// What waits a moment so that it can go together with other things, and what does not.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

constexpr Ticks kLease = 12'000;
constexpr Ticks kGather = 50;

// ---- keep-alives --------------------------------------------------------------------------------

void gather_keep_alives(ReplicaOptions& options) {
  options.keep_alive_gather_ms = kGather;
}

TEST(GatheredKeepAlives, ThoseThatAreHeldAreAnsweredTogetherAndInTime) {
  constexpr Ticks kWait = 3'000;
  Cell cell({.adjust = gather_keep_alives});
  cell.wait_for_leader();
  Client first(cell, 1);
  Client second(cell, 1);
  for (Client* client : {&first, &second}) client->open(kLease);
  cell.advance(kGather - cell.clock.now() % kGather);
  cell.advance(10);
  const auto early = first.keep_alive({}, kWait);
  cell.advance(20);
  const auto late = second.keep_alive({}, kWait);
  ASSERT_TRUE(cell.wait_for([&] { return !early->empty(); }, kWait));
  EXPECT_FALSE(late->empty()) << "It is answered for itself.";
  EXPECT_EQ(cell.clock.now() % kGather, 0);
  EXPECT_GE(early->front().facts.lease_ms, kLease);
}

TEST(GatheredKeepAlives, AShortWaitIsNotCut) {
  Cell cell({.adjust = gather_keep_alives});
  cell.wait_for_leader();
  Client client(cell, 1);
  client.open(kLease);
  cell.advance(kGather - cell.clock.now() % kGather);
  cell.advance(20);
  const auto alive = client.keep_alive({}, 2 * kGather);
  cell.advance(2 * kGather - 10);
  EXPECT_EQ(outcome(alive), "open");
  cell.advance(20);
  EXPECT_EQ(outcome(alive), "0 events");
}

// A client that comes back waits for nobody's keep-alives.
TEST(GatheredKeepAlives, AResumeIsInAHurry) {
  Cell cell({.adjust = [](ReplicaOptions& options) { options.keep_alive_gather_ms = 5'000; }});
  cell.wait_for_leader();
  const int at = cell.follower();
  Client client(cell, at);
  client.open(kLease);
  const auto alone = client.keep_alive({}, 0);  // Begins a time of gathering.
  cell.settle();
  ASSERT_EQ(outcome(alone), "0 events");
  client.move_to(at);
  const Ticks before = cell.clock.now();
  EXPECT_FALSE(client.resume().refusal);
  EXPECT_LT(cell.clock.now() - before, 100);
}

// ---- events -------------------------------------------------------------------------------------

// Many watchers of one node: the first are told while the last are still to come, and what others
// ask for meanwhile is answered in between.
TEST(Events, ManyWatchersAreToldInTurns) {
  constexpr std::size_t kWatchers = 300;
  Cell cell({.calls_wait = true});
  cell.wait_for_leader();
  Client writer(cell, 1);
  writer.open(kLease);
  writer.send(create("/a", ""));
  std::vector<std::unique_ptr<Client>> watchers;
  std::vector<Soon<KeepAliveAnswer>> alive;
  for (std::size_t i = 0; i < kWatchers; ++i) {
    watchers.push_back(std::make_unique<Client>(cell, 1));
    watchers.back()->open(kLease);
    watchers.back()->watch({.id = 1, .path = "/a", .kinds = {state::EventKind::kContentsChanged}});
    alive.push_back(watchers.back()->keep_alive({}, 4'000));
  }
  cell.settle();
  const auto told = [&alive] {
    std::size_t count = 0;
    for (const auto& answer : alive) count += answer->empty() ? 0U : 1U;
    return count;
  };
  ASSERT_EQ(told(), 0U);
  writer.send(set("/a", "x"));
  while (told() == 0) cell.step_once();
  EXPECT_LT(told(), kWatchers / 2) << "All of them in one turn.";
  const auto read = writer.read("/a", Consistency::kStale);
  while (read->empty()) cell.step_once();
  EXPECT_LT(told(), kWatchers) << "Others wait until all are told.";
  cell.settle();
  EXPECT_EQ(told(), kWatchers);
  for (const auto& answer : alive) EXPECT_EQ(outcome(answer), "1 events");
}

}  // namespace
}  // namespace holdfast::replica::testing
