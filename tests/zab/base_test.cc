#include <set>
#include <string>

#include <gtest/gtest.h>

#include "zab/base/bytes.h"
#include "zab/base/check.h"
#include "zab/base/hash.h"
#include "zab/base/ids.h"
#include "zab/base/random.h"
#include "zab/base/status.h"
#include "zab/types.h"

namespace holdfast {
namespace {

TEST(Zxids, HoldEpochAndCounterAndOrderByBoth) {
  const Zxid zxid(Epoch(7), 41);
  EXPECT_EQ(zxid.epoch(), Epoch(7));
  EXPECT_EQ(zxid.counter(), 41U);
  EXPECT_EQ(to_string(zxid), "7.41");
  EXPECT_LT(Zxid(Epoch(1), 0xffffffffU), Zxid(Epoch(2), 0));
  EXPECT_LT(Zxid(Epoch(2), 3), Zxid(Epoch(2), 4));
  EXPECT_TRUE(Zxid().is_none());
  EXPECT_FALSE(zxid.is_none());
}

TEST(StrongIds, CompareWithinTheirKindAndCountUp) {
  EXPECT_LT(ServerId(1), ServerId(2));
  EXPECT_EQ(Token(4).next(), Token(5));
  EXPECT_TRUE(ConnId().is_none());
  static_assert(!std::is_convertible_v<ServerId, ConnId>);
  static_assert(!std::is_convertible_v<std::uint64_t, ServerId>);
}

TEST(SharedByteRuns, CompareByContentAndShareTheirBytes) {
  const SharedBytes one(std::string("grain"));
  const SharedBytes copy = one;
  EXPECT_EQ(copy.view().data(), one.view().data());
  EXPECT_EQ(one, SharedBytes(std::string("grain")));
  EXPECT_NE(one, SharedBytes(std::string("chaff")));
  EXPECT_EQ(SharedBytes(), SharedBytes(std::string()));
  EXPECT_EQ(SharedBytes().size(), 0U);
}

TEST(Hashes, AreThoseOfFnv1a) {
  EXPECT_EQ(hash_bytes("", kHashSeed), 0xcbf29ce484222325ULL);
  EXPECT_EQ(hash_bytes("a", kHashSeed), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(hash_bytes("foobar", kHashSeed), 0x85944171f73967e8ULL);
  EXPECT_EQ(hash_u64(0x61, kHashSeed), hash_bytes(std::string("a\0\0\0\0\0\0\0", 8), kHashSeed));
}

TEST(RandomNumbers, AreThoseOfSplitMix64) {
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317ULL);
  EXPECT_EQ(random.next(), 3203168211198807973ULL);
}

TEST(RandomNumbers, StayBelowTheirBoundAndReachAllOfIt) {
  Random random(3);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

TEST(Results, GiveTheirValueOrTheReasonWhyNot) {
  const Result<int> good(7);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  EXPECT_TRUE(good.status().ok());
  const Result<int> bad(Status(StatusCode::kIo, "disk gone"));
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), StatusCode::kIo);
  EXPECT_EQ(bad.status().message(), "disk gone");
}

TEST(ChecksDeathTest, AFailedCheckPrintsItsDescriptionAndAborts) {
  EXPECT_DEATH(HOLDFAST_CHECK(1 > 2, "one is less"), "broken invariant: 1 > 2: one is less");
  const Result<int> bad(Status(StatusCode::kIo, "disk gone"));
  EXPECT_DEATH(static_cast<void>(bad.value()), "disk gone");
}

TEST(Configs, KnowTheirVotersAndMembers) {
  const zab::Config config{
      .version = Zxid(), .voters = {ServerId(1), ServerId(3)}, .observers = {ServerId(2)}};
  EXPECT_TRUE(config.is_voter(ServerId(3)));
  EXPECT_FALSE(config.is_voter(ServerId(2)));
  EXPECT_TRUE(config.is_member(ServerId(2)));
  EXPECT_FALSE(config.is_member(ServerId(4)));
}

}  // namespace
}  // namespace holdfast
