#include "tests/world/story.h"

#include <cstdio>
#include <cstring>

namespace holdfast::world {
namespace {

constexpr std::size_t kShortLines = 120;
constexpr std::size_t kLongLines = 3'000;
constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;

}  // namespace

void Story::count(std::string_view kind, std::uint64_t times) {
  auto found = counts_.find(kind);
  if (found == counts_.end()) found = counts_.emplace(std::string(kind), 0).first;
  found->second += times;
}

void Story::add(const std::string& line) {
  char when[32];
  std::snprintf(when, sizeof(when), "%9.3f s  ",
                static_cast<double>(time_.now()) / static_cast<double>(kSecond));
  lines_.push_back(when + line);
  if (lines_.size() > (detail_ == Detail::kLong ? kLongLines : kShortLines)) lines_.pop_front();
}

std::uint64_t quick_hash(std::string_view bytes) {
  std::uint64_t hash = bytes.size() * kMultiplier;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29U;
  };
  std::uint64_t word = 0;
  for (; bytes.size() >= sizeof(word); bytes.remove_prefix(sizeof(word))) {
    std::memcpy(&word, bytes.data(), sizeof(word));
    mix(word);
  }
  word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  mix(word);
  return hash * kMultiplier;
}

}  // namespace holdfast::world
