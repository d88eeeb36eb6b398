#include "lockserver/replica/disk_threads.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "lockserver/storage/mem_store.h"
#include "tests/storage/support.h"

namespace holdfast::replica {
namespace {

using storage::append;
using storage::entries;
using storage::MemStore;
using storage::put;
using storage::z;

// A store whose writes can be held up, and which notes the batches it is given.
class SlowStore : public storage::Store {
 public:
  void hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      is_held_ = false;
    }
    changed_.notify_all();
  }
  // Until so many calls of persist and write_image have begun.
  void wait_for_writes(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return persists_.size() + image_writes_.size() >= count; });
  }
  void set_room(bool has_room) { set_room_for(has_room ? ~std::uint64_t{0} : 0); }
  void set_room_for(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    room_bytes_ = bytes;
  }
  // Until room has been asked for and refused so many times.
  void wait_for_refusals(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refusals_ >= count; });
  }
  std::vector<std::size_t> persists() const {
    const std::lock_guard lock(mutex_);
    return persists_;
  }
  std::vector<std::size_t> image_writes() const {
    const std::lock_guard lock(mutex_);
    return image_writes_;
  }
  MemStore& inner() { return inner_; }

  Status persist(std::span<const zab::PersistOp> ops) override {
    note(persists_, ops.size());
    return inner_.persist(ops);
  }
  Result<std::vector<zab::Entry>> read_log(Zxid after, Zxid through,
                                           std::size_t max_bytes) override {
    return inner_.read_log(after, through, max_bytes);
  }
  Status write_image(const storage::ImageBatch& batch) override {
    note(image_writes_, batch.writes.size());
    return inner_.write_image(batch);
  }
  Result<Zxid> sync_image() override { return inner_.sync_image(); }
  Result<std::unique_ptr<storage::ImageReader>> open_image() override {
    return inner_.open_image();
  }
  Result<LoadedImage> load_image(
      const std::function<Status(std::string_view, std::string_view)>& take) override {
    return inner_.load_image(take);
  }
  Result<bool> remove_garbage() override {
    const std::lock_guard lock(mutex_);
    ++garbage_steps_;
    changed_.notify_all();
    return garbage_steps_ < 3;
  }
  void wait_for_garbage_steps(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return garbage_steps_ >= count; });
  }
  std::uint64_t log_bytes() const override { return inner_.log_bytes(); }
  Result<std::uint64_t> free_bytes() const override { return inner_.free_bytes(); }
  Result<bool> has_room_for(std::uint64_t bytes) const override {
    const std::lock_guard lock(mutex_);
    const bool has_room = bytes <= room_bytes_;
    refusals_ += has_room ? 0 : 1;
    changed_.notify_all();
    return has_room;
  }

 private:
  void note(std::vector<std::size_t>& writes, std::size_t size) {
    std::unique_lock lock(mutex_);
    writes.push_back(size);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_held_; });
  }

  MemStore inner_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool is_held_ = false;
  std::uint64_t room_bytes_ = ~std::uint64_t{0};
  mutable std::size_t refusals_ = 0;
  int garbage_steps_ = 0;
  std::vector<std::size_t> persists_;
  std::vector<std::size_t> image_writes_;
};

constexpr std::chrono::seconds kPatience(10);

// The strand: runs what was posted when the test says so, and notes the answers as text.
class Strand : public DiskEvents {
 public:
  DiskThreads::Post post() {
    return [this](std::function<void()> function) {
      {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(function));
      }
      arrived_.notify_all();
    };
  }
  // Runs `count` answers, waiting for them for a while; returns all that were noted so far.
  const std::vector<std::string>& run(std::size_t count) {
    for (; count > 0; --count) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        const bool has_come =
            arrived_.wait_for(lock, kPatience, [this] { return !posted_.empty(); });
        if (!has_come) {
          ADD_FAILURE() << count << " answers did not come";
          return answers_;
        }
        next = std::move(posted_.front());
        posted_.pop_front();
      }
      next();
    }
    return answers_;
  }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return posted_.size();
  }

  void on_persisted(Token through) override { note("persisted " + to_string(through)); }
  void on_log_read(std::uint64_t read, std::vector<zab::Entry> read_entries) override {
    note("read " + std::to_string(read) + ": " + std::to_string(read_entries.size()));
  }
  void on_image_written(Zxid applied) override { note("written " + to_string(applied)); }
  void on_image_synced(Zxid applied) override { note("synced " + to_string(applied)); }
  void on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t) override {
    note("opened " + std::to_string(transfer) + " at " + to_string(zxid));
  }
  void on_image_chunk(std::uint64_t transfer, std::string, bool is_last) override {
    note("chunk of " + std::to_string(transfer) + (is_last ? ", last" : ""));
  }
  void on_image_loaded(ImageRecords image) override {
    note("loaded " + std::to_string(image.records.size()) + " at " + to_string(image.applied));
  }
  void on_disk_failed(const Status& status) override { note("failed: " + status.message()); }

 private:
  void note(std::string answer) { answers_.push_back(std::move(answer)); }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> posted_;
  std::vector<std::string> answers_;
};

