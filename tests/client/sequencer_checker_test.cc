#include "client/sequencer_checker.h"

#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "client/async.h"
#include "client/confirmations.h"
#include "client/session.h"
#include "tests/client/fake_cell.h"
#include "thrift/sequencer.h"

namespace holdfast::client::test {
namespace {

const std::string kCell = "0123456789abcdef";

const std::string kOtherCell = "fedcba9876543210";

std::string sequencer(const std::string& path, std::uint64_t generation, const std::string& cell) {
  return format_sequencer({.mode = LockMode::kExclusive,
                           .generation = Zxid(generation),
                           .acquisition = Zxid(generation),
                           .instance = Zxid(1),
                           .cell_prefix = cell_prefix(cell),
                           .path = path});
}
std::string sequencer(const std::string& path, std::uint64_t generation) {
  return sequencer(path, generation, kCell);
}

Reason locally(SequencerChecker& checker, const std::string& text) {
  return checker.check(text, SequencerCheck::kLocal, {}).reason;
}

SequencerCheckerOptions asking(const FakeCell& cell) {
  return {.endpoints = {cell.endpoint()}, .cell_id = kCell};
}

// ---- what is seen here

TEST(SequencerChecker, LowerGenerationThanSeenIsStale) {
  SequencerChecker checker({.cell_id = kCell});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kNotOvertaken);
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kNotOvertaken);
  EXPECT_EQ(locally(checker, sequencer("/l", 9)), Reason::kNotOvertaken);
  const Verdict verdict = checker.check(sequencer("/l", 7), SequencerCheck::kLocal, {});
  EXPECT_EQ(verdict.standing, Standing::kStale);
  EXPECT_EQ(verdict.reason, Reason::kOvertaken);
  EXPECT_FALSE(verdict);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(9));
}

TEST(SequencerChecker, LocksHaveMarksOfTheirOwn) {
  SequencerChecker checker({.cell_id = kCell});
  EXPECT_TRUE(checker.check(sequencer("/l", 9), SequencerCheck::kLocal, {}));
  EXPECT_TRUE(checker.check(sequencer("/m", 3), SequencerCheck::kLocal, {}));
}

TEST(SequencerChecker, OtherCellAndNonsenseAreToldApart) {
  SequencerChecker checker({.cell_id = kOtherCell});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kOtherCell);
  EXPECT_EQ(locally(checker, "not a sequencer"), Reason::kMalformed);
  EXPECT_EQ(checker.check("not a sequencer", SequencerCheck::kLocal, {}).standing,
            Standing::kUnknown);
}

TEST(SequencerChecker, EveryReasonHasItsWords) {
  std::set<std::string_view> words;
  for (int reason = 0; reason <= static_cast<int>(Reason::kNotSaved); ++reason) {
    words.insert(reason_text(static_cast<Reason>(reason)));
  }
  EXPECT_EQ(words.size(), 9U);
  EXPECT_FALSE(words.contains("?"));
}

// A store in the memory of the test.
class Shelf final : public MarkStore {
 public:
  struct State {
    std::vector<HighWater> kept;
    bool is_full = false;
  };
  explicit Shelf(State& state) : state_(state) {}
  std::vector<HighWater> load() override { return state_.kept; }
  Status save(const HighWater& mark) override {
    if (state_.is_full) return {StatusCode::kNoSpace, "the shelf is full"};
    state_.kept.push_back(mark);
    return {};
  }

 private:
  State& state_;
};

TEST(SequencerChecker, MarksOutliveARestart) {
  Shelf::State shelf;
  {
    SequencerChecker checker({.cell_id = kCell, .store = std::make_unique<Shelf>(shelf)});
    EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kNotOvertaken);
    EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kNotOvertaken);
  }
  EXPECT_EQ(shelf.kept.size(), 1U) << "only what raises a mark is saved";
  SequencerChecker checker({.cell_id = kCell, .store = std::make_unique<Shelf>(shelf)});
  EXPECT_EQ(locally(checker, sequencer("/l", 6)), Reason::kOvertaken);
}

