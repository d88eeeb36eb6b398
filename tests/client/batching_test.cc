// What the library does together: requests of one turn, answers of one read, callbacks of one turn,
// and what is put off until everybody has been told. One thread plays the program, the library and
// the replica, so each step is the test's own.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "client/async.h"
#include "client/channel.h"
#include "client/lull.h"
#include "client/session.h"
#include "tests/client/segments.h"
#include "tests/client/wire_script.h"
#include "thrift/frame.h"
#include "zab/base/limits.h"

namespace holdfast::client::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(20);
constexpr SessionId kSession(41);
constexpr Ticks kLeaseMs = 60'000;  // Nothing comes by time while a test runs.

// Runs what is ready until it holds, and answers how many handlers that were.
std::size_t run_until(asio::io_context& io, const std::function<bool()>& holds) {
  const Clock::time_point end = Clock::now() + kPatience;
  std::size_t handlers = 0;
  while (!holds() && Clock::now() < end) handlers += io.run_one_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(holds()) << "it does not come about";
  return handlers;
}

// The replica's end of one connection, which does nothing of its own accord.
class FarEnd {
 public:
  FarEnd() : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket_(io_) {
    acceptor_.non_blocking(true);
  }

  std::string endpoint() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  bool accept() {
    boost::system::error_code none_yet;
    acceptor_.accept(socket_, none_yet);
    if (!none_yet) socket_.non_blocking(true);
    return !none_yet;
  }
  // What has come and was not read before.
  std::string read() {
    std::string bytes(socket_.available(), '\0');
    boost::system::error_code none_yet;
    bytes.resize(socket_.read_some(asio::buffer(bytes), none_yet));
    return bytes;
  }
  void write(const std::string& bytes) {
    socket_.non_blocking(false);
    asio::write(socket_, asio::buffer(bytes));
    socket_.non_blocking(true);
  }
  std::uint32_t segments() { return segments_received(socket_.native_handle()); }
  void close() { socket_.close(); }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
  tcp::socket socket_;
};

// ---- Channel ------------------------------------------------------------------------------------

// A channel that is connected, and what was heard of it.
struct OpenChannel {
  asio::io_context io{1};
  FarEnd far;
  bool is_connected = false;
  std::vector<std::string> closed;
  std::shared_ptr<Channel> channel = std::make_shared<Channel>(
      io.get_executor(),
      Channel::Listener{.on_connected = [this] { is_connected = true; },
                        .on_message = [](std::string_view) {},
                        .on_closed = [this](const std::string& why) { closed.push_back(why); }});

  OpenChannel() {
    channel->open(far.endpoint());
    bool is_accepted = false;
    run_until(io, [&] { return (is_accepted = is_accepted || far.accept()) && is_connected; });
  }
  ~OpenChannel() {
    channel->close();
    io.poll();
  }
};

// A piece that can be told from its neighbours.
std::string piece(std::size_t number, std::size_t bytes) {
  std::string out(bytes, static_cast<char>('a' + number % 26));
  out.replace(0, 8, std::to_string(10'000'000 + number));
  return out;
}

TEST(Channel, WhatIsSentInOneTurnLeavesTogether) {
  OpenChannel open;
  std::string all;
  for (std::size_t i = 0; i < 20; ++i) {
    all += piece(i, 50);
    open.channel->send(piece(i, 50), Channel::Leave::kWithTheTurn);
  }
  EXPECT_EQ(open.far.read(), "") << "Something left before the turn was over.";
  std::string come;
  run_until(open.io, [&] { return (come += open.far.read()).size() >= all.size(); });
  EXPECT_EQ(come, all);
  EXPECT_EQ(open.far.segments(), 1U);
}

TEST(Channel, WhatAFullSocketDoesNotTakeFollowsInOrder) {
  OpenChannel open;
  constexpr std::size_t kPieceBytes = 256 * 1024;
  std::string all;
  std::size_t sent = 0;
  const auto send = [&] {
    all += piece(sent, kPieceBytes);
    open.channel->send(piece(sent++, kPieceBytes), Channel::Leave::kWithTheTurn);
  };
  // Far more than the system keeps for a connection, in several turns: most of it has to wait, and
  // the later pieces come while the earlier wait.
  for (int turn = 0; turn < 8; ++turn) {
    for (int i = 0; i < 4; ++i) send();
    open.io.poll();
  }
  std::string come = open.far.read();
  ASSERT_LT(come.size(), all.size()) << "The socket took everything, so this tests nothing.";
  run_until(open.io, [&] { return (come += open.far.read()).size() >= all.size(); });
  EXPECT_TRUE(come == all) << "It came in another order, or changed.";
  // Afterwards it goes on as before.
  send();
  run_until(open.io, [&] { return (come += open.far.read()).size() >= all.size(); });
  EXPECT_TRUE(come == all);
  EXPECT_TRUE(open.closed.empty());
}

