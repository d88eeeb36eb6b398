#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "lockserver/net/peer_connection.h"
#include "lockserver/net/peer_dialer.h"
#include "lockserver/replica/transport.h"
#include "thrift/gen/peer_types.h"
#include "zab/base/ids.h"
#include "zab/base/status.h"

namespace holdfast::net {

struct MeshMember {
  ServerId id;
  DialTarget address;
};

struct MeshOptions {
  std::string cell_name;
  std::string cell_id;  // 32 hex digits.
  ServerId self;
  Incarnation incarnation;
  DialTarget listen;
  std::string client_endpoint;      // Told to peers, so that they can point clients here.
  std::vector<MeshMember> members;  // All replicas of the cell, this one too.
  std::chrono::milliseconds dial_timeout{1000};
};

// The connections between this replica and its peers, on real sockets. Lives on the strand. A peer
// of another cell, an unknown replica and a malformed frame cost their connection and a logged
// line, never more (ZOOKEEPER-3769).
class PeerMesh final : public replica::Transport {
 public:
  using Log = std::function<void(const std::string&)>;
  PeerMesh(boost::asio::io_context& io, MeshOptions options, Log log);
  ~PeerMesh() override;

  // Listens; the failure names the address.
  Status listen();
  std::uint16_t port() const;  // The one listened on, also when 0 was asked for.
  // Replaces the members given at construction; before start only.
  void set_members(std::vector<MeshMember> members) { options_.members = std::move(members); }
  // Begins to accept. `events` must outlive this.
  void start(replica::PeerEvents& events);
  void stop();

  // Client endpoint of a peer as it last told us; empty when it never did.
  std::string client_endpoint(ServerId peer) const;
  bool is_connected(ServerId peer) const;

  void notify(ServerId to, const zab::Notification& notification) override;
  void dial(DialId dial, ServerId to) override;
  void send(ConnId conn, zab::Message message) override;
  void close(ConnId conn, const std::string& reason) override;
  void flush() override;

 private:
  // Outgoing half of the election channel to one peer: the newest notification replaces an unsent
  // older one.
  struct ElectionLink {
    std::shared_ptr<PeerConnection> connection;
    bool dialing = false;
    std::optional<std::string> unsent;  // Encoded frame.
    // Written, but perhaps into a connection whose peer was dead already.
    std::string last_sent;
    std::chrono::steady_clock::time_point last_sent_at;
  };
  using Clock = std::chrono::steady_clock;
  struct LeaderLink {
    ServerId peer;
    std::shared_ptr<PeerConnection> connection;
    bool has_urgent = false;  // Something else than commits has not been flushed.
    std::optional<Clock::time_point> commits_since;  // They have not been flushed since then.
    std::optional<Clock::time_point> clients_heard;  // The peer last spoke for clients of its own.

    bool has_clients(Clock::time_point now) const;
    void flush();
  };

  void accept();
  void on_accepted(boost::asio::ip::tcp::socket socket);
  Status on_hello(const std::shared_ptr<PeerConnection>& connection, std::string_view bytes);
  void take_election(const std::shared_ptr<PeerConnection>& connection, ServerId from);
  void forget_handshake(const std::shared_ptr<PeerConnection>& connection);
  ConnId take_leader(const std::shared_ptr<PeerConnection>& connection, ServerId peer);
  void push(ServerId to);
  void on_election_gone(ServerId to);
  void dial_election(ServerId to);
  peer::Hello hello(peer::Channel::type channel, ServerId to) const;
  const MeshMember* member(ServerId id) const;
  void remember(ServerId peer, const std::string& client_endpoint);
  void complain(ServerId peer, const std::string& what);
  void note_idle();
  static bool is_for_clients(const zab::Message& message);
  void flush_commits_soon();

  boost::asio::io_context& io_;
  MeshOptions options_;
  Log log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  replica::PeerEvents* events_ = nullptr;
  bool idle_posted_ = false;
  bool commits_posted_ = false;
  std::uint64_t next_conn_ = 1;
  std::map<ServerId, ElectionLink> election_;
  std::map<ConnId, LeaderLink> leader_;
  std::vector<std::shared_ptr<PeerConnection>> handshakes_;  // Accepted, HELLO not yet seen.
  std::map<ServerId, std::shared_ptr<PeerConnection>>
      heard_;  // Incoming half of the election channel.
  std::map<ServerId, std::string> endpoints_;
  std::map<ServerId, std::string>
      complaints_;  // The last one logged of each peer, so that none repeats.
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // False once this is gone; held by callbacks.
};

}  // namespace holdfast::net
