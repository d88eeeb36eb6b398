#include "lockserver/storage/leveldb_store.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <leveldb/db.h>

#include "lockserver/storage/record_codec.h"
#include "tests/storage/support.h"

// init and open: whose directory it is, and what a start makes of files that are not as they were
// left.

namespace holdfast::storage {
namespace {

Status open_status(const std::shared_ptr<FaultEnv>& disk) {
  return open("/data", options_for(disk)).status();
}

// A disk with 40 entries, of which the first are in the image, closed in order; written in two
// lives so that there are tables as well as write-ahead logs.
std::shared_ptr<FaultEnv> used_disk() {
  auto disk = initialised_disk();
  {
    const Opened opened = open_ok(disk);
    EXPECT_TRUE(
        persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true},
                                append({}, z(1, 1), z(1, 20))})
            .ok());
    EXPECT_TRUE(write_image(*opened.store, z(1, 5), {put("a", "5"), put("b", "5")}).ok());
  }
  const Opened opened = open_ok(disk);
  for (std::uint32_t i = 21; i <= 40; ++i) {
    EXPECT_TRUE(persist(*opened.store, {append(z(1, i - 1), z(1, i), z(1, i))}).ok());
  }
  EXPECT_TRUE(write_image(*opened.store, z(1, 7), {put("a", "7")}).ok());
  EXPECT_TRUE(write_image(*opened.store, z(1, 9), {put("a", "9"), erase("b")}).ok());
  return disk;
}

std::string only_file(const FaultEnv& disk, const std::string& directory,
                      const std::string& ending) {
  std::string found;
  for (const std::string& path : disk.files()) {
    if (path.starts_with(directory + "/") && path.ends_with(ending)) {
      EXPECT_TRUE(found.empty()) << found << " and " << path;
      found = path;
    }
  }
  EXPECT_FALSE(found.empty());
  return found;
}

TEST(Init, MakesADirectoryThatOpens) {
  auto disk = std::make_shared<FaultEnv>();
  ASSERT_TRUE(init("/var/lib/holdfast/1/", kIdentity, disk).ok());
  OpenOptions options = options_for(disk);
  options.cell_id = kIdentity.cell_id;
  options.id = kIdentity.id;
  options.members = kIdentity.members;
  const Result<Opened> opened = open("/var/lib/holdfast/1", options);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened->identity, kIdentity);
  EXPECT_EQ(opened->recovered.durable.membership, zab::Membership::kFresh);
}

TEST(Init, LastsFromTheMomentItReturns) {
  auto disk = initialised_disk();
  Random dice(1);
  disk->crash(FaultEnv::Loss::kAll, dice);
  EXPECT_TRUE(open_status(disk).ok());
}

TEST(Init, RefusesADirectoryThatIsInUse) {
  auto disk = initialised_disk();
  const Status again = init("/data", kIdentity, disk);
  EXPECT_EQ(again.code(), StatusCode::kInvalid);
  EXPECT_NE(again.message().find("/data is a replica's directory already"), std::string::npos);
}

TEST(Init, RefusesADirectoryWithOtherFiles) {
  auto disk = std::make_shared<FaultEnv>();
  ASSERT_TRUE(disk->CreateDir("/data").ok());
  disk->set_content("/data/thesis.txt", "text");
  const Status refused = init("/data", kIdentity, disk);
  EXPECT_EQ(refused.code(), StatusCode::kInvalid);
  EXPECT_NE(refused.message().find("thesis.txt"), std::string::npos);
  EXPECT_EQ(disk->content("/data/thesis.txt"), "text");
}

TEST(Init, TakesAnEmptyDirectory) {
  auto disk = std::make_shared<FaultEnv>();
  ASSERT_TRUE(disk->CreateDir("/data").ok());
  EXPECT_TRUE(init("/data", kIdentity, disk).ok());
}

