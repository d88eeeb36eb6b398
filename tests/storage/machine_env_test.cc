#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockserver/storage/leveldb_store.h"
#include "tests/storage/support.h"

// The store on the machine's own file system.

namespace holdfast::storage {
namespace {

class OnDisk : public testing::Test {
 protected:
  OnDisk() {
    std::string pattern = testing::TempDir() + "/holdfast-storage-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr, "no temporary directory");
    root_ = pattern;
    data_ = root_ + "/replica";
  }
  ~OnDisk() override { std::filesystem::remove_all(root_); }

  OpenOptions options() const {
    OpenOptions options;
    options.reserve_bytes = 1U << 20U;
    return options;
  }

  std::string root_;
  std::string data_;
};

TEST_F(OnDisk, AReplicaKeepsItsStateFromStartToStart) {
  ASSERT_TRUE(init(data_, kIdentity, nullptr).ok());
  {
    const Result<Opened> opened = open(data_, options());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    Store& store = *opened->store;
    ASSERT_TRUE(persist(store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true},
                                append({}, z(1, 1), z(1, 100))})
                    .ok());
    ASSERT_TRUE(write_image(store, z(1, 50), {put("a", "50")}).ok());
    ASSERT_TRUE(store.sync_image().ok());
    ASSERT_TRUE(persist(store, {zab::Purge{z(1, 40)}}).ok());
    const SharedBytes chunk = chunks_of(store, 1000)[0];
    ASSERT_TRUE(persist(store, {zab::BeginImage{z(1, 60)}, zab::StageChunk{chunk}}).ok());
    remove_all_garbage(store);
    ASSERT_TRUE(store.free_bytes().ok());
    EXPECT_EQ(std::filesystem::file_size(data_ + "/ballast"), 1U << 20U);
    EXPECT_TRUE(*store.has_room_for(1000));
  }
  const Result<Opened> opened = open(data_, options());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened->identity, kIdentity);
  EXPECT_EQ(opened->recovered.durable.base, z(1, 40));
  EXPECT_EQ(opened->recovered.durable.applied, z(1, 50));
  EXPECT_EQ(opened->recovered.log_entries, 60U);
  EXPECT_EQ(load(*opened->store).records, (Records{{"a", "50"}}));
  remove_all_garbage(*opened->store);
  EXPECT_FALSE(std::filesystem::exists(data_ + "/image-2"));
}

TEST_F(OnDisk, ASecondProcessIsRefused) {
  ASSERT_TRUE(init(data_, kIdentity, nullptr).ok());
  const Result<Opened> opened = open(data_, options());
  ASSERT_TRUE(opened.ok());
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(open(data_, options()).status().code() == StatusCode::kUnavailable ? 0 : 1);
  int result = -1;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
}

TEST_F(OnDisk, ATornTailIsCutFromTheRealFile) {
  ASSERT_TRUE(init(data_, kIdentity, nullptr).ok());
  ASSERT_TRUE(persist(*open(data_, options())->store,
                      {zab::SetAcceptedEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 3))})
                  .ok());
  for (const auto& file : std::filesystem::directory_iterator(data_ + "/log")) {
    if (file.path().extension() == ".log")
      std::ofstream(file.path(), std::ios::app | std::ios::binary) << "half a rec";
  }
  const Result<Opened> opened = open(data_, options());
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened->recovered.torn_bytes_cut, 10U);
  EXPECT_EQ(opened->recovered.log_entries, 3U);
}

}  // namespace
}  // namespace holdfast::storage
