#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/bench/load/gap.h"
#include "tests/bench/load/latencies.h"
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

TEST(Plan, ValuesCanBeToldApartAndNodesAreInOrder) {
  EXPECT_EQ(value_for("/a", 6), "/a vvv");
  EXPECT_EQ(value_for("/abc", 2), "/a");
  EXPECT_EQ(node_path(7), "/d/n00000007");
  EXPECT_LT(node_path(9'999), node_path(10'000));
}

}  // namespace
}  // namespace holdfast::bench
