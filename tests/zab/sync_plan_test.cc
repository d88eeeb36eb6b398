#include "zab/sync_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/zxids.h"
#include "zab/base/random.h"

namespace holdfast::zab {
namespace {

constexpr SyncCost kFree{.image_bytes = 0, .snap_percent = 33};

EpochVector epochs(const std::vector<Zxid>& ends) {
  EpochVector result;
  for (const Zxid end : ends) result.push_back({end.epoch(), end.counter()});
  return result;
}

LogView log_of(Zxid base, const std::vector<Zxid>& ends) {
  DurableState state;
  state.base = base;
  state.epochs = epochs(ends);
  return LogView(state, 1U << 20U);
}

SyncPlan diff(Zxid from) {
  return {.mode = SyncPlan::Mode::kDiff, .from = from};
}
SyncPlan trunc(Zxid to) {
  return {.mode = SyncPlan::Mode::kTrunc, .from = to};
}
SyncPlan snap() {
  return {.mode = SyncPlan::Mode::kSnap, .from = Zxid()};
}

TEST(SyncPlans, ALearnerInSyncGetsAnEmptyDiff) {
  const LogView own = log_of(Zxid(), {Zxid(), z(1, 8), z(2, 3)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 8), z(2, 3)}), Zxid()}, kFree), diff(z(2, 3)));
}

TEST(SyncPlans, ALearnerBehindGetsADiffFromItsEnd) {
  const LogView own = log_of(z(1, 2), {z(1, 8), z(2, 3)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 5)}), z(1, 4)}, kFree), diff(z(1, 5)));
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 2)}), z(1, 2)}, kFree), diff(z(1, 2)));
}

TEST(SyncPlans, AnExtraTailIsTruncated) {
  const LogView own = log_of(Zxid(), {Zxid(), z(1, 8)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 9)}), Zxid()}, kFree), trunc(z(1, 8)));
}

// ZOOKEEPER-1154: the learner's end lies numerically within the log, but is none of its entries.
TEST(SyncPlans, ALogThatDivergedInTheMiddleIsTruncatedToTheCommonPoint) {
  const LogView own = log_of(Zxid(), {Zxid(), z(1, 8), z(2, 3)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 9)}), Zxid()}, kFree), trunc(z(1, 8)));
  EXPECT_EQ(plan_sync(log_of(Zxid(), {Zxid(), z(1, 8), z(3, 2)}),
                      {epochs({Zxid(), z(1, 6), z(2, 4)}), z(1, 5)}, kFree),
            trunc(z(1, 6)));
}

TEST(SyncPlans, AnImageThatHoldsEntriesWeLackIsReplaced) {
  const LogView own = log_of(Zxid(), {Zxid(), z(1, 8), z(3, 2)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 8), z(2, 4)}), z(2, 1)}, kFree), snap());
  EXPECT_EQ(plan_sync(own, {epochs({z(2, 4)}), z(2, 4)}, kFree), snap());
}

TEST(SyncPlans, ALearnerOlderThanOurBaseGetsTheImage) {
  const LogView own = log_of(z(2, 1), {z(2, 5)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid(), z(1, 8)}), Zxid()}, kFree), snap());
  EXPECT_EQ(plan_sync(log_of(z(1, 5), {z(1, 8)}), {epochs({Zxid(), z(1, 4)}), Zxid()}, kFree),
            snap());
}

// ZOOKEEPER-1319: an empty learner is not in sync with a leader that has a history.
TEST(SyncPlans, AnEmptyLearnerGetsEverythingFromTheBeginning) {
  const LogView own = log_of(Zxid(), {Zxid(), z(1, 8)});
  EXPECT_EQ(plan_sync(own, {epochs({Zxid()}), Zxid()}, kFree), diff(Zxid()));
  EXPECT_EQ(plan_sync(log_of(Zxid(), {Zxid()}), {epochs({Zxid()}), Zxid()}, kFree), diff(Zxid()));
}

