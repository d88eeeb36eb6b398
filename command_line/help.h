#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "command_line/page.h"

namespace holdfast::command_line {

// Columns that the text takes on a terminal.
std::size_t display_width(std::string_view text);

// What --help prints, in lines of at most `columns` where words allow it. A program lists all its
// commands, also those of groups, under their headings.
std::string help_text(const Page& page, std::size_t columns);

// Where help is printed: the width of the terminal, at most 100; 80 if there is none.
std::size_t help_columns();

}  // namespace holdfast::command_line