TEST(Init, CutOffAtAnyMomentLeavesNoReplicasDirectory) {
  for (std::size_t change = 0; true; ++change) {
    auto disk = std::make_shared<FaultEnv>();
    std::size_t changes = 0;
    disk->set_judge([&](FaultEnv::Op, const std::string& path) {
      return changes++ >= change ? leveldb::Status::IOError(path, "no power")
                                 : leveldb::Status::OK();
    });
    const bool is_done = init("/data", kIdentity, disk).ok();
    disk->set_judge(nullptr);
    Random dice(change);
    disk->crash(FaultEnv::Loss::kAll, dice);
    EXPECT_EQ(open_status(disk).code(), is_done ? StatusCode::kOk : StatusCode::kNotFound)
        << change;
    if (is_done) return;
  }
}

TEST(Open, RefusesWhatIsNoReplicasDirectory) {
  auto disk = std::make_shared<FaultEnv>();
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kNotFound);
  EXPECT_NE(refused.message().find("holdfastd init"), std::string::npos);
  EXPECT_TRUE(disk->files().empty());
}

TEST(Open, RefusesAnotherCellReplicaOrMembership) {
  auto disk = initialised_disk();
  OpenOptions options = options_for(disk);
  options.cell_id = "ffffffffffffffffffffffffffffffff";
  const Status wrong_cell = open("/data", options).status();
  EXPECT_EQ(wrong_cell.code(), StatusCode::kWrongCell);
  EXPECT_NE(wrong_cell.message().find(kIdentity.cell_id), std::string::npos);
  options = options_for(disk);
  options.id = ServerId(2);
  EXPECT_EQ(open("/data", options).status().code(), StatusCode::kWrongCell);
  options = options_for(disk);
  options.members = "1=elsewhere:1";
  EXPECT_EQ(open("/data", options).status().code(), StatusCode::kWrongCell);
}

TEST(Open, RefusesADirectoryThatAnotherProcessHas) {
  auto disk = initialised_disk();
  const Opened first = open_ok(disk);
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_NE(refused.message().find("/data is in use by another holdfastd"), std::string::npos);
}

TEST(Open, RefusesALogOfAnotherReplica) {
  auto disk = used_disk();
  auto other = std::make_shared<FaultEnv>();
  Identity identity = kIdentity;
  identity.id = ServerId(2);
  ASSERT_TRUE(init("/data", identity, other).ok());
  disk->set_content("/data/IDENTITY", other->content("/data/IDENTITY"));
  EXPECT_EQ(open_status(disk).code(), StatusCode::kWrongCell);
}

TEST(Open, RejoiningIsAMatterOfAnUnprovisionedDiskOnly) {
  auto disk = initialised_disk();
  OpenOptions options = options_for(disk);
  options.start = OpenOptions::Start::kRejoin;
  EXPECT_EQ(open("/data", options)->recovered.durable.membership, zab::Membership::kRejoining);
  EXPECT_EQ(open_ok(disk).recovered.durable.membership, zab::Membership::kFresh);
  ASSERT_TRUE(
      persist(*open_ok(disk).store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}})
          .ok());
  EXPECT_EQ(open("/data", options)->recovered.durable.membership, zab::Membership::kProvisioned);
}

TEST(Open, KeepsNoMoreOfTheTailThanAskedFor) {
  auto disk = used_disk();
  OpenOptions options = options_for(disk);
  options.tail_bytes_max = 300;
  const Result<Opened> opened = open("/data", options);
  ASSERT_TRUE(opened.ok());
  const std::vector<zab::Entry>& tail = opened->recovered.durable.tail;
  EXPECT_LT(tail.size(), 20U);
  EXPECT_EQ(tail.back().zxid, z(1, 40));
  EXPECT_EQ(opened->recovered.log_entries, 40U);
}

TEST(Open, CutsATornTailOfTheLogAndCountsIt) {
  auto disk = used_disk();
  const std::string log = only_file(*disk, "/data/log", ".log");
  const std::string whole = disk->content(log);
  disk->set_content(log, whole + "torn");
  const Opened opened = open_ok(disk);
  EXPECT_EQ(opened.recovered.torn_bytes_cut, 4U);
  EXPECT_EQ(opened.recovered.log_entries, 40U);
}

TEST(Open, RefusesDamageBeforeValidRecordsAndNamesTheFileAndTheRemedy) {
  auto disk = used_disk();
  const std::string log = only_file(*disk, "/data/log", ".log");
  std::string bytes = disk->content(log);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  disk->set_content(log, bytes);
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.message().find(log), std::string::npos);
  EXPECT_NE(refused.message().find("--rejoin"), std::string::npos);
  EXPECT_EQ(disk->content(log), bytes) << "a refused file is left as it is";
}

