#include "lockserver/storage/filled_file.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockserver/storage/frame_check.h"
#include "lockserver/storage/log_db.h"
#include "tests/storage/support.h"

// Write-ahead logs in space that is filled with zeros ahead of them.

namespace holdfast::storage {
namespace {

constexpr char kPath[] = "/file";

class Filled : public testing::Test {
 protected:
  Filled() {
    std::unique_ptr<PlacedFile> placed;
    HOLDFAST_CHECK(disk_.new_placed_file(kPath, &placed).ok(), "the file cannot be made");
    file_ = std::make_unique<FilledFile>(std::move(placed));
  }

  void add(const std::string& bytes) {
    ASSERT_TRUE(file_->Append(bytes).ok());
    ASSERT_TRUE(file_->Flush().ok());
    ASSERT_TRUE(file_->Sync().ok());
    written_ += bytes;
  }
  // What is written, and nothing but zeros behind it.
  void expect_content(std::size_t size) {
    std::string expected = written_;
    expected.resize(size);
    EXPECT_EQ(disk_.content(kPath).size(), size);
    EXPECT_TRUE(disk_.content(kPath) == expected);
  }

  FaultEnv disk_;
  std::unique_ptr<FilledFile> file_;
  std::string written_;
};

TEST_F(Filled, WritesZerosAheadOfWhatIsSynced) {
  add("first");
  expect_content(kFillBytes);
  for (int i = 0; i < 3000; ++i) add("record " + std::to_string(i) + std::string(100, 'r'));
  ASSERT_GT(written_.size(), kFillBytes);
  expect_content(2 * kFillBytes);
  add(std::string(2 * kFillBytes - written_.size() - 10, 'f'));
  add("exact");
  expect_content(2 * kFillBytes);
  add("again");
  expect_content(3 * kFillBytes);
}

TEST_F(Filled, WritesLargeRecordsWithoutZeros) {
  for (int i = 0; i < 3; ++i) {
    add(std::string(kFillBytes + 3, 'l'));
    expect_content(written_.size());
    add("small after large");
    expect_content(written_.size());
  }
  add("small after small");
  expect_content(4 * kFillBytes);
}

// LevelDB hands a large record over in parts: it is the record that counts, and not its last part.
TEST_F(Filled, WritesLargeRecordsInPartsWithoutZeros) {
  for (int part = 0; part < 9; ++part) {
    const std::string bytes(part == 8 ? 100 : 32'000, 'l');
    ASSERT_TRUE(file_->Append(bytes).ok());
    written_ += bytes;
  }
  ASSERT_TRUE(file_->Sync().ok());
  expect_content(written_.size());
}

TEST_F(Filled, WritesARecordOnceAtItsSync) {
  add("first");
  int writes = 0;
  disk_.set_judge([&](FaultEnv::Op op, const std::string&) {
    writes += op == FaultEnv::Op::kAppend ? 1 : 0;
    return leveldb::Status::OK();
  });
  for (const char* part : {"header", "payload", "header", "payload"}) {
    ASSERT_TRUE(file_->Append(part).ok());
    ASSERT_TRUE(file_->Flush().ok());
    written_ += part;
  }
  EXPECT_EQ(writes, 0);
  ASSERT_TRUE(file_->Sync().ok());
  EXPECT_EQ(writes, 1);
  expect_content(kFillBytes);
}

TEST_F(Filled, CloseCutsOffTheZeros) {
  add("a record");
  ASSERT_TRUE(file_->Close().ok());
  expect_content(written_.size());
}

TEST_F(Filled, DoesWithoutZerosForWhichThereIsNoRoom) {
  int writes = 0;
  disk_.set_judge([&](FaultEnv::Op op, const std::string& path) {
    return op == FaultEnv::Op::kAppend && writes++ == 3
               ? leveldb::Status::IOError(path, "No space left on device")
               : leveldb::Status::OK();
  });
  add("first");
  expect_content(written_.size());
  add("second");
  EXPECT_EQ(writes, 5);
  expect_content(written_.size());
  ASSERT_TRUE(file_->Close().ok());
  expect_content(written_.size());
}

TEST_F(Filled, AfterAFailureNothingIsWritten) {
  for (const FaultEnv::Op op : {FaultEnv::Op::kAppend, FaultEnv::Op::kSync}) {
    std::unique_ptr<PlacedFile> placed;
    ASSERT_TRUE(disk_.new_placed_file(kPath, &placed).ok());
    FilledFile file(std::move(placed));
    disk_.set_judge([op](FaultEnv::Op did, const std::string& path) {
      return did == op ? leveldb::Status::IOError(path, "bad") : leveldb::Status::OK();
    });
    ASSERT_TRUE(file.Append("lost").ok());
    ASSERT_FALSE(file.Sync().ok());
    disk_.set_judge(nullptr);
    const std::string left = disk_.content(kPath);
    EXPECT_FALSE(file.Append("more").ok());
    EXPECT_FALSE(file.Flush().ok());
    EXPECT_FALSE(file.Sync().ok());
    EXPECT_FALSE(file.Close().ok());
    EXPECT_TRUE(disk_.content(kPath) == left);
  }
}

std::string log_file(const FaultEnv& disk) {
  std::string log;
  for (const std::string& path : disk.files()) {
    if (path.starts_with("/data/log/") && path.ends_with(".log")) log = path;
  }
  return log;
}

// Twenty records in the log; then the power goes, or the process ends in order.
std::shared_ptr<FaultEnv> disk_with_log(bool ends_in_order) {
  const auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  EXPECT_TRUE(
      persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}}).ok());
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const Zxid prev = i == 1 ? Zxid() : z(1, i - 1);
    EXPECT_TRUE(persist(*opened.store, {append(prev, z(1, i), z(1, i))}).ok());
  }
  if (ends_in_order) {
    opened.store.reset();
    return disk;
  }
  disk->set_judge([](FaultEnv::Op, const std::string& path) {
    return leveldb::Status::IOError(path, "no power");
  });
  opened.store.reset();
  disk->set_judge(nullptr);
  Random dice(1);
  disk->crash(FaultEnv::Loss::kAll, dice);
  return disk;
}

