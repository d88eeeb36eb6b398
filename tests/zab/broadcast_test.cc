#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"

namespace holdfast::zab::testing {
namespace {

TEST(Broadcast, AFreshCellOfThreeElectsAndCommits) {
  SmallCell cell({.voters = {1, 2, 3}, .observers = {}});
  ASSERT_NE(cell.elect(), 0U);
  cell.write("a");
  cell.write("b");
  cell.advance(200);
  for (const std::uint64_t id : {1U, 2U, 3U}) {
    EXPECT_EQ(cell.applied(id), "1.1=a 1.2=b");
    EXPECT_EQ(cell.disk(id).membership, Membership::kProvisioned);
    EXPECT_TRUE(cell.view(id).serving);
  }
}

}  // namespace
}  // namespace holdfast::zab::testing