// LevelDB itself sees nothing wrong in this: the chain of the entries does.
TEST(Open, RefusesALogWithAHole) {
  auto disk = used_disk();
  {
    leveldb::Options options;
    options.env = disk.get();
    leveldb::DB* raw = nullptr;
    ASSERT_TRUE(leveldb::DB::Open(options, "/data/log", &raw).ok());
    const std::unique_ptr<leveldb::DB> db(raw);
    leveldb::WriteOptions synced;
    synced.sync = true;
    ASSERT_TRUE(db->Delete(synced, entry_key(z(1, 30))).ok());
  }
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.message().find("1.31"), std::string::npos) << refused.message();
}

TEST(Open, NamesADamagedTable) {
  auto disk = used_disk();
  std::string table;
  for (const std::string& path : disk->files()) {
    if (path.starts_with("/data/log/") && path.ends_with(".ldb")) table = path;
  }
  std::string bytes = disk->content(table);
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  disk->set_content(table, bytes);
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.message().find(table), std::string::npos) << refused.message();
}

// Whatever byte of whatever file is changed: the start refuses, or it finds a state that the disk
// once had, with no entry missing that a synced record behind the damage proves. Only the newest
// record may be taken for torn.
TEST(Open, EveryDamagedByteIsRefusedOrHarmless) {
  const auto reference = used_disk();
  Random dice(3);
  std::size_t refused = 0;
  for (const std::string& path : reference->files()) {
    const std::size_t size = reference->content(path).size();
    const std::size_t stride = size < 400 ? 1 : size / 150;
    for (std::size_t at = 0; at < size; at += stride) {
      SCOPED_TRACE(path + " byte " + std::to_string(at));
      auto disk = std::make_shared<FaultEnv>();
      for (const char* directory : {"/data", "/data/log", "/data/image-1"})
        ASSERT_TRUE(disk->CreateDir(directory).ok());
      for (const std::string& file : reference->files())
        disk->set_content(file, reference->content(file));
      std::string bytes = disk->content(path);
      bytes[at] = static_cast<char>(bytes[at] ^ (1 + static_cast<int>(dice.below(255))));
      disk->set_content(path, bytes);
      Result<Opened> opened = open("/data", options_for(disk));
      if (!opened.ok()) {
        EXPECT_TRUE(opened.status().code() == StatusCode::kCorrupt ||
                    opened.status().code() == StatusCode::kIo)
            << opened.status().message();
        EXPECT_NE(opened.status().message().find("/data"), std::string::npos);
        ++refused;
        continue;
      }
      const Recovered& found = opened->recovered;
      EXPECT_GE(found.log_entries, 39U);
      EXPECT_TRUE(found.log_entries == 40U || found.torn_bytes_cut > 0);
      const std::vector<zab::Entry> wrote =
          entries({}, z(1, 1), Zxid(Epoch(1), static_cast<std::uint32_t>(found.log_entries)));
      EXPECT_EQ(found.durable.tail, wrote);
      const Image image = load(*opened->store);
      const std::map<Zxid, Records> states{{z(1, 5), {{"a", "5"}, {"b", "5"}}},
                                           {z(1, 7), {{"a", "7"}, {"b", "5"}}},
                                           {z(1, 9), {{"a", "9"}}}};
      ASSERT_TRUE(states.contains(image.applied));
      EXPECT_EQ(image.records, states.at(image.applied));
    }
  }
  EXPECT_GT(refused, 500U);
}

TEST(Open, RefusesAMissingFile) {
  const auto reference = used_disk();
  for (const std::string& path : reference->files()) {
    if (path.ends_with("/LOCK")) continue;
    SCOPED_TRACE(path);
    auto disk = used_disk();
    disk->remove(path);
    const Status refused = open_status(disk);
    // Without IDENTITY it is nobody's; a table or log that no live record needs may have been about
    // to go.
    EXPECT_EQ(refused.code(),
              path.ends_with("IDENTITY") ? StatusCode::kNotFound : StatusCode::kCorrupt)
        << refused.message();
  }
}

