#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thrift/message.h"
#include "zab/base/status.h"

namespace holdfast::testing {

// A message of the client API of which the bytes are kept in tests/testdata/wire.
struct WireSample {
  std::string name;
  MessageHead head;   // In the protocol of this sample.
  std::string bytes;  // As encoded now.

  // Decodes bytes as this kind of message and encodes the outcome again.
  std::function<Result<std::string>(std::string_view bytes)> decode_and_encode;

  // "acquire_call.binary.hex"
  std::string file_name() const;
};

// Each message once in each protocol.
std::vector<WireSample> wire_samples();

}  // namespace holdfast::testing
