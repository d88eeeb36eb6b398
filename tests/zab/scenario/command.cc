#include "tests/zab/scenario/command.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "zab/base/check.h"

namespace holdfast::scenario {
namespace {

std::uint64_t to_number(const std::string& text) {
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text.c_str(), &end, 10);
  HOLDFAST_CHECK(!text.empty() && *end == '\0', "'" + text + "' is no number");
  return value;
}

}  // namespace

bool Command::says(const std::string& word) const {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::uint64_t Command::number(const std::string& name) const {
  HOLDFAST_CHECK(has(name), verb + " needs " + name + "=");
  return to_number(values.at(name));
}

std::uint64_t Command::number_or(const std::string& name, std::uint64_t otherwise) const {
  return has(name) ? number(name) : otherwise;
}

std::string Command::text_or(const std::string& name, const std::string& otherwise) const {
  return has(name) ? values.at(name) : otherwise;
}

bool Command::is_all(const std::string& name) const {
  return text_or(name, "all") == "all";
}

ServerId Command::server_at(std::size_t index) const {
  HOLDFAST_CHECK(index < words.size(), verb + " needs the number of a replica");
  return ServerId(to_number(words[index]));
}

std::vector<ServerId> Command::servers(const std::string& name) const {
  std::vector<ServerId> out;
  std::stringstream list(text_or(name, ""));
  for (std::string item; std::getline(list, item, ',');) out.push_back(ServerId(to_number(item)));
  return out;
}

Zxid Command::zxid(const std::string& name) const {
  const std::string text = text_or(name, "0.0");
  const std::size_t dot = text.find('.');
  HOLDFAST_CHECK(dot != std::string::npos, "'" + text + "' is no zxid");
  return Zxid(Epoch(static_cast<std::uint32_t>(to_number(text.substr(0, dot)))),
              static_cast<std::uint32_t>(to_number(text.substr(dot + 1))));
}

Result<Command> parse_command(const std::string& line) {
  Command command;
  std::stringstream words(line);
  if (!(words >> command.verb)) return Status(StatusCode::kInvalid, "an empty command");
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      command.words.push_back(word);
    } else if (!command.values.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
      return Status(StatusCode::kInvalid, "'" + line + "' gives a value twice");
    }
  }
  return command;
}

}  // namespace holdfast::scenario
