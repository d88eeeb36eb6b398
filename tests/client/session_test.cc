#include "client/session.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "client/async.h"
#include "tests/client/fake_cell.h"

// The library as programs use it, against a server in this process.

namespace holdfast::client::test {
namespace {

namespace asio = boost::asio;
constexpr auto kPatience = std::chrono::seconds(20);

Session open(const FakeCell& cell) {
  return Session::open({.endpoints = {cell.endpoint()}, .client_name = "test"}).value();
}

template <typename T>
T get(std::future<T> future) {
  EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
  return future.get();
}

// A callback that can be waited for.
template <typename... Values>
struct Told {
  std::shared_ptr<std::promise<void>> promise = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::atomic<int>> times = std::make_shared<std::atomic<int>>(0);

  std::function<void(Values...)> callback() const {
    return [promise = promise, times = times](Values...) {
      if (++*times == 1) promise->set_value();
    };
  }
  void wait() const { get(promise->get_future()); }
};

Event loss_of(const LockGuard& guard, std::uint64_t zxid) {
  return {.name = {.zxid = Zxid(zxid)},
          .kind = EventKind::kLockLost,
          .path = guard.path(),
          .session = SessionId(41),
          .owner = guard.owner(),
          .acquisition = guard.acquisition(),
          .reason = "broken"};
}

TEST(Session, OpensCallsAndCloses) {
  FakeCell cell;
  Session session = open(cell);
  EXPECT_EQ(session.id(), SessionId(41));
  EXPECT_EQ(session.state(), SessionState::kLive);
  EXPECT_EQ(session.secret().size(), 16U);
  EXPECT_EQ(session.get("/a")->contents, "contents of /a");
  EXPECT_TRUE(session.set("/a", "b").ok());
  EXPECT_TRUE(session.close().ok());
  EXPECT_EQ(session.state(), SessionState::kClosed);
  EXPECT_EQ(session.get("/a").error().code, ErrorCode::kSessionExpired);
  EXPECT_EQ(cell.count("close_session"), 1U);
}

TEST(Session, ClosesWhenItIsDestroyed) {
  FakeCell cell;
  { Session session = open(cell); }
  EXPECT_EQ(cell.count("close_session"), 1U);
}

TEST(Session, CannotBeOpenedWhereNobodyListens) {
  std::string endpoint;
  {
    FakeCell cell;
    endpoint = cell.endpoint();
  }
  const auto session = Session::open({.endpoints = {endpoint}, .open_timeout = Milliseconds(300)});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kNoQuorum);
}

TEST(Session, RefusesOptionsThatCannotBeRight) {
  EXPECT_EQ(Session::open({}).error().code, ErrorCode::kBadArgument);
  EXPECT_EQ(Session::open({.endpoints = {"a:1"}, .secret = "short"}).error().code,
            ErrorCode::kBadArgument);
}

TEST(Session, CarriesOnAtAnotherReplicaWithTheSameNumbers) {
  FakeCell first;
  FakeCell second;
  first.ignore("set_contents");
  second.ignore("set_contents");
  Session session = Session::open({.endpoints = {first.endpoint(), second.endpoint()}}).value();
  FakeCell& at = first.count("open_session") > 0 ? first : second;
  FakeCell& other = first.count("open_session") > 0 ? second : first;
  auto written =
      async_call(session, Set{.path = "/a"}, {.timeout = Milliseconds(10'000)}, asio::use_future);
  const Seen before = at.wait_for("set_contents");
  at.stop();
  const Seen after = other.wait_for("set_contents");
  EXPECT_EQ(before.number, after.number);
  EXPECT_EQ(other.count("resume_session"), 1U);
}

TEST(Session, EveryCallHasAnAsynchronousForm) {
  FakeCell cell;
  Session session = open(cell);
  auto future = async_call(session, Get{.path = "/f"}, {}, asio::use_future);
  EXPECT_EQ(get(std::move(future))->contents, "contents of /f");

  std::promise<std::string> called;
  async_call(session, Get{.path = "/c"}, {},
             [&called, moved_only = std::make_unique<int>(1)](Outcome<Contents> got) {
               called.set_value(got->contents);
             });
  EXPECT_EQ(get(called.get_future()), "contents of /c");
}

// What is awaited is made before the co_await: GCC 12 destroys temporaries within it twice.
asio::awaitable<std::string> use_lock(Session& session, OwnerId owner) {
  const std::string path = "/l";
  const AcquireOptions options{.owner = owner};
  const CallOptions no_deadline;
  const Get get_it{.path = "/co"};
  auto acquiring = async_acquire(session, path, options, asio::use_awaitable);
  auto lock = co_await std::move(acquiring);
  if (!lock || !lock->held()) co_return "not held";
  auto getting = async_call(session, get_it, no_deadline, asio::use_awaitable);
  auto got = co_await std::move(getting);
  auto releasing = async_release(*lock, no_deadline, asio::use_awaitable);
  auto released = co_await std::move(releasing);
  co_return released.ok() && !lock->held() ? got->contents : "not released";
}

TEST(Session, WorksInCoroutinesOnTheProgramsExecutor) {
  FakeCell cell;
  asio::io_context context;
  auto opened =
      async_open({.endpoints = {cell.endpoint()}, .executor = use_executor(context.get_executor())},
                 asio::use_future);
  auto work = asio::make_work_guard(context);
  std::thread thread([&context] { context.run(); });
  {
    Session session = get(std::move(opened)).value();
    auto used = asio::co_spawn(context, use_lock(session, new_owner()), asio::use_future);
    EXPECT_EQ(get(std::move(used)), "contents of /co");
  }
  work.reset();
  thread.join();
}

TEST(Session, BlockingCallInACallbackIsRefused) {
  FakeCell cell;
  Session session = open(cell);
  std::promise<ErrorCode> refused;
  async_call(session, Get{.path = "/a"}, {},
             [&](const Outcome<Contents>&) { refused.set_value(session.get("/b").error().code); });
  EXPECT_EQ(get(refused.get_future()), ErrorCode::kBadArgument);
}

TEST(Session, DeadlineHoldsAlthoughTheReplicaIsSilent) {
  FakeCell cell;
  cell.ignore("get");
  Session session = open(cell);
  const auto got = session.call(Get{.path = "/a"}, {.timeout = Milliseconds(100)});
  EXPECT_EQ(got.error().code, ErrorCode::kTimeout);
}

TEST(Session, MayBeDestroyedInItsOwnCallback) {
  FakeCell cell;
  auto session = std::make_shared<Session>(open(cell));
  std::promise<void> destroyed;
  Session& there = *session;
  async_call(there, Get{.path = "/a"}, {},
             [session = std::move(session), &destroyed](const Outcome<Contents>&) mutable {
               session.reset();
               destroyed.set_value();
             });
  get(destroyed.get_future());
  cell.wait_for("close_session");
}

TEST(Session, JeopardyAndSafetyAreToldAndGuardsFollow) {
  FakeCell cell(1'000);
  Told<> jeopardy;
  Told<> safe;
  Told<> guard_jeopardy;
  Told<> guard_safe;
  Session session =
      Session::open({.endpoints = {cell.endpoint()},
                     .lease = Milliseconds(1'000),
                     .callbacks = {.on_jeopardy = jeopardy.callback(), .on_safe = safe.callback()}})
          .value();
  LockGuard guard = session.acquire("/l", {}).value();
  guard.on_jeopardy(guard_jeopardy.callback());
  guard.on_safe(guard_safe.callback());
  EXPECT_TRUE(guard.held());
  EXPECT_LE(guard.remaining(), Milliseconds(1'000));
  cell.set_mute(true);
  jeopardy.wait();
  guard_jeopardy.wait();
  EXPECT_FALSE(guard.held());
  EXPECT_FALSE(guard.lost());
  EXPECT_EQ(guard.remaining().count(), 0);
  cell.set_mute(false);
  safe.wait();
  guard_safe.wait();
  EXPECT_FALSE(guard.stop_token().stop_requested());
  EXPECT_EQ(cell.count("acquire"), 1U) << "it is the same acquisition";
}

TEST(Session, ExpiryIsToldAfterTheGracePeriod) {
  FakeCell cell(1'000);
  Told<> expired;
  Told<const Loss&> lost;
  Session session = Session::open({.endpoints = {cell.endpoint()},
                                   .lease = Milliseconds(1'000),
                                   .grace = Milliseconds(200),
                                   .callbacks = {.on_expired = expired.callback()}})
                        .value();
  LockGuard guard = session.acquire("/l", {}).value();
  guard.on_lost(lost.callback());
  cell.set_mute(true);
  expired.wait();
  lost.wait();
  EXPECT_EQ(session.state(), SessionState::kExpired);
  EXPECT_TRUE(guard.lost());
  EXPECT_TRUE(guard.stop_token().stop_requested());
  EXPECT_EQ(guard.release().error().code, ErrorCode::kNotHeld);
}

// ---- guards
// ---------------------------------------------------------------------------------------

TEST(LockGuard, IsReleasedByItsDestructor) {
  FakeCell cell;
  Session session = open(cell);
  {
    LockGuard guard = session.acquire("/l", {}).value();
    EXPECT_TRUE(guard.held());
    EXPECT_EQ(guard.path(), "/l");
    EXPECT_EQ(guard.owner(), this_thread_owner());
    LockGuard moved = std::move(guard);
    EXPECT_FALSE(guard.valid());
    EXPECT_TRUE(moved.held());
  }
  EXPECT_EQ(cell.count("release"), 1U);
}

TEST(LockGuard, DestructorIsBoundedInTime) {
  FakeCell cell;
  Session session = open(cell);
  cell.ignore("release");
  const auto begin = std::chrono::steady_clock::now();
  { LockGuard guard = session.acquire("/l", {}).value(); }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(LockGuard, ReleaseIsAnsweredOnceForAll) {
  FakeCell cell;
  Session session = open(cell);
  LockGuard guard = session.acquire("/l", {}).value();
  EXPECT_TRUE(guard.release().ok());
  EXPECT_FALSE(guard.held());
  EXPECT_FALSE(guard.lost());
  EXPECT_TRUE(guard.release().ok());
  EXPECT_EQ(cell.count("release"), 1U);
}

TEST(LockGuard, LossIsToldOnceAndBeforeItIsAcknowledged) {
  FakeCell cell;
  Session session = open(cell);
  LockGuard guard = session.acquire("/l", {}).value();
  Told<const Loss&> lost;
  guard.on_lost(lost.callback());
  cell.deliver(loss_of(guard, 500));
  lost.wait();
  EXPECT_FALSE(guard.held());
  EXPECT_TRUE(guard.lost());
  EXPECT_TRUE(guard.stop_token().stop_requested());
  const Seen next = cell.wait_for("keep_alive", 2);
  EXPECT_EQ(next.acknowledged.zxid, Zxid(500));
  EXPECT_EQ(*lost.times, 1);
  Told<const Loss&> late;
  guard.on_lost(late.callback());
}

TEST(LockGuard, LossIsToldToWhoAsksLater) {
  FakeCell cell;
  Session session = open(cell);
  LockGuard guard = session.acquire("/l", {}).value();
  cell.deliver(loss_of(guard, 500));
  cell.wait_for("keep_alive", 2);
  Told<const Loss&> lost;
  guard.on_lost(lost.callback());
  lost.wait();
}

TEST(LockGuard, IsLostWhenTheSessionIsClosed) {
  FakeCell cell;
  Session session = open(cell);
  LockGuard guard = session.acquire("/l", {}).value();
  EXPECT_TRUE(session.close().ok());
  EXPECT_FALSE(guard.held());
  EXPECT_TRUE(guard.lost());
}

TEST(LockGuard, OutlivesItsSession) {
  FakeCell cell;
  LockGuard guard;
  {
    Session session = open(cell);
    guard = session.acquire("/l", {}).value();
  }
  EXPECT_FALSE(guard.held());
  EXPECT_EQ(guard.release().error().code, ErrorCode::kNotHeld);
}

TEST(Acquire, AsynchronousCallNamesItsOwner) {
  FakeCell cell;
  Session session = open(cell);
  auto nameless = async_acquire(session, "/l", {}, asio::use_future);
  EXPECT_EQ(get(std::move(nameless)).error().code, ErrorCode::kBadArgument);
}

TEST(Acquire, TryOfABusyLockIsRefusedAtOnce) {
  FakeCell cell;
  cell.set_busy("/l");
  Session session = open(cell);
  EXPECT_EQ(session.acquire("/l", {}).error().code, ErrorCode::kLockHeld);
}

TEST(Acquire, WaitEndsWithTheStopToken) {
  FakeCell cell;
  cell.set_busy("/l");
  Session session = open(cell);
  std::stop_source stop;
  Told<std::size_t> waiting;
  auto acquired = async_acquire(session, "/l",
                                {.wait = std::nullopt,
                                 .owner = new_owner(),
                                 .stop = stop.get_token(),
                                 .on_waiting = waiting.callback()},
                                asio::use_future);
  waiting.wait();
  cell.wait_for("acquire", 2);
  stop.request_stop();
  EXPECT_EQ(get(std::move(acquired)).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(cell.count("cancel"), 1U);
}

TEST(Acquire, WaitEndsByItsTime) {
  FakeCell cell;
  cell.set_busy("/l");
  Session session = open(cell);
  const auto acquired = session.acquire("/l", {.wait = Milliseconds(100)});
  EXPECT_EQ(acquired.error().code, ErrorCode::kTimeout);
}

TEST(Owners, AreOnePerThreadAndNeverZero) {
  const OwnerId mine = this_thread_owner();
  OwnerId other;
  std::thread([&other] { other = this_thread_owner(); }).join();
  EXPECT_EQ(mine, this_thread_owner());
  EXPECT_NE(mine, other);
  EXPECT_FALSE(other.is_none());
}

// ---- watches
// --------------------------------------------------------------------------------------

Event changed(std::uint64_t zxid) {
  return {.name = {.zxid = Zxid(zxid)}, .kind = EventKind::kContentsChanged, .path = "/a"};
}

TEST(Watch, EventsAreTakenOneByOne) {
  FakeCell cell;
  Session session = open(cell);
  Watch watch =
      session.watch({.path = "/a", .kinds = {EventKind::kContentsChanged}}, nullptr).value();
  cell.deliver(changed(501));
  cell.deliver(changed(502));
  EXPECT_EQ(watch.next()->name.zxid, Zxid(501));
  EXPECT_EQ(watch.next()->name.zxid, Zxid(502));
  EXPECT_EQ(watch.next({.timeout = Milliseconds(50)}).error().code, ErrorCode::kTimeout);
  watch.cancel();
  EXPECT_EQ(watch.next().error().code, ErrorCode::kCancelled);
  cell.wait_for("unwatch");
}

TEST(Watch, EventsComeToTheCallback) {
  FakeCell cell;
  Session session = open(cell);
  Told<const Event&> told;
  const auto watch =
      session.watch({.path = "/a", .kinds = {EventKind::kContentsChanged}}, told.callback());
  ASSERT_TRUE(watch);
  cell.deliver(changed(501));
  told.wait();
}

TEST(Watch, EndsWithTheSession) {
  FakeCell cell;
  Session session = open(cell);
  Watch watch =
      session.watch({.path = "/a", .kinds = {EventKind::kContentsChanged}}, nullptr).value();
  auto next = async_next(watch, {}, asio::use_future);
  EXPECT_TRUE(session.close().ok());
  EXPECT_EQ(get(std::move(next)).error().code, ErrorCode::kSessionExpired);
}

// ---- without a session
// ----------------------------------------------------------------------------

TEST(CellClient, AsksWithoutASession) {
  FakeCell cell;
  CellClient client({.endpoints = {cell.endpoint()}});
  EXPECT_EQ(client.call(Get{.path = "/a"})->contents, "contents of /a");
  EXPECT_EQ(cell.count("open_session"), 0U);
  cell.break_connections();
  EXPECT_EQ(client.call(Get{.path = "/b"})->contents, "contents of /b");
}

TEST(CellClient, SaysThatNobodyWasReached) {
  std::string endpoint;
  {
    FakeCell cell;
    endpoint = cell.endpoint();
  }
  CellClient client({.endpoints = {endpoint}});
  const auto got = client.call(Get{.path = "/a"}, {.timeout = Milliseconds(200)});
  EXPECT_EQ(got.error().code, ErrorCode::kNoQuorum);
}

TEST(CellClient, RefusesWhatNeedsASession) {
  FakeCell cell;
  CellClient client({.endpoints = {cell.endpoint()}});
  std::promise<ErrorCode> refused;
  client.submit(Set{.path = "/a"}, {},
                [&](const Outcome<AnyReply>& outcome) { refused.set_value(outcome.error().code); });
  EXPECT_EQ(get(refused.get_future()), ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace holdfast::client::test
