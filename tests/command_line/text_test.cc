#include <clocale>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "client/cli/contents.h"
#include "client/cli/context.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/words.h"
#include "command_line/help.h"

namespace holdfast::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Words, AreSeparatedByBlanksOutsideOfQuotes) {
  EXPECT_EQ(split_words("  get  /a\t'b c' \"d 'e'\" f\\ g h'i'j "),
            (Words{"get", "/a", "b c", "d 'e'", "f g", "hij"}));
  EXPECT_EQ(split_words(R"(a "b\"c\\d\e" '\')"), (Words{"a", R"(b"c\d\e)", "\\"}));
  EXPECT_EQ(split_words("set /a ''"), (Words{"set", "/a", ""}));
  EXPECT_EQ(split_words(""), Words{});
}

TEST(Words, EndWithAComment) {
  EXPECT_EQ(split_words("get /a#b # and so on 'x"), (Words{"get", "/a#b"}));
}

TEST(Words, AreRefusedWithAnOpenQuote) {
  EXPECT_FALSE(split_words("get '/a"));
  EXPECT_FALSE(split_words("get \"/a"));
  EXPECT_FALSE(split_words("get /a\\"));
}

TEST(Words, ToCompleteEndWithTheOneThatIsTyped) {
  EXPECT_EQ(words_to_complete("holdfast get /a"), (Words{"holdfast", "get", "/a"}));
  EXPECT_EQ(words_to_complete("holdfast get "), (Words{"holdfast", "get", ""}));
  EXPECT_EQ(words_to_complete("get '/a b"), (Words{"get", "/a b"}));
  EXPECT_EQ(words_to_complete(""), Words{""});
}

TEST(Words, ComeBackFromQuotes) {
  for (const std::string word : {"", "/a/b", "with blank", "it's", "a\"b\\c", "#x"}) {
    EXPECT_EQ(split_words(quoted(word)), Words{word});
  }
  EXPECT_EQ(quoted("/plain-path"), "/plain-path");
}

TEST(Paths, AreSeenFromTheDirectory) {
  EXPECT_EQ(resolve_path("/a/b", "c"), "/a/b/c");
  EXPECT_EQ(resolve_path("/a/b", "../c/./d"), "/a/c/d");
  EXPECT_EQ(resolve_path("/a/b", "../../../.."), "/");
  EXPECT_EQ(resolve_path("/", "c"), "/c");
  EXPECT_EQ(resolve_path("/a", "."), "/a");
  EXPECT_EQ(resolve_path("/a", "/../x"), "/../x");  // As it is said: the cell refuses it.
}

TEST(Paths, AreNotTouchedOutsideOfTheShellButLocksNeedNoSlash) {
  const Context outside;
  EXPECT_EQ(outside.path("c"), "c");
  EXPECT_EQ(outside.path(""), "");
  EXPECT_EQ(outside.path("."), "/");
  EXPECT_EQ(outside.lock_path("jobs/x"), "/jobs/x");
}

TEST(Tables, AreAsWideAsTheirCells) {
  Table table({"NAME", "N"});
  table.add({"grün", "1"});
  table.add({"longer", "22"});
  EXPECT_EQ(table.text(0), "NAME    N\ngrün    1\nlonger  22\n");
}

TEST(Tables, AreCutWhereTheyAreWidest) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  Table table({"NAME", "TEXT", "N"});
  table.add({"short", std::string(40, 'x'), "1"});
  table.add({"short", "日本語日本語日本語日本語", "2"});
  const std::string text = table.text(20);
  EXPECT_EQ(text,
            "NAME   TEXT        N\n"
            "short  xxxxxxxxx…  1\n"
            "short  日本語日…   2\n");
  EXPECT_EQ(Table({"ABCDEFGHIJ", "ABCDEFGHIJ"}).text(5), "ABCDE…  ABCDE…\n");
}

TEST(Tables, GiveTheTerminalNoCommands) {
  Table table({"\x1b[2J", "a\nb", "\xff"});
  EXPECT_EQ(table.text(0), "\\x1B[2J  a\\x0Ab  \\xFF\n");
}

TEST(Contents, AreTextOrBase64AndComeBack) {
  for (const std::string& bytes :
       {std::string(), std::string("grün\n"), std::string("\xff"), std::string("\xff\x00", 2),
        std::string("\xff\x00\xfe", 3), std::string("\xff\x00\xfe\x80", 4)}) {
    Json json = Json::object();
    add_contents(json, "contents", bytes);
    std::string back;
    ASSERT_TRUE(read_contents(Json::parse(json.dump()), "contents", back));
    EXPECT_EQ(back, bytes);
  }
  Json json = Json::object();
  add_contents(json, "contents", "\xff\x01");
  EXPECT_EQ(json.dump(), R"({"contents_base64":"/wE="})");
}

TEST(Contents, AreRefusedWhenTheyAreNoBase64) {
  for (const char* text : {"Q", "QQ", "QQQ", "Q===", "Q=Q=", "QQ==QQ==", "Q Q=", "QQ-_"}) {
    std::string out;
    EXPECT_FALSE(read_contents(Json{{"c_base64", text}}, "c", out)) << text;
  }
  std::string out;
  EXPECT_FALSE(read_contents(Json{{"c", 7}}, "c", out));
}

TEST(Durations, HaveUnits) {
  EXPECT_EQ(parse_duration("250ms"), Milliseconds(250));
  EXPECT_EQ(parse_duration("10"), Milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), Milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), Milliseconds(3'600'000));
  for (const char* text : {"", "ms", "-1s", "1d", "10 s", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::cli
