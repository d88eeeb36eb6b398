#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/bench/load/gap.h"
#include "tests/bench/load/latencies.h"
#include "tests/bench/load/open_loop.h"
#include "tests/bench/load/plan.h"
#include "tests/bench/load/window.h"

namespace holdfast::bench {
namespace {

constexpr Nanoseconds kMillisecond = 1'000'000;

double number(const Figures& figures, const std::string& name) {
  const Figures::Value* value = figures.find(name);
  return value == nullptr ? -1 : std::get<double>(*value);
}

std::string failure(const Figures& figures) {
  const Figures::Value* value = figures.find("failed");
  return value == nullptr ? "" : std::get<std::string>(*value);
}

TEST(Latencies, PercentilesAreOfAllThatWasAdded) {
  Latencies latencies;
  for (Nanoseconds i = 1000; i >= 1; --i) latencies.add(i * 1000);
  Figures figures;
  latencies.add_to(figures, "lock_");
  EXPECT_EQ(number(figures, "lock_p50_us"), 501);
  EXPECT_EQ(number(figures, "lock_p99_us"), 991);
  EXPECT_EQ(number(figures, "lock_p999_us"), 1000);
  EXPECT_EQ(number(figures, "lock_max_us"), 1000);
}

TEST(Window, OnlyWhatSucceedsWhileItIsOpenCounts) {
  Window window({});
  window.on_success(now_ns());
  window.open();
  window.on_success(now_ns());
  window.on_acquired(kMillisecond);
  window.close();
  window.on_success(now_ns());
  EXPECT_TRUE(window.is_over());
  Figures figures;
  window.add_to(figures);
  EXPECT_EQ(std::get<std::int64_t>(*figures.find("ops")), 1);
  EXPECT_EQ(number(figures, "acquire_max_us"), 1000);
  EXPECT_EQ(failure(figures), "");
}

TEST(Window, OneWrongAnswerAtAnyTimeSpoilsIt) {
  Window window({});
  window.on_mismatch("two holders");
  window.on_failure("TIMEOUT");
  window.open();
  window.on_success(now_ns());
  window.close();
  Figures figures;
  window.add_to(figures);
  EXPECT_EQ(failure(figures), "2 failures; the first: wrong answer: two holders");
}

TEST(Window, NothingIsNoFigure) {
  Window window({});
  window.open();
  window.close();
  Figures figures;
  window.add_to(figures);
  EXPECT_EQ(failure(figures), "nothing succeeded in the window");
}

TEST(Gap, IsTheLongestSilenceFromTheBlowOn) {
  constexpr int kNoSignal = 0;
  constexpr double kAtOnce = 0;
  Gap gap;
  for (int i = 0; i < 10; ++i) gap.on_acknowledged(now_ns());
  gap.strike(getpid(), kNoSignal, kAtOnce);
  const Nanoseconds blow = now_ns();
  gap.on_acknowledged(blow + 5 * kMillisecond);
  gap.on_acknowledged(blow + 705 * kMillisecond);
  EXPECT_FALSE(gap.is_over(blow + 710 * kMillisecond));
  for (Nanoseconds ms = 710; ms <= 6'000; ms += 5) gap.on_acknowledged(blow + ms * kMillisecond);
  EXPECT_TRUE(gap.is_over(blow + 6'005 * kMillisecond));
  EXPECT_FALSE(gap.is_over(blow + 6'500 * kMillisecond)) << "silent again";
  Figures figures;
  gap.add_to(figures);
  EXPECT_NEAR(number(figures, "gap_ms"), 700, 1);
  EXPECT_GE(number(figures, "from_blow_ms"), 705);
}

std::int64_t count(const Figures& figures, const std::string& name) {
  const Figures::Value* value = figures.find(name);
  return value == nullptr ? -1 : std::get<std::int64_t>(*value);
}

constexpr OpenLoop::Course kSecondAfterWarmUp = {.rate_per_s = 10,
                                                 .begins_at = 5 * kSecond,
                                                 .measured_from = 6 * kSecond,
                                                 .ends_at = 7 * kSecond,
                                                 .outstanding_max = 12};

TEST(OpenLoop, WhatIsDueIsSentWhateverBecameOfThoseBefore) {
  OpenLoop loop(kSecondAfterWarmUp);
  EXPECT_EQ(loop.take_due(5 * kSecond), 5 * kSecond);
  EXPECT_EQ(loop.take_due(5 * kSecond), std::nullopt);
  EXPECT_EQ(loop.next_due(), 5'100 * kMillisecond);
  EXPECT_EQ(loop.take_due(5'250 * kMillisecond), 5'100 * kMillisecond);
  EXPECT_EQ(loop.take_due(5'250 * kMillisecond), 5'200 * kMillisecond);
  EXPECT_EQ(loop.take_due(5'250 * kMillisecond), std::nullopt);
  EXPECT_EQ(loop.outstanding(), 3U);
}

TEST(OpenLoop, ALatencyCountsFromWhenItWasDue) {
  OpenLoop loop(kSecondAfterWarmUp);
  while (const auto due = loop.take_due(6'400 * kMillisecond)) {
    loop.on_answered(*due, 6'500 * kMillisecond);
  }
  Figures figures;
  loop.add_to(figures);
  EXPECT_EQ(number(figures, "offered_per_s"), 5);
  EXPECT_EQ(number(figures, "per_s"), 15) << "by when they were answered";
  EXPECT_EQ(count(figures, "ops"), 5) << "by when they were due";
  EXPECT_EQ(number(figures, "max_us"), 500'000);
  EXPECT_EQ(number(figures, "late_max_us"), 400'000);
}

TEST(OpenLoop, BeyondItsBoundNothingIsSentAndThatIsSaid) {
  OpenLoop loop(kSecondAfterWarmUp);
  std::size_t sent = 0;
  while (loop.take_due(8 * kSecond)) ++sent;
  EXPECT_EQ(sent, 12U);
  EXPECT_TRUE(loop.is_all_sent());
  for (std::size_t i = 0; i < sent; ++i) {
    loop.on_refused(6 * kSecond, 9 * kSecond, i == 0 ? "NO_SPACE" : "LIMIT");
  }
  Figures figures;
  loop.add_to(figures);
  EXPECT_EQ(count(figures, "unsent"), 8);
  EXPECT_EQ(count(figures, "outstanding_max"), 12);
  EXPECT_EQ(count(figures, "refused"), 12);
  EXPECT_EQ(count(figures, "refused_LIMIT"), 11);
  EXPECT_EQ(number(figures, "drained_s"), 2);
}

TEST(OpenLoop, WhatIsRecentIsToldOnce) {
  OpenLoop loop(kSecondAfterWarmUp);
  loop.on_answered(*loop.take_due(5 * kSecond), 5 * kSecond + kMillisecond);
  Figures first;
  loop.add_recent_to(first, 7 * kSecond);
  EXPECT_EQ(number(first, "per_s"), 0.5);
  EXPECT_EQ(number(first, "p50_us"), 1'000);
  Figures second;
  loop.add_recent_to(second, 8 * kSecond);
  EXPECT_EQ(number(second, "per_s"), 0);
}

TEST(Plan, ValuesCanBeToldApartAndNodesAreInOrder) {
  EXPECT_EQ(value_for("/a", 6), "/a vvv");
  EXPECT_EQ(value_for("/abc", 2), "/a");
  EXPECT_EQ(node_path(7), "/d/n00000007");
  EXPECT_LT(node_path(9'999), node_path(10'000));
}

}  // namespace
}  // namespace holdfast::bench