TEST(Channel, ClosedWithAFullSocketItIsNotHeardOfAnyMore) {
  OpenChannel open;
  open.channel->send(std::string(16 * 1024 * 1024, 'x'), Channel::Leave::kWithTheTurn);
  open.io.poll();
  open.channel->close();
  open.channel->send("more", Channel::Leave::kWithTheTurn);
  open.io.restart();
  open.io.poll();
  EXPECT_TRUE(open.closed.empty());
}

TEST(Channel, AnEndThatGoesWhileTheSocketIsFullIsTold) {
  OpenChannel open;
  open.channel->send(std::string(16 * 1024 * 1024, 'x'), Channel::Leave::kWithTheTurn);
  open.io.poll();
  open.far.close();
  run_until(open.io, [&] { return !open.closed.empty(); });
  open.io.poll();
  EXPECT_EQ(open.closed.size(), 1U);
}

// ---- Runtime ------------------------------------------------------------------------------------

// A session on the test's own executor, whose replica the test plays.
class Scene {
 public:
  Scene() {
    async_open({.endpoints = {far_.endpoint()},
                .lease = Milliseconds(kLeaseMs),
                .client_name = "test",
                .executor = use_executor(io.get_executor())},
               [this](Outcome<Session> opened) { session = std::move(opened).value(); });
    bool is_accepted = false;
    run_until(io, [&] { return is_accepted = is_accepted || far_.accept(); });
    reply({opened(take("open_session"), head(), kSession)});
    run_until(io, [&] { return session.has_value(); });
    keep_alive = take("keep_alive");
  }
  ~Scene() {
    bool is_closed = false;
    async_close(*session, {}, [&is_closed](Outcome<Closed>) { is_closed = true; });
    run_until(io, [&] {
      read();
      for (const Seen& seen : std::exchange(requests_, {})) {
        if (seen.method == "close_session") reply({done(seen, head())});
      }
      return is_closed;
    });
    session.reset();
    io.restart();
    io.poll();
  }

  ReplyHead head() const { return {.zxid = Zxid(100), .lease_ms = kLeaseMs}; }
  // The next request, which must be of that method.
  Seen take(const std::string& method) {
    run_until(io, [&] {
      read();
      return !requests_.empty();
    });
    if (requests_.empty()) return {};
    const Seen seen = std::exchange(requests_, {requests_.begin() + 1, requests_.end()}).front();
    EXPECT_EQ(seen.method, method);
    return seen;
  }
  // All of them at once.
  void reply(const std::vector<std::string>& messages) {
    std::string bytes;
    for (const std::string& message : messages) append_frame(bytes, message);
    far_.write(bytes);
  }
  std::uint32_t segments() { return far_.segments(); }

  asio::io_context io{1};
  std::optional<Session> session;
  Seen keep_alive;  // It is parked.

 private:
  void read() {
    frames_.feed(far_.read());
    while (const auto frame = *frames_.next()) {
      const Seen seen = parse_request(*frame);
      // On a slow machine the library asks for a sign of life.
      if (seen.method == "cell_status") {
        reply({done(seen, head())});
      } else {
        requests_.push_back(seen);
      }
    }
  }

  FarEnd far_;
  FrameReader frames_{limits::kClientFrameBytesMax};
  std::vector<Seen> requests_;
};

constexpr std::size_t kCalls = 50;
constexpr std::uint32_t kWritesMax = 3;  // One, and perhaps requests for a sign of life.

std::string path_of(std::size_t number) {
  return "/n" + std::to_string(number);
}

TEST(Runtime, CallsOfOneTurnAreOneWrite) {
  Scene scene;
  const std::uint32_t before = scene.segments();
  asio::post(scene.io, [&] {
    for (std::size_t i = 0; i < kCalls; ++i) {
      async_call(*scene.session, Get{.path = path_of(i)}, {}, [](Outcome<Contents>) {});
    }
  });
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_EQ(scene.take("get").path, path_of(i));
  EXPECT_LE(scene.segments() - before, kWritesMax);
}

TEST(Runtime, AnswersOfOneReadAreToldInOneGoAndInTheirOrder) {
  Scene scene;
  std::vector<std::string> told;
  for (std::size_t i = 0; i < kCalls; ++i) {
    async_call(*scene.session, Get{.path = path_of(i)}, {},
               [&told](Outcome<Contents> got) { told.push_back(got->contents); });
  }
  std::vector<std::string> answers;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Seen seen = scene.take("get");
    answers.push_back(got(seen, scene.head(), seen.path));
    expected.push_back(seen.path);
  }
  scene.reply(answers);
  const std::size_t handlers = run_until(scene.io, [&] { return told.size() == kCalls; });
  EXPECT_EQ(told, expected);
  EXPECT_LT(handlers, kCalls / 5) << "Each answer had a handler of its own.";
}

