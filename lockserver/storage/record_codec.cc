#include "lockserver/storage/record_codec.h"

#include <utility>

#include "lockserver/storage/crc32c.h"
#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

enum class Kind : std::uint8_t { kEntry = 1, kLogState = 2, kImageState = 3, kChunk = 4 };
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 2;
constexpr std::size_t kCrcBytes = 4;

void put_byte(std::string& out, std::uint8_t value) {
  out.push_back(static_cast<char>(value));
}

void put_u32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    put_byte(out, static_cast<std::uint8_t>(value >> shift));
  }
}

void put_u64(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    put_byte(out, static_cast<std::uint8_t>(value >> shift));
  }
}

// Reads from the front; a read beyond the end gives zero and makes whole() false for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string_view bytes(std::size_t count) {
    if (count > bytes_.size()) {
      whole_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::string_view rest() { return bytes(bytes_.size()); }
  bool whole() const { return whole_; }
  bool at_end() const { return whole_ && bytes_.empty(); }

 private:
  std::uint64_t number(unsigned count) {
    const std::string_view taken = bytes(count);
    std::uint64_t value = 0;
    for (std::size_t i = taken.size(); i > 0; --i) {
      value = (value << 8U) | static_cast<unsigned char>(taken[i - 1]);
    }
    return value;
  }

  std::string_view bytes_;
  bool whole_ = true;
};

void begin_record(Kind kind, std::string& out) {
  put_byte(out, static_cast<std::uint8_t>(kind));
  put_byte(out, kVersion);
}

std::string begin_record(Kind kind) {
  std::string out;
  begin_record(kind, out);
  return out;
}

void seal_record(std::string& record, std::string_view key) {
  put_u32(record, masked_crc(crc32c(record, crc32c(key, 0))));
}

std::string end_record(std::string record, std::string_view key) {
  seal_record(record, key);
  return record;
}

Status corrupt(std::string why) {
  return Status(StatusCode::kCorrupt, std::move(why));
}

// The body of a record whose frame is sound. `what` gives the name of the record for a failure.
template <typename What>
Result<std::string_view> body_of(Kind kind, std::string_view key, std::string_view record,
                                 const What& what) {
  if (record.size() < kHeaderBytes + kCrcBytes) return corrupt(what() + " is cut short");
  const std::string_view covered = record.substr(0, record.size() - kCrcBytes);
  Reader trailer(record.substr(covered.size()));
  if (trailer.u32() != masked_crc(crc32c(covered, crc32c(key, 0)))) {
    return corrupt(what() + " does not match its checksum");
  }
  Reader header(covered);
  if (header.byte() != static_cast<std::uint8_t>(kind))
    return corrupt(what() + " is of another kind");
  const std::uint8_t version = header.byte();
  if (version != kVersion) {
    return corrupt(what() + " has version " + std::to_string(version) +
                   ", which this release does not know");
  }
  return header.rest();
}

}  // namespace

std::string entry_key(Zxid zxid) {
  std::string key(1, kEntryPrefix);
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    put_byte(key, static_cast<std::uint8_t>(zxid.value >> (shift - 8)));
  }
  return key;
}

std::optional<Zxid> zxid_of_entry_key(std::string_view key) {
  if (key.size() != 9 || key[0] != kEntryPrefix) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : key.substr(1)) value = (value << 8U) | static_cast<unsigned char>(c);
  return Zxid(value);
}

std::string encode_entry(const zab::Entry& entry) {
  std::string record;
  encode_entry(entry, entry_key(entry.zxid), record);
  return record;
}

void encode_entry(const zab::Entry& entry, std::string_view key, std::string& record) {
  record.clear();
  record.reserve(kHeaderBytes + 8 + entry.payload.size() + kCrcBytes);
  begin_record(Kind::kEntry, record);
  put_u64(record, entry.prev.value);
  record.append(entry.payload.view());
  seal_record(record, key);
}

