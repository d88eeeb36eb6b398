#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/thrift/wire_samples.h"
#include "zab/base/random.h"

// Whatever arrives gives a value or a Status. What is accepted although it was damaged must be a
// value like any other: encoded, it decodes to the same bytes again.

namespace holdfast::testing {
namespace {

TEST(DamagedMessages, EachTruncationIsRefused) {
  for (const WireSample& sample : wire_samples()) {
    for (std::size_t length = 0; length < sample.bytes.size(); ++length) {
      const Result<std::string> again =
          sample.decode_and_encode(std::string_view(sample.bytes).substr(0, length));
      ASSERT_FALSE(again.ok()) << sample.file_name() << " cut to " << length << " bytes";
      EXPECT_EQ(again.status().code(), StatusCode::kInvalid);
    }
  }
}

TEST(DamagedMessages, BytesAfterTheEndAreRefused) {
  for (const WireSample& sample : wire_samples()) {
    const Result<std::string> again = sample.decode_and_encode(sample.bytes + '\0');
    ASSERT_FALSE(again.ok()) << sample.file_name();
    EXPECT_EQ(again.status().message(), "Malformed bytes: 1 more after the end.");
  }
}

// One to four bytes changed, by seed.
std::string damaged(const std::string& bytes, Random& random) {
  std::string copy = bytes;
  const std::uint64_t changes = 1 + random.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    copy[random.below(copy.size())] = static_cast<char>(random.below(256));
  }
  return copy;
}

TEST(DamagedMessages, ChangedBytesGiveAValueOrAStatus) {
  constexpr int kRounds = 4'000;
  std::uint64_t refused = 0;
  for (const WireSample& sample : wire_samples()) {
    Random random(sample.bytes.size());
    for (int round = 0; round < kRounds; ++round) {
      const Result<std::string> again = sample.decode_and_encode(damaged(sample.bytes, random));
      if (!again.ok()) {
        ++refused;
        EXPECT_FALSE(again.status().message().empty());
        continue;
      }
      const Result<std::string> twice = sample.decode_and_encode(*again);
      ASSERT_TRUE(twice.ok()) << sample.file_name() << ", round " << round << ": "
                              << twice.status().message();
      EXPECT_EQ(*twice, *again) << sample.file_name() << ", round " << round;
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(DamagedMessages, RandomBytesBehindAGoodHeadGiveAValueOrAStatus) {
  Random random(5);
  for (const WireSample& sample : wire_samples()) {
    const std::size_t head_bytes = 2 + sample.head.method.size() + 8;
    for (int round = 0; round < 1'000; ++round) {
      std::string bytes = sample.bytes.substr(0, head_bytes);
      const std::uint64_t length = random.below(64);
      for (std::uint64_t i = 0; i < length; ++i) {
        bytes.push_back(static_cast<char>(random.below(256)));
      }
      const Result<std::string> again = sample.decode_and_encode(bytes);
      EXPECT_TRUE(again.ok() || !again.status().message().empty());
    }
  }
}

}  // namespace
}  // namespace holdfast::testing
