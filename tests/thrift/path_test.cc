#include "thrift/path.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/limits.h"

namespace holdfast {
namespace {

constexpr std::string_view kCell = "prod-1";

std::string repeated(std::size_t times, std::string_view what) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) {
    text += what;
  }
  return text;
}

// A path of exactly that many bytes, in components of at most 100.
std::string path_of(std::size_t bytes) {
  std::string path;
  while (path.size() < bytes) {
    path += path.size() % 100 == 0 && path.size() + 1 < bytes ? "/" : "a";
  }
  return path;
}

struct Refusal {
  std::string path;
  StatusCode code;
  std::string rule;  // A part of the sentence.
};

TEST(Path, ShortFormsStayAsTheyAre) {
  for (const std::string path :
       {"/", "/a", "/a/b/c", "/..a", "/a..", "/...", "/lsx", "/a/ls", "/a/.holdfast", "/.holdfastx",
        "/sp ace", "/Grüße/日本/🔒", "/a:b"}) {
    const Result<std::string> parsed = parse_path(path, kCell);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, path);
    EXPECT_TRUE(check_path(path).ok());
  }
}

TEST(Path, LongFormsOfThisCellBecomeShort) {
  EXPECT_EQ(*parse_path("/ls/prod-1/a/b", kCell), "/a/b");
  EXPECT_EQ(*parse_path("/ls/local/a/b", kCell), "/a/b");
  EXPECT_EQ(*parse_path("/ls/prod-1", kCell), "/");
  EXPECT_EQ(*parse_path("/ls/local", kCell), "/");
}

TEST(Path, LongFormOfAnotherCellIsWrongCell) {
  const Result<std::string> parsed = parse_path("/ls/prod-2/a", kCell);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), StatusCode::kWrongCell);
  EXPECT_EQ(parsed.status().message(),
            "The path \"/ls/prod-2/a\" belongs to the cell \"prod-2\"; this is \"prod-1\".");
}

TEST(Path, BrokenRulesAreNamed) {
  const std::vector<Refusal> refusals = {
      {"", StatusCode::kInvalid, "does not begin with a slash"},
      {"a/b", StatusCode::kInvalid, "does not begin with a slash"},
      {"//", StatusCode::kInvalid, "empty component"},
      {"/a/", StatusCode::kInvalid, "empty component"},
      {"/a//b", StatusCode::kInvalid, "empty component"},
      {"/a/./b", StatusCode::kInvalid, "component \".\" or \"..\""},
      {"/a/..", StatusCode::kInvalid, "component \".\" or \"..\""},
      {std::string("/a\0b", 4), StatusCode::kInvalid, "control character at byte 2"},
      {"/a\n", StatusCode::kInvalid, "control character at byte 2"},
      {"/\x7f", StatusCode::kInvalid, "control character at byte 1"},
      {"/\xc2\x9b", StatusCode::kInvalid, "control character at byte 1"},
      {"/a\xff", StatusCode::kInvalid, "not UTF-8: byte 2"},
      {"/\xc0\xaf", StatusCode::kInvalid, "not UTF-8: byte 1"},
      {"/\xed\xa0\x80", StatusCode::kInvalid, "not UTF-8: byte 1"},
      {"/\xf4\x90\x80\x80", StatusCode::kInvalid, "not UTF-8: byte 1"},
      {"/\xe2\x82", StatusCode::kInvalid, "not UTF-8: byte 1"},
      {"/ls", StatusCode::kInvalid, "is reserved"},
      {"/ls/", StatusCode::kInvalid, "empty component"},
      {"/ls/local/", StatusCode::kInvalid, "empty component"},
      {"/ls/local/ls/a", StatusCode::kInvalid, "below \"/ls\", which is reserved"},
      {"/ls/local/../a", StatusCode::kInvalid, "component \".\" or \"..\""},
      {"/.holdfast", StatusCode::kInvalid, "belongs to the service"},
      {"/.holdfast/x", StatusCode::kInvalid, "belongs to the service"},
      {"/ls/local/.holdfast/x", StatusCode::kInvalid, "belongs to the service"},
  };
  for (const Refusal& refusal : refusals) {
    const Result<std::string> parsed = parse_path(refusal.path, kCell);
    ASSERT_FALSE(parsed.ok()) << refusal.path;
    EXPECT_EQ(parsed.status().code(), refusal.code) << parsed.status().message();
    EXPECT_NE(parsed.status().message().find(refusal.rule), std::string::npos)
        << parsed.status().message();
    EXPECT_TRUE(parsed.status().message().starts_with("The path \""));
  }
}

