#include "client/recipes/group.h"

#include <atomic>
#include <mutex>
#include <optional>

#include "client/recipes/following.h"
#include "client/recipes/member_reader.h"
#include "client/recipes/places.h"

namespace holdfast::client {

template class Followed<Members>;

namespace {

using FollowingMembers = detail::Following<Members>;
using Presence = detail::Following<bool>;

bool is_same_members(const Members& one, const Members& other) {
  return one.members == other.members;
}

}  // namespace

namespace detail {

// What a Membership shares with the watch of its own node.
class MembershipState : public std::enable_shared_from_this<MembershipState> {
 public:
  MembershipState(SessionRef session, Created created)
      : session_(std::move(session)), created_(std::move(created)) {}

  const SessionRef& session() const { return session_; }
  const Created& created() const { return created_; }
  bool is_present() const { return phase_.load() == Phase::kPresent && !session_.is_over(); }
  const std::string& name() const { return name_; }

  void watch(std::function<void(Outcome<std::shared_ptr<MembershipState>>)> done) {
    Presence::Plan plan{
        .watch = {.path = created_.path, .kinds = {EventKind::kNodeDeleted}},
        .read =
            [session = session_, path = created_.path,
             instance = created_.stat.instance](Presence::Done read) {
              session.call(Exists{.path = path}, {}, [=](Outcome<Existence> found) {
                if (!found) return read(found.error());
                read(found->stat.has_value() && found->stat->instance == instance);
              });
            },
        .is_same = [](bool one, bool other) { return one == other; },
        .on_change =
            [self = shared_from_this()](bool is_there) {
              if (!is_there) self->on_removed();
            },
        .on_end = [self = shared_from_this()](const Error&) { self->on_removed(); }};
    Presence::start(session_, std::move(plan),
                    [self = shared_from_this(),
                     done = std::move(done)](Outcome<std::shared_ptr<Presence>> started) {
                      if (!started) return done(std::move(started).error());
                      self->set_presence(*started);
                      done(self);
                    });
  }

  void set_on_gone(std::function<void()> callback) {
    bool tell = false;
    {
      const std::lock_guard lock(mutex_);
      tell = phase_ == Phase::kGone && !on_gone_;
      on_gone_ = callback;
    }
    if (tell && callback) session_.post(std::move(callback));
  }

  void leave(const CallOptions& options, std::function<void(Outcome<Removed>)> done) {
    std::shared_ptr<Presence> presence;
    {
      const std::lock_guard lock(mutex_);
      if (phase_ == Phase::kPresent) phase_ = Phase::kLeft;
      presence = std::exchange(presence_, nullptr);
    }
    if (presence != nullptr) presence->stop();
    session_.call(Remove{.path = created_.path, .if_instance = created_.stat.instance}, options,
                  std::move(done));
  }

  bool has_left() const { return phase_.load() == Phase::kLeft; }

 private:
  enum class Phase { kPresent, kLeft, kGone };

  // The watch has this for as long as it goes on, and this the watch.
  void set_presence(std::shared_ptr<Presence> presence) {
    const std::lock_guard lock(mutex_);
    presence_ = std::move(presence);
  }

  void on_removed() {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      if (phase_ != Phase::kPresent) return;
      phase_ = Phase::kGone;
      callback = on_gone_;
    }
    if (callback) callback();
  }

  const SessionRef session_;
  const Created created_;
  const std::string name_ = name_of(created_.path);
  std::atomic<Phase> phase_ = Phase::kPresent;

  std::mutex mutex_;  // For what follows, and for changes of the phase.
  std::function<void()> on_gone_;
  std::shared_ptr<Presence> presence_;
};

}  // namespace detail

// ---- one member ---------------------------------------------------------------------------------

