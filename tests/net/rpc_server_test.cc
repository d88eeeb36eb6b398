#include "lockserver/net/rpc_server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include "tests/net/line.h"
#include "thrift/frame.h"
#include "zab/base/limits.h"

// The server on real sockets of loopback, in one thread: the test runs the strand and the replica's
// clock in turns.

namespace holdfast::net {
namespace {

using boost::asio::ip::tcp;
using testing::Edge;
using testing::StockClient;

std::string framed(std::string_view message) {
  std::string bytes;
  append_frame(bytes, message);
  return bytes;
}

std::string exists_call(std::int32_t sequence_id) {
  api::LockService_exists_args args;
  args.request.path = "/";
  args.__isset.request = true;
  return encode_message(
      {.protocol = WireProtocol::kBinary, .method = "exists", .sequence_id = sequence_id}, args);
}

// A client's end that never blocks.
class Socket {
 public:
  Socket(boost::asio::io_context& io, std::uint16_t port) : socket_(io) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    socket_.non_blocking(true);
  }
  // Writes as much as the kernel takes of what has not been written yet.
  void push() {
    boost::system::error_code error;
    const std::size_t bytes = socket_.write_some(boost::asio::buffer(unsent_), error);
    if (!error) unsent_.erase(0, bytes);
  }
  void send(std::string_view bytes) {
    unsent_ += bytes;
    push();
  }
  // Reads what has come.
  void pull() {
    std::string piece(1 << 16, '\0');
    while (!ended_) {
      boost::system::error_code error;
      const std::size_t bytes = socket_.read_some(boost::asio::buffer(piece), error);
      if (error == boost::asio::error::would_block) return;
      if (error) {
        ended_ = true;
        return;
      }
      reader_.feed(std::string_view(piece).substr(0, bytes));
      while (true) {
        const auto frame = reader_.next();
        if (!frame.ok() || !frame->has_value()) break;
        frames_.emplace_back(**frame);
      }
    }
  }
  void close() { socket_.close(); }
  void end_writing() { socket_.shutdown(tcp::socket::shutdown_send); }
  bool ended() const { return ended_; }
  std::size_t unsent() const { return unsent_.size(); }
  const std::vector<std::string>& frames() const { return frames_; }
  std::uint16_t port() const { return socket_.local_endpoint().port(); }

 private:
  tcp::socket socket_;
  FrameReader reader_{limits::kClientFrameBytesMax};
  std::string unsent_;
  std::vector<std::string> frames_;
  bool ended_ = false;
};

class RpcServerTest : public ::testing::Test {
 protected:
  void start(std::size_t connections_max) {
    server_ = std::make_unique<RpcServer>(
        io_, RpcServer::Options{.host = "127.0.0.1", .port = 0, .connections_max = connections_max},
        [this](const std::string& line) { log_.push_back(line); });
    const Status listening = server_->listen();
    ASSERT_TRUE(listening.ok()) << listening.message();
    server_->start(edge_.service);
  }
  void SetUp() override { start(100); }
  void TearDown() override {
    server_.reset();
    io_.restart();
    io_.poll();
  }

