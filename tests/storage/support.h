#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lockserver/storage/leveldb_store.h"
#include "lockserver/storage/store.h"
#include "tests/storage/fault_env.h"
#include "zab/types.h"

// Words shared by the tests of storage.

namespace holdfast::storage {

inline Zxid z(std::uint32_t epoch, std::uint32_t counter) {
  return Zxid(Epoch(epoch), counter);
}

inline zab::Entry entry_after(Zxid prev, Zxid zxid, std::string payload) {
  return {.zxid = zxid, .prev = prev, .payload = SharedBytes(std::move(payload))};
}

// Entries epoch.first to epoch.last; the first follows `prev`, and each payload names its entry.
inline std::vector<zab::Entry> entries(Zxid prev, Zxid first, Zxid last) {
  std::vector<zab::Entry> made;
  for (Zxid zxid = first; zxid <= last; zxid = Zxid(zxid.value + 1)) {
    made.push_back(entry_after(prev, zxid, "payload of " + to_string(zxid)));
    prev = zxid;
  }
  return made;
}

inline zab::PersistOp append(Zxid prev, Zxid first, Zxid last) {
  return zab::Append{entries(prev, first, last)};
}

inline Status persist(Store& store, std::vector<zab::PersistOp> ops) {
  return store.persist(ops);
}

inline state::Write put(std::string key, std::string value) {
  return {.key = std::move(key), .value = std::move(value)};
}
inline state::Write erase(std::string key) {
  return {.key = std::move(key), .value = std::nullopt};
}

using Records = std::map<std::string, std::string>;

struct Image {
  Records records;
  Zxid applied;
  std::uint64_t generation = 0;
};

inline Image load(Store& store) {
  Image image;
  const auto loaded = store.load_image([&](std::string_view key, std::string_view value) {
    image.records[std::string(key)] = std::string(value);
    return Status();
  });
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  if (!loaded.ok()) return image;
  image.applied = loaded->applied;
  image.generation = loaded->generation;
  return image;
}

inline Status write_image(Store& store, Zxid applied, std::vector<state::Write> writes) {
  return store.write_image(
      {.generation = load(store).generation, .applied = applied, .writes = std::move(writes)});
}

inline std::vector<zab::Entry> read_all(Store& store, Zxid after, Zxid through) {
  std::vector<zab::Entry> all;
  while (after < through) {
    const auto some = store.read_log(after, through, 1 << 20);
    EXPECT_TRUE(some.ok()) << some.status().message();
    if (!some.ok()) return all;
    all.insert(all.end(), some->begin(), some->end());
    after = all.back().zxid;
  }
  return all;
}

// The chunks that carry these records, of about max_bytes each.
inline std::vector<SharedBytes> chunks_of(Store& store, std::size_t max_bytes) {
  std::vector<SharedBytes> chunks;
  const auto reader = store.open_image();
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  for (bool is_last = false; reader.ok() && !is_last;) {
    auto chunk = (*reader)->next(max_bytes);
    EXPECT_TRUE(chunk.ok()) << chunk.status().message();
    if (!chunk.ok()) break;
    is_last = chunk->is_last;
    chunks.emplace_back(chunk->bytes);
  }
  return chunks;
}

inline void remove_all_garbage(Store& store) {
  for (int step = 0; step < 10'000; ++step) {
    const auto more = store.remove_garbage();
    ASSERT_TRUE(more.ok()) << more.status().message();
    if (!*more) return;
  }
  FAIL() << "removing garbage does not end";
}

inline const Identity kIdentity{.cell_name = "test",
                                .cell_id = "00112233445566778899aabbccddeeff",
                                .id = ServerId(1),
                                .members = "1=127.0.0.1:1\n2=127.0.0.1:2\n3=127.0.0.1:3"};

inline OpenOptions options_for(std::shared_ptr<FaultEnv> disk) {
  OpenOptions options;
  options.reserve_bytes = 0;
  options.disk = std::move(disk);
  return options;
}

// A disk in memory with a replica's directory /data as init makes it.
inline std::shared_ptr<FaultEnv> initialised_disk() {
  auto disk = std::make_shared<FaultEnv>();
  const Status status = init("/data", kIdentity, disk);
  EXPECT_TRUE(status.ok()) << status.message();
  return disk;
}

inline Opened open_ok(const std::shared_ptr<FaultEnv>& disk) {
  Result<Opened> opened = open("/data", options_for(disk));
  EXPECT_TRUE(opened.ok()) << opened.status().message();
  HOLDFAST_CHECK(opened.ok(), opened.status().message());
  return std::move(opened).value();
}

}  // namespace holdfast::storage
