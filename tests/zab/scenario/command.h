#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zab/base/ids.h"
#include "zab/base/status.h"

namespace holdfast::scenario {

// One line of a scenario: a verb, plain words, and name=value pairs: "deliver from=1 to=2
// count=all", "crash 2 keep=1".
struct Command {
  std::string verb;
  std::vector<std::string> words;
  std::map<std::string, std::string> values;

  bool has(const std::string& name) const { return values.contains(name); }
  // True for a plain word, as in "restart 2 rejoin".
  bool says(const std::string& word) const;
  // Numbers; the second gives what stands there when the name is missing. A value that is no number
  // fails the command.
  std::uint64_t number(const std::string& name) const;
  std::uint64_t number_or(const std::string& name, std::uint64_t otherwise) const;
  std::string text_or(const std::string& name, const std::string& otherwise) const;
  // The value is the word "all", or absent.
  bool is_all(const std::string& name) const;
  ServerId server(const std::string& name) const { return ServerId(number(name)); }
  // A server that is a plain word: "crash 2".
  ServerId server_at(std::size_t index) const;
  std::vector<ServerId> servers(
      const std::string& name) const;        // "1,2"; empty when the name is missing.
  Zxid zxid(const std::string& name) const;  // "2.14".
};

Result<Command> parse_command(const std::string& line);

}  // namespace holdfast::scenario
