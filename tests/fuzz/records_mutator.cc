#include <cstdint>
#include <string>

#include "lockserver/storage/crc32c.h"
#include "lockserver/storage/record_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/mutator.h"

// A checksum that does not fit is found at once; most of the time it is made to fit, so that the
// search gets behind it.

namespace {

namespace fuzz = holdfast::fuzz;
namespace storage = holdfast::storage;

// The four bytes at the end of `bytes`, of which the checksum covers `key` first.
void fix_checksum(std::string& bytes, std::size_t from, std::string_view key) {
  if (bytes.size() < from + 4) return;
  const std::size_t end = bytes.size() - 4;
  const std::uint32_t crc = storage::masked_crc(
      storage::crc32c(std::string_view(bytes).substr(from, end - from), storage::crc32c(key, 0)));
  for (unsigned i = 0; i < 4; ++i) bytes[end + i] = static_cast<char>(crc >> (8 * i));
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  fuzz::Dice dice(seed);
  std::string bytes(reinterpret_cast<const char*>(data), LLVMFuzzerMutate(data, size, max_size));
  if (dice.below(8) != 0 && !bytes.empty()) {
    fuzz::ByteSource source(bytes);
    const std::size_t kind = source.below(6);
    if (kind == 0) {
      fix_checksum(bytes, 9, storage::entry_key(holdfast::Zxid(source.u64())));
    } else if (kind == 1 || kind == 2 || kind == 4) {
      fix_checksum(bytes, 1, "");
    }
  }
  return fuzz::put(bytes, data, max_size);
}
