#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::bench {

// What a generator tells the runner: one line of JSON on standard output. A line with the member
// "failed" says why there are no figures.
class Figures {
 public:
  using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;

  void add(std::string name, Value value);
  // Null if there is no such member.
  const Value* find(std::string_view name) const;
  void print() const;

 private:
  std::vector<std::pair<std::string, Value>> members_;
};

// Prints {"failed": why} and ends the process at once.
[[noreturn]] void give_up(std::string_view why);

}  // namespace holdfast::bench