  Socket& connect() {
    sockets_.push_back(std::make_unique<Socket>(io_, server_->port()));
    return *sockets_.back();
  }
  // The strand, the replica and the clients go on until it holds; false when it never does.
  bool run_until(const std::function<bool()>& holds) {
    using Clock = std::chrono::steady_clock;
    for (const auto end = Clock::now() + std::chrono::seconds(10); !holds();) {
      if (Clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(1));
      io_.poll();
      edge_.cell.settle();
      for (const auto& socket : sockets_) {
        socket->push();
        if (reading_) socket->pull();
      }
    }
    return true;
  }
  bool has_logged(const std::string& words) const {
    return std::any_of(log_.begin(), log_.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }
  void expect_alive() {
    Socket& probe = connect();
    probe.send(framed(exists_call(1)));
    EXPECT_TRUE(run_until([&] { return probe.frames().size() == 1; })) << "the others are served";
  }
  std::uint64_t lanes() { return edge_.cell.replica(1).status().lanes; }

  Edge edge_;
  boost::asio::io_context io_;
  std::vector<std::string> log_;
  std::unique_ptr<RpcServer> server_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  bool reading_ = true;
};

TEST_F(RpcServerTest, PipelinedCallsAreAnsweredInTheirOrder) {
  Socket& client = connect();
  std::string bytes;
  for (std::int32_t i = 1; i <= 500; ++i) bytes += framed(exists_call(i));
  client.send(bytes);
  ASSERT_TRUE(run_until([&] { return client.frames().size() == 500; }));
  for (std::int32_t i = 1; i <= 500; ++i) {
    const std::string& frame = client.frames()[static_cast<std::size_t>(i) - 1];
    EXPECT_EQ(decode_message_head(frame, kReplyLimits)->sequence_id, i);
  }
}

TEST_F(RpcServerTest, AFrameMayComeInPieces) {
  Socket& client = connect();
  const std::string bytes = framed(exists_call(3)) + framed(exists_call(4));
  for (const char byte : bytes) {
    client.send(std::string(1, byte));
    run_until([turns = 2]() mutable { return turns-- == 0; });
  }
  EXPECT_TRUE(run_until([&] { return client.frames().size() == 2; }));
}

TEST_F(RpcServerTest, ACallThatWaitsIsOvertaken) {
  testing::Caller caller(edge_);
  api::ResumeSessionRequest resume;
  resume.header.session_id = caller.session;
  resume.secret = caller.secret;
  api::KeepAliveRequest keep;
  keep.header = caller.header();
  keep.max_wait_ms = 3'000;
  Socket& client = connect();
  client.send(
      framed(StockClient(WireProtocol::kBinary)
                 .call(&api::LockServiceClient::send_resume_session, resume)) +
      framed(
          StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_keep_alive, keep)) +
      framed(exists_call(3)));
  ASSERT_TRUE(run_until([&] { return client.frames().size() == 2; }));
  EXPECT_EQ(decode_message_head(client.frames()[1], kReplyLimits)->method, "exists");
  edge_.cell.advance(3'100);
  ASSERT_TRUE(run_until([&] { return client.frames().size() == 3; }));
  EXPECT_EQ(decode_message_head(client.frames()[2], kReplyLimits)->method, "keep_alive");
}

TEST_F(RpcServerTest, WhatBreaksTheProtocolClosesItsOwnConnection) {
  struct Case {
    std::string bytes;
    std::string words;
  };
  const std::vector<Case> cases = {
      {std::string("\x00\x20\x00\x01", 4), "2097153"},
      {"\xff\xff\xff\xff", "closing the client connection"},
      {std::string(4, '\0'), "closing the client connection"},
      {"GET / HTTP/1.1\r\n\r\n", "closing the client connection"},
      {framed("no message"), "closing the client connection"},
      {framed(exists_call(1) + "x"), "after the end"},
  };
  for (const Case& one : cases) {
    log_.clear();
    Socket& client = connect();
    client.send(one.bytes);
    EXPECT_TRUE(run_until([&] { return client.ended(); })) << one.words;
    EXPECT_TRUE(has_logged(one.words)) << one.words;
    EXPECT_TRUE(has_logged(std::to_string(client.port()))) << "it says which";
    EXPECT_TRUE(client.frames().empty());
  }
  expect_alive();
}

TEST_F(RpcServerTest, AFrameThatEndsInItsMiddleIsLoggedAndOneThatEndsBetweenIsNot) {
  Socket& half = connect();
  half.send(framed(exists_call(1)).substr(0, 10));
  half.end_writing();
  ASSERT_TRUE(run_until([&] { return half.ended(); }));
  EXPECT_TRUE(has_logged("it ended within a frame, after 10 bytes of it"));
  log_.clear();
  Socket& whole = connect();
  whole.send(framed(exists_call(1)));
  ASSERT_TRUE(run_until([&] { return whole.frames().size() == 1; }));
  whole.end_writing();
  ASSERT_TRUE(run_until([&] { return whole.ended(); }));
  EXPECT_TRUE(log_.empty());
}

TEST_F(RpcServerTest, AConnectionThatEndsLeavesNothingBehind) {
  testing::Caller caller(edge_);
  const std::uint64_t before = lanes();
  api::ResumeSessionRequest resume;
  resume.header.session_id = caller.session;
  resume.secret = caller.secret;
  api::KeepAliveRequest keep;
  keep.header = caller.header();
  keep.max_wait_ms = 3'000;
  Socket& client = connect();
  client.send(
      framed(StockClient(WireProtocol::kBinary)
                 .call(&api::LockServiceClient::send_resume_session, resume)) +
      framed(
          StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_keep_alive, keep)));
  ASSERT_TRUE(run_until([&] { return edge_.cell.replica(1).status().held_calls == 1; }));
  client.close();
  EXPECT_TRUE(run_until([&] { return lanes() == before; }));
  EXPECT_EQ(edge_.cell.replica(1).status().held_calls, 0U);
}

TEST_F(RpcServerTest, WithManyCallsOpenAConnectionIsNotReadUntilSomeAreAnswered) {
  edge_.cell.node(1).disk->stalled = true;
  Socket& client = connect();
  api::OpenSessionRequest open;
  open.secret = std::string(16, 'o');
  const std::string call = framed(
      StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_open_session, open));
  std::string bytes;
  const std::size_t kCalls = limits::kConnectionPendingMax + 1'000;
  for (std::size_t i = 0; i < kCalls; ++i) bytes += call;
  client.send(bytes);
  run_until([turns = 50]() mutable { return turns-- == 0; });
  EXPECT_TRUE(client.frames().empty());
  edge_.cell.node(1).disk->stalled = false;
  ASSERT_TRUE(run_until([&] { return client.frames().size() == kCalls; }));
  for (const std::string& frame : client.frames()) {
    const auto answer =
        StockClient(WireProtocol::kBinary, frame).reply(&api::LockServiceClient::recv_open_session);
    ASSERT_TRUE(std::holds_alternative<api::OpenSessionReply>(answer))
        << "none was refused for being too many";
  }
}

