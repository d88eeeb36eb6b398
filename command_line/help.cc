#include "command_line/help.h"

#include <algorithm>
#include <cstdlib>
#include <cwchar>
#include <sstream>
#include <utility>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include "thrift/utf8.h"

namespace holdfast::command_line {
namespace {

constexpr std::size_t kColumnsMax = 100;
constexpr std::size_t kColumnsWithoutTerminal = 80;
constexpr std::size_t kColumnsMin = 40;
constexpr std::size_t kTermColumnsMax = 30;  // Longer terms stand on a line of their own.

// Words joined to lines; all but the first begin with `indent` blanks, and the first with what
// stands before it already.
class Paragraph {
 public:
  Paragraph(std::string before, std::size_t indent, std::size_t columns)
      : line_(std::move(before)), indent_(indent), columns_(columns) {}

  std::string fill(const std::string& text) {
    std::istringstream in(text);
    for (std::string word; in >> word;) add(word);
    return out_ + line_ + "\n";
  }

 private:
  void add(const std::string& word) {
    const bool is_first = display_width(line_) <= indent_;
    if (!is_first && display_width(line_) + 1 + display_width(word) > columns_) {
      out_ += line_ + "\n";
      line_ = std::string(indent_, ' ') + word;
      return;
    }
    if (!is_first) line_ += ' ';
    line_ += word;
  }

  std::string out_;
  std::string line_;
  std::size_t indent_;
  std::size_t columns_;
};

using Term = std::pair<std::string, std::string>;

// Two columns: terms, and what they mean.
std::string definitions(const std::vector<Term>& terms, std::size_t columns) {
  std::size_t width = 0;
  for (const Term& term : terms) {
    const std::size_t here = display_width(term.first);
    if (here <= kTermColumnsMax) width = std::max(width, here);
  }
  const std::size_t indent = width + 4;
  std::string out;
  for (const auto& [term, meaning] : terms) {
    std::string before = "  " + term;
    const std::size_t here = display_width(before);
    if (here + 2 > indent) {
      out += before + "\n";
      before.assign(indent, ' ');
    } else {
      before.append(indent - here, ' ');
    }
    out += Paragraph(std::move(before), indent, columns).fill(meaning);
  }
  return out;
}

std::string term_of(const Option& option) {
  std::string out;
  for (const std::string& name : option.names) out += (out.empty() ? "" : ", ") + name;
  if (option.is_positional) return option.is_repeated ? out + "…" : out;
  return option.value.empty() ? out : out + " " + option.shown_value();
}

std::string meaning_of(const Option& option) {
  std::string out = option.text;
  if (!option.standard.empty()) out += " [default: " + option.standard + "]";
  if (!option.environment.empty()) out += " [environment: " + option.environment + "]";
  return out;
}

std::string option_list(const Page& page, bool are_positional, std::size_t columns) {
  std::vector<Term> terms;
  for (const Option& option : page.options) {
    if (option.is_positional == are_positional)
      terms.emplace_back(term_of(option), meaning_of(option));
  }
  if (terms.empty()) return {};
  return std::string(are_positional ? "\nArguments:\n" : "\nOptions:\n") +
         definitions(terms, columns);
}

std::string command_list(const Page& page, std::size_t columns) {
  // Headings in the order in which they first come.
  std::vector<std::pair<std::string, std::vector<Term>>> groups;
  for (const Page* leaf : leaves(page)) {
    if (leaf == &page) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [leaf](const auto& one) { return one.first == leaf->group; });
    if (group == groups.end()) group = groups.insert(groups.end(), {leaf->group, {}});
    std::string words = leaf->name().substr(page.words.front().size() + 1);
    group->second.emplace_back(std::move(words), leaf->summary);
  }
  std::string out;
  for (const auto& [heading, terms] : groups) {
    out += "\n" + (heading == "Subcommands" ? "Commands" : heading) + ":\n" +
           definitions(terms, columns);
  }
  return out;
}

std::string notes_text(const std::string& notes, std::size_t columns) {
  std::string out;
  bool is_in_section = false;
  bool follows_heading = false;
  for (const Block& block : blocks_of(notes)) {
    if (!follows_heading) out += "\n";
    follows_heading = block.kind == Block::Kind::kHeading;
    if (follows_heading) {
      out += block.lines.front() + ":\n";
      is_in_section = true;
    } else if (block.kind == Block::Kind::kVerbatim) {
      for (const std::string& line : block.lines) out += line + "\n";
    } else {
      const std::size_t indent = is_in_section ? 2 : 0;
      out += Paragraph(std::string(indent, ' '), indent, columns).fill(block.lines.front());
    }
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.length == 0) {  // Terminals show a replacement character.
      ++width;
      text.remove_prefix(1);
      continue;
    }
    // Without a locale wcwidth() knows ASCII only.
    const int columns = point.value < 0x80 ? 1 : wcwidth(static_cast<wchar_t>(point.value));
    width += columns < 0 ? 1U : static_cast<std::size_t>(columns);
    text.remove_prefix(point.length);
  }
  return width;
}

std::string help_text(const Page& page, std::size_t columns) {
  std::string out = Paragraph({}, 0, columns).fill(page.summary);
  out += "\nUsage: " + page.usage() + "\n";
  out += option_list(page, /*are_positional=*/true, columns);
  out += command_list(page, columns);
  out += option_list(page, /*are_positional=*/false, columns);
  out += notes_text(page.notes, columns);
  if (page.words.size() > 1 && page.words.front() == "holdfast") {
    out += "\nOptions of every command (--endpoints, --timeout, --output, …): holdfast --help\n";
  }
  return out;
}

std::size_t help_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return kColumnsWithoutTerminal;
  return std::clamp(std::size_t{size.ws_col}, kColumnsMin, kColumnsMax);
}

}  // namespace holdfast::command_line
