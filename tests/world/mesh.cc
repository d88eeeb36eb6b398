#include "tests/world/mesh.h"

#include <utility>
#include <variant>

#include "thrift/numbers.h"
#include "zab/base/limits.h"

namespace holdfast::world {
namespace {

constexpr SimTime kMayBeLost = kSecond;  // As in peer_mesh.cc.

MachineId machine_of(ServerId id) {
  return MachineId(static_cast<std::uint32_t>(id.value));
}

}  // namespace

// ---- connecting ---------------------------------------------------------------------------------

EndId SimMesh::begin_dial(ServerId to, peer::Channel::type channel, DialId dial) {
  const EndId end = world_.network.dial(MachineId(static_cast<std::uint32_t>(options_.self.value)),
                                        {.machine = machine_of(to), .port = Port::kPeer}, *this);
  links_.emplace(end, Link{.role = Role::kDialling,
                           .channel = channel,
                           .peer = to,
                           .dial = dial,
                           .conn = ConnId(),
                           .reader = FrameReader(limits::kPeerFrameBytesMax),
                           .queued = {}});
  world_.watch_dial(end);
  return end;
}

void SimMesh::on_connected(EndId end) {
  Link& link = links_.at(end);
  link.role = Role::kGreeting;
  peer::Hello hello;
  hello.version = 1;
  hello.channel = link.channel;
  hello.cell_name = options_.cell_name;
  hello.cell_id = options_.cell_id;
  hello.from_id = to_i64(options_.self.value);
  hello.to_id = to_i64(link.peer.value);
  hello.incarnation = to_i64(options_.incarnation.value);
  hello.client_endpoint = client_address(options_.self.value);
  write(end, net::encode_peer_frame(hello));
}

void SimMesh::on_dial_overdue(EndId end) {
  const auto found = links_.find(end);
  if (found == links_.end()) return;
  const bool is_done =
      found->second.role != Role::kDialling && found->second.role != Role::kGreeting;
  if (is_done) return;
  world_.story.count("dial unanswered");
  const Link link = std::move(found->second);
  world_.network.close(end);
  links_.erase(found);
  fail_dial(link, Gone::kClosed);
}

void SimMesh::fail_dial(const Link& link, Gone why) {
  if (link.channel == peer::Channel::ELECTION) {
    Election& election = election_[link.peer];
    election.dialling = false;
    election.end = EndId();
    if (why == Gone::kRefused) events_->on_peer_refused(link.peer);
    return;
  }
  if (why == Gone::kRefused) events_->on_peer_refused(link.peer);
  events_->on_dial_result(link.dial, std::nullopt);
}

Listener* SimMesh::accept(EndId end) {
  links_.emplace(end, Link{.role = Role::kStranger,
                           .channel = peer::Channel::ELECTION,
                           .peer = ServerId(),
                           .dial = DialId(),
                           .conn = ConnId(),
                           .reader = FrameReader(limits::kPeerFrameBytesMax),
                           .queued = {}});
  return this;
}

bool SimMesh::take_hello(EndId end, const peer::Hello& hello) {
  const bool is_ours =
      hello.cell_id == options_.cell_id && hello.to_id == to_i64(options_.self.value);
  if (!is_ours) return false;
  Link& link = links_.at(end);
  link.peer = ServerId(static_cast<std::uint64_t>(hello.from_id));
  link.channel = hello.channel;
  peer::Welcome welcome;
  welcome.incarnation = to_i64(options_.incarnation.value);
  welcome.client_endpoint = client_address(options_.self.value);
  write(end, net::encode_peer_frame(welcome));
  if (hello.channel == peer::Channel::LEADER) {
    events_->on_accept(name_leader(end));
    return true;
  }
  for (const auto& [other, old] : links_) {  // A newer one replaces it.
    if (other == end || old.role != Role::kElectionIn || old.peer != link.peer) continue;
    drop(other);
    break;
  }
  links_.at(end).role = Role::kElectionIn;
  return true;
}

void SimMesh::take_welcome(EndId end) {
  Link& link = links_.at(end);
  if (link.channel == peer::Channel::LEADER) {
    const DialId dial = link.dial;
    events_->on_dial_result(dial, name_leader(end));
    return;
  }
  link.role = Role::kElectionOut;
  election_[link.peer].dialling = false;
  push(link.peer);
}

ConnId SimMesh::name_leader(EndId end) {
  const ConnId conn(++last_conn_);
  Link& link = links_.at(end);
  link.role = Role::kLeader;
  link.conn = conn;
  leader_[conn] = end;
  return conn;
}

// ---- incoming -----------------------------------------------------------------------------------

void SimMesh::on_bytes(EndId end, std::string_view bytes) {
  links_.at(end).reader.feed(bytes);
  while (true) {
    const auto found = links_.find(end);
    if (found == links_.end()) return;
    Result<std::optional<std::string_view>> frame = found->second.reader.next();
    const bool is_bad = !frame.ok() || (frame->has_value() && !take_frame(end, **frame));
    if (is_bad) {
      world_.story.count("peer frame refused");
      world_.network.close(end);
      return on_gone(end, Gone::kClosed);
    }
    if (!frame->has_value()) return;
  }
}

bool SimMesh::take_frame(EndId end, std::string_view bytes) {
  Result<net::PeerFrame> frame = net::decode_peer_frame(bytes);
  if (!frame.ok()) return false;
  net::PeerFrame value = std::move(frame).value();
  const Link& link = links_.at(end);
  switch (link.role) {
    case Role::kStranger: {
      const auto* hello = std::get_if<peer::Hello>(&value);
      return hello != nullptr && take_hello(end, *hello);
    }
    case Role::kGreeting:
      if (!std::holds_alternative<peer::Welcome>(value)) return false;
      take_welcome(end);
      return true;
    case Role::kElectionIn: {
      const auto* notification = std::get_if<zab::Notification>(&value);
      if (notification == nullptr || notification->from != link.peer) return false;
      events_->on_notification(*notification);
      return true;
    }
    case Role::kLeader: {
      auto* message = std::get_if<zab::Message>(&value);
      if (message == nullptr) return false;
      events_->on_message(link.conn, std::move(*message));
      return true;
    }
    case Role::kDialling:
    case Role::kElectionOut:
      return false;
  }
  return false;
}

void SimMesh::on_gone(EndId end, Gone why) {
  const auto found = links_.find(end);
  if (found == links_.end()) return;
  const Link link = std::move(found->second);
  links_.erase(found);
  switch (link.role) {
    case Role::kDialling:
    case Role::kGreeting:
      return fail_dial(link, why);
    case Role::kElectionOut:
      return on_election_gone(link.peer);
    case Role::kLeader:
      leader_.erase(link.conn);
      return events_->on_closed(link.conn);
    case Role::kStranger:
    case Role::kElectionIn:
      return;
  }
}

void SimMesh::drop(EndId end) {
  world_.network.close(end);
  links_.erase(end);
}

// ---- outgoing -----------------------------------------------------------------------------------

void SimMesh::write(EndId end, const std::string& frame) {
  std::string bytes;
  append_frame(bytes, frame);
  world_.network.send(end, std::move(bytes));
}

void SimMesh::notify(ServerId to, const zab::Notification& notification) {
  if (to == options_.self) return;
  election_[to].unsent = net::encode_peer_frame(notification);
  push(to);
}

void SimMesh::push(ServerId to) {
  Election& election = election_[to];
  if (!election.unsent || election.dialling) return;
  if (election.end.is_none()) {
    election.dialling = true;
    election.end = begin_dial(to, peer::Channel::ELECTION, DialId());
    return;
  }
  write(election.end, *election.unsent);
  election.last_sent = *std::exchange(election.unsent, std::nullopt);
  election.last_sent_at = world_.time.now();
}

void SimMesh::on_election_gone(ServerId to) {
  Election& election = election_[to];
  election.end = EndId();
  const bool fresh = world_.time.now() - election.last_sent_at < kMayBeLost;
  if (!election.unsent && fresh && !election.last_sent.empty()) {
    election.unsent = std::exchange(election.last_sent, {});
  }
  push(to);
}

void SimMesh::dial(DialId dial, ServerId to) {
  begin_dial(to, peer::Channel::LEADER, dial);
}

void SimMesh::send(ConnId conn, zab::Message message) {
  const auto found = leader_.find(conn);
  if (found == leader_.end()) return;
  Link& link = links_.at(found->second);
  world_.on_said(link.peer, message);
  if (link.queued.empty()) dirty_.push_back(found->second);
  append_frame(link.queued, net::encode_peer_frame(message));
}

void SimMesh::close(ConnId conn, const std::string& reason) {
  const auto found = leader_.find(conn);
  if (found == leader_.end()) return;
  const EndId end = found->second;
  world_.story.tell([&] {
    return "replica " + to_string(options_.self) + " closes its connection with replica " +
           to_string(links_.at(end).peer) + ": " + reason;
  });
  leader_.erase(found);
  drop(end);
}

void SimMesh::flush() {
  for (const EndId end : std::exchange(dirty_, {})) {
    const auto link = links_.find(end);
    if (link == links_.end()) continue;
    world_.network.send(end, std::exchange(link->second.queued, {}));
  }
}

}  // namespace holdfast::world
