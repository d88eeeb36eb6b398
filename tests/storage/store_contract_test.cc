#include <thread>

#include <gtest/gtest.h>

#include "lockserver/storage/mem_store.h"
#include "tests/storage/support.h"

// One contract, two stores.

namespace holdfast::storage {
namespace {

// A disk of either kind, on which a replica's process can start, end and be cut off.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Store& store() = 0;
  virtual Recovered restart() = 0;     // The process ends in order and starts again.
  virtual Recovered lose_power() = 0;  // All that is not synced is lost; then it starts again.
};

class MemDisk : public Disk {
 public:
  Store& store() override { return store_; }
  Recovered restart() override { return start(); }
  Recovered lose_power() override {
    Random dice(1);
    store_.crash(MemStore::Loss::kAll, dice);
    return start();
  }

 private:
  Recovered start() {
    Result<Recovered> found = store_.recover(OpenOptions::Start::kNormal, 32U << 20U);
    HOLDFAST_CHECK(found.ok(), found.status().message());
    return *found;
  }
  MemStore store_;
};

class LevelDbDisk : public Disk {
 public:
  LevelDbDisk() : disk_(initialised_disk()), opened_(open_ok(disk_)) {}
  Store& store() override { return *opened_.store; }
  Recovered restart() override {
    opened_.store.reset();
    opened_ = open_ok(disk_);
    return opened_.recovered;
  }
  // The process is stopped before the disk: otherwise its end would sync what it had left unsynced.
  Recovered lose_power() override {
    disk_->set_judge([](FaultEnv::Op, const std::string& path) {
      return leveldb::Status::IOError(path, "no power");
    });
    opened_.store.reset();
    disk_->set_judge(nullptr);
    Random dice(1);
    disk_->crash(FaultEnv::Loss::kAll, dice);
    opened_ = open_ok(disk_);
    return opened_.recovered;
  }

 private:
  std::shared_ptr<FaultEnv> disk_;
  Opened opened_;
};

enum class Kind { kMem, kLevelDb };

class StoreContract : public testing::TestWithParam<Kind> {
 protected:
  StoreContract() {
    if (GetParam() == Kind::kMem) {
      disk_ = std::make_unique<MemDisk>();
    } else {
      disk_ = std::make_unique<LevelDbDisk>();
    }
  }
  Store& store() { return disk_->store(); }
  void must_persist(std::vector<zab::PersistOp> ops) {
    const Status status = persist(store(), std::move(ops));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void must_write(Zxid applied, std::vector<state::Write> writes) {
    const Status status = write_image(store(), applied, std::move(writes));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void begin_epoch(std::uint32_t epoch) {
    must_persist({zab::SetAcceptedEpoch{.epoch = Epoch(epoch), .provisions = true},
                  zab::SetCurrentEpoch{.epoch = Epoch(epoch)}});
  }

  std::unique_ptr<Disk> disk_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::Values(Kind::kMem, Kind::kLevelDb),
                         [](const auto& param) {
                           return std::string(param.param == Kind::kMem ? "Mem" : "LevelDb");
                         });

TEST_P(StoreContract, ANewDiskIsFreshAndEmpty) {
  const Recovered found = disk_->restart();
  EXPECT_EQ(found.durable.membership, zab::Membership::kFresh);
  EXPECT_EQ(found.durable.base, Zxid());
  EXPECT_EQ(found.durable.epochs, (zab::EpochVector{{}}));
  EXPECT_EQ(found.durable.applied, Zxid());
  EXPECT_TRUE(found.durable.tail.empty());
  EXPECT_EQ(found.log_entries, 0U);
  EXPECT_TRUE(load(store()).records.empty());
}

TEST_P(StoreContract, WhatPersistAnsweredSurvivesALossOfPower) {
  must_persist({zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}});
  must_persist({append({}, z(1, 1), z(1, 3)), zab::SetCurrentEpoch{.epoch = Epoch(1)}});
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.membership, zab::Membership::kProvisioned);
  EXPECT_EQ(found.durable.accepted, Epoch(1));
  EXPECT_EQ(found.durable.current, Epoch(1));
  EXPECT_EQ(found.durable.epochs, (zab::EpochVector{{}, {Epoch(1), 3}}));
  EXPECT_EQ(found.durable.tail, entries({}, z(1, 1), z(1, 3)));
  EXPECT_EQ(found.log_entries, 3U);
}

TEST_P(StoreContract, AnUnprovisionedDiskInUseIsThatOfAnInterruptedRejoin) {
  must_persist({zab::SetAcceptedEpoch{.epoch = Epoch(4)}});
  EXPECT_EQ(disk_->restart().durable.membership, zab::Membership::kRejoining);
  must_persist(
      {append({}, z(3, 1), z(3, 1)), zab::SetCurrentEpoch{.epoch = Epoch(4), .provisions = true}});
  EXPECT_EQ(disk_->restart().durable.membership, zab::Membership::kProvisioned);
}

TEST_P(StoreContract, TruncationAndAppendsOfOneRunGoDownInOrder) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 5))});
  must_persist({zab::SetAcceptedEpoch{.epoch = Epoch(2)}, append(z(1, 5), z(1, 6), z(1, 7)),
                zab::TruncateTo{z(1, 3)}, append(z(1, 3), z(2, 1), z(2, 2)),
                zab::SetCurrentEpoch{.epoch = Epoch(2)}});
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.epochs, (zab::EpochVector{{}, {Epoch(1), 3}, {Epoch(2), 2}}));
  std::vector<zab::Entry> expected = entries({}, z(1, 1), z(1, 3));
  for (const zab::Entry& entry : entries(z(1, 3), z(2, 1), z(2, 2))) expected.push_back(entry);
  EXPECT_EQ(found.durable.tail, expected);
  EXPECT_EQ(read_all(store(), {}, z(2, 2)), expected);
}