// What a callback asks for goes out with what the other callbacks of the same turn ask for.
TEST(Runtime, CallsMadeInCallbacksOfOneTurnAreOneWrite) {
  Scene scene;
  for (std::size_t i = 0; i < kCalls; ++i) {
    async_call(*scene.session, Get{.path = path_of(i)}, {}, [&scene, i](Outcome<Contents>) {
      async_call(*scene.session, Get{.path = path_of(kCalls + i)}, {}, [](Outcome<Contents>) {});
    });
  }
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < kCalls; ++i)
    answers.push_back(got(scene.take("get"), scene.head(), ""));
  const std::uint32_t before = scene.segments();
  scene.reply(answers);
  for (std::size_t i = 0; i < kCalls; ++i) {
    EXPECT_EQ(scene.take("get").path, path_of(kCalls + i));
  }
  EXPECT_LE(scene.segments() - before, kWritesMax);
}

TEST(Runtime, AnEventIsAcknowledgedOnceWhenItHasBeenTold) {
  Scene scene;
  std::vector<Zxid> told;
  std::optional<Watch> watch;
  async_watch(
      *scene.session, {.path = "/a", .kinds = {EventKind::kContentsChanged}},
      [&told](const Event& event) { told.push_back(event.name.zxid); },
      [&watch](Outcome<Watch> made) { watch = std::move(made).value(); });
  scene.reply({watch_set(scene.take("watch"), scene.head(), Zxid(101))});
  run_until(scene.io, [&] { return watch.has_value(); });
  const auto event = [](std::uint64_t zxid) {
    return Event{.name = {.zxid = Zxid(zxid)}, .kind = EventKind::kContentsChanged, .path = "/a"};
  };
  scene.reply({kept_alive(scene.keep_alive, {.zxid = Zxid(120)}, {event(110), event(120)},
                          {.zxid = Zxid(120)})});
  const Seen next = scene.take("keep_alive");
  EXPECT_EQ(next.acknowledged.zxid, Zxid(120));
  EXPECT_EQ(told, (std::vector<Zxid>{Zxid(110), Zxid(120)}));
}

// ---- Lull ---------------------------------------------------------------------------------------

// Reads in each of so many rounds of the loop, one after the other.
void read_for(asio::io_context& io, Lull& lull, int rounds) {
  if (rounds == 0) return;
  lull.on_read();
  asio::post(io, [&io, &lull, rounds] { read_for(io, lull, rounds - 1); });
}

TEST(Lull, WorkWaitsWhileThereIsSomethingToRead) {
  asio::io_context io{1};
  Lull& lull = Lull::of(io.get_executor());
  std::vector<std::string> order;
  lull.defer(io.get_executor(), [&] { order.push_back("first"); });
  lull.defer(io.get_executor(), [&] { order.push_back("second"); });
  read_for(io, lull, 8);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(order.empty()) << "after round " << i;
    io.run_one();  // The look,
    io.run_one();  // and the reading.
  }
  io.run();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second"}));
}

TEST(Lull, WorkWaitsForNoEndlessStream) {
  asio::io_context io{1};
  Lull& lull = Lull::of(io.get_executor());
  bool has_run = false;
  lull.defer(io.get_executor(), [&] { has_run = true; });
  std::function<void()> read = [&] {
    lull.on_read();
    if (!has_run) asio::post(io, read);
  };
  asio::post(io, read);
  run_until(io, [&] { return has_run; });
}

// A replica that tells very many pauses between them; the silence of one round is no end.
TEST(Lull, WorkOfManyWaitsForAMomentOfSilence) {
  asio::io_context io{1};
  Lull& lull = Lull::of(io.get_executor());
  std::size_t have_run = 0;
  for (int i = 0; i < 100; ++i) lull.defer(io.get_executor(), [&] { ++have_run; });
  io.poll();
  EXPECT_EQ(have_run, 0U);
  lull.defer(io.get_executor(), [&] { ++have_run; });
  run_until(io, [&] { return have_run == 101; });
}

TEST(Lull, ConnectionsOfOneContextShareOne) {
  asio::io_context one{1};
  asio::io_context other{1};
  EXPECT_EQ(&Lull::of(asio::make_strand(one)), &Lull::of(one.get_executor()));
  EXPECT_NE(&Lull::of(one.get_executor()), &Lull::of(other.get_executor()));
}

}  // namespace
}  // namespace holdfast::client::test
