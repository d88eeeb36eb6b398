#pragma once

#include <cstddef>
#include <string_view>

namespace holdfast {

// One code point at the start of some bytes.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // In bytes; 0 if the bytes do not begin with well-formed UTF-8.
};

// Well-formed as Unicode defines it: shortest form, no surrogates, at most U+10FFFF. Empty bytes
// have length 0.
CodePoint first_code_point(std::string_view bytes);

// C0, DEL and C1: what a terminal could take for a command.
bool is_control(char32_t code_point);

}  // namespace holdfast
