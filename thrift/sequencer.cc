#include "thrift/sequencer.h"

#include <cstddef>

#include "thrift/path.h"
#include "thrift/printable.h"
#include "zab/base/check.h"

namespace holdfast {
namespace {

constexpr std::size_t kCellIdBytes = 16;
constexpr std::size_t kHexDigits = 16;
constexpr std::string_view kHexAlphabet = "0123456789abcdef";

// "1:x:" and four numbers, each with the colon after it.
constexpr std::size_t kVersionAndMode = 4;
constexpr std::size_t kNumbers = 4;
constexpr std::size_t kPathStart = kVersionAndMode + kNumbers * (kHexDigits + 1);

void append_hex(std::string& out, std::uint64_t number) {
  for (unsigned shift = 64; shift > 0; shift -= 4) {
    out.push_back(kHexAlphabet[static_cast<std::size_t>((number >> (shift - 4)) & 0xfU)]);
  }
}

// The number that begins at `at` and is followed by a colon. The caller has seen that the text is
// long enough.
Result<std::uint64_t> parse_hex(std::string_view text, std::size_t at) {
  std::uint64_t number = 0;
  for (const char digit : text.substr(at, kHexDigits)) {
    const std::size_t value = kHexAlphabet.find(digit);
    if (value == std::string_view::npos) {
      return Status(StatusCode::kInvalid, "a number is not 16 lower-case hex digits");
    }
    number = number << 4U | value;
  }
  if (text[at + kHexDigits] != ':') {
    return Status(StatusCode::kInvalid, "a number is not followed by a colon");
  }
  return number;
}

Status check_possible(const Sequencer& sequencer) {
  if (sequencer.generation.is_none() || sequencer.instance.is_none()) {
    return {StatusCode::kInvalid, "generation and instance cannot be 0"};
  }
  const bool exclusive = sequencer.mode == LockMode::kExclusive;
  if (exclusive ? sequencer.acquisition != sequencer.generation
                : sequencer.acquisition < sequencer.generation) {
    return {StatusCode::kInvalid, "generation and acquisition contradict each other"};
  }
  return check_path(sequencer.path);
}

Result<Sequencer> parse_parts(std::string_view text) {
  if (text.size() <= kPathStart) {
    return Status(StatusCode::kInvalid, "it is too short");
  }
  const std::string_view start = text.substr(0, kVersionAndMode);
  if (start != "1:x:" && start != "1:s:") {
    return Status(StatusCode::kInvalid, "it does not begin with \"1:x:\" or \"1:s:\"");
  }
  Sequencer sequencer;
  sequencer.mode = start == "1:x:" ? LockMode::kExclusive : LockMode::kShared;
  std::uint64_t numbers[kNumbers] = {};
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const Result<std::uint64_t> number = parse_hex(text, kVersionAndMode + i * (kHexDigits + 1));
    if (!number.ok()) {
      return number.status();
    }
    numbers[i] = *number;
  }
  sequencer.generation = Zxid(numbers[0]);
  sequencer.acquisition = Zxid(numbers[1]);
  sequencer.instance = Zxid(numbers[2]);
  sequencer.cell_prefix = numbers[3];
  sequencer.path = std::string(text.substr(kPathStart));
  if (const Status possible = check_possible(sequencer); !possible.ok()) {
    return possible;
  }
  return sequencer;
}

}  // namespace

std::uint64_t cell_prefix(std::string_view cell_id) {
  HOLDFAST_CHECK(cell_id.size() == kCellIdBytes, "a cell id has 16 bytes");
  std::uint64_t prefix = 0;
  for (const char byte : cell_id.substr(0, sizeof(prefix))) {
    prefix = prefix << 8U | static_cast<unsigned char>(byte);
  }
  return prefix;
}

std::string format_sequencer(const Sequencer& sequencer) {
  std::string text = sequencer.mode == LockMode::kExclusive ? "1:x:" : "1:s:";
  text.reserve(kPathStart + sequencer.path.size());
  for (const std::uint64_t number : {sequencer.generation.value, sequencer.acquisition.value,
                                     sequencer.instance.value, sequencer.cell_prefix}) {
    append_hex(text, number);
    text.push_back(':');
  }
  text += sequencer.path;
  return text;
}

Result<Sequencer> parse_sequencer(std::string_view text) {
  Result<Sequencer> parsed = parse_parts(text);
  if (!parsed.ok()) {
    return Status(StatusCode::kInvalid,
                  printable(text) + " is not a sequencer: " + parsed.status().message());
  }
  return parsed;
}

}  // namespace holdfast
