#pragma once

#include <string>
#include <string_view>

#include "lockserver/state/command.h"
#include "lockserver/state/event.h"
#include "lockserver/state/reply.h"
#include "thrift/encoding.h"
#include "thrift/gen/record_types.h"
#include "thrift/numbers.h"

// From the state machine's structs to the records of thrift/record.thrift and back: the parts that
// log and image share, and replies. For command_codec.cc and image_codec.cc only.
//
// from_record takes what it is given: a number that names no case of an enumeration becomes some
// case. Decoders therefore encode again what they have got, and accept only bytes that come back
// the same: that finds such numbers, missing, unknown and repeated fields, and everything else that
// this program would not have written.

namespace holdfast::state {

record::LockMode::type to_record(LockMode mode);
LockMode from_record(record::LockMode::type mode);
record::NodeKind::type to_record(NodeKind kind);
NodeKind from_record(record::NodeKind::type kind);

record::Stamp to_record(const Stamp& stamp);
Stamp from_record(const record::Stamp& stamp);
record::Sequencer to_record(const Sequencer& sequencer);
Sequencer from_record(const record::Sequencer& sequencer);
record::LockParty to_record(const LockParty& party);
LockParty from_record(const record::LockParty& party);
record::EventName to_record(const EventName& name);
EventName from_record(const record::EventName& name);

// Shared by the decoders: `from` turns the record into the value, `to` the value into bytes.
template <typename Record, typename From, typename To>
auto decode_canonical(std::string_view bytes, From from, To to)
    -> Result<decltype(from(std::declval<Record>()))> {
  const Result<Record> record = decode_compact<Record>(bytes);
  if (!record.ok()) return record.status();
  auto value = from(*record);
  if (to(value) != bytes) {
    return Status(StatusCode::kInvalid, "Malformed bytes: not a record as this program writes it.");
  }
  return value;
}

}  // namespace holdfast::state
