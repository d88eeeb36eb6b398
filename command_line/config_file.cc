#include "command_line/config_file.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>

#include "command_line/help.h"
#include "command_line/page.h"

namespace holdfast::command_line {
namespace {

constexpr std::size_t kColumns = 80;

// Comments of at most kColumns where words allow it.
std::string comment(const std::string& text) {
  std::string out;
  std::string line = "#";
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    if (line.size() > 1 && display_width(line) + 1 + display_width(word) > kColumns) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

std::string quoted(const std::string& value) {
  return value.find(' ') == std::string::npos ? value : "\"" + value + "\"";
}

std::string value_line(const CLI::Option& option, const Option& described) {
  const bool is_flag = described.value.empty();
  const std::string name = option.get_name(false, false).substr(2);  // Without its "--".
  if (option.count() > 0) {
    return name + " = " + (is_flag ? "true" : quoted(option.results().front())) + "\n";
  }
  if (is_flag) return "#" + name + " = false\n";
  const std::string& standard = described.standard;
  return "#" + name + " = " + (standard.empty() ? described.shown_value() : quoted(standard)) +
         "\n";
}

constexpr const char* kConfigOption = "--config";

bool is_option(const std::string& word, const std::string& option) {
  return word == option || word.starts_with(option + "=");
}

// Empty if there is none.
std::string config_file_of(const std::vector<std::string>& words) {
  const auto found = std::find_if(words.begin(), words.end(), [](const std::string& word) {
    return is_option(word, kConfigOption);
  });
  if (found == words.end()) return {};
  if (*found != kConfigOption) return found->substr(std::string(kConfigOption).size() + 1);
  return std::next(found) == words.end() ? std::string() : *std::next(found);
}

}  // namespace

std::string config_file_text(const CLI::App& command, const std::string& head) {
  std::string out;
  std::istringstream lines(head);
  for (std::string line; std::getline(lines, line);) out += line.empty() ? "#\n" : comment(line);
  for (const Option& described : page_of(command).options) {
    const CLI::Option* option = command.get_option(described.names.back());
    if (!option->get_configurable()) continue;
    out += "\n" + comment(described.text + ".") + value_line(*option, described);
  }
  return out;
}

Result<std::vector<std::string>> with_config_file(std::vector<std::string> words) {
  const std::string file = config_file_of(words);
  if (file.empty()) return words;
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(file);
  } catch (const CLI::Error& error) {
    return Status(StatusCode::kNotFound, error.what());
  }
  std::vector<std::string> read;
  for (const CLI::ConfigItem& item : items) {
    const std::string option = "--" + item.fullname();
    if (item.inputs.size() != 1) {
      return Status(StatusCode::kInvalid, file + ": " + item.fullname() +
                                              " needs one value (in quotation marks if it "
                                              "has blanks in it)");
    }
    const bool is_given = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return is_option(word, option);
    });
    if (!is_given) read.push_back(option + "=" + item.inputs.front());
  }
  words.insert(words.end(), read.begin(), read.end());
  return words;
}

}  // namespace holdfast::command_line