TEST(SyncPlans, AnEmptyLearnerOfACompactedLogGetsTheImage) {
  EXPECT_EQ(plan_sync(log_of(z(1, 3), {z(1, 8)}), {epochs({Zxid()}), Zxid()}, kFree), snap());
}

TEST(SyncPlans, OurOwnBaseIsACommonPoint) {
  EXPECT_EQ(plan_sync(log_of(z(1, 5), {z(1, 8)}), {epochs({Zxid(), z(1, 5)}), Zxid()}, kFree),
            diff(z(1, 5)));
  EXPECT_EQ(plan_sync(log_of(z(1, 5), {z(1, 5), z(3, 1)}),
                      {epochs({Zxid(), z(1, 7), z(2, 2)}), z(1, 5)}, kFree),
            trunc(z(1, 5)));
}

TEST(SyncPlans, AnImageReplacesEntriesThatWeighMoreThanTheirShare) {
  DurableState state;
  state.epochs = epochs({Zxid(), z(1, 4)});
  for (std::uint32_t i = 1; i <= 4; ++i) {
    state.tail.push_back({.zxid = z(1, i),
                          .prev = Zxid(z(1, i).value - 1),
                          .payload = SharedBytes(std::string(100, 'x'))});
  }
  state.tail.front().prev = Zxid();
  const LogView own(state, 1U << 20U);
  const LearnerLog empty{epochs({Zxid()}), Zxid()};
  const LearnerLog half{epochs({Zxid(), z(1, 2), z(2, 1)}), Zxid()};
  const SyncCost small{.image_bytes = 500, .snap_percent = 33};
  EXPECT_EQ(plan_sync(own, empty, small), snap());
  EXPECT_EQ(plan_sync(own, half, small), snap());
  EXPECT_EQ(plan_sync(own, empty, {.image_bytes = 1300, .snap_percent = 33}), diff(Zxid()));
  EXPECT_EQ(plan_sync(own, half, {.image_bytes = 1300, .snap_percent = 33}), trunc(z(1, 2)));
  EXPECT_EQ(plan_sync(own, empty, {.image_bytes = 500, .snap_percent = 0}), diff(Zxid()));
  EXPECT_EQ(plan_sync(own, empty, {.image_bytes = 0, .snap_percent = 33}), diff(Zxid()));
}

TEST(SyncPlans, ALearnersLogMustBePossible) {
  EXPECT_TRUE(valid_epochs({epochs({Zxid()}), Zxid()}));
  EXPECT_TRUE(valid_epochs({epochs({z(2, 4), z(3, 1)}), z(2, 4)}));
  EXPECT_TRUE(valid_epochs({epochs({z(2, 4), z(3, 1)}), z(3, 1)}));
  EXPECT_FALSE(valid_epochs({{}, Zxid()}));
  EXPECT_FALSE(valid_epochs({epochs({z(3, 1), z(2, 4)}), z(3, 1)}));
  EXPECT_FALSE(valid_epochs({epochs({z(2, 4), z(3, 1)}), z(3, 2)}));
  EXPECT_FALSE(valid_epochs({epochs({z(2, 4), z(3, 1)}), z(1, 1)}));
  EXPECT_FALSE(valid_epochs({epochs({z(2, 4), z(3, 1)}), z(3, 0)}));
}

TEST(SyncPlans, HaveNames) {
  EXPECT_EQ(to_string(SyncPlan::Mode::kDiff), "DIFF");
  EXPECT_EQ(to_string(SyncPlan::Mode::kTrunc), "TRUNC");
  EXPECT_EQ(to_string(SyncPlan::Mode::kSnap), "SNAP");
}

// Replicas whose full histories arise as ZAB makes them: each epoch has one leader, which extends
// its own history, and others take over a prefix of it that reaches at least as far as what they
// share already. The base and floor of each say what of it is only in its image.
class Histories {
 public:
  struct Replica {
    std::vector<Entry> all;  // From the beginning of time.
    std::size_t base = 0;    // So many of them are compacted,
    std::size_t floor = 0;   // and so many cannot be truncated.
  };

