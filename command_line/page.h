#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

// What the command line of a program of ours says about itself, taken from the parser itself, so
// that --help, the man pages and the completion cannot disagree with what is accepted.

namespace holdfast::command_line {

struct Option {
  // "-r", "--recursive"; of a positional its one name, in capitals: "PATH".
  std::vector<std::string> names;
  // What stands for its value, "DURATION"; "table|json" for a choice; empty for a flag.
  std::string value;
  std::string text;         // A sentence without a full stop.
  std::string standard;     // What holds without it, if it is told.
  std::string environment;  // The variable that stands in for it, if there is one.
  bool is_positional = false;
  bool is_required = false;
  bool is_repeated = false;

  std::vector<std::string> choices() const;  // Of a value; empty if it is free.
  // The value as help shows it: the option's name in capitals in place of many choices.
  std::string shown_value() const;
};

// A program, a command, or a group of commands ("lock").
struct Page {
  std::vector<std::string> words;  // {"holdfast", "lock", "run"}
  std::string summary;             // One line, without a full stop.
  std::string group;               // The heading under which the program lists it.
  // Paragraphs, then sections: a line at the margin that ends with a colon ("Examples:") begins a
  // section, indented lines are kept as they are, others are paragraphs.
  std::string notes;
  std::vector<Option> options;  // Positionals too, in the order of the command line.
  std::vector<Page> commands;

  std::string name() const;   // "holdfast lock run"
  std::string usage() const;  // "holdfast lock run [OPTIONS] NAME -- COMMAND…"
  // The command of that name, or nullptr.
  const Page* command(const std::string& word) const;
};

// An option or command whose group is empty is hidden and left out.
Page page_of(const CLI::App& app);

// The commands that do something themselves, in the order of the program; of a program without
// commands itself.
std::vector<const Page*> leaves(const Page& page);

std::string in_capitals(std::string text);  // Letters of ASCII.

// The notes taken apart.
struct Block {
  enum class Kind { kHeading, kParagraph, kVerbatim };
  Kind kind = Kind::kParagraph;
  std::vector<std::string> lines;  // One for a heading (without its colon) and for a paragraph.
};
std::vector<Block> blocks_of(const std::string& notes);

}  // namespace holdfast::command_line
