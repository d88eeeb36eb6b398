#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/cli/context.h"
#include "command_line/page.h"

namespace holdfast::cli {

// What a word that is being typed could become.
struct Candidate {
  std::string word;
  std::string text;  // What it means, for who chooses; may be empty.
};

struct Candidates {
  std::vector<Candidate> list;
  bool are_files = false;  // The shell knows better: names of files, or another command's words.
};

// What only the cell knows.
struct CellNames {
  std::function<std::vector<Candidate>(const std::string& typed)> paths;
  std::function<std::vector<Candidate>()> sessions;
};

// For the last of the words, which do not contain the program's name: commands, options, choices of
// options, paths and sessions.
Candidates complete(const command_line::Page& program, const std::vector<std::string>& words,
                    const CellNames& names);

// Asks the cell, for a short time only; without an answer there are no names.
CellNames names_in(const Context& context);

// `holdfast complete`, which the scripts call: a candidate a line, with a tab before its meaning;
// or the one line ":files".
int print_candidates(const command_line::Page& program, const Context& context,
                     const std::string& line);

// The script for "bash" or "zsh".
const char* completion_script(const std::string& shell);

}  // namespace holdfast::cli
