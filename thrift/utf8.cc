#include "thrift/utf8.h"

namespace holdfast {
namespace {

// What the first byte of a sequence says: how many bytes it has, its own bits, and the least value
// that needs so many bytes.
struct Lead {
  std::size_t length = 0;
  char32_t bits = 0;
  char32_t least = 0;
};

Lead read_lead(unsigned char byte) {
  if (byte < 0x80U) {
    return {.length = 1, .bits = byte, .least = 0};
  }
  if (byte >= 0xc0U && byte < 0xe0U) {
    return {.length = 2, .bits = byte & 0x1fU, .least = 0x80};
  }
  if (byte >= 0xe0U && byte < 0xf0U) {
    return {.length = 3, .bits = byte & 0x0fU, .least = 0x800};
  }
  if (byte >= 0xf0U && byte < 0xf8U) {
    return {.length = 4, .bits = byte & 0x07U, .least = 0x10000};
  }
  return {};
}

}  // namespace

CodePoint first_code_point(std::string_view bytes) {
  if (bytes.empty()) {
    return {};
  }
  const Lead lead = read_lead(static_cast<unsigned char>(bytes.front()));
  if (lead.length == 0 || lead.length > bytes.size()) {
    return {};
  }
  char32_t value = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if ((byte & 0xc0U) != 0x80U) {
      return {};
    }
    value = value << 6U | (byte & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < lead.least || value > 0x10ffff || surrogate) {
    return {};
  }
  return {.value = value, .length = lead.length};
}

bool is_control(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

}  // namespace holdfast
