#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/mutator.h"
#include "tests/net/samples.h"

// Works on frames: one is changed, doubled, moved, removed or replaced by a good call, and the
// lengths before them stay right.

namespace {

namespace fuzz = holdfast::fuzz;
namespace net = holdfast::net;

struct Frame {
  std::uint8_t bits = 0;
  std::string bytes;
};

std::vector<Frame> frames_of(std::string_view input) {
  fuzz::ByteSource source(input);
  std::vector<Frame> frames;
  while (!source.is_empty()) {
    Frame frame;
    frame.bits = source.byte();
    frame.bytes = source.text();
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::string bytes_of(const std::vector<Frame>& frames) {
  fuzz::ByteSink sink;
  for (const Frame& frame : frames) sink.byte(frame.bits).text(frame.bytes);
  return sink.bytes();
}

const std::string& good_call(fuzz::Dice& dice) {
  static const auto kBinary = net::testing::sample_calls(holdfast::WireProtocol::kBinary);
  static const auto kCompact = net::testing::sample_calls(holdfast::WireProtocol::kCompact);
  const auto& calls = dice.below(2) == 0 ? kBinary : kCompact;
  return calls[dice.below(calls.size())].bytes;
}

void change(std::vector<Frame>& frames, fuzz::Dice& dice) {
  Frame& frame = frames[dice.below(frames.size())];
  switch (dice.below(8)) {
    case 0:
      frames.push_back({.bits = 0, .bytes = good_call(dice)});
      return;
    case 1:
      frame.bytes = good_call(dice);
      return;
    case 2:
      frames.push_back(frame);
      return;
    case 3:
      std::swap(frame, frames[dice.below(frames.size())]);
      return;
    case 4:
      frame.bits = static_cast<std::uint8_t>(dice.below(256));
      return;
    case 5:
      if (frames.size() > 1) frames.erase(frames.begin() + (&frame - frames.data()));
      return;
    default:
      frame.bytes = fuzz::mutated(frame.bytes, frame.bytes.size() + 16);
      return;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  fuzz::Dice dice(seed);
  std::vector<Frame> frames =
      frames_of(std::string_view(reinterpret_cast<const char*>(data), size));
  if (frames.empty()) frames.emplace_back();
  change(frames, dice);
  const std::string bytes = bytes_of(frames);
  return bytes.size() <= max_size ? fuzz::put(bytes, data, max_size)
                                  : LLVMFuzzerMutate(data, size, max_size);
}
