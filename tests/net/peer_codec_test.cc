#include "lockserver/net/peer_codec.h"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/samples.h"
#include "zab/base/random.h"

namespace holdfast::net {
namespace {

using testing::sample_messages;

TEST(PeerCodec, EveryMessageComesBackAsItWas) {
  const std::vector<zab::Message> messages = sample_messages();
  ASSERT_EQ(messages.size(), std::variant_size_v<zab::Message>);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(messages[i].index(), i) << "sample_messages names the kinds in their order";
    const Result<PeerFrame> back = decode_peer_frame(encode_peer_frame(messages[i]));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(std::get<zab::Message>(*back), messages[i]) << zab::describe(messages[i]);
  }
}

TEST(PeerCodec, NotificationComesBackAsItWas) {
  const zab::Notification notification = testing::sample_notification();
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
  for (const zab::Message& message : sample_messages()) {
    const std::string bytes = encode_peer_frame(message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(decode_peer_frame(bytes.substr(0, length)).ok()) << zab::describe(message);
    }
  }
}

TEST(PeerCodec, DamagedFramesNeverCrash) {
  Random random(1);
  int refused = 0;
  for (const zab::Message& message : sample_messages()) {
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
