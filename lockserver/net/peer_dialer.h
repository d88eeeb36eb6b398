#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "lockserver/net/peer_connection.h"
#include "thrift/gen/peer_types.h"

namespace holdfast::net {

// How one attempt to reach a peer ended.
struct DialOutcome {
  std::shared_ptr<PeerConnection>
      connection;  // Null when it failed; with the handshake done and no handlers of its own yet.
  bool refused = false;   // The machine answered that no process listens there.
  std::string failure;    // Why there is no connection, for people.
  peer::Welcome welcome;  // What the peer said.
};

struct DialTarget {
  std::string host;
  std::uint16_t port = 0;
};

// Resolves, connects, says HELLO and waits for WELCOME; all of it within `timeout`. The name is
// resolved anew at each attempt. Calls `done` exactly once, never before it returns.
void dial_peer(boost::asio::io_context& io, const DialTarget& target, const peer::Hello& hello,
               std::chrono::milliseconds timeout, std::function<void(DialOutcome)> done);

}  // namespace holdfast::net
