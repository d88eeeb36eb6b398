#include "client/mark_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace holdfast::client::test {
namespace {

constexpr std::uint64_t kPrefix = 0x0001020304050607;

class MarkFileTest : public testing::Test {
 protected:
  MarkFileTest() {
    std::string name = std::filesystem::temp_directory_path() / "holdfast-marks-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "marks";
  }
  ~MarkFileTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<MarkFile> open() {
    auto opened = MarkFile::open(path_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return std::move(opened).value();
  }
  StatusCode refusal() { return MarkFile::open(path_).status().code(); }
  std::string contents() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }
  void append(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }

  static HighWater mark(std::uint64_t generation, const std::string& path) {
    return {.cell_prefix = kPrefix, .path = path, .generation = Zxid(generation)};
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(MarkFileTest, KeepsTheHighestOfEachLock) {
  {
    const auto file = open();
    EXPECT_TRUE(file->load().empty());
    EXPECT_TRUE(file->save(mark(9, "/l")).ok());
    EXPECT_TRUE(file->save(mark(7, "/m n")).ok());
    EXPECT_TRUE(file->save(mark(12, "/l")).ok());
  }
  const std::vector<HighWater> expected = {mark(12, "/l"), mark(7, "/m n")};
  EXPECT_EQ(open()->load(), expected);
}

TEST_F(MarkFileTest, WritesWhatThePythonPackageReads) {
  EXPECT_TRUE(open()->save(mark(0x1f, "/l")).ok());
  EXPECT_EQ(contents(), "0001020304050607 000000000000001f /l\n");
}

TEST_F(MarkFileTest, LineThatWasCutOffWasNeverAccepted) {
  EXPECT_TRUE(open()->save(mark(9, "/l")).ok());
  append("0001020304050607 0000000000000063 /l");
  EXPECT_TRUE(open()->save(mark(10, "/l")).ok());
  EXPECT_EQ(open()->load(), std::vector<HighWater>{mark(10, "/l")});
}

TEST_F(MarkFileTest, FileOfSomethingElseIsRefused) {
  append("root:x:0:0\n");
  EXPECT_EQ(refusal(), StatusCode::kCorrupt);
  EXPECT_EQ(contents(), "root:x:0:0\n");
}

TEST_F(MarkFileTest, IsForOneAtATime) {
  const auto file = open();
  EXPECT_EQ(refusal(), StatusCode::kUnavailable);
}

TEST_F(MarkFileTest, FolderThatIsMissingIsSaid) {
  path_ = folder_ / "missing" / "marks";
  const auto opened = MarkFile::open(path_);
  EXPECT_EQ(opened.status().code(), StatusCode::kIo);
  EXPECT_NE(opened.status().message().find(path_), std::string::npos);
}

TEST_F(MarkFileTest, IsWrittenAnewWhenItHasBecomeLong) {
  std::string lines;
  for (int i = 0; i < 10'003; ++i) lines += "0001020304050607 0000000000000001 /l\n";
  append(lines);
  const auto file = open();
  EXPECT_TRUE(file->save(mark(2, "/l")).ok());
  EXPECT_EQ(contents(), "0001020304050607 0000000000000002 /l\n");
  EXPECT_TRUE(file->save(mark(3, "/m")).ok());
  EXPECT_EQ(contents(),
            "0001020304050607 0000000000000002 /l\n0001020304050607 0000000000000003 /m\n");
}

TEST_F(MarkFileTest, GoesOnWithTheOldFileWhenItCannotBeWrittenAnew) {
  std::string lines;
  for (int i = 0; i < 10'003; ++i) lines += "0001020304050607 0000000000000001 /l\n";
  append(lines);
  std::filesystem::create_directory(path_ + ".new");  // Where the new one would be.
  {
    const auto file = open();
    EXPECT_TRUE(file->save(mark(2, "/l")).ok());
    EXPECT_TRUE(file->save(mark(3, "/m")).ok());
  }
  EXPECT_EQ(contents(), lines +
                            "0001020304050607 0000000000000002 /l\n"
                            "0001020304050607 0000000000000003 /m\n");
  std::filesystem::remove(path_ + ".new");
  const auto file = open();
  EXPECT_TRUE(file->save(mark(4, "/l")).ok());
  EXPECT_EQ(contents(),
            "0001020304050607 0000000000000004 /l\n0001020304050607 0000000000000003 /m\n");
}

}  // namespace
}  // namespace holdfast::client::test
