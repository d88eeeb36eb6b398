#include "tests/fuzz/random_messages.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "lockserver/storage/record_codec.h"

namespace holdfast::fuzz {

namespace {

using zab::Entry;
using zab::Message;

constexpr std::uint64_t kServers = 5;

ServerId server_of(ByteSource& source) {
  return ServerId(source.below(kServers + 2));
}

Epoch epoch_of(ByteSource& source, const Surroundings& around) {
  const Epoch accepted = around.view.accepted;
  const std::array<Epoch, 8> near = {
      around.agreed,   around.agreed,       accepted,
      accepted.next(), around.view.current, Epoch(accepted.value + 2),
      Epoch(),         Epoch(0xfffffff0U)};
  const std::size_t choice = source.below(17);
  return choice < 16 ? near[choice / 2] : Epoch(source.u32());
}

Zxid zxid_of(ByteSource& source, const Surroundings& around) {
  const zab::CoreView& view = around.view;
  const std::array<Zxid, 12> near = {view.last,
                                     view.committed,
                                     view.base,
                                     view.durable,
                                     view.delivered,
                                     Zxid(view.last.value + 1),
                                     Zxid(view.last.value - (view.last.counter() > 0 ? 1 : 0)),
                                     Zxid(around.agreed, 0),
                                     Zxid(around.agreed, 1),
                                     Zxid(around.agreed, 9),
                                     Zxid(),
                                     Zxid(~0ULL)};
  const std::size_t choice = source.below(25);
  return choice < 24 ? near[choice / 2] : Zxid(source.u64());
}

// Mostly a run that goes on where the log ends.
std::vector<Entry> entries_of(ByteSource& source, const Surroundings& around) {
  const std::size_t bits = source.below(256);
  std::vector<Entry> run;
  Zxid prev = around.view.last;
  for (std::size_t count = 1 + bits % 4; count > 0; --count) {
    const bool same = prev.epoch() == around.agreed || (bits & 4U) != 0;
    const Zxid next = same ? Zxid(prev.value + 1) : Zxid(around.agreed, 1);
    run.push_back(Entry{next, prev, SharedBytes(std::string(bits / 8, 'p'))});
    prev = next;
  }
  if (source.below(8) == 0) {
    Entry& damaged = run[source.below(run.size())];
    (source.flag() ? damaged.zxid : damaged.prev) = zxid_of(source, around);
  }
  return run;
}

std::vector<SessionId> sessions_of(ByteSource& source) {
  std::vector<SessionId> sessions(source.below(4));
  for (SessionId& session : sessions) session = SessionId(source.below(256));
  return sessions;
}

zab::EpochVector epochs_of(ByteSource& source, const Surroundings& around) {
  zab::EpochVector epochs = around.epochs;
  switch (source.below(6)) {
    case 0:
      epochs.push_back({.epoch = epoch_of(source, around),
                        .last_counter = static_cast<std::uint32_t>(source.below(4))});
      break;
    case 1:
      epochs.back().last_counter = source.u32();
      break;
    case 2:
      epochs.erase(epochs.begin());
      break;
    case 3:
      epochs = {{.epoch = Epoch(), .last_counter = 0}};
      break;
    default:
      break;
  }
  return epochs;
}

std::string chunk_of(ByteSource& source) {
  if (source.below(8) == 0) return std::string(source.text());
  storage::ChunkWriter chunk;
  for (std::size_t i = source.below(3); i > 0; --i) chunk.add(std::string(1, char('0' + i)), "v");
  return chunk.finish();
}

zab::Membership membership_of(ByteSource& source) {
  const std::size_t choice = source.below(8);
  return choice < 5 ? zab::Membership::kProvisioned : static_cast<zab::Membership>(choice % 3);
}

zab::LearnerInfo learner_info_of(ByteSource& source, const Surroundings& around) {
  return {.from = server_of(source),
          .incarnation = Incarnation(source.below(4)),
          .observer = source.below(4) == 0,
          .membership = membership_of(source),
          .accepted = epoch_of(source, around),
          .config_version = source.below(16) == 0 ? Zxid(1) : Zxid()};
}

Message message_to_a_learner(ByteSource& source, const Surroundings& around) {
  const Epoch epoch = epoch_of(source, around);
  switch (source.below(12)) {
    case 0:
      return zab::LeaderInfo{.epoch = epoch, .bootstrap = source.below(4) == 0};
    case 1:
      return zab::Diff{epoch, zxid_of(source, around)};
    case 2:
      return zab::Trunc{epoch, zxid_of(source, around)};
    case 3:
      return zab::Snap{epoch, zxid_of(source, around)};
    case 4:
      return zab::SnapChunk{epoch, SharedBytes(chunk_of(source))};
    case 5:
      return zab::SnapEnd{epoch, around.chunks + (source.below(8) == 0 ? 1 : 0), around.checksum};
    case 6:
      return zab::NewLeader{epoch, zxid_of(source, around)};
    case 7:
      return zab::UpToDate{epoch, zxid_of(source, around)};
    case 8:
      return zab::Commit{epoch, zxid_of(source, around)};
    case 9:
      return zab::Inform{epoch, entries_of(source, around)};
    case 10:
      return zab::Ping{epoch, source.below(8), zxid_of(source, around)};
    default:
      return zab::Proposal{epoch, entries_of(source, around), zxid_of(source, around)};
  }
}

Message message_to_a_leader(ByteSource& source, const Surroundings& around) {
  const Epoch epoch = epoch_of(source, around);
  switch (source.below(10)) {
    case 0:
      return learner_info_of(source, around);
    case 1:
      return zab::AckEpoch{.epoch = epoch,
                           .promised = source.below(4) != 0,
                           .current = epoch_of(source, around),
                           .epochs = epochs_of(source, around),
                           .floor = zxid_of(source, around)};
    case 2:
      return zab::SnapAck{epoch, source.below(8)};
    case 3:
      return zab::AckNewLeader{epoch};
    case 4:
      return zab::Ack{epoch, zxid_of(source, around)};
    case 5:
      return zab::Pong{.epoch = epoch,
                       .round = source.below(16),
                       .applied = zxid_of(source, around),
                       .free_bytes = source.u64(),
                       .touched = sessions_of(source)};
    case 6:
      return zab::ReadIndex{epoch, source.u64(), sessions_of(source)};
    case 7:
      return zab::ReadIndexReply{epoch, source.below(8), zxid_of(source, around)};
    case 8:
      return zab::Request{epoch, SharedBytes(std::string(source.text()))};
    default:
      return zab::RequestReply{epoch, SharedBytes(std::string(source.text()))};
  }
}

struct Answer {
  const Surroundings& around;

