#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lockserver/storage/store.h"
#include "zab/base/status.h"
#include "zab/types.h"

// The bytes of everything that storage itself puts on a disk or into a snapshot chunk
// (docs/format.md). A record is
//
//   kind (1 byte) | version (1 byte) | body | masked CRC-32C (4 bytes)
//
// The checksum covers the record's key, if it has one, and then kind, version and body: a record
// found under another key is as damaged as one with a changed byte. Integers are little-endian, but
// for the zxid in a key, which is big-endian so that keys sort by it. Decoding never trusts a
// length; whatever does not fit exactly is kCorrupt.

namespace holdfast::storage {

// The log database.
inline constexpr std::string_view kLogStateKey = "s";
inline constexpr std::string_view kLogIdentityKey = "i";
inline constexpr char kEntryPrefix = 'e';

std::string entry_key(Zxid zxid);
// Nothing for a key that is no entry's.
std::optional<Zxid> zxid_of_entry_key(std::string_view key);
std::string encode_entry(const zab::Entry& entry);
// The same into `record`, whatever that held; `key` is entry_key(entry.zxid).
void encode_entry(const zab::Entry& entry, std::string_view key, std::string& record);
Result<zab::Entry> decode_entry(Zxid zxid, std::string_view value);

// What the log database knows beside its entries; always written as a whole.
struct LogState {
  Epoch accepted;
  Epoch current;
  Zxid base;
  bool provisioned = false;
  std::uint64_t generation = 0;  // Of the live image: it is in the directory image-<generation>.
  bool operator==(const LogState&) const = default;
};
std::string encode_log_state(const LogState& state);
Result<LogState> decode_log_state(std::string_view value);

// The identity as text, one "name: value" a line with a checksum as the last: the file IDENTITY,
// and the same bytes in the log database under kLogIdentityKey, so that files of two replicas
// cannot be mixed.
std::string encode_identity(const Identity& identity);
Result<Identity> decode_identity(std::string_view text);

// The image database: one bookkeeping record, and the state machine's records under
// kImageRecordPrefix.
inline constexpr std::string_view kImageStateKey = "a";
inline constexpr char kImageRecordPrefix = 'd';

struct ImageState {
  std::uint64_t generation = 0;
  Zxid applied;
  bool operator==(const ImageState&) const = default;
};
std::string encode_image_state(const ImageState& state);
Result<ImageState> decode_image_state(std::string_view value);

// Gathers records of an image into a chunk.
class ChunkWriter {
 public:
  ChunkWriter();
  void add(std::string_view key, std::string_view value);
  std::size_t size() const { return bytes_.size(); }
  // The chunk, complete with its checksum. To be called once, last.
  std::string finish();

 private:
  std::string bytes_;
  std::uint32_t count_ = 0;
};

// Gives each record to `take`, after the whole chunk has been checked.
Status decode_chunk(std::string_view bytes,
                    const std::function<void(std::string_view key, std::string_view value)>& take);

}  // namespace holdfast::storage