  explicit Histories(std::uint64_t seed) : random_(seed), replicas_(4) {
    const std::uint64_t reigns = 1 + random_.below(6);
    for (std::uint64_t i = 0; i < reigns; ++i) reign();
    for (Replica& replica : replicas_) {
      replica.floor = random_.below(replica.all.size() + 1);
      replica.base = random_.below(replica.floor + 1);
    }
  }

  const std::vector<Replica>& replicas() const { return replicas_; }

  static std::size_t shared(const Replica& a, const Replica& b) {
    const auto [end, unused] =
        std::mismatch(a.all.begin(), a.all.end(), b.all.begin(), b.all.end());
    return static_cast<std::size_t>(end - a.all.begin());
  }
  static Zxid end_of(const Replica& replica, std::size_t count) {
    return count == 0 ? Zxid() : replica.all[count - 1].zxid;
  }
  static LogView view(const Replica& replica) {
    DurableState state;
    state.base = end_of(replica, replica.base);
    state.epochs = {{state.base.epoch(), state.base.counter()}};
    for (std::size_t i = replica.base; i < replica.all.size(); ++i) {
      const Zxid zxid = replica.all[i].zxid;
      if (state.epochs.back().epoch != zxid.epoch()) state.epochs.push_back({zxid.epoch(), 0});
      state.epochs.back().last_counter = zxid.counter();
    }
    return LogView(state, 1U << 20U);
  }

 private:
  void reign() {
    epoch_ += 1;
    Replica& leader = replicas_[random_.below(replicas_.size())];
    for (std::uint64_t n = random_.below(5); n > 0; --n) {
      const Zxid prev = end_of(leader, leader.all.size());
      const Zxid zxid = prev.epoch().value == epoch_ ? Zxid(prev.value + 1) : z(epoch_, 1);
      const std::string payload = std::to_string(random_.next());
      leader.all.push_back({.zxid = zxid, .prev = prev, .payload = SharedBytes(payload)});
    }
    for (Replica& learner : replicas_) {
      if (&learner == &leader || random_.chance(1, 2)) continue;
      const std::size_t common = shared(leader, learner);
      const std::size_t more = random_.below(leader.all.size() - common + 1);
      learner.all.assign(leader.all.begin(),
                         leader.all.begin() + static_cast<std::ptrdiff_t>(common + more));
    }
  }

  Random random_;
  std::uint32_t epoch_ = 0;
  std::vector<Replica> replicas_;
};

// Carries the plan out on the full histories, and compares with what they really share.
void check_plan(const Histories::Replica& leader, const Histories::Replica& learner) {
  const LogView own = Histories::view(leader);
  const LearnerLog log{Histories::view(learner).epochs(),
                       Histories::end_of(learner, learner.floor)};
  ASSERT_TRUE(valid_epochs(log));
  const SyncPlan plan = plan_sync(own, log, kFree);
  const std::size_t shared = Histories::shared(leader, learner);
  if (shared < learner.floor || shared < leader.base) {
    ASSERT_EQ(plan, snap());
    return;
  }
  const Zxid common = Histories::end_of(leader, shared);
  ASSERT_EQ(plan, shared == learner.all.size() ? diff(common) : trunc(common));
  std::vector<Entry> result = learner.all;
  std::erase_if(result, [&](const Entry& e) { return e.zxid > plan.from; });
  for (const Entry& e : leader.all) {
    if (e.zxid > plan.from) result.push_back(e);
  }
  ASSERT_EQ(result, leader.all);
}

TEST(SyncPlans, MakeTheLearnersLogACopyOfTheLeaders) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed=" + std::to_string(seed));
    const Histories histories(seed);
    for (const auto& leader : histories.replicas()) {
      for (const auto& learner : histories.replicas()) {
        check_plan(leader, learner);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace holdfast::zab
