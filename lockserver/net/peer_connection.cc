#include "lockserver/net/peer_connection.h"

#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "zab/base/limits.h"

namespace holdfast::net {

namespace {
// Above this a peer does not read what it is sent; the core's own bounds on what is in flight are
// lower.
constexpr std::size_t kUnsentBytesMax = 2 * limits::kLearnerInFlightBytesMax;
}  // namespace

PeerConnection::PeerConnection(boost::asio::ip::tcp::socket socket)
    : socket_(std::move(socket)), reader_(limits::kPeerFrameBytesMax) {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

void PeerConnection::start(Handlers handlers) {
  set_handlers(std::move(handlers));
  read();
}

void PeerConnection::set_handlers(Handlers handlers) {
  handlers_ = std::make_shared<Handlers>(std::move(handlers));
}

void PeerConnection::read() {
  if (!open_) return;
  socket_.async_read_some(
      boost::asio::buffer(in_),
      [self = shared_from_this()](boost::system::error_code error, std::size_t bytes) {
        if (!self->open_) return;
        if (error) return self->fail(error.message());
        self->on_bytes(bytes);
      });
}

void PeerConnection::on_bytes(std::size_t bytes) {
  reader_.feed(std::string_view(in_.data(), bytes));
  while (open_) {
    const Result<std::optional<std::string_view>> frame = reader_.next();
    if (!frame.ok()) return fail(frame.status().message());
    if (!frame->has_value()) break;
    // The handler may replace the handlers or close us while it runs: hold on to it.
    const std::shared_ptr<Handlers> handlers = handlers_;
    const Status status = handlers->on_frame(**frame);
    if (!status.ok()) return fail(status.message());
  }
  if (!open_) return;
  const std::shared_ptr<Handlers> handlers = handlers_;
  if (handlers->on_read_done) handlers->on_read_done();
  read();
}

void PeerConnection::queue(std::string_view frame) {
  if (!open_) return;
  append_frame(queued_, frame);
  unsent_bytes_ = queued_.size() + writing_bytes_.size();
}

void PeerConnection::flush() {
  if (!open_ || writing_ || queued_.empty()) return;
  if (unsent_bytes_ > kUnsentBytesMax) return fail("the peer does not read");
  writing_ = true;
  writing_bytes_.swap(queued_);
  queued_.clear();
  boost::asio::async_write(
      socket_, boost::asio::buffer(writing_bytes_),
      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
        self->writing_ = false;
        self->writing_bytes_.clear();
        self->unsent_bytes_ = self->queued_.size();
        if (!self->open_) return;
        if (error) return self->fail(error.message());
        if (!self->queued_.empty()) return self->flush();
        if (self->close_when_written_) return self->close();
        const std::shared_ptr<Handlers> handlers = self->handlers_;
        if (handlers->on_drained) handlers->on_drained();
      });
}

void PeerConnection::close() {
  if (!open_) return;
  open_ = false;
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void PeerConnection::close_after_writing() {
  close_when_written_ = true;
  if (writing_) return;
  if (queued_.empty()) return close();
  flush();
}

void PeerConnection::fail(const std::string& reason) {
  if (!open_) return;
  close();
  const std::shared_ptr<Handlers> handlers = handlers_;
  if (handlers->on_closed) handlers->on_closed(reason);
}

}  // namespace holdfast::net
