#include "client/recipes/round.h"

#include <algorithm>
#include <utility>

#include "client/recipes/await_state.h"
#include "client/recipes/places.h"

namespace holdfast::client::detail {
namespace {

constexpr std::string_view kInPrefix = "in-";
constexpr std::string_view kRound = "round";

Error bad_argument(std::string message) {
  return {.code = ErrorCode::kBadArgument, .message = std::move(message)};
}

RoundView::Round round_of(const Contents& node) {
  RoundView::Round round{.instance = node.stat.instance};
  std::size_t begin = 0;
  while (begin < node.contents.size()) {
    const std::size_t end = std::min(node.contents.find('\n', begin), node.contents.size());
    round.names.insert(node.contents.substr(begin, end - begin));
    begin = end + 1;
  }
  return round;
}

// The round first: whose places are gone after that, are gone for good.
void read_view(const SessionRef& session, const std::string& path,
               std::function<void(Outcome<RoundView>)> done) {
  session.call(Get{.path = child_path(path, kRound)}, {}, [=](const Outcome<Contents>& node) {
    if (!node && node.error().code != ErrorCode::kNoNode) return done(node.error());
    RoundView view;
    if (node) view.round = round_of(*node);
    session.call(List{.path = path, .with_stats = true}, {},
                 [view, done](const Outcome<Children>& children) mutable {
                   if (!children) return done(children.error());
                   view.zxid = children->zxid;
                   for (const Child& child : children->children) {
                     if (!child.name.starts_with(kInPrefix) || !child.stat) continue;
                     view.places.push_back({.name = child.name, .instance = child.stat->instance});
                   }
                   done(std::move(view));
                 });
  });
}

}  // namespace

bool RoundView::has_place(const std::string& name) const {
  return std::ranges::any_of(places, [&](const Place& place) { return place.name == name; });
}

bool RoundView::has_any_of(const std::set<std::string>& names) const {
  return std::ranges::any_of(places,
                             [&](const Place& place) { return names.contains(place.name); });
}

Participant::View::Plan Participant::plan() const {
  return {.watch = {.path = path_, .kinds = {EventKind::kChildAdded, EventKind::kChildRemoved}},
          .read = [session = session_,
                   path = path_](View::Done done) { read_view(session, path, std::move(done)); },
          .is_same =
              [](const RoundView& one, const RoundView& other) {
                return one.places == other.places && one.round == other.round;
              }};
}

// ---- entering -----------------------------------------------------------------------------------

void Participant::enter(EnterOptions options, Done done) {
  std::size_t turn = 0;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kOutside) {
      phase_ = Phase::kEntering;
      entered_ = std::move(done);
      place_.clear();
      turn = ++turn_;
    }
  }
  if (turn == 0) {
    return session_.post([done = std::move(done)] {
      done(bad_argument("This participant is inside already, or about to enter."));
    });
  }
  auto wait_end = std::make_unique<WaitEnd>(session_, options.wait, options.stop,
                                            [weak = weak_from_this(), turn](ErrorCode why) {
                                              if (const auto self = weak.lock())
                                                self->on_wait_end(turn, why);
                                            });
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kEntering && turn == turn_) wait_end_.swap(wait_end);
  }
  Create create{
      .path = child_path(path_, kInPrefix), .kind = NodeKind::kEphemeral, .sequential = true};
  session_.call(std::move(create), {}, [self = shared_from_this()](Outcome<Created> created) {
    self->on_created(std::move(created));
  });
}

// One that was on its way when its wait had ended must not end the next.
void Participant::on_wait_end(std::size_t turn, ErrorCode why) {
  {
    const std::lock_guard lock(mutex_);
    if (turn != turn_) return;
  }
  const bool is_time = why == ErrorCode::kTimeout;
  fail({.code = why,
        .message = is_time ? "The others did not come in the time given."
                           : "The wait was ended by the program.",
        .retryable = is_time,
        .path = path_});
}

void Participant::on_created(Outcome<Created> created) {
  if (!created) return fail(created.error());
  bool is_wanted = false;
  {
    const std::lock_guard lock(mutex_);
    // A wait that ended before its place was made may have been followed by another.
    is_wanted = phase_ == Phase::kEntering && place_.empty();
    if (is_wanted) place_ = created->path;
  }
  if (!is_wanted) return give_up_place(created->path);
  View::Plan entering = plan();
  entering.on_change = [self = shared_from_this()](const RoundView& view) { self->on_view(view); };
  entering.on_end = [self = shared_from_this()](const Error& error) { self->fail(error); };
  View::start(session_, std::move(entering),
              [self = shared_from_this()](Outcome<std::shared_ptr<View>> started) {
                if (!started) return self->fail(started.error());
                bool is_over = false;
                {
                  const std::lock_guard lock(self->mutex_);
                  is_over = self->phase_ != Phase::kEntering;
                  if (!is_over) self->view_ = *started;
                }
                if (is_over) (*started)->stop();
              });
}

