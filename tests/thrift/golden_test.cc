#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/thrift/wire_samples.h"

// The bytes of the client API are a promise. REWRITE=1 writes the files anew; after the first
// release an old file is never rewritten, because a client of that release still sends its bytes.

namespace holdfast::testing {
namespace {

std::string path_of(const WireSample& sample) {
  return std::string(HOLDFAST_TESTDATA_DIR) + "/wire/" + sample.file_name();
}

// Lines of 32 bytes in hex.
std::string to_hex(const std::string& bytes) {
  constexpr std::size_t kBytesPerLine = 32;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    hex.push_back(kDigits[byte >> 4U]);
    hex.push_back(kDigits[byte & 0xfU]);
    if (i % kBytesPerLine == kBytesPerLine - 1 || i + 1 == bytes.size()) {
      hex.push_back('\n');
    }
  }
  return hex;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

TEST(GoldenBytes, EachMessageIsEncodedAsItWas) {
  const char* rewrite = std::getenv("REWRITE");
  for (const WireSample& sample : wire_samples()) {
    if (rewrite != nullptr && std::string_view(rewrite) == "1") {
      std::ofstream(path_of(sample), std::ios::binary) << to_hex(sample.bytes);
    }
    const std::optional<std::string> golden = read_file(path_of(sample));
    ASSERT_TRUE(golden.has_value()) << path_of(sample) << " cannot be read";
    EXPECT_EQ(to_hex(sample.bytes), *golden) << sample.file_name();
  }
}

TEST(GoldenBytes, EachMessageIsDecodedToWhatItWas) {
  for (const WireSample& sample : wire_samples()) {
    const Result<std::string> again = sample.decode_and_encode(sample.bytes);
    ASSERT_TRUE(again.ok()) << sample.file_name() << ": " << again.status().message();
    EXPECT_EQ(*again, sample.bytes) << sample.file_name();
    EXPECT_EQ(*decode_message_head(sample.bytes, kReplyLimits), sample.head);
  }
}

}  // namespace
}  // namespace holdfast::testing