TEST(SequencerChecker, MarkThatCannotBeSavedAcceptsNothing) {
  Shelf::State shelf{.is_full = true};
  SequencerChecker checker({.cell_id = kCell, .store = std::make_unique<Shelf>(shelf)});
  const Verdict verdict = checker.check(sequencer("/l", 7), SequencerCheck::kLocal, {});
  EXPECT_EQ(verdict.standing, Standing::kUnknown);
  EXPECT_EQ(verdict.reason, Reason::kNotSaved);
  EXPECT_EQ(verdict.error->code, ErrorCode::kNoSpace);
  EXPECT_NE(verdict.error->message.find("the shelf is full"), std::string::npos);
  EXPECT_TRUE(checker.high_water(cell_prefix(kCell), "/l").is_none());
  shelf.is_full = false;
  EXPECT_TRUE(checker.check(sequencer("/l", 7), SequencerCheck::kLocal, {}));
}

TEST(SequencerChecker, MoreLocksThanAllowedAreRefused) {
  SequencerChecker checker({.cell_id = kCell, .locks_max = 1});
  EXPECT_EQ(locally(checker, sequencer("/l", 7)), Reason::kNotOvertaken);
  const Verdict further = checker.check(sequencer("/m", 7), SequencerCheck::kLocal, {});
  EXPECT_EQ(further.standing, Standing::kUnknown);
  EXPECT_EQ(further.reason, Reason::kFull);
  EXPECT_EQ(further.error->limit, 1);
  EXPECT_EQ(locally(checker, sequencer("/l", 8)), Reason::kNotOvertaken);
}

// ---- what the cell says

TEST(SequencerChecker, CellIsAskedEachTimeWhereToldTo) {
  FakeCell cell;
  SequencerChecker checker(asking(cell));
  const Verdict valid = checker.check(sequencer("/l", 7), SequencerCheck::kCell, {});
  EXPECT_EQ(valid.standing, Standing::kValid);
  EXPECT_EQ(valid.reason, Reason::kConfirmed);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(7));

  cell.set_sequencer_state(SequencerState::kStale);
  const Verdict stale = checker.check(sequencer("/l", 9), SequencerCheck::kCell, {});
  EXPECT_EQ(stale.standing, Standing::kStale);
  EXPECT_EQ(stale.reason, Reason::kEnded);
  EXPECT_EQ(checker.high_water(cell_prefix(kCell), "/l"), Zxid(7)) << "only the valid raise it";
  EXPECT_EQ(cell.count("check_sequencers"), 2U);
}

TEST(SequencerChecker, WhatTheCellDoesNotKnowIsNoVerdict) {
  FakeCell cell;
  SequencerChecker checker(asking(cell));
  for (const auto& [state, reason] : {std::pair(SequencerState::kOtherCell, Reason::kOtherCell),
                                      std::pair(SequencerState::kMalformed, Reason::kMalformed)}) {
    cell.set_sequencer_state(state);
    const Verdict verdict = checker.check(sequencer("/l", 7), SequencerCheck::kCell, {});
    EXPECT_EQ(verdict.standing, Standing::kUnknown);
    EXPECT_EQ(verdict.reason, reason);
  }
}

TEST(SequencerChecker, OvertakenSequencerIsRefusedWithoutAsking) {
  FakeCell cell;
  SequencerChecker checker(asking(cell));
  EXPECT_EQ(locally(checker, sequencer("/l", 9)), Reason::kNotOvertaken);
  EXPECT_EQ(checker.check(sequencer("/l", 7), SequencerCheck::kCell, {}).reason,
            Reason::kOvertaken);
  EXPECT_EQ(cell.count("check_sequencers"), 0U);
}

TEST(SequencerChecker, SilentCellGivesNoVerdict) {
  FakeCell cell;
  cell.set_mute(true);
  SequencerChecker checker(asking(cell));
  for (const SequencerCheck check : {SequencerCheck::kCell, SequencerCheck::kInterval}) {
    const Verdict verdict =
        checker.check(sequencer("/l", 7), check, {.timeout = Milliseconds(150)});
    EXPECT_EQ(verdict.standing, Standing::kUnknown);
    EXPECT_EQ(verdict.reason, Reason::kNoAnswer);
    EXPECT_EQ(verdict.error->code, ErrorCode::kTimeout);
  }
  EXPECT_TRUE(checker.high_water(cell_prefix(kCell), "/l").is_none());
}

