#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_line/page.h"

namespace holdfast::command_line {

// Letters to be changed, added, removed or exchanged with their neighbour to make one of the other.
std::size_t distance(std::string_view one, std::string_view other);

// The candidate that was probably meant by a mistyped word; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// Where the words of a command line (without the program's name) go wrong: a sentence that names
// the unknown command or option and what was probably meant; empty if that is not what is wrong
// with it.
std::string explain_unknown(const Page& program, const std::vector<std::string>& words);

}  // namespace holdfast::command_line
