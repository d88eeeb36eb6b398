#include "lockserver/net/peer_mesh.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>

#include "lockserver/net/handshake.h"
#include "lockserver/net/listen.h"
#include "lockserver/net/peer_codec.h"
#include "thrift/numbers.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::net {

namespace {
using boost::asio::ip::tcp;

// Connections that have not said HELLO yet. Beyond it the oldest goes: it cannot be kept from us by
// strangers.
constexpr std::size_t kHandshakesMax = 64;
// How long after it was written a notification counts as perhaps lost with its connection.
constexpr std::chrono::milliseconds kMayBeLost{1000};
// How long a commit may wait for a proposal to travel with, where no client waits for it; a tick
// may come in addition.
constexpr std::chrono::milliseconds kCommitsWaitMax{2};
// A peer with a client says something on its behalf at least so often.
constexpr std::chrono::milliseconds kClientsSilentMax{limits::kLeaseMaxMs};

}  // namespace

PeerMesh::PeerMesh(boost::asio::io_context& io, MeshOptions options, Log log)
    : io_(io), options_(std::move(options)), log_(std::move(log)), acceptor_(io) {}

PeerMesh::~PeerMesh() {
  stop();
}

Status PeerMesh::listen() {
  return net::listen(
      acceptor_, {.host = options_.listen.host, .port = options_.listen.port, .for_whom = "peers"});
}

std::uint16_t PeerMesh::port() const {
  boost::system::error_code error;
  return acceptor_.local_endpoint(error).port();
}

void PeerMesh::start(replica::PeerEvents& events) {
  events_ = &events;
  accept();
}

void PeerMesh::stop() {
  *alive_ = false;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (auto& [id, link] : election_) {
    if (link.connection) link.connection->close();
  }
  for (auto& [id, link] : leader_) link.connection->close();
  for (auto& connection : handshakes_) connection->close();
  for (auto& [id, connection] : heard_) connection->close();
  election_.clear();
  leader_.clear();
  handshakes_.clear();
  heard_.clear();
}

std::string PeerMesh::client_endpoint(ServerId peer) const {
  const auto found = endpoints_.find(peer);
  return found == endpoints_.end() ? std::string() : found->second;
}

bool PeerMesh::is_connected(ServerId peer) const {
  if (peer == options_.self || heard_.contains(peer)) return true;
  return std::any_of(leader_.begin(), leader_.end(),
                     [peer](const auto& link) { return link.second.peer == peer; });
}

// ---------------------------------------------------------------------------------------- incoming

void PeerMesh::accept() {
  acceptor_.async_accept(
      [this, alive = alive_](boost::system::error_code error, tcp::socket socket) {
        if (!*alive) return;
        if (!error) on_accepted(std::move(socket));
        if (acceptor_.is_open()) accept();
      });
}

void PeerMesh::on_accepted(tcp::socket socket) {
  auto connection = std::make_shared<PeerConnection>(std::move(socket));
  if (handshakes_.size() >= kHandshakesMax) {
    handshakes_.front()->close();
    handshakes_.erase(handshakes_.begin());
  }
  handshakes_.push_back(connection);
  const std::weak_ptr<PeerConnection> weak = connection;
  connection->start({.on_frame = [this, alive = alive_, weak](std::string_view bytes) -> Status {
                       const auto strong = weak.lock();
                       if (!*alive || !strong) return {};
                       return on_hello(strong, bytes);
                     },
                     .on_read_done = {},
                     .on_closed =
                         [this, alive = alive_, weak](const std::string& reason) {
                           if (!*alive) return;
                           log_("a connection to the peer port ended before its HELLO: " + reason);
                           if (const auto strong = weak.lock()) forget_handshake(strong);
                         },
                     .on_drained = {}});
}

void PeerMesh::forget_handshake(const std::shared_ptr<PeerConnection>& connection) {
  std::erase(handshakes_, connection);
}

Status PeerMesh::on_hello(const std::shared_ptr<PeerConnection>& connection,
                          std::string_view bytes) {
  Result<PeerFrame> frame = decode_peer_frame(bytes);
  if (!frame.ok()) return frame.status();
  const auto* hello = std::get_if<peer::Hello>(&*frame);
  if (hello == nullptr) return {StatusCode::kInvalid, "its first frame is no HELLO"};
  forget_handshake(connection);
  const ServerId from(static_cast<std::uint64_t>(hello->from_id));
  peer::Welcome welcome;
  welcome.refusal = refusal_of(*hello, options_);
  welcome.incarnation = to_i64(options_.incarnation.value);
  welcome.client_endpoint = options_.client_endpoint;
  connection->queue(encode_peer_frame(welcome));
  if (!welcome.refusal.empty()) {
    complain(from, "refused: " + welcome.refusal);
    connection->close_after_writing();
    return {};
  }
  connection->flush();
  remember(from, hello->client_endpoint);
  if (hello->channel == peer::Channel::ELECTION) {
    take_election(connection, from);
  } else {
    events_->on_accept(take_leader(connection, from));
    note_idle();
  }
  return {};
}