void Participant::on_view(const RoundView& view) {
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kEntering) return;
    name = name_of(place_);
  }
  if (view.round && view.round->names.contains(name)) return on_entered(*view.round);
  if (!view.has_place(name)) {
    return fail({.code = ErrorCode::kNoNode,
                 .message = "The place of this participant was removed.",
                 .path = child_path(path_, name)});
  }
  if (view.round) {
    // Of a round whose participants all died nobody is left to end it.
    if (!view.has_any_of(view.round->names)) end_round(view.round->instance);
    return;
  }
  // One of them says it for all.
  if (view.places.size() >= count_ && view.places[count_ - 1].name == name) begin_round(view);
}

void Participant::begin_round(const RoundView& view) {
  Multi multi;
  std::string names;
  for (std::size_t i = 0; i < count_; ++i) {
    const RoundView::Place& place = view.places[i];
    multi.check({.path = child_path(path_, place.name), .if_instance = place.instance});
    names += place.name + '\n';
  }
  multi.create({.path = child_path(path_, kRound), .contents = names});
  session_.call(std::move(multi), {}, [self = shared_from_this()](const Outcome<MultiDone>& done) {
    if (done) return;  // The view will show it, as to the others.
    const ErrorCode code = done.error().code;
    // Somebody has gone, or was quicker: that will be seen too.
    if (code == ErrorCode::kNoNode || code == ErrorCode::kNodeExists) return;
    self->fail(done.error());
  });
}

// Also by several, and late: the instance says which round is meant.
void Participant::end_round(Zxid instance) const {
  session_.call(Remove{.path = child_path(path_, kRound), .if_instance = instance}, {},
                [](const Outcome<Removed>&) {});
}

void Participant::on_entered(const RoundView::Round& round) {
  {
    const std::lock_guard lock(mutex_);
    round_ = round;
  }
  std::string place;
  if (const Done done = take_entering(Phase::kInside, place)) done(BarrierMoved{round.instance});
}

void Participant::fail(const Error& error) {
  std::string place;
  const Done done = take_entering(Phase::kOutside, place);
  if (!done) return;
  if (!place.empty()) give_up_place(place);
  done(error);
}

Participant::Done Participant::take_entering(Phase next, std::string& place) {
  std::shared_ptr<View> view;
  std::unique_ptr<WaitEnd> wait_end;
  Done done;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kEntering) return nullptr;
    phase_ = next;
    place = place_;
    done.swap(entered_);
    view.swap(view_);
    wait_end.swap(wait_end_);
  }
  if (view != nullptr) view->stop();
  return done;
}

void Participant::give_up_place(const std::string& place) const {
  session_.call(Remove{.path = place}, {}, [](const Outcome<Removed>&) {});
}

// ---- leaving ------------------------------------------------------------------------------------

void Participant::leave(const CallOptions& options, Done done) {
  std::string place;
  std::optional<RoundView::Round> round;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kInside) {
      phase_ = Phase::kOutside;
      place = place_;
      round = std::exchange(round_, std::nullopt);
    }
  }
  if (!round) {
    return session_.post(
        [done = std::move(done)] { done(bad_argument("This participant is not inside.")); });
  }
  give_up_place(place);
  const auto on_left = [self = shared_from_this(), instance = round->instance,
                        done = std::move(done)](const Outcome<RoundView>& now) {
    if (!now) return done(now.error());
    self->end_round(instance);
    done(BarrierMoved{now->zxid});
  };
  const auto have_all_left = [names = std::move(round->names)](const RoundView& now) {
    return !now.has_any_of(names);
  };
  std::make_shared<Await<RoundView>>(on_left)->start(session_, plan(), have_all_left, options);
}

void Participant::drop() {
  std::string place;
  if (const Done done = take_entering(Phase::kOutside, place)) {
    session_.post([done] {
      done(Error{.code = ErrorCode::kCancelled, .message = "The barrier's object was destroyed."});
    });
  } else {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kInside) place = place_;
    phase_ = Phase::kOutside;
  }
  if (!place.empty()) give_up_place(place);
}

}  // namespace holdfast::client::detail
