#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/scenario/script.h"
#include "tests/zab/scenario/stage.h"

// Scenarios of one to five cores as text files: tests/testdata/zab/*.txt. With REWRITE=1 in the
// environment the expected output is replaced by the actual one; read the difference.

namespace holdfast::scenario {
namespace {

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  const std::filesystem::path folder = std::filesystem::path(HOLDFAST_TESTDATA_DIR) / "zab";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsWritten) {
  const std::string path = std::string(HOLDFAST_TESTDATA_DIR) + "/zab/" + GetParam() + ".txt";
  Script script = read_script(path);
  Stage stage;
  const bool rewrites = std::getenv("REWRITE") != nullptr;
  for (Script::Block& block : script.blocks) {
    const std::string actual = stage.perform(block.command);
    EXPECT_EQ(actual.find("VIOLATION"), std::string::npos) << block.command << "\n" << actual;
    if (rewrites) {
      block.expected = actual;
    } else {
      EXPECT_EQ(block.expected, actual) << GetParam() << ": " << block.command;
    }
  }
  if (rewrites) write_script(path, script);
}

INSTANTIATE_TEST_SUITE_P(Zab, Scenario, testing::ValuesIn(scenario_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace holdfast::scenario
