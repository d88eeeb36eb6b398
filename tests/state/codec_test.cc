#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "lockserver/state/command_codec.h"
#include "lockserver/state/image_codec.h"
#include "tests/state/samples.h"
#include "tests/state/test_cell.h"
#include "zab/base/random.h"

// The bytes of log and image are read by later releases: golden bytes in testdata/wire. REWRITE=1
// writes them anew; after the first release what is there stays, and new names are added.

namespace holdfast::state {
namespace {

const std::string kGoldenFile = HOLDFAST_TESTDATA_DIR "/wire/state_records.txt";

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    digits.push_back(kDigits[byte >> 4U]);
    digits.push_back(kDigits[byte & 0xfU]);
  }
  return digits;
}

std::vector<Event> sample_events() {
  Event event{.name = {.zxid = Zxid(5), .index = 0},
              .kind = EventKind::kLockLost,
              .path = "/a",
              .child = "c",
              .instance = Zxid(1),
              .session = SessionId(2),
              .owner = OwnerId(3),
              .to = SessionId(4),
              .generation = Zxid(5),
              .acquisition = Zxid(6),
              .content_generation = 7,
              .mode = LockMode::kShared,
              .reason = "why"};
  std::vector<Event> events = {event, event};
  events[1].name.index = 1;
  events[1].kind = EventKind::kNodeCreated;
  return events;
}

const Meta kMeta{.applied = Zxid(Epoch(7), 41),
                 .stamp = {.cluster_ms = 123, .wall_ms = 456},
                 .epoch_began_cluster_ms = 100};
const MetaRecord kMetaRecord{.meta = kMeta,
                             .history_floor = {.zxid = Zxid(9), .index = 2},
                             .newest_event = {.zxid = Zxid(11), .index = 1},
                             .cell_prefix = 0xfedcba9876543210ULL};
const NodeMeta kNode{.instance = Zxid(1),
                     .content_generation = 2,
                     .child_generation = 3,
                     .lock_generation = Zxid(4),
                     .modified_zxid = Zxid(5),
                     .created_wall_ms = 6,
                     .modified_wall_ms = 7,
                     .contents_checksum = 0x8000000000000008ULL,
                     .next_sequence = 9,
                     .ephemeral_owner = SessionId(10),
                     .kind = NodeKind::kEphemeral};
const Session kSession{.id = SessionId(3),
                       .secret = secret_of("s"),
                       .lease_ms = 12'000,
                       .client_name = "name",
                       .host = "host",
                       .instance_name = "instance",
                       .opened_wall_ms = 5,
                       .previous_closed = true,
                       .killed = true,
                       .answered_below = RequestNumber(8)};
const LockRequest kRequest{.asked = Zxid(4),
                           .party = {.session = SessionId(3), .owner = OwnerId(2)},
                           .request = RequestNumber(9),
                           .mode = LockMode::kShared,
                           .wait_ms = -1,
                           .lock_delay_ms = 2000,
                           .description = "nightly",
                           .asked_at = {.cluster_ms = 1, .wall_ms = 2},
                           .acquisition = Zxid(6),
                           .granted_at = {.cluster_ms = 3, .wall_ms = 4}};
const LockDelay kDelay{.holder = {.session = SessionId(3), .client_name = "name"},
                       .secret = secret_of("s"),
                       .generation = Zxid(5),
                       .delay_ms = 9000,
                       .began_cluster_ms = 77,
                       .lost = EventName{.zxid = Zxid(8), .index = 1}};

// Every record of log and image by name, as bytes.
std::map<std::string, std::string> sample_bytes() {
  std::map<std::string, std::string> bytes;
  for (const auto& [name, command] : sample_commands()) bytes[name] = encode_command(command);
  for (const auto& [name, reply] : sample_replies()) bytes[name] = encode_reply(reply);
  bytes["image meta"] = encode_meta(kMetaRecord);
  bytes["image node"] = encode_node(kNode);
  bytes["image session"] = encode_session(kSession);
  bytes["image lock request"] = encode_request(kRequest);
  bytes["image lock delay"] = encode_delay(kDelay);
  bytes["image events"] = encode_events(sample_events());
  const LockDelay::Key delay{.since = Zxid(Epoch(7), 41),
                             .party = {.session = SessionId(8), .owner = OwnerId(9)}};
  bytes["key meta"] = meta_key();
  bytes["key node"] = node_key("/a/b");
  bytes["key contents"] = contents_key("/a/b");
  bytes["key session"] = session_key(SessionId(258));
  bytes["key result"] = result_key(SessionId(258), RequestNumber(3));
  bytes["key lock request"] = request_key("/a/b", Zxid(Epoch(7), 41));
  bytes["key lock delay"] = delay_key("/a/b", delay);
  bytes["key events"] = events_key(Zxid(Epoch(7), 41));
  return bytes;
}

