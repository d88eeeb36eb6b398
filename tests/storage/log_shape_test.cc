#include "lockserver/storage/log_shape.h"

#include <gtest/gtest.h>

#include "tests/storage/support.h"

namespace holdfast::storage {
namespace {

LogShape shape_of(Zxid base, const std::vector<zab::Entry>& log) {
  LogShape shape(base);
  for (const zab::Entry& entry : log) shape.append(entry);
  return shape;
}

// 1.4 1.5 2.1 2.2 2.3 4.1 on the base 1.3.
LogShape three_epochs() {
  LogShape shape = shape_of(z(1, 3), entries(z(1, 3), z(1, 4), z(1, 5)));
  for (const zab::Entry& entry : entries(z(1, 5), z(2, 1), z(2, 3))) shape.append(entry);
  shape.append(entry_after(z(2, 3), z(4, 1), ""));
  return shape;
}

TEST(LogShape, AnEmptyLogEndsAtItsBase) {
  const LogShape shape(z(3, 7));
  EXPECT_EQ(shape.last(), z(3, 7));
  EXPECT_TRUE(shape.holds(z(3, 7)));
  EXPECT_FALSE(shape.holds(z(3, 6)));
  EXPECT_EQ(shape.entry_count(), 0U);
}

TEST(LogShape, KnowsExactlyWhatItHolds) {
  const LogShape shape = three_epochs();
  EXPECT_EQ(shape.epochs(), (zab::EpochVector{{Epoch(1), 5}, {Epoch(2), 3}, {Epoch(4), 1}}));
  EXPECT_EQ(shape.last(), z(4, 1));
  EXPECT_EQ(shape.entry_count(), 6U);
  for (const Zxid held : {z(1, 3), z(1, 4), z(1, 5), z(2, 1), z(2, 3), z(4, 1)})
    EXPECT_TRUE(shape.holds(held));
  for (const Zxid other : {z(1, 2), z(1, 6), z(2, 0), z(2, 4), z(3, 1), z(4, 0), z(4, 2), Zxid()}) {
    EXPECT_FALSE(shape.holds(other)) << to_string(other);
  }
}

TEST(LogShape, OnlyTheNextEntryFollows) {
  const LogShape shape = three_epochs();
  EXPECT_TRUE(shape.is_next(entry_after(z(4, 1), z(4, 2), "")));
  EXPECT_TRUE(shape.is_next(entry_after(z(4, 1), z(9, 1), "")));
  EXPECT_FALSE(shape.is_next(entry_after(z(4, 1), z(4, 3), "")));
  EXPECT_FALSE(shape.is_next(entry_after(z(4, 1), z(9, 2), "")));
  EXPECT_FALSE(shape.is_next(entry_after(z(4, 1), z(4, 1), "")));
  EXPECT_FALSE(shape.is_next(entry_after(z(4, 1), z(3, 1), "")));
  EXPECT_FALSE(shape.is_next(entry_after(z(2, 3), z(4, 2), "")));
  const LogShape full(z(1, 0xffffffff));
  EXPECT_FALSE(full.is_next(entry_after(full.last(), Zxid(full.last().value + 1), "")));
}

TEST(LogShape, TruncationNamesTheEntriesThatGo) {
  LogShape shape = three_epochs();
  EXPECT_EQ(shape.truncate(z(2, 1)), (std::vector<ZxidRange>{{Epoch(2), 2, 3}, {Epoch(4), 1, 1}}));
  EXPECT_EQ(shape.epochs(), (zab::EpochVector{{Epoch(1), 5}, {Epoch(2), 1}}));
  EXPECT_EQ(shape.truncate(z(1, 3)), (std::vector<ZxidRange>{{Epoch(1), 4, 5}, {Epoch(2), 1, 1}}));
  EXPECT_EQ(shape.epochs(), (zab::EpochVector{{Epoch(1), 3}}));
  EXPECT_TRUE(shape.truncate(z(1, 3)).empty());
  EXPECT_DEATH(shape.truncate(z(1, 2)), "truncation");
}

TEST(LogShape, PurgeNamesTheEntriesThatGo) {
  LogShape shape = three_epochs();
  EXPECT_EQ(shape.purge(z(2, 2)), (std::vector<ZxidRange>{{Epoch(1), 4, 5}, {Epoch(2), 1, 2}}));
  EXPECT_EQ(shape.base(), z(2, 2));
  EXPECT_EQ(shape.epochs(), (zab::EpochVector{{Epoch(2), 3}, {Epoch(4), 1}}));
  EXPECT_EQ(shape.entry_count(), 2U);
  EXPECT_EQ(shape.purge(z(4, 1)), (std::vector<ZxidRange>{{Epoch(2), 3, 3}, {Epoch(4), 1, 1}}));
  EXPECT_EQ(shape.entry_count(), 0U);
  EXPECT_DEATH(shape.purge(z(4, 2)), "purge");
}

TEST(LogShape, InstallationNamesEverythingItHeld) {
  LogShape shape = three_epochs();
  EXPECT_EQ(shape.install(z(2, 9)),
            (std::vector<ZxidRange>{{Epoch(1), 4, 5}, {Epoch(2), 1, 3}, {Epoch(4), 1, 1}}));
  EXPECT_EQ(shape.last(), z(2, 9));
}

TEST(ZxidRange, IsCutAtAZxid) {
  const ZxidRange range{Epoch(2), 3, 8};
  EXPECT_EQ(part_through(range, z(1, 9)), std::nullopt);
  EXPECT_EQ(part_through(range, z(2, 2)), std::nullopt);
  EXPECT_EQ(part_through(range, z(2, 5)), (ZxidRange{Epoch(2), 3, 5}));
  EXPECT_EQ(part_through(range, z(3, 1)), range);
  EXPECT_EQ(part_beyond(range, z(1, 9)), range);
  EXPECT_EQ(part_beyond(range, z(2, 5)), (ZxidRange{Epoch(2), 6, 8}));
  EXPECT_EQ(part_beyond(range, z(2, 8)), std::nullopt);
  EXPECT_EQ(part_beyond(range, z(3, 0)), std::nullopt);
}

TEST(LogSize, FollowsAppendsPurgesAndTruncations) {
  LogSize size;
  for (std::uint32_t i = 1; i <= 100; ++i) size.append(z(1, i), 10'000);
  EXPECT_EQ(size.total(), 1'000'000U);
  size.purge(z(1, 50));
  EXPECT_NEAR(static_cast<double>(size.total()), 500'000, 70'000);
  size.truncate(z(1, 80));
  EXPECT_NEAR(static_cast<double>(size.total()), 300'000, 140'000);
  size.append(z(2, 1), 10'000);
  size.purge(z(2, 1));
  EXPECT_EQ(size.total(), 0U);
  size.append(z(2, 2), 10'000);
  size.clear();
  EXPECT_EQ(size.total(), 0U);
}

}  // namespace
}  // namespace holdfast::storage
