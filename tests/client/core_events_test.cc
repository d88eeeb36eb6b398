#include <gtest/gtest.h>

#include "tests/client/rig.h"

// Events: each once, in order, before every reply that shows later state.

namespace holdfast::client::test {
namespace {

EventName named(std::uint64_t zxid) {
  return {.zxid = Zxid(zxid)};
}

Event changed(std::uint64_t zxid, const std::string& path) {
  return {.name = named(zxid), .kind = EventKind::kContentsChanged, .path = path};
}

WatchOptions watch_of(const std::string& path) {
  return {.path = path, .kinds = {EventKind::kContentsChanged}};
}

std::vector<std::uint64_t> zxids(const Rig& rig) {
  std::vector<std::uint64_t> found;
  for (const EventTold& told : rig.events) found.push_back(told.event.name.zxid.value);
  return found;
}

struct Watching {
  Rig rig;
  WatchId watch;

  Watching() {
    rig.open();
    watch = rig.core.watch(rig.now, watch_of("/a")).watch;
    rig.run();
    rig.reply(watch_set(rig.take("watch"), at(3), Zxid(4)));
  }
};

TEST(CoreEvents, WatchAnswersFromWhereItIsActive) {
  Rig rig;
  rig.open();
  const Core::WatchCall made = rig.core.watch(rig.now, watch_of("/a"));
  rig.run();
  rig.reply(watch_set(rig.take("watch"), at(3), Zxid(4)));
  EXPECT_EQ(std::get<WatchStarted>(*rig.answers.at(made.call)).active_from, Zxid(4));
}

TEST(CoreEvents, GoToTheWatchesThatWantThem) {
  Watching w;
  const WatchId below =
      w.rig.core
          .watch(w.rig.now,
                 {.path = "/", .recursive = true, .kinds = {EventKind::kContentsChanged}})
          .watch;
  w.rig.run();
  w.rig.reply(watch_set(w.rig.take("watch"), at(3), Zxid(4)));
  w.rig.deliver({changed(5, "/a"), changed(6, "/b/c")}, 6);
  ASSERT_EQ(w.rig.events.size(), 2U);
  EXPECT_EQ(w.rig.events[0].watches, (std::vector{w.watch, below}));
  EXPECT_EQ(w.rig.events[1].watches, (std::vector{below}));
}

TEST(CoreEvents, RepeatedEventsAreDropped) {
  Watching w;
  w.rig.deliver({changed(5, "/a"), changed(6, "/a")}, 6);
  w.rig.told();
  w.rig.deliver({changed(5, "/a"), changed(6, "/a"), changed(7, "/a")}, 7);
  EXPECT_EQ(zxids(w.rig), (std::vector<std::uint64_t>{5, 6, 7}));
}

TEST(CoreEvents, ComeBeforeTheReplyThatShowsALaterState) {
  Watching w;
  const CallId read = w.rig.get("/a");
  const Seen ask = w.rig.take("get");
  w.rig.reply(got(ask, {.zxid = Zxid(6), .events_through = named(6), .lease_ms = 0}, "new"));
  EXPECT_FALSE(w.rig.is_answered(read));
  w.rig.log.clear();
  w.rig.deliver({changed(6, "/a")}, 6);
  EXPECT_TRUE(w.rig.is_answered(read));
  EXPECT_EQ(w.rig.log, (std::vector<std::string>{"events", "answer"}));
}

TEST(CoreEvents, HeldReplyIsNotRepeatedAfterAReconnection) {
  Watching w;
  const CallId write = w.rig.set("/a");
  w.rig.reply(done(w.rig.take("set_contents"),
                   {.zxid = Zxid(6), .events_through = named(6), .lease_ms = 0}));
  w.rig.break_connection();
  w.rig.reconnect();
  EXPECT_FALSE(w.rig.has("set_contents"));
  w.rig.reply(watch_set(w.rig.take("watch"), at(6), Zxid(4)));
  w.rig.deliver({changed(6, "/a")}, 6);
  EXPECT_TRUE(w.rig.answers.at(write).ok());
}

TEST(CoreEvents, PromisedEventThatNobodyWantsAnyMoreHoldsNothingUp) {
  Watching w;
  const CallId read = w.rig.get("/a");
  w.rig.reply(got(w.rig.take("get"), {.zxid = Zxid(6), .events_through = named(6)}, "new"));
  w.rig.core.unwatch(w.rig.now, w.watch);
  w.rig.run();
  EXPECT_TRUE(w.rig.has("unwatch"));
  w.rig.reply(kept_alive(w.rig.take("keep_alive"), at(7), {}, {}));
  EXPECT_TRUE(w.rig.is_answered(read));
}

TEST(CoreEvents, HeldReplyThatWaitsTooLongTimesOut) {
  Watching w;
  const CallId write = w.rig.core.call(w.rig.now, Set{.path = "/a"}, 400);
  w.rig.run();
  w.rig.reply(done(w.rig.take("set_contents"), {.zxid = Zxid(6), .events_through = named(6)}));
  w.rig.pass(400);
  EXPECT_EQ(w.rig.error_of(write).code, ErrorCode::kTimeout);
  w.rig.deliver({changed(6, "/a")}, 6);
}

TEST(CoreEvents, GoToAWatchThatWasMadeByALongPath) {
  Rig rig;
  rig.open();
  const WatchId watch = rig.core.watch(rig.now, watch_of("/ls/local/a")).watch;
  rig.run();
  rig.reply(watch_set(rig.take("watch"), at(3), Zxid(4)));
  rig.deliver({changed(5, "/a")}, 5);
  ASSERT_EQ(rig.events.size(), 1U);
  EXPECT_EQ(rig.events[0].watches, (std::vector{watch}));
}

TEST(CoreEvents, WatchIsMadeAgainBehindWhatWasGot) {
  Watching w;
  w.rig.deliver({changed(5, "/a")}, 5);
  w.rig.break_connection();
  w.rig.reconnect();
  const Seen again = w.rig.take("watch");
  EXPECT_EQ(again.watch_id, w.watch.value);
  EXPECT_EQ(again.after, named(5));
}

TEST(CoreEvents, WatchThatGotNothingYetIsMadeAgainFromItsBeginning) {
  Watching w;
  w.rig.break_connection();
  w.rig.reconnect();
  const Seen again = w.rig.take("watch");
  ASSERT_TRUE(again.after);
  EXPECT_LT(*again.after, named(4));
  EXPECT_EQ(again.after->zxid, Zxid(3));
}

TEST(CoreEvents, WatchesComeBeforeTheKeepAliveAndTheCallsOfANewConnection) {
  Watching w;
  w.rig.get("/x");
  w.rig.break_connection();
  w.rig.reconnect();
  std::vector<std::string> methods;
  for (const Seen& seen : w.rig.requests) methods.push_back(seen.method);
  EXPECT_EQ(methods, (std::vector<std::string>{"watch", "keep_alive", "get"}));
}

TEST(CoreEvents, RefusedWatchIsTheAnswer) {
  Rig rig;
  rig.open();
  const Core::WatchCall made = rig.core.watch(rig.now, watch_of("/a"));
  rig.run();
  rig.reply(failed(rig.take("watch"), at(3), {.code = ErrorCode::kLimit, .message = "full"}));
  EXPECT_EQ(rig.error_of(made.call).code, ErrorCode::kLimit);
}

TEST(CoreEvents, WatchThatCannotBeMadeAgainEnds) {
  Watching w;
  w.rig.break_connection();
  w.rig.reconnect();
  w.rig.reply(failed(w.rig.take("watch"), at(3), {.code = ErrorCode::kLimit, .message = "full"}));
  EXPECT_EQ(w.rig.ended_watches, (std::vector{w.watch}));
}

TEST(CoreEvents, WatchEndsWithTheSession) {
  Watching w;
  w.rig.break_connection();
  w.rig.pass(kLeaseMs + kGraceMs);
  EXPECT_EQ(w.rig.ended_watches, (std::vector{w.watch}));
}

TEST(CoreEvents, SlowCallbackDelaysTheNextKeepAliveButNotForLong) {
  Watching w;
  w.rig.deliver({changed(5, "/a")}, 5);
  w.rig.pass(kLeaseMs / 4 - 1);
  EXPECT_FALSE(w.rig.has("keep_alive"));
  w.rig.pass(1);
  EXPECT_EQ(w.rig.take("keep_alive").acknowledged, named(5));
}

TEST(CoreEvents, LostEventsAreToldToEveryWatch) {
  Watching w;
  w.rig.deliver({{.name = named(9), .kind = EventKind::kEventsLost, .path = "/"}}, 9);
  ASSERT_EQ(w.rig.events.size(), 1U);
  EXPECT_EQ(w.rig.events[0].watches, (std::vector{w.watch}));
}

TEST(CoreEvents, EventsOfUnknownKindsAreIgnored) {
  Watching w;
  Event strange = changed(5, "/a");
  strange.kind = static_cast<EventKind>(77);
  w.rig.deliver({strange, changed(6, "/a")}, 6);
  EXPECT_EQ(zxids(w.rig), (std::vector<std::uint64_t>{6}));
}

}  // namespace
}  // namespace holdfast::client::test
