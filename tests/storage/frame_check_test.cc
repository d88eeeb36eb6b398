#include "lockserver/storage/frame_check.h"

#include <gtest/gtest.h>

#include "lockserver/storage/crc32c.h"
#include "tests/storage/support.h"

namespace holdfast::storage {
namespace {

using Verdict = FrameCheck::Verdict;

std::string frame(char type, std::string_view data) {
  const std::string covered = type + std::string(data);
  const std::uint32_t crc = masked_crc(crc32c(covered, 0));
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(crc >> shift));
  bytes.push_back(static_cast<char>(data.size() & 0xffU));
  bytes.push_back(static_cast<char>(data.size() >> 8U));
  return bytes + covered;
}

// LevelDB's way to write a record at the end of `file`.
void add_record(std::string& file, std::string_view record) {
  constexpr std::size_t kBlock = 32 * 1024;
  bool is_first = true;
  bool is_last = false;
  while (!is_last) {
    std::size_t room = kBlock - file.size() % kBlock;
    if (room < 7) file.append(std::exchange(room, kBlock), '\0');
    const std::size_t part = std::min(room - 7, record.size());
    is_last = part == record.size();
    const char type = is_first ? (is_last ? 1 : 2) : (is_last ? 4 : 3);
    file += frame(type, record.substr(0, part));
    record.remove_prefix(part);
    is_first = false;
  }
}

std::string file_of(const std::vector<std::size_t>& record_sizes) {
  std::string file;
  for (std::size_t i = 0; i < record_sizes.size(); ++i) {
    add_record(file, std::string(record_sizes[i], static_cast<char>('a' + i % 26)));
  }
  return file;
}

TEST(FrameCheck, WholeFilesAreWhole) {
  EXPECT_EQ(check_frames("").verdict, Verdict::kWhole);
  for (const std::vector<std::size_t>& sizes : {std::vector<std::size_t>{0},
                                                {1, 2, 3},
                                                {100'000, 5},
                                                {32 * 1024 - 7, 9},
                                                {32 * 1024 - 7 - 3, 9},
                                                {32 * 1024 - 14, 9, 0}}) {
    const std::string file = file_of(sizes);
    EXPECT_EQ(check_frames(file).verdict, Verdict::kWhole) << sizes[0];
    EXPECT_EQ(check_frames(file).whole_bytes, file.size());
  }
}

TEST(FrameCheck, EveryCutIsATornTail) {
  const std::string before = file_of({50, 40'000});
  std::string file = before;
  add_record(file, std::string(70'000, 'z'));
  for (std::size_t cut = before.size() + 1; cut < file.size(); cut += 97) {
    const FrameCheck check = check_frames(std::string_view(file).substr(0, cut));
    ASSERT_EQ(check.verdict, Verdict::kTorn) << cut;
    EXPECT_EQ(check.whole_bytes, before.size());
  }
}

TEST(FrameCheck, AHoleInTheLastRecordIsATornTail) {
  const std::string before = file_of({50, 40'000});
  std::string file = before;
  add_record(file, std::string(150'000, 'z'));
  for (std::size_t from = before.size(); from + 4096 < file.size(); from += 5000) {
    std::string holed = file;
    holed.replace(from, 4096, 4096, '\0');
    const FrameCheck check = check_frames(holed);
    ASSERT_EQ(check.verdict, Verdict::kTorn) << from;
    EXPECT_EQ(check.whole_bytes, before.size());
  }
}

TEST(FrameCheck, ZerosBehindTheLastRecordAreATornTail) {
  const std::string before = file_of({50});
  const FrameCheck check = check_frames(before + std::string(100'000, '\0'));
  EXPECT_EQ(check.verdict, Verdict::kTorn);
  EXPECT_EQ(check.whole_bytes, before.size());
}

TEST(FrameCheck, ABadByteBeforeALaterRecordIsDamage) {
  const std::string first = file_of({60});
  const std::string file = file_of({60, 80, 50'000, 70});
  const std::size_t last_record = file.size() - 77;
  for (std::size_t at = first.size(); at < last_record; at += at < 200 ? 1 : 331) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const FrameCheck check = check_frames(damaged);
    // The bytes that pad a block belong to nothing.
    if (check.verdict == Verdict::kWhole) continue;
    ASSERT_EQ(check.verdict, Verdict::kDamaged) << at;
    EXPECT_GE(check.whole_bytes, first.size());
  }
}

TEST(FrameCheck, ARecordWithoutItsEndBeforeAnotherIsDamage) {
  const std::string file = frame(2, "first part") + frame(1, "whole");
  EXPECT_EQ(check_frames(file).verdict, Verdict::kDamaged);
  EXPECT_EQ(check_frames(frame(4, "last part") + frame(1, "whole")).verdict, Verdict::kDamaged);
  EXPECT_EQ(check_frames(frame(1, "whole") + frame(3, "middle part")).verdict, Verdict::kTorn);
}

// The older one was synced before the newer one was begun, so its end cannot be torn by a crash.
TEST(FrameCheck, OnlyTheNewestLogMayEndInATornTail) {
  const auto disk = initialised_disk();
  open_ok(disk).store.reset();
  std::string log;
  for (const std::string& path : disk->files()) {
    if (path.starts_with("/data/log/") && path.ends_with(".log")) log = path;
  }
  const std::string records = file_of({10, 20});
  disk->set_content(log, records + "torn");
  const auto newest = check_and_cut_logs(*disk, "/data/log", TailRule::kEachRecordSynced);
  ASSERT_TRUE(newest.ok()) << newest.status().message();
  EXPECT_EQ(*newest, 4U);
  EXPECT_EQ(disk->content(log), records);
  disk->set_content(log, records + "torn");
  disk->set_content("/data/log/999999.log", records);
  const auto older = check_and_cut_logs(*disk, "/data/log", TailRule::kEachRecordSynced);
  ASSERT_FALSE(older.ok());
  EXPECT_EQ(older.status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(disk->content(log), records + "torn");
}

TEST(FrameCheck, ReadsWhatLevelDbWrites) {
  const auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  ASSERT_TRUE(
      persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1)},
                              zab::Append{{entry_after({}, z(1, 1), std::string(100'000, 'x'))}}})
          .ok());
  ASSERT_TRUE(persist(*opened.store, {append(z(1, 1), z(1, 2), z(1, 50))}).ok());
  opened.store.reset();
  int checked = 0;
  for (const std::string& path : disk->files()) {
    if (!path.ends_with(".log") && path.find("MANIFEST") == std::string::npos) continue;
    EXPECT_EQ(check_frames(disk->content(path)).verdict, Verdict::kWhole) << path;
    checked += disk->content(path).empty() ? 0 : 1;
  }
  EXPECT_GE(checked, 3);
}

}  // namespace
}  // namespace holdfast::storage
