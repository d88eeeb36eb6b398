#include <string>
#include <utility>
#include <vector>

#include "lockserver/storage/record_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// What storage reads from a disk that may be damaged: exactly what it wrote is accepted, and
// nothing else. The first byte says which record the rest is.

namespace holdfast::fuzz {

namespace {

using storage::ChunkWriter;

void accept_only(std::string_view bytes, const std::string& written) {
  HOLDFAST_CHECK(written == bytes, "a record is accepted that is not as this program writes it");
}

void refused(const Status& status) {
  HOLDFAST_CHECK(status.code() == StatusCode::kCorrupt || status.code() == StatusCode::kUnavailable,
                 "damage is called damage: " + status.message());
}

void read_entry(std::string_view bytes) {
  ByteSource source(bytes);
  const Zxid zxid(source.u64());
  HOLDFAST_CHECK(storage::zxid_of_entry_key(storage::entry_key(zxid)) == zxid,
                 "the key of an entry");
  const std::string_view value = source.rest();
  const Result<zab::Entry> entry = storage::decode_entry(zxid, value);
  if (!entry.ok()) return refused(entry.status());
  HOLDFAST_CHECK(entry->zxid == zxid, "another entry than that of its key");
  accept_only(value, storage::encode_entry(*entry));
}

void read_log_state(std::string_view bytes) {
  const auto state = storage::decode_log_state(bytes);
  if (!state.ok()) return refused(state.status());
  accept_only(bytes, storage::encode_log_state(*state));
}

void read_image_state(std::string_view bytes) {
  const auto state = storage::decode_image_state(bytes);
  if (!state.ok()) return refused(state.status());
  accept_only(bytes, storage::encode_image_state(*state));
}

void read_identity(std::string_view bytes) {
  const auto identity = storage::decode_identity(bytes);
  if (!identity.ok()) return refused(identity.status());
  accept_only(bytes, storage::encode_identity(*identity));
}

void read_chunk(std::string_view bytes) {
  ChunkWriter writer;
  bool taken = false;
  const Status status = storage::decode_chunk(bytes, [&](std::string_view key, std::string_view v) {
    writer.add(key, v);
    taken = true;
  });
  if (status.ok()) return accept_only(bytes, writer.finish());
  HOLDFAST_CHECK(!taken, "a part of a damaged chunk is given out");
  refused(status);
}

void read_key(std::string_view bytes) {
  const std::optional<Zxid> zxid = storage::zxid_of_entry_key(bytes);
  if (zxid) accept_only(bytes, storage::entry_key(*zxid));
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  switch (source.below(6)) {
    case 0:
      return read_entry(source.rest());
    case 1:
      return read_log_state(source.rest());
    case 2:
      return read_image_state(source.rest());
    case 3:
      return read_identity(source.rest());
    case 4:
      return read_chunk(source.rest());
    default:
      return read_key(source.rest());
  }
}

}  // namespace holdfast::fuzz
