#include <string>
#include <vector>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "thrift/frame.h"
#include "zab/base/check.h"

// A byte stream cut into pieces in any way gives the frames that it gives as a whole, and buffers
// less than one frame.

namespace holdfast::fuzz {

namespace {

constexpr std::size_t kFrameBytesMax = 64;

struct Taken {
  std::vector<std::string> frames;
  Status failure;
};

void take_frames(FrameReader& reader, Taken& taken) {
  while (taken.failure.ok()) {
    Result<std::optional<std::string_view>> frame = reader.next();
    if (!frame.ok()) {
      taken.failure = frame.status();
    } else if (!frame->has_value()) {
      break;
    } else {
      HOLDFAST_CHECK(!(*frame)->empty() && (*frame)->size() <= kFrameBytesMax, "a frame's size");
      taken.frames.emplace_back(**frame);
    }
  }
  HOLDFAST_CHECK(!taken.failure.ok() || reader.buffered_bytes() < kFrameBytesMax + kFrameHeadBytes,
                 "more than a frame is buffered");
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  FrameReader in_pieces(kFrameBytesMax);
  FrameReader at_once(kFrameBytesMax);
  Taken pieces;
  std::string stream;
  while (!source.is_empty()) {
    const std::string_view piece = source.take(source.below(256));
    stream += piece;
    in_pieces.feed(piece);
    take_frames(in_pieces, pieces);
  }
  at_once.feed(stream);
  Taken whole;
  take_frames(at_once, whole);
  HOLDFAST_CHECK(whole.frames == pieces.frames, "other frames in pieces than at once");
  HOLDFAST_CHECK(whole.failure.message() == pieces.failure.message(), "another failure");
  std::string written;
  for (const std::string& frame : whole.frames) append_frame(written, frame);
  HOLDFAST_CHECK(stream.starts_with(written), "the frames are not those of the stream");
}

}  // namespace holdfast::fuzz
