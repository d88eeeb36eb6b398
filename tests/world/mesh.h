#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/net/peer_codec.h"
#include "lockserver/replica/transport.h"
#include "tests/world/network.h"
#include "thrift/frame.h"

namespace holdfast::world {

// The connections of one replica's process to its peers, as lockserver/net/peer_mesh.h keeps them,
// over the simulated network: frames of the real codec, HELLO and WELCOME first. Replica n is
// machine n.
class SimMesh final : public replica::Transport, public Listener {
 public:
  struct Options {
    ServerId self;
    Incarnation incarnation;
    std::string cell_name;
    std::string cell_id;
    SimTime dial_timeout = 0;
  };
  struct World {
    Scheduler& time;
    Network& network;
    Story& story;
    // on_dial_overdue(end) is to be called after the dial timeout.
    std::function<void(EndId end)> watch_dial;
    // Whatever this replica says to a peer on the leader channel.
    std::function<void(ServerId to, const zab::Message& message)> on_said;
  };

  SimMesh(Options options, World world) : options_(std::move(options)), world_(std::move(world)) {}
  void start(replica::PeerEvents& events) { events_ = &events; }

  Listener* accept(EndId end);
  void on_dial_overdue(EndId end);

  void notify(ServerId to, const zab::Notification& notification) override;
  void dial(DialId dial, ServerId to) override;
  void send(ConnId conn, zab::Message message) override;
  void close(ConnId conn, const std::string& reason) override;
  void flush() override;

  void on_connected(EndId end) override;
  void on_bytes(EndId end, std::string_view bytes) override;
  void on_gone(EndId end, Gone why) override;

 private:
  enum class Role { kDialling, kGreeting, kStranger, kElectionIn, kElectionOut, kLeader };
  struct Link {
    Role role = Role::kStranger;
    peer::Channel::type channel = peer::Channel::ELECTION;
    ServerId peer;
    DialId dial;  // Of the leader channel.
    ConnId conn;  // kLeader.
    FrameReader reader;
    std::string queued;
  };
  // The outgoing half of the election channel to one peer.
  struct Election {
    EndId end;
    bool dialling = false;
    std::optional<std::string> unsent;  // The newest notification.
    std::string last_sent;
    SimTime last_sent_at = 0;
  };

  EndId begin_dial(ServerId to, peer::Channel::type channel, DialId dial);
  void fail_dial(const Link& link, Gone why);
  bool take_frame(EndId end, std::string_view frame);
  bool take_hello(EndId end, const peer::Hello& hello);
  void take_welcome(EndId end);
  void push(ServerId to);
  void on_election_gone(ServerId to);
  ConnId name_leader(EndId end);
  void drop(EndId end);
  void write(EndId end, const std::string& frame);

  Options options_;
  World world_;
  replica::PeerEvents* events_ = nullptr;
  std::uint64_t last_conn_ = 0;
  std::map<EndId, Link> links_;
  std::map<ConnId, EndId> leader_;
  std::map<ServerId, Election> election_;
  std::vector<EndId> dirty_;
};

}  // namespace holdfast::world