TEST(Open, RefusesAMissingImage) {
  auto disk = used_disk();
  for (const std::string& path : disk->files()) {
    if (path.starts_with("/data/image-1/")) disk->remove(path);
  }
  ASSERT_TRUE(disk->RemoveDir("/data/image-1").ok());
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  EXPECT_NE(refused.message().find("/data/image-1"), std::string::npos);
}

TEST(Open, RefusesAnImageOlderThanTheLog) {
  auto disk = used_disk();
  auto earlier = std::make_shared<FaultEnv>();
  const std::vector<std::string> files = disk->files();
  std::map<std::string, std::string> old_image;
  for (const std::string& path : files) {
    if (path.starts_with("/data/image-1/")) old_image[path] = disk->content(path);
  }
  {
    const Opened opened = open_ok(disk);
    ASSERT_TRUE(write_image(*opened.store, z(1, 30), {put("a", "30")}).ok());
    ASSERT_TRUE(opened.store->sync_image().ok());
    ASSERT_TRUE(persist(*opened.store, {zab::Purge{z(1, 25)}}).ok());
  }
  for (const std::string& path : disk->files()) {
    if (path.starts_with("/data/image-1/")) disk->remove(path);
  }
  for (const auto& [path, bytes] : old_image) disk->set_content(path, bytes);
  const Status refused = open_status(disk);
  EXPECT_EQ(refused.code(), StatusCode::kCorrupt);
  EXPECT_NE(
      refused.message().find("the image is the state after 1.9, but the log begins after 1.25"),
      std::string::npos)
      << refused.message();
}

TEST(Open, RemovesImagesThatAreNotLive) {
  auto disk = initialised_disk();
  {
    const Opened opened = open_ok(disk);
    const SharedBytes chunk = chunks_of(*opened.store, 1000)[0];
    ASSERT_TRUE(persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1)},
                                        zab::BeginImage{z(1, 3)}, zab::StageChunk{chunk},
                                        zab::InstallImage{z(1, 3)}, zab::BeginImage{z(1, 9)}})
                    .ok());
  }
  EXPECT_TRUE(disk->FileExists("/data/image-1"));
  EXPECT_TRUE(disk->FileExists("/data/image-3"));
  const Opened opened = open_ok(disk);
  remove_all_garbage(*opened.store);
  EXPECT_FALSE(disk->FileExists("/data/image-1"));
  EXPECT_TRUE(disk->FileExists("/data/image-2"));
  EXPECT_FALSE(disk->FileExists("/data/image-3"));
  EXPECT_EQ(load(*opened.store).applied, z(1, 3));
}

TEST(Open, AReaderOutlivesTheImageItReads) {
  auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  ASSERT_TRUE(persist(*opened.store,
                      {zab::SetAcceptedEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 2))})
                  .ok());
  ASSERT_TRUE(write_image(*opened.store, z(1, 1), {put("a", "1"), put("b", "1")}).ok());
  auto reader = opened.store->open_image();
  ASSERT_TRUE(reader.ok());
  const SharedBytes chunk = chunks_of(*opened.store, 1000)[0];
  ASSERT_TRUE(persist(*opened.store, {zab::BeginImage{z(1, 3)}, zab::StageChunk{chunk},
                                      zab::InstallImage{z(1, 3)}})
                  .ok());
  remove_all_garbage(*opened.store);
  EXPECT_TRUE(disk->FileExists("/data/image-1"));
  const auto read = (*reader)->next(1000);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->is_last);
  std::move(reader).value().reset();
  remove_all_garbage(*opened.store);
  EXPECT_FALSE(disk->FileExists("/data/image-1"));
}

