#include "lockserver/net/listen.h"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

namespace holdfast::net {

using boost::asio::ip::tcp;

Status listen(tcp::acceptor& acceptor, const ListenAt& at) {
  const std::string port = std::to_string(at.port);
  boost::system::error_code error;
  tcp::resolver resolver(acceptor.get_executor());
  const auto found = resolver.resolve(at.host, port, error);
  if (!error && found.empty()) error = boost::asio::error::host_not_found;
  if (!error) {
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  }
  if (!error) return {};
  return {StatusCode::kIo, "cannot listen for " + at.for_whom + " on " + at.host + ":" + port +
                               ": " + error.message()};
}

}  // namespace holdfast::net
