#include "lockserver/state/record_codec.h"

namespace holdfast::state {

record::LockMode::type to_record(LockMode mode) {
  return mode == LockMode::kShared ? record::LockMode::SHARED : record::LockMode::EXCLUSIVE;
}

LockMode from_record(record::LockMode::type mode) {
  return mode == record::LockMode::SHARED ? LockMode::kShared : LockMode::kExclusive;
}

record::NodeKind::type to_record(NodeKind kind) {
  switch (kind) {
    case NodeKind::kEphemeral:
      return record::NodeKind::EPHEMERAL;
    case NodeKind::kUntilFree:
      return record::NodeKind::UNTIL_FREE;
    case NodeKind::kPersistent:
      break;
  }
  return record::NodeKind::PERSISTENT;
}

NodeKind from_record(record::NodeKind::type kind) {
  switch (kind) {
    case record::NodeKind::EPHEMERAL:
      return NodeKind::kEphemeral;
    case record::NodeKind::UNTIL_FREE:
      return NodeKind::kUntilFree;
    case record::NodeKind::PERSISTENT:
      break;
  }
  return NodeKind::kPersistent;
}

record::Stamp to_record(const Stamp& stamp) {
  record::Stamp out;
  out.cluster_ms = stamp.cluster_ms;
  out.wall_ms = stamp.wall_ms;
  return out;
}

Stamp from_record(const record::Stamp& stamp) {
  return {.cluster_ms = stamp.cluster_ms, .wall_ms = stamp.wall_ms};
}

record::Sequencer to_record(const Sequencer& sequencer) {
  record::Sequencer out;
  out.mode = to_record(sequencer.mode);
  out.generation = to_i64(sequencer.generation.value);
  out.acquisition = to_i64(sequencer.acquisition.value);
  out.instance = to_i64(sequencer.instance.value);
  out.cell_prefix = to_i64(sequencer.cell_prefix);
  out.path = sequencer.path;
  return out;
}

Sequencer from_record(const record::Sequencer& sequencer) {
  return {.mode = from_record(sequencer.mode),
          .generation = Zxid(to_u64(sequencer.generation)),
          .acquisition = Zxid(to_u64(sequencer.acquisition)),
          .instance = Zxid(to_u64(sequencer.instance)),
          .cell_prefix = to_u64(sequencer.cell_prefix),
          .path = sequencer.path};
}

record::LockParty to_record(const LockParty& party) {
  record::LockParty out;
  out.session = to_i64(party.session.value);
  out.owner = to_i64(party.owner.value);
  out.client_name = party.client_name;
  out.host = party.host;
  out.description = party.description;
  out.mode = to_record(party.mode);
  out.since_wall_ms = party.since_wall_ms;
  out.since_cluster_ms = party.since_cluster_ms;
  out.acquisition = to_i64(party.acquisition.value);
  out.request = to_i64(party.request.value);
  out.lock_delay_ms = party.lock_delay_ms;
  out.wait_ms = party.wait_ms;
  out.asked = to_i64(party.asked.value);
  return out;
}

LockParty from_record(const record::LockParty& party) {
  return {.session = SessionId(to_u64(party.session)),
          .owner = OwnerId(to_u64(party.owner)),
          .client_name = party.client_name,
          .host = party.host,
          .description = party.description,
          .mode = from_record(party.mode),
          .since_wall_ms = party.since_wall_ms,
          .since_cluster_ms = party.since_cluster_ms,
          .asked = Zxid(to_u64(party.asked)),
          .acquisition = Zxid(to_u64(party.acquisition)),
          .request = RequestNumber(to_u64(party.request)),
          .lock_delay_ms = party.lock_delay_ms,
          .wait_ms = party.wait_ms};
}

record::EventName to_record(const EventName& name) {
  record::EventName out;
  out.zxid = to_i64(name.zxid.value);
  out.index = static_cast<std::int32_t>(name.index);
  return out;
}

EventName from_record(const record::EventName& name) {
  return {.zxid = Zxid(to_u64(name.zxid)), .index = static_cast<std::uint32_t>(name.index)};
}

}  // namespace holdfast::state