TEST(SequencerChecker, WhoHasNobodyToAskSaysSo) {
  SequencerChecker checker({.cell_id = kCell});
  for (const SequencerCheck check :
       {SequencerCheck::kCell, SequencerCheck::kInterval, SequencerCheck::kFollow}) {
    const Verdict verdict = checker.check(sequencer("/l", 7), check, {});
    EXPECT_EQ(verdict.standing, Standing::kUnknown);
    EXPECT_EQ(verdict.error->code, ErrorCode::kBadArgument);
  }
}

TEST(SequencerChecker, CompletionTokensGetTheVerdict) {
  FakeCell cell;
  SequencerChecker checker(asking(cell));
  std::future<Verdict> verdict = async_check(checker, sequencer("/l", 7), SequencerCheck::kCell,
                                             CallOptions{}, boost::asio::use_future);
  EXPECT_EQ(verdict.get().reason, Reason::kConfirmed);
}

TEST(SequencerChecker, BlockingCheckOnItsOwnDispatcherIsRefused) {
  FakeCell cell;
  SequencerChecker checker(asking(cell));
  std::promise<Verdict> told;
  checker.check(sequencer("/l", 7), SequencerCheck::kCell, {}, [&](const Verdict&) {
    told.set_value(checker.check(sequencer("/l", 7), SequencerCheck::kCell, {}));
  });
  EXPECT_EQ(told.get_future().get().error->code, ErrorCode::kBadArgument);
}

// ---- at most every so often

TEST(SequencerChecker, WithinTheIntervalTheCellIsNotAskedAgain) {
  FakeCell cell;
  SequencerCheckerOptions options = asking(cell);
  options.interval = Milliseconds(3'600'000);
  SequencerChecker checker(std::move(options));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}).reason,
              Reason::kConfirmed);
  }
  EXPECT_EQ(cell.count("check_sequencers"), 1U);
  EXPECT_TRUE(checker.check(sequencer("/l", 8), SequencerCheck::kInterval, {}));
  EXPECT_EQ(cell.count("check_sequencers"), 2U) << "about another sequencer";
  EXPECT_EQ(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}).reason,
            Reason::kOvertaken)
      << "what was seen here counts at once";
}

TEST(SequencerChecker, AfterTheIntervalTheCellIsAskedAgain) {
  FakeCell cell;
  SequencerCheckerOptions options = asking(cell);
  options.interval = Milliseconds(0);
  SequencerChecker checker(std::move(options));
  EXPECT_TRUE(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}));
  cell.set_sequencer_state(SequencerState::kStale);
  EXPECT_EQ(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}).reason,
            Reason::kEnded);
}

TEST(SequencerChecker, WhatTheCellHasCalledStaleIsNotConfirmedAnyMore) {
  FakeCell cell;
  SequencerCheckerOptions options = asking(cell);
  options.interval = Milliseconds(3'600'000);
  SequencerChecker checker(std::move(options));
  EXPECT_TRUE(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}));
  cell.set_sequencer_state(SequencerState::kStale);
  EXPECT_FALSE(checker.check(sequencer("/l", 7), SequencerCheck::kCell, {}));
  EXPECT_FALSE(checker.check(sequencer("/l", 7), SequencerCheck::kInterval, {}));
}

TEST(Confirmations, AreBoundedAndForgottenOldestFirst) {
  Confirmations confirmations(2);
  confirmations.confirm("a", 0);
  confirmations.confirm("b", 1);
  confirmations.confirm("a", 2);
  confirmations.confirm("c", 3);
  EXPECT_EQ(confirmations.asked_at("a"), 2);
  EXPECT_EQ(confirmations.asked_at("b"), std::nullopt);
  EXPECT_EQ(confirmations.asked_at("c"), 3);
  confirmations.confirm("a", 1);
  EXPECT_EQ(confirmations.asked_at("a"), 2) << "that was an answer that came late";
  confirmations.forget("a");
  EXPECT_EQ(confirmations.asked_at("a"), std::nullopt);
}