TEST_P(StoreContract, TruncatedEntriesMayComeAgainWithOtherContent) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 4)), zab::TruncateTo{Zxid()}});
  must_persist({zab::Append{{entry_after({}, z(1, 1), "another")}}});
  const Recovered found = disk_->restart();
  ASSERT_EQ(found.durable.tail.size(), 1U);
  EXPECT_EQ(found.durable.tail[0].payload.view(), "another");
}

TEST_P(StoreContract, EntriesAreReadInPartsOfTheSizeAskedFor) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 100))});
  const auto one = store().read_log({}, z(1, 100), 1);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(*one, entries({}, z(1, 1), z(1, 1)));
  const auto some = store().read_log(z(1, 10), z(1, 100), 300);
  ASSERT_TRUE(some.ok());
  EXPECT_GT(some->size(), 1U);
  EXPECT_LT(some->size(), 20U);
  EXPECT_EQ(some->front().prev, z(1, 10));
  EXPECT_EQ(read_all(store(), z(1, 10), z(1, 90)), entries(z(1, 10), z(1, 11), z(1, 90)));
}

TEST_P(StoreContract, EntriesThatTheLogDoesNotHoldAreRefused) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  EXPECT_EQ(store().read_log(z(1, 3), z(1, 4), 100).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(store().read_log(z(2, 1), z(2, 4), 100).status().code(), StatusCode::kInvalid);
}

TEST_P(StoreContract, TheImageCarriesItsZxidWithItsRecords) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  must_write(z(1, 1), {put("a", "1"), put("b", "2")});
  must_write(z(1, 3), {put("a", "3"), erase("b"), put("c", "")});
  const Image image = load(store());
  EXPECT_EQ(image.applied, z(1, 3));
  EXPECT_EQ(image.records, (Records{{"a", "3"}, {"c", ""}}));
  const Recovered found = disk_->restart();
  EXPECT_EQ(found.durable.applied, z(1, 3));
  EXPECT_EQ(found.image_records, 2U);
  EXPECT_EQ(load(store()).records, image.records);
}

TEST_P(StoreContract, ALaterWriteOfAKeyInOneBatchWins) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 1))});
  must_write(z(1, 1), {put("a", "1"), erase("a"), put("b", "1"), erase("b"), put("b", "2")});
  EXPECT_EQ(load(store()).records, (Records{{"b", "2"}}));
}

TEST_P(StoreContract, AnUnsyncedImageFallsBackToItsLastSync) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 5))});
  must_write(z(1, 2), {put("a", "2")});
  const auto synced = store().sync_image();
  ASSERT_TRUE(synced.ok());
  EXPECT_EQ(*synced, z(1, 2));
  must_write(z(1, 4), {put("a", "4"), put("b", "4")});
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.applied, z(1, 2));
  EXPECT_EQ(load(store()).records, (Records{{"a", "2"}}));
}

TEST_P(StoreContract, APurgeMovesTheBaseAndKeepsTheRest) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3000))});
  const std::uint64_t before = store().log_bytes();
  must_write(z(1, 2900), {put("a", "1")});
  ASSERT_TRUE(store().sync_image().ok());
  must_persist({zab::Purge{z(1, 2500)}});
  remove_all_garbage(store());
  EXPECT_LT(store().log_bytes(), before);
  EXPECT_FALSE(store().read_log(z(1, 2499), z(1, 3000), 100).ok());
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.base, z(1, 2500));
  EXPECT_EQ(found.durable.epochs, (zab::EpochVector{{Epoch(1), 3000}}));
  EXPECT_EQ(found.log_entries, 500U);
  EXPECT_EQ(read_all(store(), z(1, 2500), z(1, 3000)), entries(z(1, 2500), z(1, 2501), z(1, 3000)));
}

