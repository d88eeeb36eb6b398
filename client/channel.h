#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "client/lull.h"
#include "thrift/frame.h"

namespace holdfast::client {

// One connection to a replica: frames in, frames out. Everything happens on its executor, which
// runs one thing at a time.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  struct Listener {
    std::function<void()> on_connected;
    std::function<void(std::string_view message)> on_message;
    std::function<void(const std::string& why)> on_closed;  // Once, also if it was never connected.
  };

  Channel(boost::asio::any_io_executor executor, Listener listener);

  // "10.0.0.1:7101" or "[fd00::1]:7101".
  void open(const std::string& address);
  // Leaves with what else is sent in this turn, or at once.
  enum class Leave { kWithTheTurn, kNow };
  void send(const std::string& bytes, Leave leave);
  // Nothing is heard from it any more.
  void close();

 private:
  static boost::asio::awaitable<void> run(std::shared_ptr<Channel> self, std::string address);
  boost::asio::awaitable<std::string> connect(std::string address);
  void wait_readable();
  std::string take_what_came();
  void flush();
  void flush_when_writable();
  void fail_soon(const std::string& why);
  void fail(const std::string& why);

  boost::asio::any_io_executor executor_;
  Lull& lull_;
  Listener listener_;
  boost::asio::ip::tcp::socket socket_;
  FrameReader frames_;
  std::string outgoing_;
  std::size_t written_ = 0;    // So much of it is out.
  bool is_flush_due_ = false;  // It has been posted.
  bool is_blocked_ = false;    // The socket takes no more for the moment.
  bool is_closed_ = false;
};

}  // namespace holdfast::client