zab::Persist persist(std::uint64_t token, zab::PersistOp op) {
  return {.token = Token(token), .op = std::move(op)};
}

zab::Persist persist_entry(std::uint64_t token, std::uint32_t counter) {
  const Zxid prev = counter == 1 ? Zxid() : z(1, counter - 1);
  return persist(token, append(prev, z(1, counter), z(1, counter)));
}

struct DiskThreadsTest : testing::Test {
  void begin() {
    disk.persist({persist(1, zab::SetAcceptedEpoch{.epoch = Epoch(1)})});
    strand.run(1);
  }
  SlowStore store;
  Strand strand;
  DiskThreads disk{store, strand, strand.post()};
};

using Answers = std::vector<std::string>;

TEST_F(DiskThreadsTest, WhatIsQueuedDuringASyncGoesDownAsOneBatch) {
  store.hold();
  disk.persist({persist(1, zab::SetAcceptedEpoch{.epoch = Epoch(1)})});
  store.wait_for_writes(1);
  for (std::uint32_t i = 1; i <= 50; ++i) disk.persist({persist_entry(i + 1, i)});
  store.release();
  EXPECT_EQ(strand.run(2), (Answers{"persisted 1", "persisted 51"}));
  EXPECT_EQ(store.persists(), (std::vector<std::size_t>{1, 50}));
  EXPECT_EQ(store.inner().entries().size(), 50U);
}

