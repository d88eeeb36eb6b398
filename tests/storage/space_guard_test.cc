#include "lockserver/storage/space_guard.h"

#include <gtest/gtest.h>

#include "tests/storage/support.h"

namespace holdfast::storage {
namespace {

constexpr std::uint64_t kReserve = 100'000;

struct SpaceGuardTest : testing::Test {
  SpaceGuardTest() { EXPECT_TRUE(disk->CreateDir("/data").ok()); }
  std::uint64_t ballast() const { return disk->content("/data/ballast").size(); }
  std::uint64_t free_bytes() {
    const Result<std::uint64_t> free = guard.free_bytes();
    EXPECT_TRUE(free.ok());
    return *free;
  }
  std::shared_ptr<FaultEnv> disk = std::make_shared<FaultEnv>();
  SpaceGuard guard{disk, "/data", kReserve};
};

TEST_F(SpaceGuardTest, SetsTheReserveAsideAndTellsTheRest) {
  disk->set_free_bytes(1'000'000);
  EXPECT_EQ(free_bytes(), 1'000'000 - kReserve - kReserve / 4);
  EXPECT_EQ(ballast(), kReserve);
  EXPECT_EQ(free_bytes(), 1'000'000 - kReserve - kReserve / 4);
}

TEST_F(SpaceGuardTest, GivesTheReserveBackOnAFullDiskAndSetsItUpAgain) {
  disk->set_free_bytes(1'000'000);
  EXPECT_GT(free_bytes(), 0U);
  disk->set_free_bytes(kReserve / 4);
  EXPECT_EQ(free_bytes(), 0U);
  EXPECT_EQ(ballast(), 0U);
  disk->set_free_bytes(kReserve + 10);
  EXPECT_EQ(free_bytes(), 0U) << "the reserve that was given back is no room";
  EXPECT_EQ(ballast(), 0U);
  disk->set_free_bytes(3 * kReserve);
  EXPECT_GT(free_bytes(), 0U);
  EXPECT_EQ(ballast(), kReserve);
}

TEST_F(SpaceGuardTest, FindsTheReserveOfAnEarlierStart) {
  disk->set_free_bytes(1'000'000);
  EXPECT_GT(free_bytes(), 0U);
  SpaceGuard next(disk, "/data", kReserve);
  disk->set_free_bytes(kReserve);
  const Result<std::uint64_t> free = next.free_bytes();
  ASSERT_TRUE(free.ok());
  EXPECT_EQ(*free, kReserve - kReserve / 4);
}

TEST_F(SpaceGuardTest, ThereIsRoomAsLongAsABatchFitsWithAMargin) {
  disk->set_free_bytes(1'000'000);
  EXPECT_TRUE(*guard.has_room_for(1000));
  disk->set_free_bytes(kReserve);
  EXPECT_TRUE(*guard.has_room_for(1000));
  EXPECT_FALSE(*guard.has_room_for(kReserve));
  disk->set_free_bytes(10);
  EXPECT_FALSE(*guard.has_room_for(1000));
}

TEST_F(SpaceGuardTest, AReserveThatCannotBeSetUpIsNoFailure) {
  disk->set_judge([](FaultEnv::Op op, const std::string& path) {
    return op == FaultEnv::Op::kAllocate ? leveldb::Status::IOError(path, "no")
                                         : leveldb::Status::OK();
  });
  disk->set_free_bytes(1'000'000);
  EXPECT_EQ(free_bytes(), 0U);
}

TEST(SpaceGuard, WithoutAReserveEverythingIsFree) {
  auto disk = std::make_shared<FaultEnv>();
  disk->set_free_bytes(77);
  SpaceGuard guard(disk, "/data", 0);
  EXPECT_EQ(*guard.free_bytes(), 77U);
}

}  // namespace
}  // namespace holdfast::storage
