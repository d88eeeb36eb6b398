#include "client/channel.h"

#include <array>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "client/endpoint.h"
#include "zab/base/limits.h"

namespace holdfast::client {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kKeptBytes = 16 * 1024;  // Of the buffer, when all of it is sent.

std::optional<tcp::endpoint> parse(const std::string& text) {
  const Result<Endpoint> parsed = Endpoint::parse(text);
  if (!parsed.ok()) return std::nullopt;
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(parsed->host, error);
  if (error) return std::nullopt;
  return tcp::endpoint(address, parsed->port);
}

}  // namespace

Channel::Channel(asio::any_io_executor executor, Listener listener)
    : executor_(std::move(executor)),
      lull_(Lull::of(executor_)),
      listener_(std::move(listener)),
      socket_(executor_),
      frames_(limits::kClientFrameBytesMax) {}

void Channel::open(const std::string& address) {
  asio::co_spawn(executor_, run(shared_from_this(), address), asio::detached);
}

asio::awaitable<void> Channel::run(std::shared_ptr<Channel> self, std::string address) {
  const std::string failure = co_await self->connect(std::move(address));
  if (self->is_closed_) co_return;
  if (!failure.empty()) co_return self->fail(failure);
  self->listener_.on_connected();
  self->wait_readable();
}

// Answers why there is no connection; empty if there is one.
asio::awaitable<std::string> Channel::connect(std::string address) {
  const std::optional<tcp::endpoint> there = parse(address);
  if (!there) co_return "not an address with a port";
  auto [unconnected] = co_await socket_.async_connect(*there, kTuple);
  if (unconnected) co_return unconnected.message();
  // Requests are small and each is waited for.
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  co_return std::string();
}

// Waits without a buffer: a program may have thousands of sessions that say nothing for most of the
// time. No coroutine, because all that comes from the cell passes here.
void Channel::wait_readable() {
  if (is_closed_) return;
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](boost::system::error_code failure) {
                       if (self->is_closed_) return;
                       if (failure) return self->fail(failure.message());
                       const std::string why = self->take_what_came();
                       if (!why.empty()) return self->fail(why);
                       self->wait_readable();
                     });
}

// Answers why nothing more can be read; empty while it can.
std::string Channel::take_what_came() {
  static thread_local std::array<char, kReadBytes> piece;
  boost::system::error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(piece), error);
  if (error == asio::error::would_block) return {};
  if (error) return error == asio::error::eof ? "closed by the replica" : error.message();
  lull_.on_read();
  frames_.feed(std::string_view(piece.data(), size));
  while (!is_closed_) {
    const Result<std::optional<std::string_view>> frame = frames_.next();
    if (!frame.ok()) return frame.status().message();
    if (!frame->has_value()) break;
    listener_.on_message(**frame);
  }
  return {};
}

// Requests that are made together leave together, behind what happens in this turn.
void Channel::send(const std::string& bytes, Leave leave) {
  if (is_closed_) return;
  outgoing_ += bytes;
  if (is_blocked_) return;
  if (leave == Leave::kNow) return flush();
  if (std::exchange(is_flush_due_, true)) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->is_flush_due_ = false;
    if (!self->is_blocked_) self->flush();
  });
}

void Channel::flush() {
  while (!is_closed_ && written_ < outgoing_.size()) {
    boost::system::error_code error;
    written_ += socket_.write_some(
        asio::buffer(outgoing_.data() + written_, outgoing_.size() - written_), error);
    if (error == asio::error::would_block) return flush_when_writable();
    if (error) return fail_soon(error.message());
  }
  written_ = 0;
  outgoing_.clear();
  if (outgoing_.capacity() > kKeptBytes) outgoing_ = {};
}

void Channel::flush_when_writable() {
  is_blocked_ = true;
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this()](boost::system::error_code) {
                       self->is_blocked_ = false;
                       self->flush();
                     });
}

// Whoever sends is in the middle of something.
void Channel::fail_soon(const std::string& why) {
  asio::post(executor_, [self = shared_from_this(), why] { self->fail(why); });
}

void Channel::fail(const std::string& why) {
  if (is_closed_) return;
  close();
  listener_.on_closed(why);
}

void Channel::close() {
  is_closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace holdfast::client