void PeerMesh::take_election(const std::shared_ptr<PeerConnection>& connection, ServerId from) {
  const auto old = heard_.find(from);
  if (old != heard_.end()) old->second->close();
  heard_[from] = connection;
  const std::weak_ptr<PeerConnection> weak = connection;
  connection->set_handlers(
      {.on_frame = [this, alive = alive_, from](std::string_view bytes) -> Status {
         if (!*alive) return {};
         const Result<PeerFrame> frame = decode_peer_frame(bytes);
         if (!frame.ok()) return frame.status();
         const auto* notification = std::get_if<zab::Notification>(&*frame);
         if (notification == nullptr || notification->from != from) {
           return {StatusCode::kInvalid, "no NOTIFICATION of its sender"};
         }
         events_->on_notification(*notification);
         note_idle();
         return {};
       },
       .on_read_done = {},
       .on_closed =
           [this, alive = alive_, from, weak](const std::string&) {
             if (!*alive) return;
             const auto found = heard_.find(from);
             if (found != heard_.end() && found->second == weak.lock()) heard_.erase(found);
           },
       .on_drained = {}});
}

ConnId PeerMesh::take_leader(const std::shared_ptr<PeerConnection>& connection, ServerId peer) {
  const ConnId id(next_conn_++);
  leader_[id] = {.peer = peer, .connection = connection};
  connection->set_handlers(
      {.on_frame = [this, alive = alive_, id, peer](std::string_view bytes) -> Status {
         const auto link = leader_.find(id);
         if (!*alive || link == leader_.end()) return {};
         Result<PeerFrame> frame = decode_peer_frame(bytes);
         if (!frame.ok()) return frame.status();
         PeerFrame value = std::move(frame).value();
         auto* message = std::get_if<zab::Message>(&value);
         if (message == nullptr) return {StatusCode::kInvalid, "a frame out of place"};
         const auto* info = std::get_if<zab::LearnerInfo>(message);
         if (info != nullptr && info->from != peer) {
           return {StatusCode::kInvalid, "a LEARNER_INFO of another than its sender"};
         }
         if (is_for_clients(*message)) link->second.clients_heard = Clock::now();
         events_->on_message(id, std::move(*message));
         note_idle();
         return {};
       },
       .on_read_done = {},
       .on_closed =
           [this, alive = alive_, id, peer](const std::string& reason) {
             if (!*alive || leader_.erase(id) == 0) return;
             log_("the connection with replica " + to_string(peer) + " ended: " + reason);
             events_->on_closed(id);
             note_idle();
           },
       .on_drained = {}});
  return id;
}

// ---------------------------------------------------------------------------------------- outgoing

void PeerMesh::notify(ServerId to, const zab::Notification& notification) {
  if (to == options_.self || member(to) == nullptr) return;
  election_[to].unsent = encode_peer_frame(notification);
  push(to);
}

void PeerMesh::push(ServerId to) {
  ElectionLink& link = election_[to];
  if (!link.unsent || link.dialing) return;
  if (!link.connection) return dial_election(to);
  if (link.connection->is_writing()) return;
  link.connection->queue(*link.unsent);
  link.last_sent = std::move(*link.unsent);
  link.last_sent_at = std::chrono::steady_clock::now();
  link.unsent.reset();
  link.connection->flush();
}

// What was written shortly before may have gone to a peer that was dead already. Sent again it
// reaches the living, and finds out about the dead at once, on which the speed of an election
// hangs.
void PeerMesh::on_election_gone(ServerId to) {
  ElectionLink& link = election_[to];
  link.connection.reset();
  const bool fresh = std::chrono::steady_clock::now() - link.last_sent_at < kMayBeLost;
  if (!link.unsent && fresh && !link.last_sent.empty()) link.unsent = std::move(link.last_sent);
  push(to);
}

void PeerMesh::dial_election(ServerId to) {
  election_[to].dialing = true;
  dial_peer(io_, member(to)->address, hello(peer::Channel::ELECTION, to), options_.dial_timeout,
            [this, alive = alive_, to](DialOutcome outcome) {
              if (!*alive) {
                if (outcome.connection) outcome.connection->close();
                return;
              }
              ElectionLink& link = election_[to];
              link.dialing = false;
              if (!outcome.connection) {
                complain(to, outcome.failure);
                if (outcome.refused) events_->on_peer_refused(to);
                note_idle();
                return;
              }
              remember(to, outcome.welcome.client_endpoint);
              link.connection = outcome.connection;
              const auto on_gone = [this, alive, to](const std::string&) {
                if (*alive) on_election_gone(to);
              };
              const auto on_drained = [this, alive, to] {
                if (*alive) push(to);
              };
              link.connection->set_handlers({.on_frame =
                                                 [](std::string_view) {
                                                   return Status(StatusCode::kInvalid,
                                                                 "a frame out of place");
                                                 },
                                             .on_read_done = {},
                                             .on_closed = on_gone,
                                             .on_drained = on_drained});
              push(to);
            });
}

