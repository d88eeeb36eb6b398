#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "zab/base/status.h"

// Frames on a byte stream, as Thrift's framed transport has them: 4 bytes of big-endian length,
// then so many bytes.

namespace holdfast {

inline constexpr std::size_t kFrameHeadBytes = 4;

// The head of a frame of that many bytes, which are at most 2^31 - 1.
std::array<char, kFrameHeadBytes> frame_head(std::size_t payload_bytes);

// Appends a whole frame, so that several can leave in one write.
void append_frame(std::string& out, std::string_view payload);

// Finds frames in bytes as they arrive, in pieces of any size. Feed a piece, then take frames until
// there is none: what is buffered is then less than one frame of the maximum size. A reader that
// has given out everything keeps at most a small buffer.
class FrameReader {
 public:
  // A frame may have `frame_bytes_max` bytes, without its head.
  explicit FrameReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  void feed(std::string_view bytes);

  // The next whole frame without its head, or none until more bytes come. It stands in the reader
  // until the next call of next() or feed(). A frame that announces more than the maximum is
  // kTooLarge as soon as its head is there; an empty one is kInvalid. After a failure the place of
  // the next frame is unknown: every later call fails in the same way, and the connection must be
  // closed.
  Result<std::optional<std::string_view>> next();

  // Bytes that were fed and not yet given out. If the stream ends while this is not 0, it ended
  // within a frame.
  std::size_t buffered_bytes() const { return buffer_.size() - start_; }

 private:
  void give_back();

  std::size_t frame_bytes_max_;
  std::string buffer_;
  std::size_t start_ = 0;  // What stands before it has been given out.
  Status failure_;
};

}  // namespace holdfast
