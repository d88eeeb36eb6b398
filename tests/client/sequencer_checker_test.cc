#include "client/sequencer_checker.h"

#include <gtest/gtest.h>

#include "tests/client/fake_cell.h"
#include "thrift/sequencer.h"

namespace holdfast::client::test {
namespace {

const std::string kCell = "0123456789abcdef";

std::string sequencer(const std::string& path, std::uint64_t generation) {
  return format_sequencer({.mode = LockMode::kExclusive,
                           .generation = Zxid(generation),
                           .acquisition = Zxid(generation),
                           .instance = Zxid(1),
                           .cell_prefix = cell_prefix(kCell),
                           .path = path});
}

SequencerState locally(SequencerChecker& checker, const std::string& text) {
  return checker.check(text, SequencerCheck::kLocal, {})->state;
}

TEST(SequencerChecker, LowerGenerationThanSeenIsStale) {
  SequencerChecker checker({.cell_id = kCell});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kValid);
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kValid);
  EXPECT_EQ(locally(checker, sequencer("/l", 9)), SequencerState::kValid);
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kStale);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(9));
}

TEST(SequencerChecker, LocksHaveMarksOfTheirOwn) {
  SequencerChecker checker({.cell_id = kCell});
  EXPECT_EQ(locally(checker, sequencer("/l", 9)), SequencerState::kValid);
  EXPECT_EQ(locally(checker, sequencer("/m", 3)), SequencerState::kValid);
}

TEST(SequencerChecker, LocalVerdictIsNotConfirmed) {
  SequencerChecker checker({.cell_id = kCell});
  EXPECT_FALSE(checker.check(sequencer("/l", 7), SequencerCheck::kLocal, {})->confirmed);
}

TEST(SequencerChecker, OtherCellAndNonsenseAreToldApart) {
  SequencerChecker checker({.cell_id = "fedcba9876543210"});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kOtherCell);
  EXPECT_EQ(locally(checker, "not a sequencer"), SequencerState::kMalformed);
}

TEST(SequencerChecker, MarksOutliveARestart) {
  std::vector<HighWater> kept;
  const auto save = [&kept](const HighWater& mark) {
    kept.push_back(mark);
    return true;
  };
  {
    SequencerChecker checker({.cell_id = kCell, .save = save});
    EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kValid);
    EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kValid);
  }
  EXPECT_EQ(kept.size(), 1U) << "only what raises a mark is saved";
  SequencerChecker checker({.cell_id = kCell, .load = [&kept] { return kept; }});
  EXPECT_EQ(locally(checker, sequencer("/l", 6)), SequencerState::kStale);
}

TEST(SequencerChecker, MarkThatCannotBeSavedAcceptsNothing) {
  SequencerChecker checker({.cell_id = kCell, .save = [](const HighWater&) { return false; }});
  const auto verdict = checker.check(sequencer("/l", 7), SequencerCheck::kLocal, {});
  EXPECT_EQ(verdict.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(checker.high_water(cell_prefix(kCell), "/l").is_none());
}

TEST(SequencerChecker, MoreLocksThanAllowedAreRefused) {
  SequencerChecker checker({.cell_id = kCell, .locks_max = 1});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), SequencerState::kValid);
  const auto further = checker.check(sequencer("/m", 7), SequencerCheck::kLocal, {});
  EXPECT_EQ(further.error().code, ErrorCode::kLimit);
  EXPECT_EQ(locally(checker, sequencer("/l", 8)), SequencerState::kValid);
}

TEST(SequencerChecker, CellIsAskedWhereToldTo) {
  FakeCell cell;
  SequencerChecker checker({.endpoints = {cell.endpoint()}, .cell_id = kCell});
  const auto valid = checker.check(sequencer("/l", 7), SequencerCheck::kCell, {});
  EXPECT_EQ(valid->state, SequencerState::kValid);
  EXPECT_TRUE(valid->confirmed);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(7));

  cell.set_sequencer_state(SequencerState::kStale);
  const auto stale = checker.check(sequencer("/l", 9), SequencerCheck::kCell, {});
  EXPECT_EQ(stale->state, SequencerState::kStale);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(7)) << "only the valid raise it";
  EXPECT_EQ(cell.count("check_sequencers"), 2U);
}

TEST(SequencerChecker, OvertakenSequencerIsRefusedWithoutAsking) {
  FakeCell cell;
  SequencerChecker checker({.endpoints = {cell.endpoint()}, .cell_id = kCell});
  EXPECT_EQ(locally(checker, sequencer("/l", 9)), SequencerState::kValid);
  const auto verdict = checker.check(sequencer("/l", 7), SequencerCheck::kCell, {});
  EXPECT_EQ(verdict->state, SequencerState::kStale);
  EXPECT_EQ(cell.count("check_sequencers"), 0U);
}

TEST(SequencerChecker, SilentCellGivesNoVerdict) {
  FakeCell cell;
  cell.set_mute(true);
  SequencerChecker checker({.endpoints = {cell.endpoint()}, .cell_id = kCell});
  const auto verdict =
      checker.check(sequencer("/l", 7), SequencerCheck::kCell, {.timeout = Milliseconds(150)});
  EXPECT_EQ(verdict.error().code, ErrorCode::kTimeout);
}

}  // namespace
}  // namespace holdfast::client::test
