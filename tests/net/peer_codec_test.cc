#include "lockserver/net/peer_codec.h"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/random.h"

namespace holdfast::net {
namespace {

using zab::Entry;

std::vector<Entry> two_entries() {
  return {{.zxid = Zxid(Epoch(2), 5), .prev = Zxid(Epoch(2), 4), .payload = SharedBytes("five")},
          {.zxid = Zxid(Epoch(3), 1),
           .prev = Zxid(Epoch(2), 5),
           .payload = SharedBytes(std::string("\0x", 2))}};
}

// One of each kind, with values at the edges of their width.
std::vector<zab::Message> one_of_each() {
  const Epoch epoch(0xfffffff0U);
  const Zxid zxid(~0ULL);
  return {
      zab::LearnerInfo{.from = ServerId(3),
                       .incarnation = Incarnation(~0ULL),
                       .observer = true,
                       .membership = zab::Membership::kRejoining,
                       .accepted = epoch,
                       .config_version = zxid},
      zab::LeaderInfo{.epoch = epoch, .bootstrap = true},
      zab::AckEpoch{
          .epoch = epoch,
          .promised = false,
          .current = Epoch(7),
          .epochs = {{.epoch = Epoch(0), .last_counter = 0}, {.epoch = epoch, .last_counter = ~0U}},
          .floor = zxid},
      zab::Diff{.epoch = epoch, .from = zxid},
      zab::Trunc{.epoch = epoch, .to = zxid},
      zab::Snap{.epoch = epoch, .zxid = zxid},
      zab::SnapChunk{.epoch = epoch, .bytes = SharedBytes("chunk")},
      zab::SnapEnd{.epoch = epoch, .chunks = ~0ULL, .checksum = 1},
      zab::SnapAck{.epoch = epoch, .chunks = 9},
      zab::Proposal{.epoch = epoch, .entries = two_entries(), .committed = zxid},
      zab::NewLeader{.epoch = epoch, .last = zxid},
      zab::AckNewLeader{.epoch = epoch},
      zab::UpToDate{.epoch = epoch, .committed = zxid},
      zab::Ack{.epoch = epoch, .durable = zxid},
      zab::Commit{.epoch = epoch, .committed = zxid},
      zab::Inform{.epoch = epoch, .entries = two_entries()},
      zab::Ping{.epoch = epoch, .round = 4, .committed = zxid},
      zab::Pong{.epoch = epoch,
                .round = 4,
                .applied = zxid,
                .free_bytes = 17,
                .touched = {SessionId(1), SessionId(~0ULL)}},
      zab::ReadIndex{.epoch = epoch, .tag = 5, .touched = {SessionId(8)}},
      zab::ReadIndexReply{.epoch = epoch, .tag = 5, .committed = zxid},
      zab::Request{.epoch = epoch, .payload = SharedBytes("ask")},
      zab::RequestReply{.epoch = epoch, .payload = SharedBytes("no")},
  };
}

TEST(PeerCodec, EveryMessageComesBackAsItWas) {
  const std::vector<zab::Message> messages = one_of_each();
  ASSERT_EQ(messages.size(), std::variant_size_v<zab::Message>);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(messages[i].index(), i) << "one_of_each names the kinds in their order";
    const Result<PeerFrame> back = decode_peer_frame(encode_peer_frame(messages[i]));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(std::get<zab::Message>(*back), messages[i]) << zab::describe(messages[i]);
  }
}

TEST(PeerCodec, NotificationComesBackAsItWas) {
  const zab::Notification notification{
      .from = ServerId(2),
      .incarnation = Incarnation(77),
      .role = zab::Role::kObserving,
      .vote = {.epoch = Epoch(4), .zxid = Zxid(Epoch(4), 9), .leader = ServerId(1)},
      .round = 12,
      .membership = zab::Membership::kFresh,
      .config_version = Zxid(Epoch(1), 1)};
  const Result<PeerFrame> back = decode_peer_frame(encode_peer_frame(notification));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(std::get<zab::Notification>(*back), notification);
}

TEST(PeerCodec, UnknownKindsAndEmptyRunsAreRefused) {
  EXPECT_FALSE(decode_peer_frame("").ok());
  EXPECT_FALSE(decode_peer_frame(std::string(1, '\0')).ok());
  EXPECT_FALSE(decode_peer_frame("\x63\x00").ok());
  EXPECT_FALSE(decode_peer_frame(encode_peer_frame(zab::Message(zab::Inform{}))).ok());
  EXPECT_FALSE(decode_peer_frame(encode_peer_frame(zab::Message(zab::Proposal{}))).ok());
}

TEST(PeerCodec, TruncatedFramesAreRefused) {
  for (const zab::Message& message : one_of_each()) {
    const std::string bytes = encode_peer_frame(message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_peer_frame(bytes.substr(0, length)).ok()) << zab::describe(message);
    }
  }
}

TEST(PeerCodec, DamagedFramesNeverCrash) {
  Random random(1);
  int refused = 0;
  for (const zab::Message& message : one_of_each()) {
    const std::string bytes = encode_peer_frame(message);
    for (int i = 0; i < 500; ++i) {
      std::string damaged = bytes;
      for (std::uint64_t n = random.below(3) + 1; n > 0; --n) {
        damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
      }
      if (!decode_peer_frame(damaged).ok()) ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace holdfast::net
