#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/net/lock_service.h"
#include "tests/world/network.h"
#include "thrift/frame.h"

namespace holdfast::world {

// Where clients connect to one replica's process: frames in, frames out, as
// lockserver/net/rpc_connection.h has them.
class ClientEdge final : public Listener {
 public:
  ClientEdge(net::LockService& service, Network& network, Story& story)
      : service_(service), network_(network), story_(story) {}

  Listener* accept(EndId end);
  // Replies that have gathered go out.
  void flush();

  void on_connected(EndId) override {}
  void on_bytes(EndId end, std::string_view bytes) override;
  void on_gone(EndId end, Gone why) override;

 private:
  struct Connection {
    net::LockService::Lane lane;
    FrameReader reader;
    std::string queued;
  };

  void on_reply(EndId end, const std::string& message);

  net::LockService& service_;
  Network& network_;
  Story& story_;
  std::map<EndId, Connection> connections_;
  std::vector<EndId> dirty_;
};

}  // namespace holdfast::world
