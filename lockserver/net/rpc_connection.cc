#include "lockserver/net/rpc_connection.h"

#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "lockserver/net/rpc_routes.h"
#include "lockserver/net/rpc_server.h"
#include "zab/base/limits.h"

namespace holdfast::net {

namespace {
using boost::asio::ip::tcp;

// One connection's share of a turn of the strand, so that a busy client does not keep the others
// waiting.
constexpr int kReadsPerTurn = 4;

// Calls that wait are kept whole, perhaps until there is a leader: as many as the number of open
// calls allows, of the largest size, would be gigabytes.
constexpr std::size_t kOpenBytesMax = 8 * 1024 * 1024;
}  // namespace

RpcConnection::RpcConnection(RpcServer& server, std::uint64_t id, tcp::socket socket)
    : server_(server),
      id_(id),
      socket_(std::move(socket)),
      lane_(server.service_->open_lane()),
      reader_(limits::kClientFrameBytesMax) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  // When the connection is reset it knows this no more.
  client_ = socket_.remote_endpoint(ignored);
}

void RpcConnection::start() {
  wait_readable();
}

bool RpcConnection::is_saturated() const {
  return open_calls_ >= limits::kConnectionPendingMax || open_bytes_ >= kOpenBytesMax;
}

void RpcConnection::wait_readable() {
  if (!open_ || reading_ || is_saturated()) return;
  reading_ = true;
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](boost::system::error_code error) {
                       self->reading_ = false;
                       if (!self->open_) return;
                       if (error) return self->fail(error.message());
                       self->on_readable();
                     });
}

void RpcConnection::on_readable() {
  for (int i = 0; i < kReadsPerTurn && !is_saturated(); ++i) {
    boost::system::error_code error;
    const std::size_t bytes = socket_.read_some(boost::asio::buffer(server_.read_buffer_), error);
    if (error == boost::asio::error::would_block) break;
    if (error) return fail(error == boost::asio::error::eof ? "" : error.message());
    reader_.feed(std::string_view(server_.read_buffer_.data(), bytes));
    if (!take_frames()) return;
    if (bytes < server_.read_buffer_.size()) break;
  }
  wait_readable();
}

bool RpcConnection::take_frames() {
  while (open_ && !is_saturated()) {
    const Result<std::optional<std::string_view>> frame = reader_.next();
    if (!frame.ok()) {
      fail(frame.status().message());
      return false;
    }
    if (!frame->has_value()) return true;
    const std::size_t bytes = (*frame)->size();
    ++open_calls_;
    open_bytes_ += bytes;
    const Status status = route(*server_.service_, lane_, **frame,
                                [weak = weak_from_this(), bytes](std::string message) {
                                  if (const auto self = weak.lock()) {
                                    self->on_reply(std::move(message), bytes);
                                  }
                                });
    if (!status.ok()) {
      fail(status.message());
      return false;
    }
  }
  return open_;
}

void RpcConnection::on_reply(std::string message, std::size_t call_bytes) {
  if (!open_) return;
  const bool was_saturated = is_saturated();
  --open_calls_;
  open_bytes_ -= call_bytes;
  append_frame(queued_, message);
  if (queued_.size() > limits::kConnectionOutBytesMax) return fail("the client does not read");
  if (!flush_wanted_) {
    flush_wanted_ = true;
    server_.flush_soon(shared_from_this());
  }
  if (was_saturated && !is_saturated()) resume();
}

// Not at once: the reply may have come from within take_frames().
void RpcConnection::resume() {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->open_ && self->take_frames()) self->wait_readable();
  });
}

void RpcConnection::flush() {
  flush_wanted_ = false;
  if (!open_ || is_blocked_) return;
  while (written_ < queued_.size()) {
    boost::system::error_code error;
    written_ += socket_.write_some(
        boost::asio::buffer(queued_.data() + written_, queued_.size() - written_), error);
    if (error == boost::asio::error::would_block) return flush_when_writable();
    if (error) return fail_soon(error.message());
  }
  written_ = 0;
  queued_.clear();
  queued_.shrink_to_fit();
}

void RpcConnection::flush_when_writable() {
  queued_.erase(0, std::exchange(written_, 0));
  is_blocked_ = true;
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this()](boost::system::error_code error) {
                       self->is_blocked_ = false;
                       if (!self->open_) return;
                       if (error) return self->fail(error.message());
                       self->flush();
                     });
}

// Whoever flushes may be in the middle of answering.
void RpcConnection::fail_soon(const std::string& reason) {
  boost::asio::post(socket_.get_executor(),
                    [self = shared_from_this(), reason] { self->fail(reason); });
}

void RpcConnection::close() {
  if (!open_) return;
  open_ = false;
  server_.service_->close_lane(lane_);
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void RpcConnection::fail(const std::string& reason) {
  if (!open_) return;
  std::string why = reason;
  if (why.empty() && reader_.buffered_bytes() > 0) {
    why = "it ended within a frame, after " + std::to_string(reader_.buffered_bytes()) +
          " bytes of it";
  }
  if (!why.empty()) {
    server_.log_("closing the client connection from " + client_.address().to_string() + ":" +
                 std::to_string(client_.port()) + ": " + why);
  }
  close();
  server_.forget(id_);
}

}  // namespace holdfast::net
