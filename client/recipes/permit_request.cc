#include "client/recipes/permit_request.h"

#include <atomic>
#include <utility>

#include "client/recipes/places.h"

namespace holdfast::client::detail {
namespace {

constexpr std::string_view kPermitPrefix = "permit-";

Error wait_is_over(const std::string& semaphore, bool is_try) {
  return {.code = is_try ? ErrorCode::kLockHeld : ErrorCode::kTimeout,
          .message = is_try ? "All permits of " + semaphore + " are taken, or asked for."
                            : "No permit of " + semaphore + " was free in the time given.",
          .retryable = true,
          .path = semaphore};
}

// The answers to the two requests of a release.
struct Answers {
  std::atomic<int> missing = 2;
  std::optional<Outcome<Released>> released;
  std::optional<Outcome<Removed>> removed;

  Outcome<Released> together() const {
    if (!*released) return *released;
    const bool is_gone = *removed || removed->error().code == ErrorCode::kNoNode;
    if (!is_gone) return removed->error();
    return Released{*removed ? (*removed)->zxid : removed->error().zxid};
  }
};

}  // namespace

// ---- a permit -----------------------------------------------------------------------------------

Permit PermitState::make(const SessionRef& session, LockGuard guard) {
  const auto state = std::make_shared<PermitState>(session, std::move(guard));
  // The lock of a place may be broken while its session lives: nobody else gets in until the place
  // is gone too.
  state->on_loss_ = std::make_unique<OnLoss>(state->guard_.stop_token(),
                                             [weak = std::weak_ptr<PermitState>(state)] {
                                               if (const auto self = weak.lock())
                                                 self->give_up_place();
                                             });
  return Permit(state);
}

// Behind a release of the lock on its way, so that no guard is put in doubt by it.
void PermitState::give_up_place() {
  give_up(session_, guard_.path(), guard_.owner());
}

void PermitState::release(const CallOptions& options, std::function<void(Outcome<Released>)> done) {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  const auto answers = std::make_shared<Answers>();
  const auto count = [answers, done = std::move(done)] {
    if (--answers->missing == 0) done(answers->together());
  };
  guard_.release(options, [answers, count](Outcome<Released> released) {
    answers->released = std::move(released);
    count();
  });
  session_.call(Remove{.path = guard_.path(), .owner = guard_.owner()}, options,
                [self = shared_from_this(), answers, count](Outcome<Removed> removed) {
                  // Broken in the same moment.
                  const bool is_early = !removed && removed.error().code == ErrorCode::kLockDelayed;
                  if (is_early) self->give_up_place();
                  answers->removed = std::move(removed);
                  count();
                });
}

void PermitState::drop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_over_, true)) return;
  }
  guard_.release({}, [](const Outcome<Released>&) {});
  give_up_place();
}

// ---- one who asks -------------------------------------------------------------------------------

PermitRequest::PermitRequest(SessionRef session, std::string semaphore, std::size_t permits,
                             PermitOptions options, Done done)
    : session_(std::move(session)),
      semaphore_(std::move(semaphore)),
      permits_(permits),
      options_(std::move(options)),
      owner_(new_owner()),
      done_(std::move(done)) {}

void PermitRequest::start() {
  begin_wait();
  Create create{.path = child_path(semaphore_, kPermitPrefix),
                .contents = options_.description,
                .kind = NodeKind::kEphemeral,
                .sequential = true};
  session_.call(std::move(create), {}, [self = shared_from_this()](Outcome<Created> created) {
    self->on_created(std::move(created));
  });
}

void PermitRequest::begin_wait() {
  const bool has_end = options_.wait && options_.wait->count() > 0;
  auto wait_end =
      std::make_unique<WaitEnd>(session_, has_end ? options_.wait : std::nullopt, options_.stop,
                                [weak = weak_from_this()](ErrorCode why) {
                                  if (const auto self = weak.lock()) self->on_wait_end(why);
                                });
  const std::lock_guard lock(mutex_);
  wait_end_ = std::move(wait_end);
}

void PermitRequest::on_wait_end(ErrorCode why) {
  if (why == ErrorCode::kTimeout) return fail(wait_is_over(semaphore_, false));
  fail({.code = why, .message = "The wait was ended by the program.", .path = semaphore_});
}