// ---- following

TEST(Followed, WhatChangedWhileTheCellWasAskedIsNotConfirmed) {
  Followed followed;
  const Followed::AsOf before{.changes = followed.changes()};
  followed.on_change();
  followed.confirm("a", before);
  const Followed::AsOf now{.changes = followed.changes()};
  EXPECT_FALSE(followed.is_valid("a", now));
  followed.confirm("a", now);
  followed.confirm("b", now);
  EXPECT_TRUE(followed.is_valid("a", now));
  EXPECT_TRUE(followed.is_valid("b", now));
  EXPECT_FALSE(followed.is_valid("a", {.changes = now.changes, .jeopardies = 1}));
  followed.on_change();
  EXPECT_FALSE(followed.is_valid("a", {.changes = followed.changes()}));
}

TEST(Followed, NothingCountsWhenNothingIsHeardAnyMore) {
  Followed followed;
  followed.confirm("a", {});
  EXPECT_TRUE(followed.is_valid("a", {}));
  followed.on_ended();
  EXPECT_FALSE(followed.is_valid("a", {}));
  followed.confirm("a", {});
  EXPECT_FALSE(followed.is_valid("a", {}));
}

TEST(Followed, KeepsSoManyOfOneLock) {
  Followed followed;
  for (std::size_t i = 0; i <= Followed::kConfirmedMax; ++i) {
    followed.confirm(std::to_string(i), {});
  }
  EXPECT_FALSE(followed.is_valid("0", {})) << "those that were too many are asked about again";
  EXPECT_TRUE(followed.is_valid(std::to_string(Followed::kConfirmedMax), {}));
}

