#include "lockserver/storage/mem_store.h"

#include <gtest/gtest.h>

#include "tests/storage/support.h"

namespace holdfast::storage {
namespace {

// Five entries, the image synced at the first and written at each of the others.
void fill(MemStore& store) {
  ASSERT_TRUE(persist(store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true},
                              append({}, z(1, 1), z(1, 5))})
                  .ok());
  for (std::uint32_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(write_image(store, z(1, i), {put("k" + std::to_string(i), "v")}).ok());
    if (i == 1) {
      ASSERT_TRUE(store.sync_image().ok());
    }
  }
}

Recovered recovered(MemStore& store) {
  const Result<Recovered> found = store.recover(OpenOptions::Start::kNormal, 1 << 20);
  HOLDFAST_CHECK(found.ok(), found.status().message());
  return *found;
}

TEST(MemStore, ACrashLeavesAPrefixOfTheUnsyncedBatches) {
  for (const MemStore::Loss loss : {MemStore::Loss::kPrefix, MemStore::Loss::kAnyOfThem}) {
    std::set<std::uint32_t> seen;
    std::uint64_t cut = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      MemStore store;
      fill(store);
      Random dice(seed);
      store.crash(loss, dice);
      const Recovered found = recovered(store);
      const std::uint32_t applied = found.durable.applied.counter();
      seen.insert(applied);
      cut += found.torn_bytes_cut;
      ASSERT_EQ(store.image_records().size(), applied);
      EXPECT_EQ(found.durable.tail.size(), 5U);
    }
    EXPECT_EQ(seen, (std::set<std::uint32_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(cut > 0, loss == MemStore::Loss::kAnyOfThem);
  }
}

TEST(MemStore, AnEndOfTheProcessAloneLosesNothing) {
  MemStore store;
  fill(store);
  Random dice(1);
  store.crash(MemStore::Loss::kNothing, dice);
  EXPECT_EQ(recovered(store).durable.applied, z(1, 5));
}

TEST(MemStore, FailsUntilTheNextStart) {
  MemStore store;
  fill(store);
  const Status failure(StatusCode::kIo, "made to fail");
  store.fail_with(failure);
  EXPECT_EQ(persist(store, {append(z(1, 5), z(1, 6), z(1, 6))}), failure);
  EXPECT_EQ(store.sync_image().status(), failure);
  EXPECT_EQ(recovered(store).log_entries, 5U);
  EXPECT_TRUE(persist(store, {append(z(1, 5), z(1, 6), z(1, 6))}).ok());
}

TEST(MemStore, TellsTheFreeSpaceItWasGiven) {
  MemStore store;
  store.set_free_bytes(0);
  EXPECT_EQ(*store.free_bytes(), 0U);
}

}  // namespace
}  // namespace holdfast::storage
