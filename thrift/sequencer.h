#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "zab/base/ids.h"
#include "zab/base/status.h"

namespace holdfast {

// How a lock is held. The numbers are those of LockMode in lockservice.thrift.
enum class LockMode : std::uint8_t { kExclusive = 1, kShared = 2 };

// Names one acquisition of one lock. Holders pass it on as a printable string without looking into
// it; the cell and the client library take it apart.
struct Sequencer {
  LockMode mode = LockMode::kExclusive;
  Zxid generation;                // The lock went from free to held by this command.
  Zxid acquisition;               // This holder got it by this command: at or after the generation,
                                  // and for an exclusive holder equal to it.
  Zxid instance;                  // The command that created the node.
  std::uint64_t cell_prefix = 0;  // See cell_prefix() below.
  std::string path;               // In the short form.

  auto operator<=>(const Sequencer&) const = default;
};

// The first 8 of the 16 bytes of a cell id, as a big-endian number: what a sequencer carries of it.
// The id must have 16 bytes.
std::uint64_t cell_prefix(std::string_view cell_id);

// "1:<x|s>:<generation>:<acquisition>:<instance>:<cell prefix>:<path>"; each number is 16
// lower-case hex digits.
std::string format_sequencer(const Sequencer& sequencer);

// Accepts exactly what format_sequencer() gives for a possible acquisition: of what it accepts, the
// format gives back the same string. Anything else is kInvalid with a sentence that says what is
// wrong. Does not judge to which cell it belongs.
Result<Sequencer> parse_sequencer(std::string_view text);

}  // namespace holdfast
