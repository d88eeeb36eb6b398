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
      listener_(std::move(listener)),
      socket_(executor_),
      frames_(limits::kClientFrameBytesMax) {}

void Channel::open(const std::string& address) {
  asio::co_spawn(executor_, run(shared_from_this(), address), asio::detached);
}

asio::awaitable<void> Channel::run(std::shared_ptr<Channel> self, std::string address) {
  std::string failure = co_await self->connect(std::move(address));
  if (failure.empty() && !self->is_closed_) {
    self->listener_.on_connected();
    failure = co_await self->read();
  }
  self->fail(failure);
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

// Answers why the connection ended. Waits without a buffer: a program may have thousands of
// sessions that say nothing for most of the time.
asio::awaitable<std::string> Channel::read() {
  while (!is_closed_) {
    auto [failure] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
    if (failure) co_return failure.message();
    if (is_closed_) break;
    const std::string why = take_what_came();
    if (!why.empty()) co_return why;
  }
  co_return "closed";
}

// Answers why nothing more can be read; empty while it can.
std::string Channel::take_what_came() {
  static thread_local std::array<char, kReadBytes> piece;
  boost::system::error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(piece), error);
  if (error == asio::error::would_block) return {};
  if (error) return error == asio::error::eof ? "closed by the replica" : error.message();
  frames_.feed(std::string_view(piece.data(), size));
  while (!is_closed_) {
    const Result<std::optional<std::string_view>> frame = frames_.next();
    if (!frame.ok()) return frame.status().message();
    if (!frame->has_value()) break;
    listener_.on_message(**frame);
  }
  return {};
}

// Behind what happens in this turn: requests that are made together leave together.
void Channel::send(const std::string& bytes) {
  if (is_closed_) return;
  outgoing_ += bytes;
  if (is_writing_) return;
  is_writing_ = true;
  asio::post(executor_, [self = shared_from_this()] { self->flush(); });
}

void Channel::flush() {
  while (!is_closed_ && written_ < outgoing_.size()) {
    boost::system::error_code error;
    written_ += socket_.write_some(
        asio::buffer(outgoing_.data() + written_, outgoing_.size() - written_), error);
    if (error == asio::error::would_block) {
      return socket_.async_wait(
          tcp::socket::wait_write,
          [self = shared_from_this()](boost::system::error_code) { self->flush(); });
    }
    if (error) return fail(error.message());
  }
  written_ = 0;
  outgoing_.clear();
  if (outgoing_.capacity() > kKeptBytes) outgoing_ = {};
  is_writing_ = false;
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
