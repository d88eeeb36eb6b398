#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/target.h"

// The name that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::fuzz::run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
