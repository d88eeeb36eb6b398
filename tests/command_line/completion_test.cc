#include "client/cli/completion.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client/cli/program.h"

namespace holdfast::cli {
namespace {

using Words = std::vector<std::string>;

class Completion : public testing::Test {
 protected:
  Words candidates(const Words& words) {
    Words out;
    const Candidates found = complete(page_, words, names_);
    if (found.are_files) out.emplace_back(":files");
    for (const Candidate& candidate : found.list) out.push_back(candidate.word);
    return out;
  }

  command_line::Page page_ = Program().page();
  CellNames names_ = {
      .paths = [](const std::string&) -> std::vector<Candidate> {
        return {
            {.word = "/a", .text = {}}, {.word = "/b", .text = {}}, {.word = "/b/", .text = {}}};
      },
      .sessions = []() -> std::vector<Candidate> { return {{.word = "17", .text = "somebody"}}; }};
};

TEST_F(Completion, OffersWhatBeginsWithWhatIsTyped) {
  EXPECT_EQ(candidates({"loc"}), Words{"lock"});
  EXPECT_EQ(candidates({"lock", "r"}), Words{"run"});
  EXPECT_EQ(candidates({"get", "/"}), (Words{"/a", "/b", "/b/"}));
  EXPECT_EQ(candidates({"get", "/b"}), (Words{"/b", "/b/"}));
  EXPECT_EQ(candidates({"session", "kill", ""}), Words{"17"});
}

TEST_F(Completion, KnowsWhichOptionsTakeTheNextWord) {
  EXPECT_EQ(candidates({"--output", ""}), (Words{"table", "json"}));
  EXPECT_EQ(candidates({"-o", "j"}), Words{"json"});
  EXPECT_EQ(candidates({"--output=t"}), Words{"--output=table"});
  EXPECT_EQ(candidates({"--timeout", "lock"}), Words{});
  EXPECT_EQ(candidates({"--timeout", "3s", "lock", "inf"}), Words{"info"});
  EXPECT_EQ(candidates({"ls", "--stale", "/a"}), Words{"/a"});
  EXPECT_EQ(candidates({"lock", "run", "--wait", "3s", "/a"}), Words{"/a"});
}

TEST_F(Completion, OffersOptionsOfTheCommandAndOfAll) {
  EXPECT_EQ(candidates({"lock", "run", "--l"}), (Words{"--lease", "--lock-delay"}));
  EXPECT_EQ(candidates({"get", "--st"}), Words{"--stale"});
  EXPECT_EQ(candidates({"get", "--out"}), Words{"--output"});
}

TEST_F(Completion, LeavesToTheShellWhatItKnowsBetter) {
  EXPECT_EQ(candidates({"import", ""}), Words{":files"});
  EXPECT_EQ(candidates({"lock", "run", "x", "--", "ls", ""}), Words{":files"});
  EXPECT_EQ(candidates({"set", "/a", ""}), Words{});
  EXPECT_EQ(candidates({"nonsense", ""}).front(), "lock");
}

}  // namespace
}  // namespace holdfast::cli
