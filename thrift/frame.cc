#include "thrift/frame.h"

#include <cstdint>
#include <limits>

#include "zab/base/check.h"

namespace holdfast {
namespace {

constexpr std::size_t kKeptBytesMax = 256;

std::size_t read_length(std::string_view head) {
  std::uint32_t length = 0;
  for (const char byte : head.substr(0, kFrameHeadBytes)) {
    length = length << 8U | static_cast<unsigned char>(byte);
  }
  return length;
}

}  // namespace

std::array<char, kFrameHeadBytes> frame_head(std::size_t payload_bytes) {
  HOLDFAST_CHECK(payload_bytes <= std::numeric_limits<std::int32_t>::max(),
                 "a frame of " + std::to_string(payload_bytes) + " bytes cannot be sent");
  std::array<char, kFrameHeadBytes> head{};
  for (std::size_t i = 0; i < head.size(); ++i) {
    const std::size_t shift = 8 * (head.size() - 1 - i);
    head[i] = static_cast<char>(payload_bytes >> shift & 0xffU);
  }
  return head;
}

void append_frame(std::string& out, std::string_view payload) {
  const std::array<char, kFrameHeadBytes> head = frame_head(payload.size());
  out.append(head.data(), head.size());
  out += payload;
}

void FrameReader::feed(std::string_view bytes) {
  // Given-out bytes go when new ones come, so that a byte is moved at most once for each piece.
  buffer_.erase(0, start_);
  start_ = 0;
  buffer_ += bytes;
}

Result<std::optional<std::string_view>> FrameReader::next() {
  if (!failure_.ok()) {
    return failure_;
  }
  const std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.empty()) {
    give_back();
  }
  if (rest.size() < kFrameHeadBytes) {
    return std::optional<std::string_view>();
  }
  const std::size_t length = read_length(rest);
  if (length > frame_bytes_max_) {
    failure_ = Status(StatusCode::kTooLarge, "A frame announces " + std::to_string(length) +
                                                 " bytes; the limit is " +
                                                 std::to_string(frame_bytes_max_) + ".");
    return failure_;
  }
  if (length == 0) {
    failure_ = Status(StatusCode::kInvalid, "A frame is empty.");
    return failure_;
  }
  if (rest.size() - kFrameHeadBytes < length) {
    return std::optional<std::string_view>();
  }
  start_ += kFrameHeadBytes + length;
  return std::optional<std::string_view>(rest.substr(kFrameHeadBytes, length));
}

// A service has tens of thousands of connections that say little, and each once said something
// long.
void FrameReader::give_back() {
  buffer_.clear();
  start_ = 0;
  if (buffer_.capacity() > kKeptBytesMax) {
    buffer_.shrink_to_fit();
  }
}

}  // namespace holdfast