TEST(Open, APurgeUnderLoadRemovesItsEntriesWithoutSyncsOfItsOwn) {
  auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  ASSERT_TRUE(persist(*opened.store,
                      {zab::SetAcceptedEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 1000))})
                  .ok());
  ASSERT_TRUE(write_image(*opened.store, z(1, 1000), {}).ok());
  ASSERT_TRUE(opened.store->sync_image().ok());
  ASSERT_TRUE(persist(*opened.store, {zab::Purge{z(1, 1000)}}).ok());
  int syncs = 0;
  disk->set_judge([&](FaultEnv::Op op, const std::string&) {
    syncs += op == FaultEnv::Op::kSync ? 1 : 0;
    return leveldb::Status::OK();
  });
  for (std::uint32_t i = 1001; i <= 1401; i += 100) {
    ASSERT_TRUE(persist(*opened.store, {append(z(1, i - 1), z(1, i), z(1, i + 99))}).ok());
  }
  EXPECT_EQ(syncs, 5);
  auto more = opened.store->remove_garbage();
  EXPECT_TRUE(more.ok() && *more) << "the last commit has removed some";
  more = opened.store->remove_garbage();
  EXPECT_TRUE(more.ok() && !*more);
  EXPECT_EQ(syncs, 5) << "nothing was left to remove";
  opened.store.reset();
  disk->set_judge(nullptr);
  EXPECT_EQ(open_ok(disk).recovered.log_entries, 500U);
}

TEST(Open, AFullDiskGetsTheReserveBeforeTheDatabasesAreOpened) {
  const auto disk = initialised_disk();
  OpenOptions options = options_for(disk);
  options.reserve_bytes = 100'000;
  disk->set_free_bytes(1'000'000);
  {
    const Result<Opened> opened = open("/data", options);
    ASSERT_TRUE(opened.ok());
    ASSERT_GT(*opened->store->free_bytes(), 0U);
  }
  disk->set_free_bytes(0);
  bool is_full = true;
  disk->set_judge([&](FaultEnv::Op op, const std::string& path) {
    if (op == FaultEnv::Op::kTruncate && path == "/data/ballast") is_full = false;
    return is_full ? leveldb::Status::IOError(path, "No space left on device")
                   : leveldb::Status::OK();
  });
  const Result<Opened> again = open("/data", options);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(*again->store->free_bytes(), 0U);
}

TEST(Open, ADiskThatIsFullInTheMiddleOfItIsTriedOnceMore) {
  const auto disk = initialised_disk();
  int failures = 0;
  int failures_wanted = 1;
  disk->set_judge([&](FaultEnv::Op, const std::string& path) {
    const bool fails = path.find("/image-") != std::string::npos && failures < failures_wanted;
    if (!fails) return leveldb::Status::OK();
    ++failures;
    return leveldb::Status::IOError(path, "No space left on device");
  });
  EXPECT_TRUE(open("/data", options_for(disk)).ok());
  EXPECT_EQ(failures, 1);
  failures_wanted = 1000;
  const Result<Opened> full = open("/data", options_for(disk));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.status().code(), StatusCode::kNoSpace);
}

TEST(Open, ALargePurgeGivesItsSpaceBack) {
  auto disk = initialised_disk();
  OpenOptions options = options_for(disk);
  options.log_buffer_bytes = 256U << 10U;
  const Result<Opened> opened = open("/data", options);
  ASSERT_TRUE(opened.ok());
  Store& store = *opened->store;
  ASSERT_TRUE(persist(store, {zab::SetAcceptedEpoch{.epoch = Epoch(1)}}).ok());
  constexpr std::uint32_t kEntries = 30'000;
  for (std::uint32_t i = 1; i < kEntries; i += 1000) {
    const Zxid prev = i == 1 ? Zxid() : z(1, i - 1);
    ASSERT_TRUE(persist(store, {append(prev, z(1, i), z(1, i + 999))}).ok());
  }
  const auto used = [&] {
    std::size_t bytes = 0;
    for (const std::string& path : disk->files()) bytes += disk->content(path).size();
    return bytes;
  };
  const std::size_t before = used();
  ASSERT_TRUE(write_image(store, z(1, kEntries), {}).ok());
  ASSERT_TRUE(store.sync_image().ok());
  ASSERT_TRUE(persist(store, {zab::Purge{z(1, kEntries - 10)}}).ok());
  remove_all_garbage(store);
  EXPECT_LT(used(), before / 4);
  EXPECT_EQ(read_all(store, z(1, kEntries - 10), z(1, kEntries)).size(), 10U);
}

}  // namespace
}  // namespace holdfast::storage