// Decodes by the name of a sample and encodes again; nothing when the bytes are refused.
std::optional<std::string> round_trip(const std::string& name, std::string_view bytes) {
  const auto again = [](const auto& decoded, auto encode) {
    return decoded.ok() ? std::optional(encode(*decoded)) : std::nullopt;
  };
  if (name.starts_with("command")) return again(decode_command(bytes), encode_command);
  if (name.starts_with("reply")) return again(decode_reply(bytes), encode_reply);
  if (name == "image meta") return again(decode_meta(bytes), encode_meta);
  if (name == "image node") return again(decode_node(bytes), encode_node);
  if (name == "image session") return again(decode_session(SessionId(3), bytes), encode_session);
  if (name == "image lock request") return again(decode_request(Zxid(4), bytes), encode_request);
  if (name == "image lock delay") return again(decode_delay(bytes), encode_delay);
  if (name == "image events") return again(decode_events(Zxid(5), bytes), encode_events);
  const Result<ImageKey> key = parse_key(bytes);
  return key.ok() ? std::optional(std::string(bytes)) : std::nullopt;
}

TEST(StateCodec, EveryRecordIsEncodedAsItWas) {
  const std::map<std::string, std::string> samples = sample_bytes();
  const char* rewrite = std::getenv("REWRITE");
  if (rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream file(kGoldenFile);
    for (const auto& [name, bytes] : samples) file << name << ": " << hex(bytes) << "\n";
  }
  std::map<std::string, std::string> golden;
  std::ifstream file(kGoldenFile);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    ASSERT_NE(colon, std::string::npos) << line;
    golden[line.substr(0, colon)] = line.substr(colon + 2);
  }
  EXPECT_EQ(golden.size(), samples.size());
  for (const auto& [name, bytes] : samples) EXPECT_EQ(golden[name], hex(bytes)) << name;
}

TEST(StateCodec, EveryCommandIsDecodedAsItWas) {
  for (const auto& [name, command] : sample_commands()) {
    const Result<Command> decoded = decode_command(encode_command(command));
    ASSERT_TRUE(decoded.ok()) << name << ": " << decoded.status().message();
    EXPECT_TRUE(*decoded == command) << name;
  }
}

TEST(StateCodec, EveryReplyIsDecodedAsItWas) {
  for (const auto& [name, reply] : sample_replies()) {
    const Result<Reply> decoded = decode_reply(encode_reply(reply));
    ASSERT_TRUE(decoded.ok()) << name << ": " << decoded.status().message();
    EXPECT_TRUE(*decoded == reply) << name;
  }
}

TEST(StateCodec, EveryImageRecordIsDecodedAsItWas) {
  EXPECT_EQ(*decode_meta(encode_meta(kMetaRecord)), kMetaRecord);
  EXPECT_EQ(*decode_node(encode_node(kNode)), kNode);
  EXPECT_EQ(*decode_session(SessionId(3), encode_session(kSession)), kSession);
  EXPECT_EQ(*decode_request(Zxid(4), encode_request(kRequest)), kRequest);
  EXPECT_EQ(*decode_delay(encode_delay(kDelay)), kDelay);
  EXPECT_EQ(*decode_events(Zxid(5), encode_events(sample_events())), sample_events());
}

TEST(StateCodec, WhatIsAcceptedIsWhatThisProgramWrites) {
  for (const auto& [name, bytes] : sample_bytes()) {
    ASSERT_EQ(round_trip(name, bytes), bytes) << name;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1U << bit));
        const auto again = round_trip(name, damaged);
        EXPECT_TRUE(!again || *again == damaged) << name << ", byte " << at;
      }
    }
  }
}

TEST(StateCodec, TruncatedAndProlongedRecordsAreRefused) {
  for (const auto& [name, bytes] : sample_bytes()) {
    if (name.starts_with("key")) continue;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(round_trip(name, std::string_view(bytes).substr(0, size))) << name;
    }
    EXPECT_FALSE(round_trip(name, bytes + std::string(1, '\0'))) << name;
    EXPECT_FALSE(round_trip(name, bytes + bytes)) << name;
  }
}

TEST(StateCodec, NoiseIsRefused) {
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(random.below(60), '\0');
    for (char& byte : noise) byte = static_cast<char>(random.below(256));
    for (const char* name : {"command", "reply", "image meta", "image session", "image events"}) {
      const auto again = round_trip(name, noise);
      EXPECT_TRUE(!again || *again == noise);
    }
  }
}

TEST(StateCodec, ACommandOfALaterVersionIsToldApart) {
  Command command = sample_commands().front().second;
  command.version = kStateMachineVersion + 1;
  const Result<Command> decoded = decode_command(encode_command(command));
  EXPECT_EQ(decoded.status().code(), StatusCode::kUnavailable);
  command.version = 0;
  EXPECT_EQ(decode_command(encode_command(command)).status().code(), StatusCode::kInvalid);
}

TEST(StateCodec, DamagedCommandsAreAppliedWithoutACrash) {
  TestCell cell;
  cell.open("a");
  Random random(5);
  for (int round = 0; round < 3000; ++round) {
    const auto samples = sample_commands();
    std::string bytes = encode_command(samples[random.below(samples.size())].second);
    const std::uint64_t flips = 1 + random.below(3);
    for (std::uint64_t i = 0; i < flips; ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (Result<Command> command = decode_command(bytes); command.ok()) cell.apply(*command);
  }
}

}  // namespace
}  // namespace holdfast::state
