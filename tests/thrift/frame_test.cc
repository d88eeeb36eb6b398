#include "thrift/frame.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/random.h"

namespace holdfast {
namespace {

constexpr std::size_t kMax = 1000;

// All whole frames that are there, or the failure.
Result<std::vector<std::string>> take_all(FrameReader& reader) {
  std::vector<std::string> frames;
  while (true) {
    Result<std::optional<std::string_view>> next = reader.next();
    if (!next.ok()) {
      return next.status();
    }
    if (!next->has_value()) {
      return frames;
    }
    frames.emplace_back(**next);
  }
}

TEST(Frames, HeadIsTheLengthWithTheHighByteFirst) {
  std::string out;
  append_frame(out, std::string(0x0102, 'x'));
  EXPECT_EQ(out.substr(0, kFrameHeadBytes), std::string("\x00\x00\x01\x02", 4));
  EXPECT_EQ(out.size(), kFrameHeadBytes + 0x0102);
}

TEST(Frames, FramesCutAnywhereComeWhole) {
  const std::vector<std::string> payloads = {"a", std::string(kMax, 'b'), std::string(3, '\0'),
                                             "last"};
  std::string stream;
  for (const std::string& payload : payloads) {
    append_frame(stream, payload);
  }
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    FrameReader reader(kMax);
    std::vector<std::string> taken;
    std::string_view rest = stream;
    while (!rest.empty()) {
      const std::size_t piece = 1 + random.below(std::min<std::size_t>(rest.size(), 300));
      reader.feed(rest.substr(0, piece));
      rest.remove_prefix(piece);
      const Result<std::vector<std::string>> frames = take_all(reader);
      ASSERT_TRUE(frames.ok());
      taken.insert(taken.end(), frames->begin(), frames->end());
    }
    EXPECT_EQ(taken, payloads);
    EXPECT_EQ(reader.buffered_bytes(), 0U);
  }
}

TEST(Frames, AHalfFrameIsSeenAtTheEndOfTheStream) {
  FrameReader reader(kMax);
  std::string stream;
  append_frame(stream, "whole");
  append_frame(stream, "half");
  reader.feed(std::string_view(stream).substr(0, stream.size() - 1));
  EXPECT_EQ(take_all(reader)->size(), 1U);
  EXPECT_EQ(reader.buffered_bytes(), kFrameHeadBytes + 3);
}

TEST(Frames, TooLargeIsRefusedByTheHeadAlone) {
  FrameReader reader(kMax);
  reader.feed(std::string_view("\x00\x00\x03\xe9", 4));
  const Result<std::vector<std::string>> frames = take_all(reader);
  ASSERT_FALSE(frames.ok());
  EXPECT_EQ(frames.status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(frames.status().message(), "A frame announces 1001 bytes; the limit is 1000.");
}

TEST(Frames, AFailureIsForGood) {
  FrameReader reader(kMax);
  reader.feed("GET / HTTP/1.1\r\n");
  EXPECT_EQ(reader.next().status().code(), StatusCode::kTooLarge);
  std::string good;
  append_frame(good, "good");
  reader.feed(good);
  EXPECT_EQ(reader.next().status().code(), StatusCode::kTooLarge);
}

TEST(Frames, FramesBeforeABadOneStillCome) {
  FrameReader reader(kMax);
  std::string stream;
  append_frame(stream, "good");
  reader.feed(stream + std::string("\xff\xff\xff\xff", 4));
  EXPECT_EQ(**reader.next(), "good");
  EXPECT_EQ(reader.next().status().code(), StatusCode::kTooLarge);
}

TEST(Frames, AFrameStandsInTheReaderUntilTheNextCall) {
  FrameReader reader(kMax);
  std::string stream;
  append_frame(stream, "first");
  append_frame(stream, "second");
  reader.feed(stream);
  const std::string_view first = **reader.next();
  EXPECT_EQ(first, "first");
  EXPECT_EQ(**reader.next(), "second");
  EXPECT_FALSE(reader.next()->has_value());
  append_frame(stream = {}, "third");
  reader.feed(stream);
  EXPECT_EQ(**reader.next(), "third");
}

TEST(Frames, EmptyFramesAreRefused) {
  FrameReader reader(kMax);
  reader.feed(std::string_view("\0\0\0\0", 4));
  EXPECT_EQ(reader.next().status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace holdfast
