#include "tests/net/samples.h"

#include <cstdint>
#include <utility>
#include <variant>

#include "lockserver/net/peer_codec.h"

namespace holdfast::net::testing {

namespace {

using zab::Entry;

std::vector<Entry> two_entries() {
  return {{.zxid = Zxid(Epoch(2), 5), .prev = Zxid(Epoch(2), 4), .payload = SharedBytes("five")},
          {.zxid = Zxid(Epoch(3), 1),
           .prev = Zxid(Epoch(2), 5),
           .payload = SharedBytes(std::string("\0x", 2))}};
}

constexpr Epoch kEpoch(0xfffffff0U);
constexpr Zxid kZxid(~0ULL);

std::vector<zab::Message> messages_of_joining() {
  return {
      zab::LearnerInfo{.from = ServerId(3),
                       .incarnation = Incarnation(~0ULL),
                       .observer = true,
                       .membership = zab::Membership::kRejoining,
                       .accepted = kEpoch,
                       .config_version = kZxid},
      zab::LeaderInfo{.epoch = kEpoch, .bootstrap = true},
      zab::AckEpoch{.epoch = kEpoch,
                    .promised = false,
                    .current = Epoch(7),
                    .epochs = {{.epoch = Epoch(0), .last_counter = 0},
                               {.epoch = kEpoch, .last_counter = ~0U}},
                    .floor = kZxid},
      zab::Diff{.epoch = kEpoch, .from = kZxid},
      zab::Trunc{.epoch = kEpoch, .to = kZxid},
      zab::Snap{.epoch = kEpoch, .zxid = kZxid},
      zab::SnapChunk{.epoch = kEpoch, .bytes = SharedBytes("chunk")},
      zab::SnapEnd{.epoch = kEpoch, .chunks = ~0ULL, .checksum = 1},
      zab::SnapAck{.epoch = kEpoch, .chunks = 9},
  };
}

std::vector<zab::Message> messages_of_broadcast() {
  return {
      zab::Proposal{.epoch = kEpoch, .entries = two_entries(), .committed = kZxid},
      zab::NewLeader{.epoch = kEpoch, .last = kZxid},
      zab::AckNewLeader{.epoch = kEpoch},
      zab::UpToDate{.epoch = kEpoch, .committed = kZxid},
      zab::Ack{.epoch = kEpoch, .durable = kZxid},
      zab::Commit{.epoch = kEpoch, .committed = kZxid},
      zab::Inform{.epoch = kEpoch, .entries = two_entries()},
      zab::Ping{.epoch = kEpoch, .round = 4, .committed = kZxid},
      zab::Pong{.epoch = kEpoch,
                .round = 4,
                .applied = kZxid,
                .free_bytes = 17,
                .touched = {SessionId(1), SessionId(~0ULL)}},
      zab::ReadIndex{.epoch = kEpoch, .tag = 5, .touched = {SessionId(8)}},
      zab::ReadIndexReply{.epoch = kEpoch, .tag = 5, .committed = kZxid},
      zab::Request{.epoch = kEpoch, .payload = SharedBytes("ask")},
      zab::RequestReply{.epoch = kEpoch, .payload = SharedBytes("no")},
  };
}

peer::Hello sample_hello() {
  peer::Hello hello;
  hello.channel = peer::Channel::LEADER;
  hello.cell_name = "test";
  hello.cell_id = "00112233445566778899aabbccddeeff";
  hello.from_id = 2;
  hello.to_id = 1;
  hello.incarnation = -1;
  hello.client_endpoint = "127.0.0.1:7101";
  return hello;
}

std::string name_of(const zab::Message& message) {
  const std::string line = zab::describe(message);
  return line.substr(0, line.find(' '));
}

}  // namespace

std::vector<zab::Message> sample_messages() {
  std::vector<zab::Message> all = messages_of_joining();
  for (zab::Message& message : messages_of_broadcast()) all.push_back(std::move(message));
  return all;
}

zab::Notification sample_notification() {
  return {.from = ServerId(2),
          .incarnation = Incarnation(77),
          .role = zab::Role::kObserving,
          .vote = {.epoch = Epoch(4), .zxid = Zxid(Epoch(4), 9), .leader = ServerId(1)},
          .round = 12,
          .membership = zab::Membership::kFresh,
          .config_version = Zxid(Epoch(1), 1)};
}

std::vector<NamedBytes> sample_peer_frames() {
  peer::Welcome welcome;
  welcome.refusal = "this is another cell";
  welcome.incarnation = 7;
  welcome.client_endpoint = "127.0.0.1:7102";
  std::vector<NamedBytes> frames = {{"HELLO", encode_peer_frame(sample_hello())},
                                    {"WELCOME", encode_peer_frame(welcome)},
                                    {"NOTIFICATION", encode_peer_frame(sample_notification())}};
  for (const zab::Message& message : sample_messages()) {
    frames.push_back({name_of(message), encode_peer_frame(message)});
  }
  return frames;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(kDigits[byte >> 4U]);
    hex.push_back(kDigits[byte & 0xfU]);
  }
  return hex;
}

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(
        static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), /*idx=*/nullptr, 16)));
  }
  return bytes;
}

}  // namespace holdfast::net::testing