TEST_P(StoreContract, APurgeOfEverythingLeavesALogThatGoesOn) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  must_write(z(1, 3), {});
  ASSERT_TRUE(store().sync_image().ok());
  must_persist({zab::Purge{z(1, 3)}, append(z(1, 3), z(1, 4), z(1, 4))});
  EXPECT_EQ(disk_->lose_power().durable.tail, entries(z(1, 3), z(1, 4), z(1, 4)));
}

TEST_P(StoreContract, APurgeBeyondTheDurableImageAborts) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  must_write(z(1, 3), {});
  EXPECT_DEATH(must_persist({zab::Purge{z(1, 1)}}), "beyond the durable image");
}

TEST_P(StoreContract, ATruncationBelowTheImageAborts) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  must_write(z(1, 2), {});
  EXPECT_DEATH(must_persist({zab::TruncateTo{z(1, 1)}}), "below the image");
}

TEST_P(StoreContract, AnEntryThatDoesNotFollowAborts) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 3))});
  EXPECT_DEATH(must_persist({append(z(1, 3), z(1, 5), z(1, 5))}), "does not follow");
  EXPECT_DEATH(must_persist({append(z(1, 2), z(1, 3), z(1, 3))}), "does not follow");
}

TEST_P(StoreContract, AnEntryOfAnEpochNeverAcceptedAborts) {
  begin_epoch(1);
  EXPECT_DEATH(must_persist({append({}, z(2, 1), z(2, 1))}), "R2 is broken");
}

TEST_P(StoreContract, AReaderSeesOneMomentOfTheImage) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 5))});
  must_write(z(1, 1), {put("a", "1"), put("b", "1"), put("c", "1")});
  auto opened = store().open_image();
  ASSERT_TRUE(opened.ok());
  const std::unique_ptr<ImageReader> reader = std::move(opened).value();
  EXPECT_EQ(reader->zxid(), z(1, 1));
  auto chunk = reader->next(1);
  ASSERT_TRUE(chunk.ok());
  EXPECT_FALSE(chunk->is_last);
  must_write(z(1, 2), {erase("b"), put("c", "2"), put("d", "2")});
  std::size_t chunks = 1;
  Records seen;
  const auto take = [&](std::string_view key, std::string_view value) {
    seen[std::string(key)] = std::string(value);
  };
  ASSERT_TRUE(decode_chunk(chunk->bytes, take).ok());
  while (!chunk->is_last) {
    chunk = reader->next(1);
    ASSERT_TRUE(chunk.ok());
    ASSERT_TRUE(decode_chunk(chunk->bytes, take).ok());
    ++chunks;
  }
  EXPECT_EQ(chunks, 3U);
  EXPECT_EQ(seen, (Records{{"a", "1"}, {"b", "1"}, {"c", "1"}}));
}

TEST_P(StoreContract, AnEmptyImageIsOneChunk) {
  auto chunks = chunks_of(store(), 1000);
  ASSERT_EQ(chunks.size(), 1U);
  begin_epoch(1);
  must_persist({zab::BeginImage{z(1, 7)}, zab::StageChunk{chunks[0]}, zab::InstallImage{z(1, 7)}});
  EXPECT_EQ(disk_->restart().durable.applied, z(1, 7));
}

TEST_P(StoreContract, AnInstalledImageReplacesImageBaseAndLog) {
  MemStore source;
  ASSERT_TRUE(
      source.persist(std::vector<zab::PersistOp>{zab::SetAcceptedEpoch{.epoch = Epoch(2)}}).ok());
  ASSERT_TRUE(write_image(source, z(2, 9), {put("x", "9"), put("y", std::string(5000, 'y'))}).ok());
  const std::vector<SharedBytes> chunks = chunks_of(source, 100);
  ASSERT_EQ(chunks.size(), 2U);

  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 5))});
  must_write(z(1, 2), {put("old", "1")});
  const std::uint64_t old_generation = load(store()).generation;
  must_persist({zab::SetAcceptedEpoch{.epoch = Epoch(3)}, append(z(1, 5), z(3, 1), z(3, 2))});
  must_persist({zab::BeginImage{z(2, 9)}, zab::StageChunk{chunks[0]}});
  must_write(z(1, 3), {put("old", "3")});
  must_persist({zab::StageChunk{chunks[1]}, zab::InstallImage{z(2, 9)},
                append(z(2, 9), z(2, 10), z(2, 11)), zab::SetCurrentEpoch{.epoch = Epoch(3)}});
  // The image thread may come late with a batch for the old image.
  ASSERT_TRUE(
      store()
          .write_image(
              {.generation = old_generation, .applied = z(1, 4), .writes = {put("old", "4")}})
          .ok());
  for (int round = 0; round < 2; ++round) {
    const Image image = load(store());
    EXPECT_EQ(image.applied, z(2, 9));
    EXPECT_NE(image.generation, old_generation);
    EXPECT_EQ(image.records, (Records{{"x", "9"}, {"y", std::string(5000, 'y')}}));
    EXPECT_EQ(read_all(store(), z(2, 9), z(2, 11)), entries(z(2, 9), z(2, 10), z(2, 11)));
    const Recovered found = disk_->lose_power();
    EXPECT_EQ(found.durable.base, z(2, 9));
    EXPECT_EQ(found.durable.epochs, (zab::EpochVector{{Epoch(2), 11}}));
    EXPECT_EQ(found.durable.current, Epoch(3));
    remove_all_garbage(store());
  }
}

