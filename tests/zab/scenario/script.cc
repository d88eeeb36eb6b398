#include "tests/zab/scenario/script.h"

#include <fstream>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::scenario {

Script read_script(const std::string& path) {
  std::ifstream in(path);
  HOLDFAST_CHECK(in.good(), "cannot read " + path);
  Script script;
  Script::Block block;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') {
      block.comment.push_back(line);
      continue;
    }
    block.command = line;
    std::getline(in, line);
    HOLDFAST_CHECK(line == "----", path + ": no ---- after '" + block.command + "'");
    while (std::getline(in, line) && !line.empty()) block.expected += line + "\n";
    script.blocks.push_back(std::exchange(block, {}));
  }
  script.rest = std::move(block.comment);
  return script;
}

void write_script(const std::string& path, const Script& script) {
  std::ofstream out(path);
  for (const Script::Block& block : script.blocks) {
    for (const std::string& line : block.comment) out << line << "\n";
    out << block.command << "\n----\n" << block.expected;
    if (&block != &script.blocks.back()) out << "\n";
  }
  for (const std::string& line : script.rest) out << line << "\n";
  HOLDFAST_CHECK(out.good(), "cannot write " + path);
}

}  // namespace holdfast::scenario
