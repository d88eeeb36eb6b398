#include "tests/bench/load/figures.h"

#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace holdfast::bench {

void Figures::add(std::string name, Value value) {
  members_.emplace_back(std::move(name), std::move(value));
}

const Figures::Value* Figures::find(std::string_view name) const {
  for (const auto& [known, value] : members_) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Figures::print() const {
  nlohmann::ordered_json line = nlohmann::ordered_json::object();
  for (const auto& [name, value] : members_) {
    std::visit([&line, &name = name](const auto& is) { line[name] = is; }, value);
  }
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

void give_up(std::string_view why) {
  Figures figures;
  figures.add("failed", std::string(why));
  figures.print();
  _exit(2);
}

}  // namespace holdfast::bench
