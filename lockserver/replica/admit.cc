#include "lockserver/replica/admit.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <variant>

#include "zab/base/check.h"

namespace holdfast::replica {

namespace {

template <typename T, typename... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

bool multi_only_frees(const state::Multi& multi) {
  return std::all_of(multi.ops.begin(), multi.ops.end(), [](const state::MultiOp& op) {
    return !std::holds_alternative<state::Create>(op) &&
           !std::holds_alternative<state::SetContents>(op);
  });
}

}  // namespace

bool only_frees(const state::Op& op) {
  return std::visit(
      [](const auto& it) {
        using T = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<T, state::Multi>) {
          return multi_only_frees(it);
        } else {
          return !is_one_of<T, state::OpenSession, state::Acquire, state::Create,
                            state::SetContents>;
        }
      },
      op);
}

bool is_of_the_cell(const state::Op& op) {
  if (const auto* cancel = std::get_if<state::CancelWait>(&op)) {
    return cancel->why == state::CancelWait::Why::kTimedOut;
  }
  return std::holds_alternative<state::ExpireSession>(op) ||
         std::holds_alternative<state::EndLockDelay>(op) ||
         std::holds_alternative<state::EpochBegun>(op);
}

void Stamps::begin_reign(const state::Stamp& last, Ticks now) {
  base_ms_ = last.cluster_ms;
  newest_ms_ = last.cluster_ms;
  began_ = now;
}

std::int64_t Stamps::cluster_ms(Ticks now) const {
  return std::max(newest_ms_, base_ms_ + (now - began_));
}

state::Stamp Stamps::next(const Time& time) {
  newest_ms_ = cluster_ms(time.now);
  return {.cluster_ms = newest_ms_, .wall_ms = time.wall_ms};
}

void SpaceWatch::observe(const Self& self, const std::vector<zab::CoreView::Learner>& learners,
                         Ticks now) {
  std::set<ServerId> here = {self.id};
  std::set<ServerId> roomy;
  if (self.free_bytes > 0) roomy.insert(self.id);
  for (const zab::CoreView::Learner& learner : learners) {
    if (!learner.active) continue;
    here.insert(learner.id);
    if (learner.free_bytes > 0) roomy.insert(learner.id);
  }
  // Without a quorum here it is not for lack of space that nothing can be written.
  const bool is_lacking = quorum_.is_quorum(here) && !quorum_.is_quorum(roomy);
  if (!is_lacking) {
    lacks_since_.reset();
  } else if (!lacks_since_) {
    lacks_since_ = now;
  }
}

}  // namespace holdfast::replica
