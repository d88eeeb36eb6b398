#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "lockserver/net/peer_codec.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/random_messages.h"

// Half of the time a frame is made anew from random decisions, so that the search does not have to
// find the compact protocol byte by byte.

namespace {
namespace fuzz = holdfast::fuzz;
namespace net = holdfast::net;
}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  fuzz::Dice dice(seed);
  if (dice.below(4) != 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string decisions = dice.bytes(64);
  fuzz::ByteSource source(decisions);
  fuzz::Surroundings around;
  around.epochs = {{.epoch = holdfast::Epoch(), .last_counter = 0}};
  return fuzz::put(net::encode_peer_frame(fuzz::random_message(source, around)), data, max_size);
}
