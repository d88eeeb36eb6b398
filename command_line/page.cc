#include "command_line/page.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <CLI/CLI.hpp>

namespace holdfast::command_line {
namespace {

// CLI11 writes "UINT:INT in [100 - 60000]": the type, a colon, and what its checks say.
void set_value(const std::string& type, Option& option) {
  const std::size_t colon = type.find(':');
  option.value = type.substr(0, colon);
  if (colon == std::string::npos) return;
  const std::size_t range = type.find(" in [", colon);
  if (range == std::string::npos) return;
  std::string limits = type.substr(range + 5, type.find(']', range) - range - 5);
  const std::size_t dash = limits.find(" - ");
  if (dash != std::string::npos) limits.replace(dash, 3, " to ");
  option.text += " (" + limits + ")";
}

Option option_of(const CLI::Option& from) {
  Option out;
  out.text = from.get_description();
  out.is_positional = from.get_positional();
  out.is_required = from.get_required();
  if (out.is_positional) {
    out.names.push_back(in_capitals(from.get_name(true)));
  } else {
    for (const std::string& name : from.get_snames()) out.names.push_back("-" + name);
    for (const std::string& name : from.get_lnames()) out.names.push_back("--" + name);
  }
  const bool is_flag = from.get_items_expected_max() == 0;
  if (!is_flag) {
    set_value(from.get_type_name(), out);
    out.standard = from.get_default_str();
    out.is_repeated = from.get_expected_max() > 1;
  }
  out.environment = from.get_envname();
  return out;
}

Page page_below(const CLI::App& app, std::vector<std::string> words) {
  Page page;
  page.words = std::move(words);
  page.summary = app.get_description();
  page.group = app.get_group();
  page.notes = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    page.options.push_back(option_of(*option));
    // Where it is looked for is a path of this machine and user.
    if (option == app.get_config_ptr()) page.options.back().standard.clear();
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    std::vector<std::string> longer = page.words;
    longer.push_back(command->get_name());
    page.commands.push_back(page_below(*command, std::move(longer)));
    // A command of a group is listed where the group is, unless it says otherwise.
    Page& last = page.commands.back();
    for (Page& below : last.commands) {
      if (below.group == "Subcommands") below.group = last.group;
    }
  }
  return page;
}

std::string positional_text(const Option& option) {
  std::string out = option.names.front();
  if (option.is_repeated) out += "…";
  // What follows "--" belongs to another program.
  if (option.names.front() == "COMMAND") out = "-- " + out;
  return option.is_required ? out : "[" + out + "]";
}

void collect(const Page& page, std::vector<const Page*>& out) {
  if (page.commands.empty()) out.push_back(&page);
  for (const Page& command : page.commands) collect(command, out);
}

}  // namespace

std::string in_capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> Option::choices() const {
  std::vector<std::string> out;
  if (value.find('|') == std::string::npos) return out;
  std::istringstream in(value);
  for (std::string choice; std::getline(in, choice, '|');) out.push_back(choice);
  return out;
}

std::string Option::shown_value() const {
  constexpr std::size_t kShownMax = 24;
  if (value.size() <= kShownMax) return value;
  const std::string& name = names.back();
  return in_capitals(name.substr(name.find_first_not_of('-')));
}

std::string Page::name() const {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string Page::usage() const {
  std::string out = name();
  if (std::any_of(options.begin(), options.end(), [](const Option& o) { return !o.is_positional; }))
    out += " [OPTIONS]";
  for (const Option& option : options) {
    if (option.is_positional) out += " " + positional_text(option);
  }
  if (!commands.empty()) out += " COMMAND";
  return out;
}

const Page* Page::command(const std::string& word) const {
  for (const Page& page : commands) {
    if (page.words.back() == word) return &page;
  }
  return nullptr;
}

Page page_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    words.insert(words.begin(), at->get_name());
  }
  return page_below(app, std::move(words));
}

std::vector<const Page*> leaves(const Page& page) {
  std::vector<const Page*> out;
  collect(page, out);
  return out;
}

std::vector<Block> blocks_of(const std::string& notes) {
  std::vector<Block> out;
  std::istringstream in(notes);
  bool is_fresh = true;  // The line begins a block whatever stood before it.
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) {
      is_fresh = true;
      continue;
    }
    using Kind = Block::Kind;
    const bool is_indented = line.front() == ' ';
    if (!is_indented && line.back() == ':') {
      line.pop_back();
      out.push_back({.kind = Kind::kHeading, .lines = {line}});
      is_fresh = true;
      continue;
    }
    const Kind kind = is_indented ? Kind::kVerbatim : Kind::kParagraph;
    if (is_fresh || out.empty() || out.back().kind != kind) {
      out.push_back({.kind = kind, .lines = {line}});
    } else if (is_indented) {
      out.back().lines.push_back(line);
    } else {
      out.back().lines.front() += " " + line;
    }
    is_fresh = false;
  }
  return out;
}

}  // namespace holdfast::command_line
