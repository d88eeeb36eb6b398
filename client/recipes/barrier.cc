#include "client/recipes/barrier.h"

#include "client/blocking.h"
#include "client/recipes/await_state.h"
#include "client/recipes/following.h"
#include "client/recipes/places.h"
#include "client/recipes/round.h"
#include "zab/base/limits.h"

namespace holdfast::client {
namespace {

using FollowingExistence = detail::Following<Existence>;

// What a round checks in one command, beside the node that it makes.
constexpr std::size_t kParticipantsMax = 1'000;
static_assert(kParticipantsMax < limits::kMultiOpsMax);

bool is_same_existence(const Existence& one, const Existence& other) {
  if (!one.stat || !other.stat) return one.stat.has_value() == other.stat.has_value();
  return one.stat->instance == other.stat->instance;
}

}  // namespace

void Barrier::raise(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done) {
  session_.call(Create{.path = path_, .create_parents = true}, options,
                [done = std::move(done)](const Outcome<Created>& created) {
                  if (created) return done(BarrierMoved{created->zxid});
                  if (created.error().code != ErrorCode::kNodeExists) return done(created.error());
                  done(BarrierMoved{created.error().zxid});
                });
}

Outcome<BarrierMoved> Barrier::raise() {
  return detail::wait_for<BarrierMoved>(session_.runs_here(), std::nullopt,
                                        [&](auto done) { raise({}, std::move(done)); });
}

void Barrier::lift(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done) {
  session_.call(Remove{.path = path_}, options,
                [done = std::move(done)](const Outcome<Removed>& removed) {
                  if (removed) return done(BarrierMoved{removed->zxid});
                  if (removed.error().code != ErrorCode::kNoNode) return done(removed.error());
                  done(BarrierMoved{removed.error().zxid});
                });
}

Outcome<BarrierMoved> Barrier::lift() {
  return detail::wait_for<BarrierMoved>(session_.runs_here(), std::nullopt,
                                        [&](auto done) { lift({}, std::move(done)); });
}

void Barrier::wait(const CallOptions& options, std::function<void(Outcome<BarrierMoved>)> done) {
  FollowingExistence::Plan plan{
      .watch = {.path = path_, .kinds = {EventKind::kNodeDeleted, EventKind::kNodeCreated}},
      .read =
          [session = session_, path = path_](FollowingExistence::Done read) {
            session.call(Exists{.path = path}, {}, std::move(read));
          },
      .is_same = is_same_existence};
  // Until the node that is found there at first is gone.
  const auto first = std::make_shared<std::optional<Existence>>();
  const auto is_lifted = [first](const Existence& now) {
    if (!*first) *first = now;
    return !now.stat || !is_same_existence(**first, now);
  };
  std::make_shared<detail::Await<Existence>>([done =
                                                  std::move(done)](const Outcome<Existence>& now) {
    if (!now) return done(now.error());
    done(BarrierMoved{now->zxid});
  })->start(session_, std::move(plan), is_lifted, options);
}

Outcome<BarrierMoved> Barrier::wait(const CallOptions& options) {
  return detail::wait_for<BarrierMoved>(session_.runs_here(), std::nullopt,
                                        [&](auto done) { wait(options, std::move(done)); });
}

// ---- the double one -----------------------------------------------------------------------------

DoubleBarrier& DoubleBarrier::operator=(DoubleBarrier&& other) noexcept {
  DoubleBarrier old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

DoubleBarrier::~DoubleBarrier() {
  if (state_ == nullptr) return;
  // There is nobody to whom a failure could be told; the place goes with the session at the latest.
  try {
    state_->drop();
  } catch (...) {
  }
}

void DoubleBarrier::open(Session& session, std::string path, std::size_t participants,
                         std::function<void(Outcome<DoubleBarrier>)> done) {
  const detail::SessionRef ref = detail::SessionRef::of(session);
  if (participants == 0 || participants > kParticipantsMax) {
    return ref.post([done = std::move(done)] {
      done(Error{.code = ErrorCode::kBadArgument,
                 .message = "A double barrier has 1 to 1,000 participants."});
    });
  }
  detail::agree_on(
      ref, path, std::to_string(participants),
      [=, done = std::move(done)](Outcome<Contents> agreed) {
        if (!agreed) return done(std::move(agreed).error());
        done(DoubleBarrier(std::make_shared<detail::Participant>(ref, path, participants)));
      });
}

Outcome<DoubleBarrier> DoubleBarrier::open(Session& session, std::string path,
                                           std::size_t participants) {
  return detail::wait_for<DoubleBarrier>(
      detail::SessionRef::of(session).runs_here(), std::nullopt,
      [&](auto done) { open(session, std::move(path), participants, std::move(done)); });
}

void DoubleBarrier::enter(EnterOptions options, std::function<void(Outcome<BarrierMoved>)> done) {
  state_->enter(std::move(options), std::move(done));
}

Outcome<BarrierMoved> DoubleBarrier::enter(EnterOptions options) {
  return detail::wait_for<BarrierMoved>(
      state_->session().runs_here(), std::nullopt,
      [&](auto done) { enter(std::move(options), std::move(done)); });
}

void DoubleBarrier::leave(const CallOptions& options,
                          std::function<void(Outcome<BarrierMoved>)> done) {
  state_->leave(options, std::move(done));
}

Outcome<BarrierMoved> DoubleBarrier::leave(const CallOptions& options) {
  return detail::wait_for<BarrierMoved>(state_->session().runs_here(), std::nullopt,
                                        [&](auto done) { leave(options, std::move(done)); });
}

}  // namespace holdfast::client