TEST(FilledLog, IsCutToItsSizeByAnOrderlyEnd) {
  const auto disk = disk_with_log(true);
  const std::string content = disk->content(log_file(*disk));
  EXPECT_LT(content.size(), 4000U);
  EXPECT_EQ(check_frames(content).whole_bytes, content.size());
  const Opened opened = open_ok(disk);
  EXPECT_EQ(opened.recovered.torn_bytes_cut, 0U);
  EXPECT_EQ(opened.recovered.log_entries, 20U);
}

// One sync a batch, but for the first of a log file, which makes the file's name durable too.
TEST(FilledLog, ABatchIsOneSync) {
  const auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  ASSERT_TRUE(
      persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}}).ok());
  std::map<FaultEnv::Op, int> done;
  disk->set_judge([&](FaultEnv::Op op, const std::string&) {
    ++done[op];
    return leveldb::Status::OK();
  });
  for (std::uint32_t batch = 0; batch < 50; ++batch) {
    const Zxid prev = batch == 0 ? Zxid() : z(1, batch * 10);
    ASSERT_TRUE(
        persist(*opened.store, {append(prev, z(1, batch * 10 + 1), z(1, batch * 10 + 10))}).ok());
  }
  disk->set_judge(nullptr);
  EXPECT_EQ(done,
            (std::map<FaultEnv::Op, int>{{FaultEnv::Op::kAppend, 50}, {FaultEnv::Op::kSync, 50}}));
}

TEST(FilledLog, ZerosBehindItAreNoTornTail) {
  const auto disk = disk_with_log(false);
  const std::string content = disk->content(log_file(*disk));
  EXPECT_EQ(content.size(), kFillBytes);
  EXPECT_EQ(check_frames(content).verdict, FrameCheck::Verdict::kWhole);
  EXPECT_LT(check_frames(content).whole_bytes, 4000U);
  const Opened opened = open_ok(disk);
  EXPECT_EQ(opened.recovered.torn_bytes_cut, 0U);
  EXPECT_EQ(opened.recovered.log_entries, 20U);
}

// Of the torn bytes those are counted that are there, and not the zeros behind them.
TEST(FilledLog, ATornRecordBeforeTheZerosIsCutAndCounted) {
  const auto disk = disk_with_log(false);
  const std::string log = log_file(*disk);
  std::string content = disk->content(log);
  content.replace(check_frames(content).whole_bytes, 10, "half a rec");
  disk->set_content(log, content);
  const Opened opened = open_ok(disk);
  EXPECT_EQ(opened.recovered.torn_bytes_cut, 10U);
  EXPECT_EQ(opened.recovered.log_entries, 20U);
}

TEST(FilledLog, ZerosInTheMiddleAreDamage) {
  const auto disk = disk_with_log(false);
  const std::string log = log_file(*disk);
  std::string content = disk->content(log);
  content.replace(check_frames(content).whole_bytes / 2, 100, 100, '\0');
  disk->set_content(log, content);
  const Result<Opened> opened = open("/data", options_for(disk));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kCorrupt);
  EXPECT_NE(opened.status().message().find(log), std::string::npos);
}

