#include <string>

#include "lockserver/state/command_codec.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/random_commands.h"

// Payloads are accepted only exactly as this program writes them, which changed bytes hardly ever
// are: now and then a whole command is put there.

namespace {
namespace fuzz = holdfast::fuzz;
namespace state = holdfast::state;
}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  fuzz::Dice dice(seed);
  const bool is_payload = size > 0 && data[0] == 0;
  if (!is_payload || dice.below(2) == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string decisions = dice.bytes(200);
  fuzz::ByteSource source(decisions);
  const state::Command command =
      fuzz::random_command(source, holdfast::Zxid(holdfast::Epoch(1), 3));
  return fuzz::put(std::string(1, '\0') + state::encode_command(command), data, max_size);
}
