#include "tests/sim/trace.h"

#include <cstdio>
#include <utility>

namespace holdfast::sim {
namespace {

constexpr std::size_t kLinesKept = 300;

}  // namespace

void Trace::line(std::string text) {
  if (keep_ == Keep::kPrintAll) std::printf("%s\n", text.c_str());
  if (keep_ != Keep::kLastLines) return;
  lines_.push_back(std::move(text));
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

std::deque<std::string> Trace::take_lines() {
  return std::exchange(lines_, {});
}

}  // namespace holdfast::sim
