#include "lockserver/net/rpc_server.h"

#include <chrono>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "lockserver/net/listen.h"
#include "lockserver/net/rpc_connection.h"
#include "zab/base/limits.h"

namespace holdfast::net {

namespace {
using boost::asio::ip::tcp;
constexpr std::size_t kReadBufferBytes = 256 * 1024;
constexpr std::chrono::milliseconds kAcceptRetry{100};
}  // namespace

RpcServer::RpcServer(boost::asio::io_context& io, Options options, Log log)
    : io_(io),
      options_(std::move(options)),
      log_(std::move(log)),
      acceptor_(io),
      retry_(io),
      read_buffer_(kReadBufferBytes, '\0') {
  if (options_.connections_max == 0) options_.connections_max = limits::kClientConnectionsMax;
}

RpcServer::~RpcServer() {
  stop();
}

Status RpcServer::listen() {
  return net::listen(acceptor_,
                     {.host = options_.host, .port = options_.port, .for_whom = "clients"});
}

std::uint16_t RpcServer::port() const {
  boost::system::error_code error;
  return acceptor_.local_endpoint(error).port();
}

void RpcServer::start(LockService& service) {
  service_ = &service;
  accept();
}

void RpcServer::stop_accepting() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void RpcServer::stop() {
  *alive_ = false;
  stop_accepting();
  for (const auto& [id, connection] : connections_) connection->close();
  connections_.clear();
}

void RpcServer::accept() {
  acceptor_.async_accept(
      [this, alive = alive_](boost::system::error_code error, tcp::socket socket) {
        if (!*alive || !acceptor_.is_open()) return;
        if (!error) {
          on_accepted(std::move(socket));
          return accept();
        }
        log_("cannot accept a client: " + error.message());
        accept_later();
      });
}

// When the process has no descriptor left, to try again at once would only burn a core.
void RpcServer::accept_later() {
  retry_.expires_after(kAcceptRetry);
  retry_.async_wait([this, alive = alive_](boost::system::error_code error) {
    if (!error && *alive && acceptor_.is_open()) accept();
  });
}

void RpcServer::on_accepted(tcp::socket socket) {
  if (connections_.size() >= options_.connections_max) {
    if (!full_logged_) {
      log_("refusing client connections: the limit client_connections_max of " +
           std::to_string(options_.connections_max) + " is reached");
    }
    full_logged_ = true;
    return;
  }
  full_logged_ = false;
  const std::uint64_t id = next_id_++;
  auto connection = std::make_shared<RpcConnection>(*this, id, std::move(socket));
  connections_[id] = connection;
  connection->start();
}

void RpcServer::forget(std::uint64_t id) {
  connections_.erase(id);
}

void RpcServer::flush_soon(const std::shared_ptr<RpcConnection>& connection) {
  to_flush_.push_back(connection);
  if (to_flush_.size() > 1) return;
  boost::asio::post(io_, [this, alive = alive_] {
    if (*alive) flush_all();
  });
}

void RpcServer::flush_all() {
  std::vector<std::shared_ptr<RpcConnection>> ready;
  ready.swap(to_flush_);
  for (const auto& connection : ready) connection->flush();
}

}  // namespace holdfast::net