// A checker that follows through a session of the fake cell.
class Following : public testing::Test {
 protected:
  Following() : Following(12'000) {}
  explicit Following(std::int64_t lease_ms)
      : cell_(lease_ms), session_(Session::open({.endpoints = {cell_.endpoint()}}).value()) {}

  SequencerChecker checker(std::size_t followed_max) {
    return SequencerChecker({.cell_id = kCell, .session = &session_, .followed_max = followed_max});
  }
  // Until it has been asked once since the watch stands.
  static void confirm(SequencerChecker& checker, FakeCell& cell, const std::string& text) {
    std::size_t asked = 0;
    do {
      asked = cell.count("check_sequencers");
      ASSERT_EQ(checker.check(text, SequencerCheck::kFollow, {}).reason, Reason::kConfirmed);
    } while (cell.count("check_sequencers") != asked);
  }
  // What is said as soon as it is not valid any more.
  static Verdict refusal(SequencerChecker& checker, const std::string& text, Milliseconds timeout) {
    constexpr std::chrono::seconds kRefusedWithin(20);
    const auto give_up_at = std::chrono::steady_clock::now() + kRefusedWithin;
    Verdict verdict;
    do {
      verdict = checker.check(text, SequencerCheck::kFollow, {.timeout = timeout});
    } while (verdict && std::chrono::steady_clock::now() < give_up_at);
    return verdict;
  }
  static Event released(std::uint64_t zxid) {
    return {.name = {.zxid = Zxid(zxid)},
            .kind = EventKind::kLockReleased,
            .path = "/l",
            .acquisition = Zxid(7)};
  }

  FakeCell cell_;
  Session session_;
};

TEST_F(Following, CellIsAskedAgainWhenSomethingHappened) {
  SequencerChecker follower = checker(10);
  confirm(follower, cell_, sequencer("/l", 7));
  const std::size_t asked = cell_.count("check_sequencers");
  EXPECT_TRUE(follower.check(sequencer("/l", 7), SequencerCheck::kFollow, {}));
  EXPECT_EQ(cell_.count("check_sequencers"), asked);

  cell_.set_sequencer_state(SequencerState::kStale);
  cell_.deliver(released(200));
  EXPECT_EQ(refusal(follower, sequencer("/l", 7), Milliseconds(10'000)).reason, Reason::kEnded);
}

// As when the replica to which the session has moved makes no further watch.
TEST_F(Following, CellIsAskedAgainWhenTheWatchHasEnded) {
  SequencerChecker follower = checker(10);
  confirm(follower, cell_, sequencer("/l", 7));
  const std::size_t watches = cell_.count("watch");
  cell_.refuse("watch", ErrorCode::kLimit);
  cell_.break_connections();
  cell_.wait_for("watch", watches + 1);
  cell_.set_sequencer_state(SequencerState::kStale);
  EXPECT_EQ(refusal(follower, sequencer("/l", 7), Milliseconds(10'000)).reason, Reason::kEnded);
}

class FollowingBriefly : public Following {
 protected:
  FollowingBriefly() : Following(600) {}
};

TEST_F(FollowingBriefly, NothingCountsAfterTheLeaseUnlessTheCellSaysSoAgain) {
  SequencerChecker follower = checker(10);
  confirm(follower, cell_, sequencer("/l", 7));
  cell_.set_mute(true);
  EXPECT_EQ(refusal(follower, sequencer("/l", 7), Milliseconds(100)).reason, Reason::kNoAnswer);
  cell_.set_mute(false);
  const std::size_t asked = cell_.count("check_sequencers");
  EXPECT_TRUE(follower.check(sequencer("/l", 7), SequencerCheck::kFollow, {}));
  EXPECT_GT(cell_.count("check_sequencers"), asked);
}

TEST_F(Following, SessionOfAnotherCellIsNoHelp) {
  SequencerChecker follower(
      {.endpoints = {cell_.endpoint()}, .cell_id = kOtherCell, .session = &session_});
  const Verdict verdict =
      follower.check(sequencer("/l", 7, kOtherCell), SequencerCheck::kFollow, {});
  EXPECT_EQ(verdict.standing, Standing::kUnknown);
  EXPECT_EQ(verdict.error->code, ErrorCode::kBadArgument);
}

// The event is told by the thread that receives it, whatever callbacks of the program do.
TEST_F(Following, CallbackOfTheProgramDelaysNoEnd) {
  SequencerChecker follower = checker(10);
  confirm(follower, cell_, sequencer("/l", 7));
  std::promise<void> is_held_up;
  std::promise<void> go_on;
  session_.submit(Get{.path = "/a"}, {}, [&](const Outcome<AnyReply>&) {
    is_held_up.set_value();
    go_on.get_future().wait();
  });
  is_held_up.get_future().wait();
  cell_.set_sequencer_state(SequencerState::kStale);
  cell_.deliver(released(200));
  EXPECT_EQ(refusal(follower, sequencer("/l", 7), Milliseconds(1)).reason, Reason::kNoAnswer);
  go_on.set_value();
}

TEST_F(Following, WatchNotAskedAboutForLongestIsLetGo) {
  SequencerChecker follower = checker(1);
  confirm(follower, cell_, sequencer("/l", 7));
  confirm(follower, cell_, sequencer("/m", 7));
  cell_.wait_for("unwatch");
  EXPECT_EQ(cell_.count("unwatch"), 1U);
}

TEST_F(Following, SessionThatIsOverGivesNoVerdict) {
  SequencerChecker follower = checker(10);
  confirm(follower, cell_, sequencer("/l", 7));
  session_ = Session();
  const Verdict verdict = follower.check(sequencer("/l", 7), SequencerCheck::kFollow, {});
  EXPECT_EQ(verdict.standing, Standing::kUnknown);
  EXPECT_EQ(verdict.error->code, ErrorCode::kSessionExpired);
}

TEST_F(Following, BlockingCheckOnTheDispatcherIsRefused) {
  SequencerChecker follower = checker(10);
  std::promise<Verdict> told;
  session_.submit(Get{.path = "/a"}, {}, [&](const Outcome<AnyReply>&) {
    told.set_value(follower.check(sequencer("/l", 7), SequencerCheck::kCell, {}));
  });
  EXPECT_EQ(told.get_future().get().error->code, ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace holdfast::client::test
