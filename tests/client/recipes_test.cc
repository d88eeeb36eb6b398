#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "client/recipes/async.h"
#include "tests/client/fake_cell.h"

// The recipes against a server in this process: what a real cell does not do when it is asked. What
// it does is in tests/cell/recipes_test.py.

namespace holdfast::client::test {
namespace {

namespace asio = boost::asio;
constexpr auto kPatience = std::chrono::seconds(20);
constexpr CallOptions kSoon{.timeout = Milliseconds(20'000)};

static_assert(std::is_same_v<LockMode, holdfast::LockMode>);

Session open(const FakeCell& cell) {
  return Session::open({.endpoints = {cell.endpoint()}, .client_name = "test"}).value();
}

template <typename T>
T get(std::future<T> future) {
  EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
  return future.get();
}

Event event_at(std::uint64_t zxid, EventKind kind) {
  return {.name = {.zxid = Zxid(zxid)}, .kind = kind, .path = "/a"};
}

// The zxid counts up to where the events of a test are.
ConfigWatch open_at(Session& session, FakeCell& cell, const std::string& contents) {
  cell.set_contents("/a", contents, Zxid(1));
  return ConfigWatch::open(session, "/a", {}).value();
}

TEST(ConfigWatch, HasTheContentsWithTheirZxid) {
  FakeCell cell;
  Session session = open(cell);
  const ConfigWatch watch = open_at(session, cell, "one");
  EXPECT_EQ(watch.value().contents, "one");
  EXPECT_EQ(watch.value().zxid, Zxid(100));
  EXPECT_TRUE(watch.is_current());
  EXPECT_EQ(cell.wait_for("watch").path, "/a");
}

TEST(ConfigWatch, IsCurrentAsSoonAsTheFirstStateIsTold) {
  FakeCell cell;
  Session session = open(cell);
  cell.set_contents("/a", "one", Zxid(1));
  std::promise<bool> is_current;
  ConfigWatch::open(session, "/a", {}, [&is_current](Outcome<ConfigWatch> watch) {
    is_current.set_value(watch.value().is_current());
  });
  EXPECT_TRUE(get(is_current.get_future()));
}

TEST(ConfigWatch, ReadsAgainAfterEventsWereLost) {
  FakeCell cell;
  Session session = open(cell);
  ConfigWatch watch = open_at(session, cell, "one");
  cell.set_contents("/a", "two", Zxid(150));
  cell.deliver(event_at(200, EventKind::kEventsLost));
  const auto two =
      watch.wait_until([](const ConfigValue& value) { return value.contents == "two"; }, kSoon);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->zxid, Zxid(200));
}

TEST(ConfigWatch, KnowsTheZxidOfAnAbsentNode) {
  FakeCell cell;
  cell.set_absent("/a");
  Session session = open(cell);
  ConfigWatch watch = ConfigWatch::open(session, "/a", {}).value();
  EXPECT_EQ(watch.value().contents, std::nullopt);
  EXPECT_EQ(watch.value().zxid, Zxid(100));
  cell.set_contents("/a", "one", Zxid(200));
  cell.deliver(event_at(200, EventKind::kNodeCreated));
  EXPECT_FALSE(watch.next()->contents);
  EXPECT_EQ(watch.next(kSoon)->contents, "one");
}

TEST(ConfigWatch, IsNotCurrentWhileAChangeIsRead) {
  FakeCell cell;
  Session session = open(cell);
  ConfigWatch watch = open_at(session, cell, "one");
  cell.ignore("get");
  cell.deliver(event_at(200, EventKind::kContentsChanged));
  cell.wait_for("get", 2);
  EXPECT_FALSE(watch.is_current());
  EXPECT_EQ(watch.value().contents, "one");
}

TEST(ConfigWatch, NewsThatItsValueHasAlreadyAreNotReadAgain) {
  FakeCell cell;
  Session session = open(cell);
  ConfigWatch watch = open_at(session, cell, "one");
  Watch events = session.watch({.path = "/a", .kinds = {EventKind::kContentsChanged}}, {}).value();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(session.acquire("/lock", {}).ok());  // Each takes a zxid.
  cell.set_contents("/a", "two", Zxid(102));
  for (const std::uint64_t zxid : {101U, 102U}) {
    cell.deliver(event_at(zxid, EventKind::kContentsChanged));
    EXPECT_EQ(events.next(kSoon)->name.zxid, Zxid(zxid));
    EXPECT_EQ(
        watch.wait_until([](const ConfigValue& now) { return now.contents == "two"; }, kSoon)->zxid,
        Zxid(103));
  }
  EXPECT_TRUE(watch.is_current());
  EXPECT_TRUE(session.get("/a").ok());  // Behind all that was asked before.
  EXPECT_EQ(cell.count("get"), 3U);
}

// The answer that is on its way was given before the change that is told meanwhile.
TEST(ConfigWatch, ReadsAgainForNewsThatAReadingMayHaveMissed) {
  FakeCell cell;
  Session session = open(cell);
  ConfigWatch watch = open_at(session, cell, "one");
  Watch events = session.watch({.path = "/a", .kinds = {EventKind::kContentsChanged}}, {}).value();
  cell.hold("get");
  cell.set_contents("/a", "two", Zxid(200));
  cell.deliver(event_at(200, EventKind::kContentsChanged));
  cell.wait_for("get", 2);
  cell.set_contents("/a", "three", Zxid(201));
  cell.deliver(event_at(201, EventKind::kContentsChanged));
  EXPECT_EQ(events.next(kSoon)->name.zxid, Zxid(200));
  EXPECT_EQ(events.next(kSoon)->name.zxid, Zxid(201));
  cell.send_held();
  EXPECT_TRUE(watch.wait_until([](const auto& now) { return now.contents == "three"; }, kSoon));
}

TEST(ConfigWatch, ASecondChangeWhileTheFirstIsReadIsReadToo) {
  FakeCell cell;
  Session session = open(cell);
  std::promise<void> began;
  std::promise<void> go_on;
  std::atomic<int> states = 0;
  cell.set_contents("/a", "one", Zxid(1));
  ConfigWatch watch = ConfigWatch::open(session, "/a", [&](const ConfigValue& value) {
                        ++states;
                        if (value.contents != "two") return;
                        began.set_value();
                        get(go_on.get_future());
                      }).value();
  cell.set_contents("/a", "two", Zxid(200));
  cell.deliver(event_at(200, EventKind::kContentsChanged));
  get(began.get_future());
  // The dispatcher is held up: these come together.
  cell.set_contents("/a", "three", Zxid(202));
  cell.deliver(event_at(201, EventKind::kContentsChanged));
  cell.deliver(event_at(202, EventKind::kContentsChanged));
  go_on.set_value();
  ASSERT_TRUE(
      watch.wait_until([](const ConfigValue& value) { return value.contents == "three"; }, kSoon)
          .ok());
  EXPECT_EQ(states, 3);
}

TEST(ConfigWatch, NoCallbackBeginsAfterItsEnd) {
  FakeCell cell;
  Session session = open(cell);
  std::atomic<int> states = 0;
  cell.set_contents("/a", "one", Zxid(1));
  {
    const auto watch =
        ConfigWatch::open(session, "/a", [&](const ConfigValue&) { ++states; }).value();
  }
  cell.wait_for("unwatch");
  cell.set_contents("/a", "two", Zxid(200));
  cell.deliver(event_at(200, EventKind::kContentsChanged));
  EXPECT_TRUE(session.get("/a").ok());
  EXPECT_EQ(states, 1);
}

TEST(ConfigWatch, OutlivesItsSessionAndKeepsTheValue) {
  FakeCell cell;
  ConfigWatch watch;
  std::future<Outcome<ConfigValue>> next;
  {
    Session session = open(cell);
    watch = open_at(session, cell, "one");
    EXPECT_TRUE(watch.next().ok());
    next = async_next(watch, {}, asio::use_future);
  }
  EXPECT_EQ(get(std::move(next)).error().code, ErrorCode::kSessionExpired);
  EXPECT_EQ(watch.ended()->code, ErrorCode::kSessionExpired);
  EXPECT_FALSE(watch.is_current());
  EXPECT_EQ(watch.value().contents, "one");
  EXPECT_EQ(watch.next().error().code, ErrorCode::kSessionExpired);
}

TEST(ConfigWatch, ARefusedReadingEndsIt) {
  FakeCell cell;
  Session session = open(cell);
  cell.refuse("get", ErrorCode::kBadArgument);
  EXPECT_EQ(ConfigWatch::open(session, "a", {}).error().code, ErrorCode::kBadArgument);
}

TEST(ConfigWatch, BlockingCallsInACallbackAreRefused) {
  FakeCell cell;
  Session session = open(cell);
  std::promise<ErrorCode> told;
  ConfigWatch watch = open_at(session, cell, "one");
  session.submit(Get{.path = "/a"}, {},
                 [&](const Outcome<AnyReply>&) { told.set_value(watch.next().error().code); });
  EXPECT_EQ(get(told.get_future()), ErrorCode::kBadArgument);
}

TEST(ConfigWatch, AWaitHasAnEnd) {
  FakeCell cell;
  Session session = open(cell);
  ConfigWatch watch = open_at(session, cell, "one");
  EXPECT_TRUE(watch.next().ok());
  EXPECT_EQ(watch.next({.timeout = Milliseconds(1)}).error().code, ErrorCode::kTimeout);
  std::future<Outcome<ConfigValue>> next = async_next(watch, {}, asio::use_future);
  watch.cancel();
  EXPECT_EQ(get(std::move(next)).error().code, ErrorCode::kCancelled);
}

TEST(Election, ALeaderWhoCannotProclaimResigns) {
  FakeCell cell;
  Session session = open(cell);
  cell.refuse("set_contents", ErrorCode::kNoSpace);
  Election election(session, "/lead");
  const auto lead = election.campaign({.value = "me"});
  EXPECT_EQ(lead.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(cell.wait_for("release").path, "/lead");
}

TEST(Election, TheValueIsWrittenUnderTheGuard) {
  FakeCell cell;
  Session session = open(cell);
  Election election(session, "/lead");
  auto lead = election.campaign({.value = "me"});
  ASSERT_TRUE(lead.ok());
  const Seen written = cell.wait_for("set_contents");
  EXPECT_EQ(written.guard, lead->sequencer());
  EXPECT_EQ(written.contents, "me");
  EXPECT_EQ(cell.wait_for("acquire").wait_ms, -1) << "without limit";
  EXPECT_TRUE(election.resign(*lead).ok());
  EXPECT_FALSE(lead->held());
}

TEST(Election, EachCampaignIsACandidateOfItsOwn) {
  FakeCell cell;
  Session session = open(cell);
  Election election(session, "/lead");
  const auto one = election.campaign({});
  const auto two = election.campaign({});
  EXPECT_NE(one->owner(), two->owner());
}

TEST(Election, ACampaignIsAwaited) {
  FakeCell cell;
  Session session = open(cell);
  Election election(session, "/lead");
  asio::io_context io;
  std::future<bool> led = asio::co_spawn(
      io,
      [&]() -> asio::awaitable<bool> {
        auto campaigning = async_campaign(election, {.value = "me"}, asio::use_awaitable);
        const Outcome<LockGuard> lead = co_await std::move(campaigning);
        co_return lead->held();
      },
      asio::use_future);
  io.run_for(kPatience);
  EXPECT_TRUE(get(std::move(led)));
}

TEST(Recipes, AfterTheSessionTheyAreRefused) {
  FakeCell cell;
  std::optional<Election> election;
  std::optional<Group> group;
  {
    Session session = open(cell);
    election.emplace(session, "/lead");
    group.emplace(session, "/group");
  }
  EXPECT_EQ(election->campaign({}).error().code, ErrorCode::kSessionExpired);
  EXPECT_EQ(election->leader().error().code, ErrorCode::kSessionExpired);
  EXPECT_EQ(election->observe({}).error().code, ErrorCode::kSessionExpired);
  EXPECT_EQ(group->join({.name = "a"}).error().code, ErrorCode::kSessionExpired);
}

TEST(Recipes, NumbersOutsideTheirRangeAreRefused) {
  FakeCell cell;
  Session session = open(cell);
  EXPECT_EQ(Semaphore::open(session, "/s", 0).error().code, ErrorCode::kBadArgument);
  EXPECT_EQ(DoubleBarrier::open(session, "/d", 1'001).error().code, ErrorCode::kBadArgument);
  EXPECT_EQ(cell.count("create"), 0U);
}

}  // namespace
}  // namespace holdfast::client::test
