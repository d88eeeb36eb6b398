#include "lockserver/storage/record_codec.h"

#include <fstream>

#include <gtest/gtest.h>

#include "lockserver/storage/crc32c.h"
#include "tests/storage/support.h"

namespace holdfast::storage {
namespace {

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// The golden bytes of that name.
std::string golden(const std::string& name) {
  std::ifstream file(HOLDFAST_TESTDATA_DIR "/wire/storage_records.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ": ")) return unhex(line.substr(name.size() + 2));
  }
  ADD_FAILURE() << "no golden bytes called " << name;
  return {};
}

// Every record with one byte changed, cut anywhere, or with a byte behind it, must be refused.
template <typename Decode>
void expect_damage_is_refused(const std::string& record, const Decode& decode) {
  ASSERT_TRUE(decode(record).ok());
  for (std::size_t at = 0; at < record.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = record;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      EXPECT_FALSE(decode(damaged).ok()) << "byte " << at;
    }
    EXPECT_FALSE(decode(record.substr(0, at)).ok()) << "cut at " << at;
  }
  EXPECT_FALSE(decode(record + std::string(1, '\0')).ok());
}

const zab::Entry kEntry = entry_after(z(7, 40), z(7, 41), "hello");
const LogState kLogState{.accepted = Epoch(9),
                         .current = Epoch(8),
                         .base = z(7, 40),
                         .provisioned = true,
                         .generation = 3};
const ImageState kImageState{.generation = 3, .applied = z(7, 41)};

std::string chunk_of(const Records& records) {
  ChunkWriter writer;
  for (const auto& [key, value] : records) writer.add(key, value);
  return writer.finish();
}

Result<Records> records_of(std::string_view chunk) {
  Records records;
  const Status status = decode_chunk(chunk, [&](std::string_view key, std::string_view value) {
    records[std::string(key)] = std::string(value);
  });
  if (!status.ok()) return status;
  return records;
}

TEST(Crc32c, HasTheValueThatEverybodyAgreesOn) {
  EXPECT_EQ(crc32c("123456789", 0), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0'), 0), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff'), 0), 0x62a8ab43U);
}

TEST(Crc32c, GoesOnFromAnyCut) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut), 0)), crc32c(text, 0));
  }
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
  Random dice(1);
  std::string bytes;
  for (int length = 0; length < 200; ++length) {
    const auto before = static_cast<std::uint32_t>(dice.below(1ULL << 32U));
    EXPECT_EQ(crc32c(bytes, before), crc32c_by_tables(bytes, before)) << length;
    bytes.push_back(static_cast<char>(dice.below(256)));
  }
}

TEST(RecordCodec, EntriesHaveTheirGoldenBytes) {
  EXPECT_EQ(entry_key(z(7, 41)), golden("entry_key 7.41"));
  EXPECT_EQ(encode_entry(kEntry), golden("entry 7.41 after 7.40"));
  EXPECT_EQ(encode_entry(entry_after({}, z(1, 1), "")), golden("entry 1.1 after 0.0, empty"));
  EXPECT_EQ(*decode_entry(z(7, 41), golden("entry 7.41 after 7.40")), kEntry);
}

TEST(RecordCodec, EntryKeysSortByZxid) {
  EXPECT_LT(entry_key(z(1, 0xffffffff)), entry_key(z(2, 1)));
  EXPECT_LT(entry_key(z(1, 0xff)), entry_key(z(1, 0x100)));
  EXPECT_EQ(zxid_of_entry_key(entry_key(z(3, 70000))), z(3, 70000));
  EXPECT_FALSE(zxid_of_entry_key("e1234567").has_value());
  EXPECT_FALSE(zxid_of_entry_key("x12345678").has_value());
}

TEST(RecordCodec, AnEntryUnderAnotherKeyIsRefused) {
  EXPECT_EQ(decode_entry(z(7, 42), encode_entry(kEntry)).status().code(), StatusCode::kCorrupt);
}

TEST(RecordCodec, BookkeepingHasItsGoldenBytes) {
  EXPECT_EQ(encode_log_state(kLogState), golden("log_state"));
  EXPECT_EQ(*decode_log_state(golden("log_state")), kLogState);
  EXPECT_EQ(encode_image_state(kImageState), golden("image_state"));
  EXPECT_EQ(*decode_image_state(golden("image_state")), kImageState);
}

TEST(RecordCodec, ChunksHaveTheirGoldenBytes) {
  const Records records{{"k", "one"}, {"k2", ""}};
  EXPECT_EQ(chunk_of(records), golden("chunk of k=one and k2 empty"));
  EXPECT_EQ(*records_of(golden("chunk of k=one and k2 empty")), records);
  EXPECT_EQ(chunk_of({}), golden("chunk of nothing"));
}

TEST(RecordCodec, TheIdentityHasItsGoldenBytes) {
  const Identity identity{.cell_name = "test",
                          .cell_id = "00112233445566778899aabbccddeeff",
                          .id = ServerId(1),
                          .members = "1=a\n2=b\\"};
  EXPECT_EQ(encode_identity(identity), golden("identity"));
  EXPECT_EQ(*decode_identity(golden("identity")), identity);
}

TEST(RecordCodec, EveryDamagedByteIsNoticed) {
  expect_damage_is_refused(encode_entry(kEntry),
                           [](std::string_view b) { return decode_entry(z(7, 41), b); });
  expect_damage_is_refused(encode_log_state(kLogState), decode_log_state);
  expect_damage_is_refused(encode_image_state(kImageState), decode_image_state);
  expect_damage_is_refused(chunk_of({{"k", "one"}, {"k2", ""}}), records_of);
  expect_damage_is_refused(encode_identity(kIdentity), decode_identity);
}

// A checksum that matches does not make lengths true: whoever wrote the bytes may have been wrong.
TEST(RecordCodec, LengthsBeyondTheEndAreRefusedUnderAValidChecksum) {
  const std::string whole = chunk_of({{"k", "one"}});
  for (std::size_t at = 2; at + 4 < whole.size(); ++at) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string bytes = whole.substr(0, whole.size() - 4);
      bytes[at] = value;
      const std::uint32_t crc = masked_crc(crc32c(bytes, 0));
      for (unsigned shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<char>(crc >> shift));
      const Result<Records> decoded = records_of(bytes);
      if (decoded.ok()) {
        EXPECT_EQ(decoded->size(), 1U);
      } else {
        EXPECT_EQ(decoded.status().code(), StatusCode::kCorrupt);
      }
    }
  }
}

TEST(RecordCodec, RandomBytesAreRefused) {
  Random dice(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::uint64_t left = dice.below(40); left > 0; --left)
      bytes.push_back(static_cast<char>(dice.below(256)));
    EXPECT_FALSE(decode_entry(z(1, 1), bytes).ok());
    EXPECT_FALSE(decode_log_state(bytes).ok());
    EXPECT_FALSE(decode_image_state(bytes).ok());
    EXPECT_FALSE(decode_identity(bytes).ok());
    EXPECT_FALSE(records_of(bytes).ok());
  }
}

}  // namespace
}  // namespace holdfast::storage
