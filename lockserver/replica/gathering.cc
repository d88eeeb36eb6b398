#include "lockserver/replica/gathering.h"

namespace holdfast::replica {
namespace {

// Who has not written again by then does something else first.
constexpr Ticks kFreshMs = 1;

}  // namespace

void Gathering::on_answered(Ticks now) {
  if (now - answered_at_ > kFreshMs) answered_ = 0;
  answered_at_ = now;
  ++answered_;
}

Gathering::Say Gathering::on_writes(std::size_t waiting, Ticks now) {
  const bool more_will_come = now - answered_at_ <= kFreshMs && waiting < answered_;
  if (moment_ == Moment::kOver || !more_will_come) return Say::kPropose;
  if (moment_ == Moment::kOn) return Say::kWait;
  moment_ = Moment::kOn;
  return Say::kBeginMoment;
}

}  // namespace holdfast::replica
