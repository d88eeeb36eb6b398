#pragma once

#include <string>
#include <vector>

namespace holdfast::scenario {

// A scenario file: lines of comment that begin with '#', and blocks of a command, a line of four
// dashes, and the output that is expected, which ends at an empty line.
struct Script {
  struct Block {
    std::vector<std::string> comment;  // What stands before the command, empty lines too.
    std::string command;
    std::string expected;  // Each line ends with '\n'.
  };
  std::vector<Block> blocks;
  std::vector<std::string> rest;  // Comments after the last block.
};

Script read_script(const std::string& path);
void write_script(const std::string& path, const Script& script);

}  // namespace holdfast::scenario
