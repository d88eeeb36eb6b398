#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lockserver/net/lock_service.h"
#include "zab/base/status.h"

namespace holdfast::net {

class RpcConnection;

// Where clients connect: Thrift's framed transport over TCP, the binary or the compact protocol.
// Lives on the strand; a connection is a lane of the service, and a call that waits is a callback
// and nothing else. Whatever breaks the protocol closes its own connection with a logged reason.
class RpcServer {
 public:
  struct Options {
    std::string host;
    std::uint16_t port = 0;  // 0 lets the system choose; see port().
    std::size_t connections_max = 0;
  };
  using Log = std::function<void(const std::string&)>;

  RpcServer(boost::asio::io_context& io, Options options, Log log);
  ~RpcServer();

  Status listen();  // The failure names the address.
  std::uint16_t port() const;
  // Begins to accept. `service` must outlive this.
  void start(LockService& service);
  // Takes no new connections; those that stand go on.
  void stop_accepting();
  // Closes every connection.
  void stop();

 private:
  friend class RpcConnection;

  void accept();
  void accept_later();
  void on_accepted(boost::asio::ip::tcp::socket socket);
  void forget(std::uint64_t id);
  void flush_soon(const std::shared_ptr<RpcConnection>& connection);
  void flush_all();

  boost::asio::io_context& io_;
  Options options_;
  Log log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  LockService* service_ = nullptr;
  bool full_logged_ = false;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<RpcConnection>> connections_;
  std::vector<std::shared_ptr<RpcConnection>> to_flush_;
  std::string read_buffer_;  // Shared by all connections: an idle one holds no buffer.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace holdfast::net
