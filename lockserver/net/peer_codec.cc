#include "lockserver/net/peer_codec.h"

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "thrift/encoding.h"
#include "thrift/numbers.h"
#include "zab/base/limits.h"

namespace holdfast::net {
namespace {

using peer::FrameKind;

Zxid zxid_of(std::int64_t value) {
  return Zxid(to_u64(value));
}
Epoch epoch_of(std::int32_t value) {
  return Epoch(static_cast<std::uint32_t>(value));
}

template <typename T>
std::string framed(FrameKind::type kind, const T& body) {
  std::string bytes(1, static_cast<char>(kind));
  bytes += encode_compact(body);
  return bytes;
}

// Each enum has the same order on both sides, with the wire's numbers from 1.
template <typename Wire, typename Ours>
typename Wire::type enum_to_wire(Ours value) {
  return static_cast<typename Wire::type>(static_cast<int>(value) + 1);
}
template <typename Ours>
std::optional<Ours> enum_from_wire(int value, Ours last) {
  if (value < 1 || value > static_cast<int>(last) + 1) return std::nullopt;
  return static_cast<Ours>(value - 1);
}

std::vector<peer::Entry> entries_to_wire(const std::vector<zab::Entry>& entries) {
  std::vector<peer::Entry> out;
  out.reserve(entries.size());
  for (const zab::Entry& entry : entries) {
    peer::Entry& e = out.emplace_back();
    e.zxid = to_i64(entry.zxid);
    e.prev = to_i64(entry.prev);
    e.payload = std::string(entry.payload.view());
  }
  return out;
}

std::vector<zab::Entry> entries_from_wire(std::vector<peer::Entry>& entries) {
  std::vector<zab::Entry> out;
  out.reserve(entries.size());
  for (peer::Entry& entry : entries) {
    out.push_back({.zxid = zxid_of(entry.zxid),
                   .prev = zxid_of(entry.prev),
                   .payload = SharedBytes(std::move(entry.payload))});
  }
  return out;
}

std::vector<std::int64_t> sessions_to_wire(const std::vector<SessionId>& sessions) {
  std::vector<std::int64_t> out;
  out.reserve(sessions.size());
  for (const SessionId session : sessions) out.push_back(to_i64(session.value));
  return out;
}

std::vector<SessionId> sessions_from_wire(const std::vector<std::int64_t>& sessions) {
  std::vector<SessionId> out;
  out.reserve(sessions.size());
  for (const std::int64_t session : sessions) out.emplace_back(to_u64(session));
  return out;
}

struct Encoder {
  std::string operator()(const zab::LearnerInfo& m) const {
    peer::LearnerInfo body;
    body.from_id = to_i64(m.from.value);
    body.incarnation = to_i64(m.incarnation.value);
    body.observer = m.observer;
    body.membership = enum_to_wire<peer::Membership>(m.membership);
    body.accepted_epoch = to_i32(m.accepted);
    body.config_version = to_i64(m.config_version);
    return framed(FrameKind::LEARNER_INFO, body);
  }
  std::string operator()(const zab::LeaderInfo& m) const {
    peer::LeaderInfo body;
    body.epoch = to_i32(m.epoch);
    body.bootstrap = m.bootstrap;
    return framed(FrameKind::LEADER_INFO, body);
  }
  std::string operator()(const zab::AckEpoch& m) const {
    peer::AckEpoch body;
    body.epoch = to_i32(m.epoch);
    body.promised = m.promised;
    body.current_epoch = to_i32(m.current);
    for (const zab::EpochEnd& end : m.epochs) {
      peer::EpochEnd& e = body.epochs.emplace_back();
      e.epoch = to_i32(end.epoch);
      e.last_counter = static_cast<std::int32_t>(end.last_counter);
    }
    body.floor = to_i64(m.floor);
    return framed(FrameKind::ACK_EPOCH, body);
  }
  std::string operator()(const zab::Diff& m) const {
    peer::Diff body;
    body.epoch = to_i32(m.epoch);
    body.from_zxid = to_i64(m.from);
    return framed(FrameKind::DIFF, body);
  }
  std::string operator()(const zab::Trunc& m) const {
    peer::Trunc body;
    body.epoch = to_i32(m.epoch);
    body.to_zxid = to_i64(m.to);
    return framed(FrameKind::TRUNC, body);
  }
  std::string operator()(const zab::Snap& m) const {
    peer::Snap body;
    body.epoch = to_i32(m.epoch);
    body.zxid = to_i64(m.zxid);
    return framed(FrameKind::SNAP, body);
  }
  std::string operator()(const zab::SnapChunk& m) const {
    peer::SnapChunk body;
    body.epoch = to_i32(m.epoch);
    body.bytes = std::string(m.bytes.view());
    return framed(FrameKind::SNAP_CHUNK, body);
  }
  std::string operator()(const zab::SnapEnd& m) const {
    peer::SnapEnd body;
    body.epoch = to_i32(m.epoch);
    body.chunks = to_i64(m.chunks);
    body.checksum = to_i64(m.checksum);
    return framed(FrameKind::SNAP_END, body);
  }
  std::string operator()(const zab::SnapAck& m) const {
    peer::SnapAck body;
    body.epoch = to_i32(m.epoch);
    body.chunks = to_i64(m.chunks);
    return framed(FrameKind::SNAP_ACK, body);
  }
  std::string operator()(const zab::Proposal& m) const {
    peer::Proposal body;
    body.epoch = to_i32(m.epoch);
    body.entries = entries_to_wire(m.entries);
    body.committed = to_i64(m.committed);
    return framed(FrameKind::PROPOSAL, body);
  }
  std::string operator()(const zab::NewLeader& m) const {
    peer::NewLeader body;
    body.epoch = to_i32(m.epoch);
    body.last_zxid = to_i64(m.last);
    return framed(FrameKind::NEW_LEADER, body);
  }
  std::string operator()(const zab::AckNewLeader& m) const {
    peer::AckNewLeader body;
    body.epoch = to_i32(m.epoch);
    return framed(FrameKind::ACK_NEW_LEADER, body);
  }
  std::string operator()(const zab::UpToDate& m) const {
    peer::UpToDate body;
    body.epoch = to_i32(m.epoch);
    body.committed = to_i64(m.committed);
    return framed(FrameKind::UP_TO_DATE, body);
  }
  std::string operator()(const zab::Ack& m) const {
    peer::Ack body;
    body.epoch = to_i32(m.epoch);
    body.durable = to_i64(m.durable);
    return framed(FrameKind::ACK, body);
  }
  std::string operator()(const zab::Commit& m) const {
    peer::Commit body;
    body.epoch = to_i32(m.epoch);
    body.committed = to_i64(m.committed);
    return framed(FrameKind::COMMIT, body);
  }
  std::string operator()(const zab::Inform& m) const {
    peer::Inform body;
    body.epoch = to_i32(m.epoch);
    body.entries = entries_to_wire(m.entries);
    return framed(FrameKind::INFORM, body);
  }
  std::string operator()(const zab::Ping& m) const {
    peer::Ping body;
    body.epoch = to_i32(m.epoch);
    body.round = to_i64(m.round);
    body.committed = to_i64(m.committed);
    return framed(FrameKind::PING, body);
  }
  std::string operator()(const zab::Pong& m) const {
    peer::Pong body;
    body.epoch = to_i32(m.epoch);
    body.round = to_i64(m.round);
    body.applied = to_i64(m.applied);
    body.free_bytes = to_i64(m.free_bytes);
    body.touched = sessions_to_wire(m.touched);
    return framed(FrameKind::PONG, body);
  }
  std::string operator()(const zab::ReadIndex& m) const {
    peer::ReadIndex body;
    body.epoch = to_i32(m.epoch);
    body.tag = to_i64(m.tag);
    body.touched = sessions_to_wire(m.touched);
    return framed(FrameKind::READ_INDEX, body);
  }
  std::string operator()(const zab::ReadIndexReply& m) const {
    peer::ReadIndexReply body;
    body.epoch = to_i32(m.epoch);
    body.tag = to_i64(m.tag);
    body.committed = to_i64(m.committed);
    return framed(FrameKind::READ_INDEX_REPLY, body);
  }
  std::string operator()(const zab::Request& m) const {
    peer::Request body;
    body.epoch = to_i32(m.epoch);
    body.payload = std::string(m.payload.view());
    return framed(FrameKind::REQUEST, body);
  }
  std::string operator()(const zab::RequestReply& m) const {
    peer::RequestReply body;
    body.epoch = to_i32(m.epoch);
    body.payload = std::string(m.payload.view());
    return framed(FrameKind::REQUEST_REPLY, body);
  }
};

Status bad(const std::string& what) {
  return {StatusCode::kInvalid, "peer frame: " + what};
}

Result<zab::Notification> from_wire(const peer::Notification& body) {
  const auto role = enum_from_wire(body.role, zab::Role::kObserving);
  const auto membership = enum_from_wire(body.membership, zab::Membership::kRejoining);
  if (!role || !membership) return bad("NOTIFICATION with an unknown role or membership");
  return zab::Notification{.from = ServerId(to_u64(body.from_id)),
                           .incarnation = Incarnation(to_u64(body.incarnation)),
                           .role = *role,
                           .vote = {.epoch = epoch_of(body.vote.epoch),
                                    .zxid = zxid_of(body.vote.zxid),
                                    .leader = ServerId(to_u64(body.vote.leader))},
                           .round = to_u64(body.round),
                           .membership = *membership,
                           .config_version = zxid_of(body.config_version)};
}

Result<zab::Message> from_wire(peer::LearnerInfo& body) {
  const auto membership = enum_from_wire(body.membership, zab::Membership::kRejoining);
  if (!membership) return bad("LEARNER_INFO with an unknown membership");
  return zab::Message(zab::LearnerInfo{.from = ServerId(to_u64(body.from_id)),
                                       .incarnation = Incarnation(to_u64(body.incarnation)),
                                       .observer = body.observer,
                                       .membership = *membership,
                                       .accepted = epoch_of(body.accepted_epoch),
                                       .config_version = zxid_of(body.config_version)});
}
Result<zab::Message> from_wire(peer::LeaderInfo& body) {
  return zab::Message(zab::LeaderInfo{.epoch = epoch_of(body.epoch), .bootstrap = body.bootstrap});
}
Result<zab::Message> from_wire(peer::AckEpoch& body) {
  zab::EpochVector epochs;
  epochs.reserve(body.epochs.size());
  for (const peer::EpochEnd& end : body.epochs) {
    epochs.push_back({.epoch = epoch_of(end.epoch),
                      .last_counter = static_cast<std::uint32_t>(end.last_counter)});
  }
  return zab::Message(zab::AckEpoch{.epoch = epoch_of(body.epoch),
                                    .promised = body.promised,
                                    .current = epoch_of(body.current_epoch),
                                    .epochs = std::move(epochs),
                                    .floor = zxid_of(body.floor)});
}
Result<zab::Message> from_wire(peer::Diff& body) {
  return zab::Message(zab::Diff{.epoch = epoch_of(body.epoch), .from = zxid_of(body.from_zxid)});
}
Result<zab::Message> from_wire(peer::Trunc& body) {
  return zab::Message(zab::Trunc{.epoch = epoch_of(body.epoch), .to = zxid_of(body.to_zxid)});
}
Result<zab::Message> from_wire(peer::Snap& body) {
  return zab::Message(zab::Snap{.epoch = epoch_of(body.epoch), .zxid = zxid_of(body.zxid)});
}
Result<zab::Message> from_wire(peer::SnapChunk& body) {
  return zab::Message(
      zab::SnapChunk{.epoch = epoch_of(body.epoch), .bytes = SharedBytes(std::move(body.bytes))});
}
Result<zab::Message> from_wire(peer::SnapEnd& body) {
  return zab::Message(zab::SnapEnd{.epoch = epoch_of(body.epoch),
                                   .chunks = to_u64(body.chunks),
                                   .checksum = to_u64(body.checksum)});
}
Result<zab::Message> from_wire(peer::SnapAck& body) {
  return zab::Message(zab::SnapAck{.epoch = epoch_of(body.epoch), .chunks = to_u64(body.chunks)});
}
Result<zab::Message> from_wire(peer::Proposal& body) {
  if (body.entries.empty()) return bad("PROPOSAL without entries");
  return zab::Message(zab::Proposal{.epoch = epoch_of(body.epoch),
                                    .entries = entries_from_wire(body.entries),
                                    .committed = zxid_of(body.committed)});
}
Result<zab::Message> from_wire(peer::NewLeader& body) {
  return zab::Message(
      zab::NewLeader{.epoch = epoch_of(body.epoch), .last = zxid_of(body.last_zxid)});
}
Result<zab::Message> from_wire(peer::AckNewLeader& body) {
  return zab::Message(zab::AckNewLeader{.epoch = epoch_of(body.epoch)});
}
Result<zab::Message> from_wire(peer::UpToDate& body) {
  return zab::Message(
      zab::UpToDate{.epoch = epoch_of(body.epoch), .committed = zxid_of(body.committed)});
}
Result<zab::Message> from_wire(peer::Ack& body) {
  return zab::Message(zab::Ack{.epoch = epoch_of(body.epoch), .durable = zxid_of(body.durable)});
}
Result<zab::Message> from_wire(peer::Commit& body) {
  return zab::Message(
      zab::Commit{.epoch = epoch_of(body.epoch), .committed = zxid_of(body.committed)});
}
Result<zab::Message> from_wire(peer::Inform& body) {
  if (body.entries.empty()) return bad("INFORM without entries");
  return zab::Message(
      zab::Inform{.epoch = epoch_of(body.epoch), .entries = entries_from_wire(body.entries)});
}
Result<zab::Message> from_wire(peer::Ping& body) {
  return zab::Message(zab::Ping{.epoch = epoch_of(body.epoch),
                                .round = to_u64(body.round),
                                .committed = zxid_of(body.committed)});
}
Result<zab::Message> from_wire(peer::Pong& body) {
  return zab::Message(zab::Pong{.epoch = epoch_of(body.epoch),
                                .round = to_u64(body.round),
                                .applied = zxid_of(body.applied),
                                .free_bytes = to_u64(body.free_bytes),
                                .touched = sessions_from_wire(body.touched)});
}
Result<zab::Message> from_wire(peer::ReadIndex& body) {
  return zab::Message(zab::ReadIndex{.epoch = epoch_of(body.epoch),
                                     .tag = to_u64(body.tag),
                                     .touched = sessions_from_wire(body.touched)});
}
Result<zab::Message> from_wire(peer::ReadIndexReply& body) {
  return zab::Message(zab::ReadIndexReply{.epoch = epoch_of(body.epoch),
                                          .tag = to_u64(body.tag),
                                          .committed = zxid_of(body.committed)});
}
Result<zab::Message> from_wire(peer::Request& body) {
  return zab::Message(
      zab::Request{.epoch = epoch_of(body.epoch), .payload = SharedBytes(std::move(body.payload))});
}
Result<zab::Message> from_wire(peer::RequestReply& body) {
  return zab::Message(zab::RequestReply{.epoch = epoch_of(body.epoch),
                                        .payload = SharedBytes(std::move(body.payload))});
}

template <typename Body>
Result<PeerFrame> decode_message(std::string_view bytes) {
  Result<Body> body = decode_compact<Body>(bytes);
  if (!body.ok()) return body.status();
  Body value = std::move(body).value();
  Result<zab::Message> message = from_wire(value);
  if (!message.ok()) return message.status();
  return PeerFrame(std::move(message).value());
}

template <typename Body>
Result<PeerFrame> decode_plain(std::string_view bytes) {
  Result<Body> body = decode_compact<Body>(bytes);
  if (!body.ok()) return body.status();
  return PeerFrame(std::move(body).value());
}

Result<PeerFrame> decode_notification(std::string_view bytes) {
  const Result<peer::Notification> body = decode_compact<peer::Notification>(bytes);
  if (!body.ok()) return body.status();
  Result<zab::Notification> notification = from_wire(*body);
  if (!notification.ok()) return notification.status();
  return PeerFrame(std::move(notification).value());
}

}  // namespace

std::string encode_peer_frame(const peer::Hello& hello) {
  return framed(FrameKind::HELLO, hello);
}

std::string encode_peer_frame(const peer::Welcome& welcome) {
  return framed(FrameKind::WELCOME, welcome);
}

std::string encode_peer_frame(const zab::Notification& notification) {
  peer::Notification body;
  body.from_id = to_i64(notification.from.value);
  body.incarnation = to_i64(notification.incarnation.value);
  body.role = enum_to_wire<peer::Role>(notification.role);
  body.vote.epoch = to_i32(notification.vote.epoch);
  body.vote.zxid = to_i64(notification.vote.zxid);
  body.vote.leader = to_i64(notification.vote.leader.value);
  body.round = to_i64(notification.round);
  body.membership = enum_to_wire<peer::Membership>(notification.membership);
  body.config_version = to_i64(notification.config_version);
  return framed(FrameKind::NOTIFICATION, body);
}

std::string encode_peer_frame(const zab::Message& message) {
  return std::visit(Encoder{}, message);
}

Result<PeerFrame> decode_peer_frame(std::string_view bytes) {
  if (bytes.empty()) return bad("it is empty");
  const int kind = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  switch (kind) {
    case FrameKind::HELLO:
      return decode_plain<peer::Hello>(bytes);
    case FrameKind::WELCOME:
      return decode_plain<peer::Welcome>(bytes);
    case FrameKind::NOTIFICATION:
      return decode_notification(bytes);
    case FrameKind::LEARNER_INFO:
      return decode_message<peer::LearnerInfo>(bytes);
    case FrameKind::LEADER_INFO:
      return decode_message<peer::LeaderInfo>(bytes);
    case FrameKind::ACK_EPOCH:
      return decode_message<peer::AckEpoch>(bytes);
    case FrameKind::DIFF:
      return decode_message<peer::Diff>(bytes);
    case FrameKind::TRUNC:
      return decode_message<peer::Trunc>(bytes);
    case FrameKind::SNAP:
      return decode_message<peer::Snap>(bytes);
    case FrameKind::SNAP_CHUNK:
      return decode_message<peer::SnapChunk>(bytes);
    case FrameKind::SNAP_END:
      return decode_message<peer::SnapEnd>(bytes);
    case FrameKind::SNAP_ACK:
      return decode_message<peer::SnapAck>(bytes);
    case FrameKind::PROPOSAL:
      return decode_message<peer::Proposal>(bytes);
    case FrameKind::NEW_LEADER:
      return decode_message<peer::NewLeader>(bytes);
    case FrameKind::ACK_NEW_LEADER:
      return decode_message<peer::AckNewLeader>(bytes);
    case FrameKind::UP_TO_DATE:
      return decode_message<peer::UpToDate>(bytes);
    case FrameKind::ACK:
      return decode_message<peer::Ack>(bytes);
    case FrameKind::COMMIT:
      return decode_message<peer::Commit>(bytes);
    case FrameKind::INFORM:
      return decode_message<peer::Inform>(bytes);
    case FrameKind::PING:
      return decode_message<peer::Ping>(bytes);
    case FrameKind::PONG:
      return decode_message<peer::Pong>(bytes);
    case FrameKind::READ_INDEX:
      return decode_message<peer::ReadIndex>(bytes);
    case FrameKind::READ_INDEX_REPLY:
      return decode_message<peer::ReadIndexReply>(bytes);
    case FrameKind::REQUEST:
      return decode_message<peer::Request>(bytes);
    case FrameKind::REQUEST_REPLY:
      return decode_message<peer::RequestReply>(bytes);
    default:
      return bad("unknown kind " + std::to_string(kind));
  }
}

}  // namespace holdfast::net
