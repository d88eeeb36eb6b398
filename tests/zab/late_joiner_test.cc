#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"

namespace holdfast::zab::testing {
namespace {

// What ACK_NEWLEADER covers is acknowledged by it: no ACK of it comes later, and none may be
// missed.
TEST(LateJoiner, StaysWhenItsHistoryWasAcknowledgedByAckNewLeader) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  const std::uint64_t leader = cell.elect();
  ASSERT_NE(leader, 0U);
  const std::uint64_t late = leader == 3 ? 2 : 3;
  cell.crash(late);
  cell.write("a");
  cell.write("b");
  cell.start(late);
  cell.advance(500);
  ASSERT_TRUE(cell.view(late).serving);
  const std::size_t closes = cell.closes(leader).size();
  cell.advance(5000);
  EXPECT_EQ(cell.closes(leader).size(), closes) << cell.closes(leader).back();
  EXPECT_TRUE(cell.view(late).serving);
}

}  // namespace
}  // namespace holdfast::zab::testing
