#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "lockserver/net/peer_codec.h"
#include "tests/net/samples.h"

// The bytes of both ports are promises: to clients, and to the replicas of other releases during a
// rolling restart. REWRITE=1 writes the files anew; after the first release what stands there
// stays, and new names are added.

namespace holdfast::net::testing {
namespace {

std::string path_of(const std::string& file) {
  return std::string(HOLDFAST_TESTDATA_DIR) + "/wire/" + file;
}

// Lines of "name hex".
std::string text_of(const std::vector<NamedBytes>& samples) {
  std::string text;
  for (const NamedBytes& sample : samples) {
    text += sample.name + " " + to_hex(sample.bytes) + "\n";
  }
  return text;
}

void expect_golden(const std::string& file, const std::vector<NamedBytes>& samples) {
  const char* rewrite = std::getenv("REWRITE");
  if (rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream(path_of(file), std::ios::binary) << text_of(samples);
  }
  std::ifstream in(path_of(file), std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text_of(samples), golden) << path_of(file);
}

TEST(GoldenFrames, EachFrameBetweenReplicasIsEncodedAsItWas) {
  const std::vector<NamedBytes> frames = sample_peer_frames();
  ASSERT_EQ(frames.size(), 3 + std::variant_size_v<zab::Message>);
  expect_golden("peer_frames.txt", frames);
}

TEST(GoldenFrames, EachGoldenFrameIsStillRead) {
  std::ifstream in(path_of("peer_frames.txt"));
  std::string name;
  std::string digits;
  std::size_t count = 0;
  while (in >> name >> digits) {
    EXPECT_TRUE(decode_peer_frame(from_hex(digits)).ok()) << name;
    ++count;
  }
  EXPECT_EQ(count, sample_peer_frames().size());
}

TEST(GoldenFrames, EachCallIsEncodedAsItWas) {
  expect_golden("client_calls.binary.txt", sample_calls(WireProtocol::kBinary));
  expect_golden("client_calls.compact.txt", sample_calls(WireProtocol::kCompact));
}

}  // namespace
}  // namespace holdfast::net::testing
