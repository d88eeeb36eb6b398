#pragma once

#include <optional>

#include "tests/fuzz/byte_source.h"
#include "zab/core.h"
#include "zab/message.h"

namespace holdfast::fuzz {

// What a peer may say, chosen by bytes. Positions and epochs are mostly those that the core knows,
// or next to them, because others are refused at once.
struct Surroundings {
  zab::CoreView view;
  zab::EpochVector epochs;  // Shape of the core's log.
  Epoch agreed;             // On the connection.
  // What the core sent there last, of the kinds that want an answer.
  std::optional<zab::Message> asked;
  std::uint64_t chunks = 0;  // Of the image that the peer is sending.
  std::uint64_t checksum = 0;
};

// Any kind with any fields.
zab::Message random_message(ByteSource& source, const Surroundings& around);
// What a peer that plays by the rules would say next, so that deep stages are reached; nothing when
// it would wait.
std::optional<zab::Message> polite_message(const Surroundings& around);
zab::Notification random_notification(ByteSource& source, const Surroundings& around);

}  // namespace holdfast::fuzz