void PeerMesh::dial(DialId dial, ServerId to) {
  const MeshMember* target = member(to);
  HOLDFAST_CHECK(target != nullptr,
                 "the core dials replica " + to_string(to) + ", which is no member");
  dial_peer(io_, target->address, hello(peer::Channel::LEADER, to), options_.dial_timeout,
            [this, alive = alive_, dial, to](DialOutcome outcome) {
              if (!*alive) {
                if (outcome.connection) outcome.connection->close();
                return;
              }
              if (!outcome.connection) {
                complain(to, outcome.failure);
                if (outcome.refused) events_->on_peer_refused(to);
                events_->on_dial_result(dial, std::nullopt);
              } else {
                remember(to, outcome.welcome.client_endpoint);
                events_->on_dial_result(dial, take_leader(outcome.connection, to));
              }
              note_idle();
            });
}

void PeerMesh::send(ConnId conn, zab::Message message) {
  const auto found = leader_.find(conn);
  if (found == leader_.end()) return;
  LeaderLink& link = found->second;
  link.connection->queue(encode_peer_frame(message));
  if (!std::holds_alternative<zab::Commit>(message)) {
    link.has_urgent = true;
  } else if (!link.commits_since) {
    link.commits_since = Clock::now();
  }
}

void PeerMesh::close(ConnId conn, const std::string& reason) {
  const auto found = leader_.find(conn);
  if (found == leader_.end()) return;
  log_("closing the connection with replica " + to_string(found->second.peer) + ": " + reason);
  const std::shared_ptr<PeerConnection> connection = found->second.connection;
  leader_.erase(found);
  connection->flush();  // What was said before; a commit may have waited.
  connection->close();
}

// What a learner does with a commit is to tell clients, so commits come after everything else:
// after the answers to the clients here, and where a learner has no clients with the next proposal,
// which saves both sides a message.
void PeerMesh::flush() {
  const Clock::time_point now = Clock::now();
  // A flush that fails closes its connection, which changes the map: so not while walking it.
  std::vector<ConnId> urgent;
  for (const auto& [id, link] : leader_) {
    const bool has_waited = link.commits_since && now - *link.commits_since >= kCommitsWaitMax;
    if (link.has_urgent || has_waited) {
      urgent.push_back(id);
    } else if (link.commits_since && link.has_clients(now)) {
      flush_commits_soon();
    }
  }
  for (const ConnId id : urgent) {
    if (const auto found = leader_.find(id); found != leader_.end()) found->second.flush();
  }
}

// Behind the answers to clients, whose sending has been posted before.
void PeerMesh::flush_commits_soon() {
  if (std::exchange(commits_posted_, true)) return;
  boost::asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    commits_posted_ = false;
    const Clock::time_point now = Clock::now();
    std::vector<ConnId> ready;
    for (const auto& [id, link] : leader_) {
      if (link.commits_since && link.has_clients(now)) ready.push_back(id);
    }
    for (const ConnId id : ready) {
      if (const auto found = leader_.find(id); found != leader_.end()) found->second.flush();
    }
  });
}

bool PeerMesh::LeaderLink::has_clients(Clock::time_point now) const {
  return clients_heard && now - *clients_heard <= kClientsSilentMax;
}

void PeerMesh::LeaderLink::flush() {
  has_urgent = false;
  commits_since.reset();
  const std::shared_ptr<PeerConnection> kept = connection;
  kept->flush();
}

bool PeerMesh::is_for_clients(const zab::Message& message) {
  const auto* pong = std::get_if<zab::Pong>(&message);
  return std::holds_alternative<zab::Request>(message) ||
         std::holds_alternative<zab::ReadIndex>(message) ||
         (pong != nullptr && !pong->touched.empty());
}

// ------------------------------------------------------------------------------------------ shared

peer::Hello PeerMesh::hello(peer::Channel::type channel, ServerId to) const {
  peer::Hello out;
  out.version = kPeerProtocolVersion;
  out.channel = channel;
  out.cell_name = options_.cell_name;
  out.cell_id = options_.cell_id;
  out.from_id = to_i64(options_.self.value);
  out.to_id = to_i64(to.value);
  out.incarnation = to_i64(options_.incarnation.value);
  out.client_endpoint = options_.client_endpoint;
  return out;
}

const MeshMember* PeerMesh::member(ServerId id) const {
  const auto found = std::find_if(options_.members.begin(), options_.members.end(),
                                  [id](const MeshMember& m) { return m.id == id; });
  return found == options_.members.end() ? nullptr : &*found;
}

void PeerMesh::remember(ServerId peer, const std::string& client_endpoint) {
  complaints_.erase(peer);
  endpoints_[peer] = client_endpoint;
}

void PeerMesh::complain(ServerId peer, const std::string& what) {
  if (member(peer) == nullptr) return log_("replica " + to_string(peer) + ": " + what);
  std::string& last = complaints_[peer];
  if (last == what) return;
  last = what;
  log_("replica " + to_string(peer) + " cannot be reached: " + what);
}

void PeerMesh::note_idle() {
  if (idle_posted_) return;
  idle_posted_ = true;
  boost::asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    idle_posted_ = false;
    events_->on_idle();
  });
}

}  // namespace holdfast::net
