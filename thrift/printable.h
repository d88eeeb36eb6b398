#pragma once

#include <string>
#include <string_view>

namespace holdfast {

// Foreign bytes for a message to people: in double quotes, printable ASCII as it is, valid UTF-8
// beyond it as it is, everything else (and quotes and backslashes) as \xNN, and cut after 80 bytes
// of input, with the whole length told.
std::string printable(std::string_view bytes);

}  // namespace holdfast