TEST_P(StoreContract, ATransferBegunAgainForgetsTheFirst) {
  MemStore source;
  ASSERT_TRUE(write_image(source, {}, {put("a", "1"), put("b", "1")}).ok());
  const std::vector<SharedBytes> first = chunks_of(source, 1);
  ASSERT_EQ(first.size(), 2U);
  begin_epoch(1);
  must_persist({zab::BeginImage{z(1, 3)}, zab::StageChunk{first[0]}});
  must_persist({zab::BeginImage{z(1, 4)}, zab::StageChunk{first[1]}, zab::InstallImage{z(1, 4)}});
  EXPECT_EQ(load(store()).records, (Records{{"b", "1"}}));
  EXPECT_EQ(load(store()).applied, z(1, 4));
}

TEST_P(StoreContract, ADamagedChunkIsNotInstalled) {
  MemStore source;
  ASSERT_TRUE(write_image(source, {}, {put("a", "1")}).ok());
  std::string bytes(chunks_of(source, 1000)[0].view());
  bytes[8] = static_cast<char>(bytes[8] ^ 1);
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 2))});
  must_persist({zab::BeginImage{z(1, 3)}, zab::StageChunk{SharedBytes(bytes)}});
  const Status refused = persist(store(), {zab::InstallImage{z(1, 3)}});
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.base, Zxid());
  EXPECT_EQ(found.durable.tail, entries({}, z(1, 1), z(1, 2)));
}

TEST_P(StoreContract, AnUnfinishedTransferIsForgottenByARestart) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 2))});
  must_persist({zab::BeginImage{z(1, 3)}, zab::StageChunk{chunks_of(store(), 1000)[0]}});
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.base, Zxid());
  EXPECT_EQ(found.log_entries, 2U);
  remove_all_garbage(store());
  must_persist({zab::BeginImage{z(1, 3)}, zab::StageChunk{chunks_of(store(), 1000)[0]},
                zab::InstallImage{z(1, 3)}});
  EXPECT_EQ(load(store()).applied, z(1, 3));
}

TEST_P(StoreContract, TheTailIsBoundedByTheNextStart) {
  begin_epoch(1);
  must_persist({append({}, z(1, 1), z(1, 50))});
  const Recovered found = disk_->restart();
  EXPECT_EQ(found.durable.tail.size(), 50U);
  EXPECT_EQ(found.durable.tail.back().zxid, z(1, 50));
  EXPECT_GT(found.log_bytes, 50U * 10U);
}

TEST_P(StoreContract, LogAndImageMayBeUsedByTwoThreadsAtOnce) {
  begin_epoch(1);
  constexpr std::uint32_t kRounds = 300;
  must_persist({append({}, z(1, 1), z(1, kRounds))});
  std::thread image_thread([&] {
    for (std::uint32_t i = 1; i <= kRounds; ++i) {
      ASSERT_TRUE(
          store()
              .write_image({.generation = 1,
                            .applied = z(1, i),
                            .writes = {put("k" + std::to_string(i % 7), std::string(200, 'v'))}})
              .ok());
      if (i % 50 == 0) {
        ASSERT_TRUE(store().sync_image().ok());
        ASSERT_TRUE(store().remove_garbage().ok());
        ASSERT_FALSE(chunks_of(store(), 100).empty());
      }
      ASSERT_TRUE(store().free_bytes().ok());
    }
  });
  Zxid last = z(1, kRounds);
  for (std::uint32_t i = 0; i < kRounds; ++i) {
    const Zxid next(last.value + 1);
    must_persist({append(last, next, next)});
    last = next;
    if (i % 100 == 50) {
      EXPECT_EQ(read_all(store(), {}, z(1, 20)).size(), 20U);
    }
  }
  image_thread.join();
  const Recovered found = disk_->lose_power();
  EXPECT_EQ(found.durable.applied, z(1, kRounds));
  EXPECT_EQ(found.log_entries, 2U * kRounds);
}

}  // namespace
}  // namespace holdfast::storage
