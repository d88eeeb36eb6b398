#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tests/client/wire_script.h"

namespace holdfast::client::test {

// One replica of a cell that has one session, on a free port of this machine: it grants every lock
// but those that are busy, parks keep-alives, and remembers what it was asked. Its members may be
// called from the test's thread at any time.
class FakeCell {
 public:
  explicit FakeCell(std::int64_t lease_ms);
  FakeCell() : FakeCell(12'000) {}
  ~FakeCell();
  FakeCell(const FakeCell&) = delete;
  FakeCell& operator=(const FakeCell&) = delete;

  std::string endpoint() const;

  // Requests are swallowed while it is mute; those swallowed are not answered later.
  void set_mute(bool mute);
  // Requests of that method are swallowed.
  void ignore(const std::string& method);
  // Requests of that method are answered with what was true when they came, but not before
  // send_held().
  void hold(const std::string& method);
  void send_held();                        // And holds nothing any more.
  void set_busy(const std::string& path);  // The lock is held by somebody else.
  void set_sequencer_state(SequencerState state);
  // What gets of that path are answered from now on, without an event: it was written then.
  void set_contents(const std::string& path, const std::string& contents, Zxid modified);
  void set_absent(const std::string& path);  // Gets of that path are answered NO_NODE.
  // Requests of that method are answered with this error.
  void refuse(const std::string& method, ErrorCode code);
  // Answers parked keep-alives with the event, now or when one comes.
  void deliver(const Event& event);
  void break_connections();
  void stop();  // Closes the port too.

  // Waits until so many requests of that method have come; the last of them.
  Seen wait_for(const std::string& method, std::size_t count);
  Seen wait_for(const std::string& method) { return wait_for(method, 1); }
  std::size_t count(const std::string& method) const;

 private:
  struct Peer {
    explicit Peer(boost::asio::ip::tcp::socket connected) : socket(std::move(connected)) {}
    boost::asio::ip::tcp::socket socket;
    std::string outgoing;
    bool is_writing = false;
  };
  struct Parked {
    std::weak_ptr<Peer> peer;
    Seen seen;
  };

  static boost::asio::awaitable<void> accept(FakeCell* self);
  static boost::asio::awaitable<void> serve(FakeCell* self, std::shared_ptr<Peer> peer);
  static boost::asio::awaitable<void> write(std::shared_ptr<Peer> peer);
  static boost::asio::awaitable<void> end_keep_alive(FakeCell* self, Seen seen);
  void answer(const std::shared_ptr<Peer>& peer, const Seen& seen);
  bool is_held(const std::string& method) const;
  bool note(const Seen& seen);
  std::optional<std::string> reply_to(const std::shared_ptr<Peer>& peer, const Seen& seen);
  std::optional<std::string> refusal_of(const Seen& seen);
  std::string reply_to_get(const Seen& seen);
  std::optional<std::string> reply_to_acquire(const std::shared_ptr<Peer>& peer, const Seen& seen);
  void send(const std::shared_ptr<Peer>& peer, const std::string& message);
  void flush_events();
  ReplyHead head() const;

  const std::int64_t lease_ms_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  std::string endpoint_;

  // Of the server's thread.
  std::vector<std::weak_ptr<Peer>> peers_;
  std::vector<Parked> keep_alives_;
  std::vector<Parked> acquires_;
  std::vector<std::pair<std::weak_ptr<Peer>, std::string>> held_replies_;
  std::vector<Event> events_;
  std::uint64_t zxid_ = 100;

  mutable std::mutex mutex_;  // For what follows.
  std::condition_variable came_;
  std::vector<Seen> seen_;
  bool is_mute_ = false;
  std::set<std::string> ignored_;
  std::set<std::string> held_;
  std::set<std::string> busy_;
  SequencerState sequencer_state_ = SequencerState::kValid;
  struct Node {
    std::string contents;
    Zxid modified;
  };
  std::map<std::string, std::optional<Node>> nodes_;  // None: there is no such node.
  std::map<std::string, ErrorCode> refused_;          // By method.

  std::thread thread_;
};

}  // namespace holdfast::client::test
