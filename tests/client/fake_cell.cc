#include "tests/client/fake_cell.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "thrift/frame.h"
#include "zab/base/limits.h"

namespace holdfast::client::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr auto kPatience = std::chrono::seconds(20);

}  // namespace

FakeCell::FakeCell(std::int64_t lease_ms)
    : lease_ms_(lease_ms),
      acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      endpoint_("127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())) {
  asio::co_spawn(io_, accept(this), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

FakeCell::~FakeCell() {
  stop();
}

std::string FakeCell::endpoint() const {
  return endpoint_;
}

void FakeCell::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& weak : peers_) {
    if (const auto peer = weak.lock()) peer->socket.close(ignored);
  }
}

void FakeCell::break_connections() {
  asio::post(io_, [this] {
    for (const auto& weak : std::exchange(peers_, {})) {
      boost::system::error_code ignored;
      if (const auto peer = weak.lock()) peer->socket.close(ignored);
    }
  });
}

void FakeCell::set_mute(bool mute) {
  const std::lock_guard lock(mutex_);
  is_mute_ = mute;
}

void FakeCell::ignore(const std::string& method) {
  const std::lock_guard lock(mutex_);
  ignored_.insert(method);
}

void FakeCell::hold(const std::string& method) {
  const std::lock_guard lock(mutex_);
  held_.insert(method);
}

void FakeCell::send_held() {
  asio::post(io_, [this] {
    {
      const std::lock_guard lock(mutex_);
      held_.clear();
    }
    for (const auto& [held_for, reply] : std::exchange(held_replies_, {})) {
      if (const auto peer = held_for.lock()) send(peer, reply);
    }
  });
}

void FakeCell::set_busy(const std::string& path) {
  const std::lock_guard lock(mutex_);
  busy_.insert(path);
}

void FakeCell::set_sequencer_state(SequencerState state) {
  const std::lock_guard lock(mutex_);
  sequencer_state_ = state;
}

void FakeCell::set_contents(const std::string& path, const std::string& contents, Zxid modified) {
  const std::lock_guard lock(mutex_);
  nodes_[path] = Node{contents, modified};
}

void FakeCell::set_absent(const std::string& path) {
  const std::lock_guard lock(mutex_);
  nodes_[path] = std::nullopt;
}

void FakeCell::refuse(const std::string& method, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  refused_[method] = code;
}

void FakeCell::deliver(const Event& event) {
  asio::post(io_, [this, event] {
    events_.push_back(event);
    zxid_ = std::max(zxid_, event.name.zxid.value);
    flush_events();
  });
}

Seen FakeCell::wait_for(const std::string& method, std::size_t wanted) {
  std::unique_lock lock(mutex_);
  Seen last;
  const bool came = came_.wait_for(lock, kPatience, [&] {
    std::size_t found = 0;
    for (const Seen& seen : seen_) {
      if (seen.method != method) continue;
      last = seen;
      if (++found == wanted) return true;
    }
    return false;
  });
  EXPECT_TRUE(came) << "no request " << method << " came";
  return last;
}

std::size_t FakeCell::count(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  std::size_t found = 0;
  for (const Seen& seen : seen_) {
    if (seen.method == method) ++found;
  }
  return found;
}

asio::awaitable<void> FakeCell::accept(FakeCell* self) {
  while (true) {
    auto [error, socket] = co_await self->acceptor_.async_accept(kTuple);
    if (error) co_return;
    auto peer = std::make_shared<Peer>(std::move(socket));
    self->peers_.push_back(peer);
    asio::co_spawn(self->io_, serve(self, peer), asio::detached);
  }
}

asio::awaitable<void> FakeCell::serve(FakeCell* self, std::shared_ptr<Peer> peer) {
  FrameReader frames(limits::kClientFrameBytesMax);
  std::array<char, 4096> piece;
  while (true) {
    auto [error, size] = co_await peer->socket.async_read_some(asio::buffer(piece), kTuple);
    if (error) co_return;
    frames.feed(std::string_view(piece.data(), size));
    while (const auto frame = *frames.next()) self->answer(peer, parse_request(*frame));
  }
}

asio::awaitable<void> FakeCell::write(std::shared_ptr<Peer> peer) {
  while (!peer->outgoing.empty()) {
    const std::string batch = std::exchange(peer->outgoing, {});
    auto [error, size] = co_await asio::async_write(peer->socket, asio::buffer(batch), kTuple);
    if (error) break;
  }
  peer->is_writing = false;
}

// Without events a keep-alive is answered when it has waited as long as it asked for.
asio::awaitable<void> FakeCell::end_keep_alive(FakeCell* self, Seen seen) {
  asio::steady_timer timer(self->io_, std::chrono::milliseconds(seen.max_wait_ms));
  auto [error] = co_await timer.async_wait(kTuple);
  if (error) co_return;
  const auto is_it = [&seen](const Parked& parked) {
    return parked.seen.sequence_id == seen.sequence_id;
  };
  const auto found = std::find_if(self->keep_alives_.begin(), self->keep_alives_.end(), is_it);
  if (found == self->keep_alives_.end()) co_return;
  const auto peer = found->peer.lock();
  self->keep_alives_.erase(found);
  if (peer != nullptr) self->send(peer, kept_alive(seen, self->head(), {}, {}));
}