TEST(Path, ComponentsMayHaveTheLimitAndNotMore) {
  EXPECT_TRUE(check_path("/" + repeated(limits::kComponentBytesMax, "x")).ok());
  const Status refused = check_path("/" + repeated(limits::kComponentBytesMax + 1, "x"));
  EXPECT_EQ(refused.code(), StatusCode::kTooLarge);
  EXPECT_NE(refused.message().find("component of 256 bytes; the limit is 255"), std::string::npos);
}

TEST(Path, TheWholeMayHaveTheLimitAndNotMore) {
  const std::string longest = path_of(limits::kPathBytesMax);
  EXPECT_TRUE(check_path(longest).ok());
  EXPECT_EQ(check_path(longest + "x").code(), StatusCode::kTooLarge);
  // The prefix of the long form does not count.
  EXPECT_EQ(*parse_path("/ls/local" + longest, kCell), longest);
  EXPECT_EQ(parse_path("/ls/local" + longest + "x", kCell).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(parse_path(repeated(100'000, "/x"), kCell).status().code(), StatusCode::kTooLarge);
}

TEST(Path, ARefusalStaysShortAndPrintable) {
  const Status refused = check_path("/\x1b[2J" + repeated(900, "x"));
  EXPECT_LT(refused.message().size(), 250U);
  EXPECT_EQ(refused.message().find('\x1b'), std::string::npos);
}

TEST(Path, ShortFormIsDemandedWhereTheServiceStoresPaths) {
  EXPECT_FALSE(check_path("/ls/local/a").ok());
  EXPECT_FALSE(check_path("/ls/prod-1/a").ok());
}

TEST(Path, CellNamesAreChecked) {
  for (const std::string name : {"a", "prod-1", "0", "-"}) {
    EXPECT_TRUE(check_cell_name(name).ok()) << name;
  }
  EXPECT_TRUE(check_cell_name(repeated(63, "x")).ok());
  for (const std::string name : {"", "local", "Prod", "a.b", "a/b", "ä", "a b"}) {
    EXPECT_EQ(check_cell_name(name).code(), StatusCode::kInvalid) << name;
  }
  EXPECT_FALSE(check_cell_name(repeated(64, "x")).ok());
}

TEST(Path, ParentAndNameTakeAPathApartAndChildJoinsIt) {
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/a/b/c"), "/a/b");
  EXPECT_EQ(path_name("/"), "");
  EXPECT_EQ(path_name("/a"), "a");
  EXPECT_EQ(path_name("/a/b/c"), "c");
  EXPECT_EQ(child_path("/", "a"), "/a");
  EXPECT_EQ(child_path("/a", "b"), "/a/b");
}

TEST(Path, ComponentsGoFromTheRootDownwards) {
  EXPECT_TRUE(path_components("/").empty());
  EXPECT_EQ(path_components("/a"), (std::vector<std::string_view>{"a"}));
  EXPECT_EQ(path_components("/a/bc/d"), (std::vector<std::string_view>{"a", "bc", "d"}));
}

TEST(Path, AncestorsAreStrictAndEndAtASlash) {
  EXPECT_TRUE(is_ancestor("/", "/a"));
  EXPECT_TRUE(is_ancestor("/a", "/a/b"));
  EXPECT_TRUE(is_ancestor("/a", "/a/b/c"));
  EXPECT_FALSE(is_ancestor("/", "/"));
  EXPECT_FALSE(is_ancestor("/a", "/a"));
  EXPECT_FALSE(is_ancestor("/a", "/ab"));
  EXPECT_FALSE(is_ancestor("/a/b", "/a"));
}

}  // namespace
}  // namespace holdfast