void PermitRequest::on_created(Outcome<Created> created) {
  if (!created) return fail(created.error());
  bool is_wanted = false;
  {
    const std::lock_guard lock(mutex_);
    place_ = created->path;
    is_wanted = done_ != nullptr;
  }
  if (!is_wanted) return give_up_place();
  stand();
}

void PermitRequest::stand() {
  Queue::Plan plan{
      .watch = {.path = semaphore_, .kinds = {EventKind::kChildRemoved, EventKind::kNodeDeleted}},
      .read = [self = shared_from_this()](Queue::Done done) { self->look(std::move(done)); },
      .is_same = [](Place one, Place other) { return one == other; },
      .on_change = [self = shared_from_this()](Place place) { self->on_place(place); },
      .on_end = [self = shared_from_this()](const Error& error) { self->fail(error); }};
  Queue::start(session_, std::move(plan),
               [self = shared_from_this()](Outcome<std::shared_ptr<Queue>> started) {
                 if (!started) return self->fail(started.error());
                 {
                   const std::lock_guard lock(self->mutex_);
                   self->queue_ = *started;
                 }
                 self->on_first_look();
               });
}

void PermitRequest::look(std::function<void(Outcome<Place>)> done) const {
  session_.call(List{.path = semaphore_, .limit = permits_}, {},
                [self = shared_from_this(), done = std::move(done)](Outcome<Children> first) {
                  if (!first) return done(first.error());
                  done(self->place_in(*first));
                });
}

// Names are ordered as their numbers.
PermitRequest::Place PermitRequest::place_in(const Children& first) const {
  const std::string name = name_of(place_);
  for (const Child& child : first.children) {
    if (child.name == name) return Place::kInside;
  }
  const bool is_behind = first.children.size() == permits_ && first.children.back().name < name;
  return is_behind ? Place::kWaiting : Place::kRemoved;
}

void PermitRequest::on_place(Place place) {
  if (place == Place::kInside) return enter();
  if (place == Place::kRemoved) {
    fail({.code = ErrorCode::kNoNode,
          .message = "The place " + place_ + " in the queue was removed.",
          .path = place_});
  }
}

void PermitRequest::on_first_look() {
  std::shared_ptr<Queue> unwanted;
  {
    const std::lock_guard lock(mutex_);
    if (is_entering_ || !done_) unwanted.swap(queue_);
  }
  if (unwanted != nullptr) return unwanted->stop();
  if (options_.wait && options_.wait->count() == 0) fail(wait_is_over(semaphore_, true));
}

void PermitRequest::enter() {
  std::shared_ptr<Queue> queue;
  {
    const std::lock_guard lock(mutex_);
    if (is_entering_ || !done_) return;
    is_entering_ = true;
    queue.swap(queue_);
  }
  if (queue != nullptr) queue->stop();
  AcquireOptions ask{.owner = owner_,
                     .description = options_.description,
                     .create = CreateMode::kNo,
                     .lost_at_jeopardy = options_.lost_at_jeopardy};
  session_.acquire(place_, std::move(ask), [self = shared_from_this()](Outcome<LockGuard> guard) {
    self->on_locked(std::move(guard));
  });
}

void PermitRequest::on_locked(Outcome<LockGuard> guard) {
  if (!guard) return fail(guard.error());
  const Done done = take_done();
  if (done) return done(PermitState::make(session_, std::move(guard).value()));
  guard->release({}, [](const Outcome<Released>&) {});
  give_up_place();
}

void PermitRequest::fail(const Error& error) {
  const Done done = take_done();
  if (!done) return;
  give_up_place();
  done(error);
}

PermitRequest::Done PermitRequest::take_done() {
  std::shared_ptr<Queue> queue;
  std::unique_ptr<WaitEnd> wait_end;
  Done done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
    queue.swap(queue_);
    wait_end.swap(wait_end_);
  }
  if (queue != nullptr) queue->stop();
  return done;
}

// A place that is not made yet is given up when it is.
void PermitRequest::give_up_place() {
  std::string place;
  {
    const std::lock_guard lock(mutex_);
    place = place_;
  }
  if (!place.empty()) give_up(session_, place, owner_);
}

}  // namespace holdfast::client::detail
