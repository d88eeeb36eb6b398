#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client/cli/program.h"
#include "command_line/help.h"
#include "command_line/manual.h"
#include "command_line/suggestion.h"

namespace holdfast::command_line {
namespace {

Page small_page() {
  Page page;
  page.words = {"tool"};
  page.summary = "Does things";
  page.notes =
      "A paragraph that is\nlong enough for two lines.\n\nExamples:\n  tool --do it\n  tool -x\n";
  page.options.push_back({.names = {"-n", "--number"},
                          .value = "N",
                          .text = "How many of them are wanted at the very most",
                          .standard = "3"});
  page.options.push_back(
      {.names = {"PATH"}, .value = "PATH", .text = "Where", .is_positional = true});
  return page;
}

TEST(Help, IsWrappedAndAligned) {
  EXPECT_EQ(help_text(small_page(), 40),
            "Does things\n"
            "\n"
            "Usage: tool [OPTIONS] [PATH]\n"
            "\n"
            "Arguments:\n"
            "  PATH  Where\n"
            "\n"
            "Options:\n"
            "  -n, --number N  How many of them are\n"
            "                  wanted at the very\n"
            "                  most [default: 3]\n"
            "\n"
            "A paragraph that is long enough for two\n"
            "lines.\n"
            "\n"
            "Examples:\n"
            "  tool --do it\n"
            "  tool -x\n");
}

TEST(Manual, HasTheSameWordsAndNothingThatRoffTakesForItsOwn) {
  Page page = small_page();
  page.notes += "\nA line.\n\nNotes:\n.so /etc/passwd\n  'quoted' back\\slash…\n";
  const std::vector<ManualPage> pages =
      manual_pages(page, {.section = 1, .version = "1.0", .title = "Tool"});
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_EQ(pages[0].file, "tool.1");
  const std::string& text = pages[0].text;
  for (const char* part :
       {".SH NAME\ntool \\- Does things\n", ".SH EXAMPLES\n", "tool \\-\\-do it\n",
        "\\fB\\-n\\fR, \\fB\\-\\-number\\fR \\fIN\\fR\n", "Default: \\fB3\\fR.\n",
        "\n\\&.so /etc/passwd\n", "\n\\&\\(aqquoted\\(aq back\\eslash\\[u2026]\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
}

TEST(Suggestions, AreWhatIsNear) {
  EXPECT_EQ(distance("kitten", "sitting"), 3U);
  EXPECT_EQ(distance("rnu", "run"), 1U);
  EXPECT_EQ(distance("", "ab"), 2U);
  EXPECT_EQ(nearest("gett", {"set", "get", "stat"}), "get");
  EXPECT_EQ(nearest("--recusive", {"--reason", "--recursive"}), "--recursive");
  EXPECT_EQ(nearest("x", {"ls", "rm"}), "");
  EXPECT_EQ(nearest("completely", {"get"}), "");
}

TEST(Suggestions, SayWhereACommandLineGoesWrong) {
  const Page page = cli::Program().page();
  EXPECT_EQ(explain_unknown(page, {"--timeout", "gett", "gett"}),
            "there is no command 'holdfast gett'; did you mean 'holdfast get'?");
  EXPECT_EQ(explain_unknown(page, {"--timeout=3s", "lock"}),
            "a command is missing after 'holdfast lock'");
  EXPECT_EQ(explain_unknown(page, {"lock", "run", "x", "--wiat=3s"}),
            "holdfast lock run has no option '--wiat'; did you mean '--wait'?");
  EXPECT_EQ(explain_unknown(page, {"lock", "run", "x", "--", "--wiat"}), "");
  EXPECT_EQ(explain_unknown(page, {"get", "/a", "-o", "json"}), "");
}

TEST(Program, TellsAboutEveryOptionAndCommand) {
  const Page page = cli::Program().page();
  const std::string first_capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const Page* leaf : leaves(page)) {
    EXPECT_NE(leaf->notes.find("Examples:\n  "), std::string::npos) << leaf->name();
    EXPECT_LE(leaf->summary.size(), 90U) << leaf->name();
    EXPECT_NE(first_capital.find(leaf->summary.front()), std::string::npos) << leaf->name();
    EXPECT_NE(leaf->group, "Subcommands") << leaf->name();
    for (const Option& option : leaf->options) {
      EXPECT_FALSE(option.text.empty()) << leaf->name() << " " << option.names.back();
      EXPECT_FALSE(option.text.ends_with('.')) << leaf->name() << " " << option.names.back();
    }
  }
  EXPECT_EQ(page.command("complete"), nullptr) << "what only scripts call is not shown";
}

TEST(Program, HasASynopsisForWhatFollowsTheSeparator) {
  const Page page = cli::Program().page();
  EXPECT_EQ(page.command("lock")->command("run")->usage(),
            "holdfast lock run [OPTIONS] NAME -- COMMAND…");
  EXPECT_EQ(page.command("elect")->usage(), "holdfast elect [OPTIONS] NAME [-- COMMAND…]");
  EXPECT_EQ(page.command("ls")->usage(), "holdfast ls [OPTIONS] [PATH]");
}

}  // namespace
}  // namespace holdfast::command_line