TEST_F(RpcServerTest, WithLargeCallsOpenAConnectionIsNotReadEither) {
  testing::Caller caller(edge_);
  api::ResumeSessionRequest resume;
  resume.header.session_id = caller.session;
  resume.secret = caller.secret;
  Socket& client = connect();
  client.send(framed(StockClient(WireProtocol::kBinary)
                         .call(&api::LockServiceClient::send_resume_session, resume)));
  ASSERT_TRUE(run_until([&] { return client.frames().size() == 1; }));
  edge_.cell.node(1).disk->stalled = true;
  auto create = testing::create_node(caller.header(), "/a");
  create.contents = std::string(limits::kContentBytesMax, 'c');
  const std::size_t kCalls = 100;  // 25 MiB.
  std::string bytes;
  for (std::size_t i = 1; i <= kCalls; ++i) {
    create.header.request_number = static_cast<std::int64_t>(i);
    bytes += framed(
        StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_create, create));
  }
  client.send(bytes);
  run_until([turns = 300]() mutable { return turns-- == 0; });
  const std::size_t taken = bytes.size() - client.unsent();
  EXPECT_LT(taken, bytes.size()) << "the server has stopped to read";
  edge_.cell.node(1).disk->stalled = false;
  EXPECT_TRUE(run_until([&] { return client.frames().size() == 1 + kCalls; }));
}

TEST_F(RpcServerTest, AClientThatDoesNotReadIsLeft) {
  testing::Caller caller(edge_);
  auto create = testing::create_node(caller.next(), "/large");
  create.contents = std::string(limits::kContentBytesMax, 'c');
  caller.get(HOLDFAST_METHOD(create), create);
  api::GetRequest get;
  get.path = "/large";
  const std::string call =
      framed(StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_get, get));
  Socket& client = connect();
  reading_ = false;
  const std::uint64_t before = lanes();
  std::string bytes;
  for (int i = 0; i < 400; ++i) bytes += call;
  client.send(bytes);
  EXPECT_TRUE(run_until([&] { return has_logged("the client does not read"); }));
  EXPECT_TRUE(run_until([&] { return lanes() < before + 1; }));
  reading_ = true;
  expect_alive();
}

TEST_F(RpcServerTest, BeyondTheirNumberConnectionsAreRefusedAndLoggedOnce) {
  server_.reset();
  start(2);
  Socket& one = connect();
  Socket& two = connect();
  one.send(framed(exists_call(1)));
  two.send(framed(exists_call(1)));
  ASSERT_TRUE(run_until([&] { return one.frames().size() + two.frames().size() == 2; }));
  for (int i = 0; i < 3; ++i) {
    Socket& refused = connect();
    ASSERT_TRUE(run_until([&] { return refused.ended(); }));
  }
  EXPECT_EQ(log_.size(), 1U);
  EXPECT_TRUE(has_logged("client_connections_max of 2"));
  one.close();
  ASSERT_TRUE(run_until([&] { return lanes() == 1; }));
  expect_alive();
}

TEST_F(RpcServerTest, StoppingToAcceptLeavesThoseWhoAreThere) {
  Socket& client = connect();
  client.send(framed(exists_call(1)));
  ASSERT_TRUE(run_until([&] { return client.frames().size() == 1; }));
  const std::uint16_t port = server_->port();
  server_->stop_accepting();
  client.send(framed(exists_call(2)));
  EXPECT_TRUE(run_until([&] { return client.frames().size() == 2; }));
  tcp::socket late(io_);
  boost::system::error_code error;
  late.connect({boost::asio::ip::make_address("127.0.0.1"), port}, error);
  EXPECT_TRUE(error);
  server_->stop();
  EXPECT_TRUE(run_until([&] { return client.ended(); }));
  EXPECT_EQ(lanes(), 0U);
}

}  // namespace
}  // namespace holdfast::net