Result<zab::Entry> decode_entry(Zxid zxid, std::string_view value) {
  const auto what = [zxid] { return "log entry " + to_string(zxid); };
  const Result<std::string_view> body = body_of(Kind::kEntry, entry_key(zxid), value, what);
  if (!body.ok()) return body.status();
  Reader reader(*body);
  const Zxid prev(reader.u64());
  if (!reader.whole()) return corrupt(what() + " is cut short");
  return zab::Entry{.zxid = zxid, .prev = prev, .payload = SharedBytes(std::string(reader.rest()))};
}

std::string encode_log_state(const LogState& state) {
  std::string record = begin_record(Kind::kLogState);
  put_u32(record, state.accepted.value);
  put_u32(record, state.current.value);
  put_u64(record, state.base.value);
  put_byte(record, state.provisioned ? 1 : 0);
  put_u64(record, state.generation);
  return end_record(std::move(record), kLogStateKey);
}

Result<LogState> decode_log_state(std::string_view value) {
  const auto what = [] { return std::string("the record of epochs and base"); };
  const Result<std::string_view> body = body_of(Kind::kLogState, kLogStateKey, value, what);
  if (!body.ok()) return body.status();
  Reader reader(*body);
  LogState state;
  state.accepted = Epoch(reader.u32());
  state.current = Epoch(reader.u32());
  state.base = Zxid(reader.u64());
  const std::uint8_t provisioned = reader.byte();
  state.provisioned = provisioned == 1;
  state.generation = reader.u64();
  if (!reader.at_end() || provisioned > 1) return corrupt(what() + " has a wrong form");
  return state;
}

std::string encode_image_state(const ImageState& state) {
  std::string record = begin_record(Kind::kImageState);
  put_u64(record, state.generation);
  put_u64(record, state.applied.value);
  return end_record(std::move(record), kImageStateKey);
}

Result<ImageState> decode_image_state(std::string_view value) {
  const auto what = [] { return std::string("the image's bookkeeping record"); };
  const Result<std::string_view> body = body_of(Kind::kImageState, kImageStateKey, value, what);
  if (!body.ok()) return body.status();
  Reader reader(*body);
  ImageState state;
  state.generation = reader.u64();
  state.applied = Zxid(reader.u64());
  if (!reader.at_end()) return corrupt(what() + " has a wrong form");
  return state;
}

ChunkWriter::ChunkWriter() : bytes_(begin_record(Kind::kChunk)) {
  put_u32(bytes_, 0);
}

void ChunkWriter::add(std::string_view key, std::string_view value) {
  put_u32(bytes_, static_cast<std::uint32_t>(key.size()));
  put_u32(bytes_, static_cast<std::uint32_t>(value.size()));
  bytes_.append(key).append(value);
  ++count_;
}

std::string ChunkWriter::finish() {
  std::string count;
  put_u32(count, count_);
  bytes_.replace(kHeaderBytes, count.size(), count);
  return end_record(std::move(bytes_), {});
}

Status decode_chunk(std::string_view bytes,
                    const std::function<void(std::string_view, std::string_view)>& take) {
  const Result<std::string_view> body =
      body_of(Kind::kChunk, {}, bytes, [] { return std::string("an image chunk"); });
  if (!body.ok()) return body.status();
  const auto walk = [&](const auto& visit) {
    Reader reader(*body);
    for (std::uint32_t left = reader.u32(); left > 0 && reader.whole(); --left) {
      const std::uint32_t key_bytes = reader.u32();
      const std::uint32_t value_bytes = reader.u32();
      const std::string_view key = reader.bytes(key_bytes);
      const std::string_view value = reader.bytes(value_bytes);
      if (reader.whole()) visit(key, value);
    }
    return reader.at_end();
  };
  if (!walk([](std::string_view, std::string_view) {})) {
    return corrupt("an image chunk has a wrong form");
  }
  HOLDFAST_CHECK(walk(take), "a chunk that was whole is not any more");
  return Status();
}

}  // namespace holdfast::storage
