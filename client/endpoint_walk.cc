#include "client/endpoint_walk.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::client {
namespace {

constexpr Ticks kPauseMinMs = 50;
constexpr Ticks kPauseMaxMs = 2'000;

Ticks pause_after(std::size_t attempts) {
  Ticks pause = kPauseMinMs;
  for (std::size_t i = 1; i < attempts && pause < kPauseMaxMs; ++i) pause *= 2;
  return std::min(pause, kPauseMaxMs);
}

}  // namespace

EndpointWalk::EndpointWalk(std::vector<std::string> endpoints, Random random)
    : endpoints_(std::move(endpoints)), random_(random) {
  HOLDFAST_CHECK(!endpoints_.empty(), "a walk needs an endpoint");
  place_ = random_.below(endpoints_.size());
}

EndpointWalk::Attempt EndpointWalk::next(Ticks now) {
  Attempt attempt{.at = now};
  if (attempts_ > 0) {
    const Ticks half = pause_after(attempts_) / 2;
    attempt.at += half + static_cast<Ticks>(random_.below(static_cast<std::uint64_t>(half) + 1));
  }
  if (attempts_ % endpoints_.size() == 0) hint_used_ = false;
  ++attempts_;
  if (!hint_.empty() && !hint_used_) {
    hint_used_ = true;
    attempt.endpoint = std::exchange(hint_, {});
    return attempt;
  }
  hint_.clear();
  place_ = (place_ + 1) % endpoints_.size();
  attempt.endpoint = endpoints_[place_];
  return attempt;
}

void EndpointWalk::hint(const std::string& leader) {
  hint_ = leader;
}

void EndpointWalk::on_success() {
  attempts_ = 0;
}

}  // namespace holdfast::client
