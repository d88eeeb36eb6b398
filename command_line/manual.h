#pragma once

#include <string>
#include <vector>

#include "command_line/page.h"

namespace holdfast::command_line {

struct ManualPage {
  std::string file;  // "holdfast-lock-run.1"
  std::string text;  // roff with the macros of man(7).
};

struct Manual {
  int section = 1;
  std::string version;
  std::string title;  // What stands in the head of each page: "Holdfast".
};

// A page for the program and one for each command that does something. Their words are those of
// --help.
std::vector<ManualPage> manual_pages(const Page& program, const Manual& manual);

// Writes them into the folder, which is made if it is not there. Says on standard error what failed
// and is false then.
bool write_manual(const Page& program, const Manual& manual, const std::string& folder);

}  // namespace holdfast::command_line