Membership& Membership::operator=(Membership&& other) noexcept {
  Membership old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Membership::~Membership() {
  if (state_ == nullptr || state_->has_left()) return;
  // There is nobody to whom a failure could be told; the node goes with the session at the latest.
  try {
    state_->leave({}, [](const Outcome<Removed>&) {});
  } catch (...) {
  }
}

const std::string& Membership::path() const {
  return state_->created().path;
}
const std::string& Membership::name() const {
  return state_->name();
}
Zxid Membership::instance() const {
  return state_->created().stat.instance;
}
bool Membership::present() const {
  return state_ != nullptr && state_->is_present();
}
void Membership::on_gone(std::function<void()> callback) {
  state_->set_on_gone(std::move(callback));
}

Outcome<Written> Membership::update(std::string contents) {
  return update(std::move(contents), CallOptions{});
}

Outcome<Written> Membership::update(std::string contents, const CallOptions& options) {
  return detail::wait_for<Written>(state_->session().runs_here(), options.timeout, [&](auto done) {
    update(std::move(contents), options, std::move(done));
  });
}

void Membership::update(std::string contents, const CallOptions& options,
                        std::function<void(Outcome<Written>)> done) {
  Set set{.path = path(), .contents = std::move(contents), .if_instance = instance()};
  state_->session().call(std::move(set), options, std::move(done));
}

Outcome<Removed> Membership::leave() {
  return leave(CallOptions{});
}

Outcome<Removed> Membership::leave(const CallOptions& options) {
  return detail::wait_for<Removed>(state_->session().runs_here(), options.timeout,
                                   [&](auto done) { leave(options, std::move(done)); });
}

void Membership::leave(const CallOptions& options, std::function<void(Outcome<Removed>)> done) {
  state_->leave(options, std::move(done));
}

// ---- all of them --------------------------------------------------------------------------------

void Group::join(JoinOptions options, std::function<void(Outcome<Membership>)> done) {
  Create create{.path = detail::child_path(path_, options.name),
                .contents = std::move(options.contents),
                .kind = NodeKind::kEphemeral,
                .sequential = options.numbered,
                .create_parents = true};
  session_.call(std::move(create), {},
                [session = session_, done = std::move(done)](Outcome<Created> created) {
                  if (!created) return done(std::move(created).error());
                  const auto state = std::make_shared<detail::MembershipState>(
                      session, std::move(created).value());
                  state->watch([done](Outcome<std::shared_ptr<detail::MembershipState>> made) {
                    if (!made) return done(std::move(made).error());
                    done(Membership(std::move(made).value()));
                  });
                });
}

Outcome<Membership> Group::join(JoinOptions options) {
  return detail::wait_for<Membership>(session_.runs_here(), std::nullopt, [&](auto done) {
    join(std::move(options), std::move(done));
  });
}

void Group::members(const CallOptions& options, std::function<void(Outcome<Members>)> done) {
  std::make_shared<detail::MemberReader>(session_, path_, options)->read(std::move(done));
}

Outcome<Members> Group::members() {
  return members(CallOptions{});
}

Outcome<Members> Group::members(const CallOptions& options) {
  return detail::wait_for<Members>(session_.runs_here(), std::nullopt,
                                   [&](auto done) { members(options, std::move(done)); });
}

void Group::watch(std::function<void(const Members&)> on_change,
                  std::function<void(Outcome<Followed<Members>>)> done) {
  using enum EventKind;
  const auto reader = std::make_shared<detail::MemberReader>(session_, path_, CallOptions{});
  // Recursive for the contents of the members, which have no children of their own.
  FollowingMembers::Plan plan{
      .watch = {.path = path_,
                .recursive = true,
                .kinds = {kChildAdded, kChildRemoved, kContentsChanged}},
      .read = [reader](FollowingMembers::Done read) { reader->read(std::move(read)); },
      .is_same = is_same_members,
      .on_change = std::move(on_change)};
  FollowingMembers::start(
      session_, std::move(plan),
      [done = std::move(done)](Outcome<std::shared_ptr<FollowingMembers>> started) {
        if (!started) return done(std::move(started).error());
        done(FollowingMembers::make(*started));
      });
}

Outcome<Followed<Members>> Group::watch(std::function<void(const Members&)> on_change) {
  return detail::wait_for<Followed<Members>>(session_.runs_here(), std::nullopt, [&](auto done) {
    watch(std::move(on_change), std::move(done));
  });
}

}  // namespace holdfast::client
