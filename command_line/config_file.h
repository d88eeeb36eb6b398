#pragma once

#include <string>
#include <vector>

#include "zab/base/status.h"

namespace CLI {
class App;
}

namespace holdfast::command_line {

// A configuration file with every option that the parsed command can read from one: what --help
// says of it, then a line "name = value" if it was given, else a line that is commented out, with
// the default, or with what stands for the value if there is none. `head` comes first, as comments.
std::string config_file_text(const CLI::App& command, const std::string& head);

// The words of a command line, of which "--config FILE" may be one: then with what stands in the
// file as further words "--name=value", but for options that are given on the command line. (CLI11
// reads such files for a whole program only, not for one of its commands.)
Result<std::vector<std::string>> with_config_file(std::vector<std::string> words);

}  // namespace holdfast::command_line