TEST_F(DiskThreadsTest, AReadOfTheLogComesAfterWhatWasQueuedBeforeIt) {
  begin();
  store.hold();
  disk.persist({persist_entry(2, 1)});
  store.wait_for_writes(2);
  disk.persist({persist_entry(3, 2), persist_entry(4, 3)});
  disk.read_log({.read = 7, .after = {}, .through = z(1, 3), .max_bytes = 10'000});
  disk.persist({persist_entry(5, 4)});
  store.release();
  EXPECT_EQ(strand.run(4),
            (Answers{"persisted 1", "persisted 2", "persisted 4", "read 7: 3", "persisted 5"}));
}

TEST_F(DiskThreadsTest, TheImageDoesNotWaitForTheLogNorTheLogForIt) {
  begin();
  disk.persist({persist_entry(2, 1)});
  strand.run(1);
  store.hold();
  disk.write_image({.generation = 1, .applied = z(1, 1), .writes = {put("a", "1")}});
  disk.persist({persist_entry(3, 2)});
  store.wait_for_writes(4);  // Both are under way at the same time.
  store.release();
  strand.run(2);
}

TEST_F(DiskThreadsTest, QueuedImageBatchesAreWrittenTogether) {
  begin();
  disk.persist(
      {persist_entry(2, 1), persist_entry(3, 2), persist_entry(4, 3), persist_entry(5, 4)});
  strand.run(1);
  store.hold();
  disk.write_image({.generation = 1, .applied = z(1, 1), .writes = {put("a", "1")}});
  store.wait_for_writes(3);
  disk.write_image({.generation = 1, .applied = z(1, 2), .writes = {put("a", "2")}});
  disk.write_image({.generation = 1, .applied = z(1, 3), .writes = {put("a", "3"), put("b", "3")}});
  disk.sync_image();
  disk.write_image({.generation = 1, .applied = z(1, 4), .writes = {}});
  store.release();
  const Answers& answers = strand.run(4);
  EXPECT_EQ(Answers(answers.begin() + 2, answers.end()),
            (Answers{"written 1.1", "written 1.3", "synced 1.3", "written 1.4"}));
  EXPECT_EQ(store.image_writes(), (std::vector<std::size_t>{1, 3, 0}));
  EXPECT_EQ(store.inner().image_records().at("a"), "3");
}

TEST_F(DiskThreadsTest, BatchesOfTwoGenerationsAreNotMixed) {
  begin();
  disk.persist({persist_entry(2, 1), persist_entry(3, 2)});
  strand.run(1);
  store.hold();
  disk.write_image({.generation = 1, .applied = z(1, 1), .writes = {put("a", "1")}});
  store.wait_for_writes(3);
  disk.write_image({.generation = 9, .applied = z(1, 2), .writes = {put("a", "of another image")}});
  disk.write_image({.generation = 1, .applied = z(1, 2), .writes = {put("b", "2")}});
  store.release();
  strand.run(3);
  EXPECT_EQ(store.inner().image_records(), (storage::Records{{"a", "1"}, {"b", "2"}}));
}

TEST_F(DiskThreadsTest, AnImageIsLoadedOpenedAndReadInOrder) {
  begin();
  disk.persist({persist_entry(2, 1)});
  strand.run(1);
  disk.write_image({.generation = 1, .applied = z(1, 1), .writes = {put("a", "1"), put("b", "1")}});
  disk.load_image();
  disk.open_image(4);
  disk.read_image_chunk(4, 1);
  disk.read_image_chunk(4, 1);
  disk.close_image(4);
  const Answers& answers = strand.run(5);
  EXPECT_EQ(Answers(answers.begin() + 2, answers.end()),
            (Answers{"written 1.1", "loaded 2 at 1.1", "opened 4 at 1.1", "chunk of 4",
                     "chunk of 4, last"}));
}

TEST_F(DiskThreadsTest, AFailureIsToldOnceAndEndsEverything) {
  begin();
  store.inner().fail_with(Status(StatusCode::kIo, "bad sector"));
  disk.persist({persist_entry(2, 1)});
  EXPECT_EQ(strand.run(1).back(), "failed: bad sector");
  store.inner().fail_with(Status());
  disk.persist({persist_entry(3, 2)});
  disk.sync_image();
  disk.load_image();
  disk.stop();
  EXPECT_EQ(strand.waiting(), 0U);
  EXPECT_TRUE(store.inner().entries().empty());
}

TEST_F(DiskThreadsTest, AFailureOfTheImageEndsTheLogToo) {
  begin();
  store.inner().fail_with(Status(StatusCode::kIo, "bad sector"));
  disk.sync_image();
  EXPECT_EQ(strand.run(1).back(), "failed: bad sector");
  store.inner().fail_with(Status());
  disk.persist({persist_entry(2, 1)});
  disk.stop();
  EXPECT_EQ(strand.waiting(), 0U);
  EXPECT_TRUE(store.inner().entries().empty());
}

TEST_F(DiskThreadsTest, StopCarriesOutWhatWasAskedFor) {
  begin();
  store.hold();
  disk.persist({persist_entry(2, 1)});
  store.wait_for_writes(2);
  disk.persist({persist_entry(3, 2)});
  disk.write_image({.generation = 1, .applied = {}, .writes = {put("a", "1")}});
  store.release();
  disk.stop();
  EXPECT_EQ(store.inner().entries().size(), 2U);
  EXPECT_EQ(store.inner().image_records().size(), 1U);
  EXPECT_EQ(strand.waiting(), 3U);
  disk.persist({persist_entry(4, 3)});
  disk.stop();
  EXPECT_EQ(strand.waiting(), 3U);
}

TEST_F(DiskThreadsTest, AFullDiskMakesTheLogWaitAndNotFail) {
  begin();
  store.set_room(false);
  disk.persist({persist_entry(2, 1)});
  store.wait_for_refusals(2);
  EXPECT_EQ(strand.waiting(), 0U);
  EXPECT_TRUE(store.inner().entries().empty());
  store.set_room(true);
  EXPECT_EQ(strand.run(1).back(), "persisted 2");
}

TEST_F(DiskThreadsTest, StopGivesUpWhatWaitsForRoom) {
  begin();
  store.set_room(false);
  disk.persist({persist_entry(2, 1)});
  store.wait_for_refusals(1);
  disk.persist({persist_entry(3, 2)});
  disk.stop();
  EXPECT_EQ(strand.waiting(), 0U);
  EXPECT_TRUE(store.inner().entries().empty());
}

// There would be room for the second batch, but it comes after the first.
TEST_F(DiskThreadsTest, NothingIsWrittenBehindWhatWasGivenUp) {
  begin();
  store.set_room_for(10'000);
  disk.persist(
      {persist(2, zab::Append{{storage::entry_after({}, z(1, 1), std::string(20'000, 'x'))}})});
  store.wait_for_refusals(1);
  disk.persist({persist(3, zab::SetAcceptedEpoch{.epoch = Epoch(2)})});
  disk.stop();
  EXPECT_EQ(strand.waiting(), 0U);
  EXPECT_EQ(store.persists().size(), 1U) << "that of begin()";
}

TEST_F(DiskThreadsTest, GarbageIsRemovedUntilNoneIsLeft) {
  disk.remove_garbage();
  store.wait_for_garbage_steps(3);
}

TEST_F(DiskThreadsTest, TellsFreeSpaceAndTheSizeOfTheLog) {
  EXPECT_GT(disk.free_bytes(), 0U);
  begin();
  disk.persist({persist_entry(2, 1)});
  strand.run(1);
  EXPECT_EQ(disk.log_bytes(), store.log_bytes());
}

// The real store beneath: what is answered is on the disk.
TEST(DiskThreads, DriveTheRealStore) {
  const auto device = storage::initialised_disk();
  storage::Opened opened = storage::open_ok(device);
  Strand strand;
  {
    DiskThreads disk(*opened.store, strand, strand.post());
    disk.persist({persist(1, zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true})});
    for (std::uint32_t i = 1; i <= 200; ++i) {
      disk.persist({persist_entry(i + 1, i)});
      disk.write_image(
          {.generation = 1, .applied = z(1, i), .writes = {put("k", std::to_string(i))}});
    }
    disk.sync_image();
    disk.remove_garbage();
    while (strand.run(1).back() != "persisted 201") {
    }
  }
  opened.store.reset();
  Random dice(1);
  device->crash(storage::FaultEnv::Loss::kAll, dice);
  const storage::Opened again = storage::open_ok(device);
  EXPECT_EQ(again.recovered.log_entries, 200U);
  EXPECT_EQ(again.recovered.durable.applied, z(1, 200));
}

}  // namespace
}  // namespace holdfast::replica