  std::optional<Message> operator()(const zab::LearnerInfo& info) const {
    return zab::LeaderInfo{.epoch = std::max(info.accepted, around.view.accepted).next(),
                           .bootstrap = info.membership == zab::Membership::kFresh};
  }
  std::optional<Message> operator()(const zab::LeaderInfo& info) const {
    return zab::AckEpoch{.epoch = info.epoch,
                         .promised = true,
                         .current = around.view.current,
                         .epochs = around.epochs,
                         .floor = Zxid()};
  }
  std::optional<Message> operator()(const zab::AckEpoch& ack) const {
    return zab::Diff{ack.epoch, around.view.last};
  }
  std::optional<Message> operator()(const zab::NewLeader& news) const {
    return zab::AckNewLeader{news.epoch};
  }
  std::optional<Message> operator()(const zab::AckNewLeader& ack) const {
    return zab::UpToDate{ack.epoch, around.view.last};
  }
  std::optional<Message> operator()(const zab::Proposal& run) const {
    return zab::Ack{run.epoch, run.entries.back().zxid};
  }
  std::optional<Message> operator()(const zab::Ping& ping) const {
    return zab::Pong{.epoch = ping.epoch, .round = ping.round, .free_bytes = 1};
  }
  std::optional<Message> operator()(const zab::SnapChunk& chunk) const {
    return zab::SnapAck{chunk.epoch, 1};
  }
  std::optional<Message> operator()(const zab::ReadIndex& read) const {
    return zab::ReadIndexReply{read.epoch, read.tag, around.view.committed};
  }
  template <typename Other>
  std::optional<Message> operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

zab::Message random_message(ByteSource& source, const Surroundings& around) {
  return source.flag() ? message_to_a_learner(source, around) : message_to_a_leader(source, around);
}

std::optional<zab::Message> polite_message(const Surroundings& around) {
  if (around.asked) return std::visit(Answer{around}, *around.asked);
  if (around.view.role == zab::Role::kLeading) return std::nullopt;
  if (around.view.established) return zab::Ping{around.agreed, 1, around.view.last};
  return zab::NewLeader{around.agreed, around.view.last};
}

zab::Notification random_notification(ByteSource& source, const Surroundings& around) {
  const ServerId from = server_of(source);
  zab::Vote vote = around.view.vote;
  const std::size_t bits = source.below(256);
  vote.leader = (bits & 1U) != 0 ? from : server_of(source);
  if ((bits & 6U) == 6U) vote.epoch = epoch_of(source, around);
  if ((bits & 24U) == 24U) vote.zxid = zxid_of(source, around);
  const std::uint64_t round = around.view.round + (bits >> 5U) % 4;
  return {.from = from,
          .incarnation = Incarnation(source.below(3)),
          .role = static_cast<zab::Role>(source.below(4)),
          .vote = vote,
          .round = (bits & 128U) != 0 && source.below(4) == 0 ? source.u64() : round,
          .membership = membership_of(source),
          .config_version = Zxid()};
}

}  // namespace holdfast::fuzz
