#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "zab/base/status.h"

namespace holdfast::net {

struct ListenAt {
  std::string host;        // A name or an address.
  std::uint16_t port = 0;  // 0: any that is free.
  std::string for_whom;    // "clients", for the error.
};

// Opens the acceptor and listens. A failure names the address.
Status listen(boost::asio::ip::tcp::acceptor& acceptor, const ListenAt& at);

}  // namespace holdfast::net
