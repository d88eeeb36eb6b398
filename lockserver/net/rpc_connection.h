#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "lockserver/net/lock_service.h"
#include "thrift/frame.h"

namespace holdfast::net {

class RpcServer;

// One client's connection. Waits for bytes without a buffer of its own, so an idle one is small.
class RpcConnection : public std::enable_shared_from_this<RpcConnection> {
 public:
  RpcConnection(RpcServer& server, std::uint64_t id, boost::asio::ip::tcp::socket socket);

  void start();
  // Sends the replies that have gathered.
  void flush();
  // Closes at once; nobody is told.
  void close();
  bool is_open() const { return open_; }

 private:
  void wait_readable();
  void on_readable();
  // False when the connection was closed.
  bool take_frames();
  void on_reply(std::string message, std::size_t call_bytes);
  void resume();
  void flush_when_writable();
  void fail_soon(const std::string& reason);
  void fail(const std::string& reason);
  // With so many calls open, or such large ones, the connection is not read until some are
  // answered.
  bool is_saturated() const;

  RpcServer& server_;
  std::uint64_t id_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::endpoint client_;
  LockService::Lane lane_;
  FrameReader reader_;
  std::string queued_;
  std::size_t written_ = 0;  // So much of it is out.
  std::size_t open_calls_ = 0;
  std::size_t open_bytes_ = 0;  // Of those calls.
  bool reading_ = false;
  bool is_blocked_ = false;  // The socket takes no more for the moment.
  bool flush_wanted_ = false;
  bool open_ = true;
};

}  // namespace holdfast::net
