#include "thrift/printable.h"

#include <cstddef>

#include "thrift/utf8.h"

namespace holdfast {
namespace {

constexpr std::size_t kShownBytesMax = 80;

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\x";
  out.push_back(kHex[byte >> 4U]);
  out.push_back(kHex[byte & 0xfU]);
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out = "\"";
  std::size_t at = 0;
  while (at < bytes.size() && at < kShownBytesMax) {
    const CodePoint point = first_code_point(bytes.substr(at));
    if (point.length == 0 || is_control(point.value) || point.value == '"' || point.value == '\\') {
      append_escaped(out, static_cast<unsigned char>(bytes[at]));
      at += 1;
    } else {
      out += bytes.substr(at, point.length);
      at += point.length;
    }
  }
  out.push_back('"');
  if (at < bytes.size()) {
    out += "… (" + std::to_string(bytes.size()) + " bytes)";
  }
  return out;
}

}  // namespace holdfast