// After an orderly end the file has no filled space: zeros at its end once were something else.
TEST(FilledLog, ZerosAtTheEndOfACutFileAreCounted) {
  const auto disk = disk_with_log(true);
  const std::string log = log_file(*disk);
  std::string content = disk->content(log);
  content.replace(content.size() - 50, 50, 50, '\0');
  disk->set_content(log, content);
  const Opened opened = open_ok(disk);
  EXPECT_GE(opened.recovered.torn_bytes_cut, 50U);
  EXPECT_EQ(opened.recovered.log_entries, 19U);
}

// LevelDB's own reader skips the zeros: an older log, whose cutting the power cut took back, is no
// obstacle to the newer one.
TEST(FilledLog, AnOlderLogMayEndInZerosToo) {
  const auto disk = disk_with_log(false);
  const std::string log = log_file(*disk);
  disk->set_content("/data/log/999999.log", std::string(kFillBytes, '\0'));
  const Opened opened = open_ok(disk);
  EXPECT_EQ(opened.recovered.torn_bytes_cut, 0U);
  EXPECT_EQ(opened.recovered.log_entries, 20U);
}

std::string payload_of(std::uint32_t counter) {
  const std::size_t bytes = counter % 50 == 0 ? 200'000 : counter % 400;
  return std::to_string(counter) + std::string(bytes, 'p');
}

// Appends without end, and tells what is durable through the pipe.
[[noreturn]] void append_until_killed(const std::string& directory, int out) {
  OpenOptions options;
  options.reserve_bytes = 0;
  options.log_buffer_bytes = 256U << 10U;
  const Result<Opened> opened = open(directory, options);
  if (!opened.ok()) ::_exit(1);
  Zxid last =
      opened->recovered.durable.tail.empty() ? Zxid() : opened->recovered.durable.tail.back().zxid;
  if (!persist(*opened->store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}}).ok())
    ::_exit(2);
  while (true) {
    const std::uint32_t counter = last.counter() + 1;
    if (!persist(*opened->store,
                 {zab::Append{{entry_after(last, z(1, counter), payload_of(counter))}}})
             .ok()) {
      ::_exit(3);
    }
    last = z(1, counter);
    if (::write(out, &counter, sizeof counter) != sizeof counter) ::_exit(4);
  }
}

// Kills a process that appends, after at least so many more entries; gives the last one of which it
// said that it is durable.
std::uint32_t kill_after(const std::string& directory, int more) {
  int ends[2];
  HOLDFAST_CHECK(::pipe(ends) == 0, "no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(directory, ends[1]);
  }
  ::close(ends[1]);
  std::uint32_t durable = 0;
  for (; more > 0; --more) {
    if (::read(ends[0], &durable, sizeof durable) != sizeof durable) break;
  }
  EXPECT_EQ(more, 0) << "the process has ended by itself";
  ::kill(child, SIGKILL);
  int result = 0;
  EXPECT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFSIGNALED(result));
  while (::read(ends[0], &durable, sizeof durable) == sizeof durable) {
  }
  ::close(ends[0]);
  return durable;
}

TEST(FilledLog, AKilledProcessLosesNothingThatItAcknowledged) {
  std::string pattern = testing::TempDir() + "/holdfast-filled-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::string directory = pattern + "/replica";
  ASSERT_TRUE(init(directory, kIdentity, nullptr).ok());
  bool was_filled = false;
  for (const int more : {1, 130, 7, 260, 90}) {
    const std::uint32_t durable = kill_after(directory, more);
    for (const auto& file : std::filesystem::directory_iterator(directory + "/log")) {
      was_filled = was_filled || (file.path().extension() == ".log" && file.file_size() > 0 &&
                                  file.file_size() % kFillBytes == 0);
    }
    OpenOptions options;
    options.reserve_bytes = 0;
    options.tail_bytes_max = 1U << 30U;
    const Result<Opened> opened = open(directory, options);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    const std::vector<zab::Entry>& found = opened->recovered.durable.tail;
    ASSERT_GE(found.size(), durable);
    ASSERT_LE(found.size(), durable + 1U);
    for (const zab::Entry& entry : found) {
      ASSERT_EQ(entry.payload.view(), payload_of(entry.zxid.counter())) << to_string(entry.zxid);
    }
  }
  EXPECT_TRUE(was_filled);
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace holdfast::storage