void FakeCell::send(const std::shared_ptr<Peer>& peer, const std::string& message) {
  append_frame(peer->outgoing, message);
  if (std::exchange(peer->is_writing, true)) return;
  asio::co_spawn(io_, write(peer), asio::detached);
}

ReplyHead FakeCell::head() const {
  return {.zxid = Zxid(zxid_), .lease_ms = lease_ms_};
}

void FakeCell::answer(const std::shared_ptr<Peer>& peer, const Seen& seen) {
  if (is_held(seen.method)) {
    // Made before wait_for() tells of the request: what the test does then is not in it.
    if (const auto reply = reply_to(peer, seen)) held_replies_.emplace_back(peer, *reply);
    note(seen);
    return;
  }
  if (!note(seen)) return;
  if (const auto reply = reply_to(peer, seen)) send(peer, *reply);
  flush_events();
}

bool FakeCell::is_held(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  return held_.contains(method);
}

// False when it is to be swallowed.
bool FakeCell::note(const Seen& seen) {
  bool swallow = false;
  {
    const std::lock_guard lock(mutex_);
    swallow = is_mute_ || ignored_.contains(seen.method);
    seen_.push_back(seen);
  }
  came_.notify_all();
  return !swallow;
}

std::optional<std::string> FakeCell::reply_to(const std::shared_ptr<Peer>& peer, const Seen& seen) {
  if (const auto refusal = refusal_of(seen)) return refusal;
  if (seen.method == "open_session") return opened(seen, head(), SessionId(41));
  if (seen.method == "keep_alive") {
    std::erase_if(events_, [&](const Event& event) { return event.name <= seen.acknowledged; });
    keep_alives_.push_back({peer, seen});
    asio::co_spawn(io_, end_keep_alive(this, seen), asio::detached);
    return std::nullopt;
  }
  if (seen.method == "acquire") return reply_to_acquire(peer, seen);
  if (seen.method == "cancel") {
    for (const Parked& parked : std::exchange(acquires_, {})) {
      const auto there = parked.peer.lock();
      if (there != nullptr) {
        send(there, failed(parked.seen, head(), {.code = ErrorCode::kCancelled, .message = "."}));
      }
    }
  }
  if (seen.method == "watch") return watch_set(seen, head(), Zxid(zxid_));
  if (seen.method == "get") return reply_to_get(seen);
  if (seen.method == "check_sequencers") {
    const std::lock_guard lock(mutex_);
    return checked(seen, head(), sequencer_state_);
  }
  return done(seen, head());
}

std::optional<std::string> FakeCell::refusal_of(const Seen& seen) {
  const std::lock_guard lock(mutex_);
  const auto refused = refused_.find(seen.method);
  if (refused == refused_.end()) return std::nullopt;
  return failed(seen, head(), {.code = refused->second, .message = "refused"});
}

std::string FakeCell::reply_to_get(const Seen& seen) {
  const std::lock_guard lock(mutex_);
  const auto node = nodes_.find(seen.path);
  if (node == nodes_.end()) return got(seen, head(), "contents of " + seen.path, Zxid(1));
  if (node->second) return got(seen, head(), node->second->contents, node->second->modified);
  return failed(seen, head(), {.code = ErrorCode::kNoNode, .message = "absent"});
}

std::optional<std::string> FakeCell::reply_to_acquire(const std::shared_ptr<Peer>& peer,
                                                      const Seen& seen) {
  bool is_busy = false;
  {
    const std::lock_guard lock(mutex_);
    is_busy = busy_.contains(seen.path);
  }
  if (!is_busy) {
    ++zxid_;
    return granted(seen, head(),
                   {.sequencer = "1:x:" + std::to_string(zxid_),
                    .generation = Zxid(zxid_),
                    .acquisition = Zxid(zxid_),
                    .instance = Zxid(1)});
  }
  if (seen.wait_ms == 0) {
    return failed(seen, head(), {.code = ErrorCode::kLockHeld, .message = "held"});
  }
  if (seen.max_wait_ms <= 1) return waiting(seen, head(), 1);
  acquires_.push_back({peer, seen});
  return std::nullopt;
}

void FakeCell::flush_events() {
  if (events_.empty()) return;
  for (const Parked& parked : std::exchange(keep_alives_, {})) {
    const auto peer = parked.peer.lock();
    if (peer == nullptr) continue;
    ReplyHead with_events = head();
    with_events.events_through = events_.back().name;
    send(peer, kept_alive(parked.seen, with_events, events_, events_.back().name));
  }
}

}  // namespace holdfast::client::test
