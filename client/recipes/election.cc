#include "client/recipes/election.h"

#include <algorithm>
#include <memory>

#include "client/recipes/following.h"

namespace holdfast::client {

template class Followed<std::optional<Leader>>;

namespace {

using FollowingLeader = detail::Following<std::optional<Leader>>;
using LeaderRead = std::function<void(Outcome<std::optional<Leader>>)>;

// What is left of a time that began then; at least a moment, so that the call is made.
std::optional<Milliseconds> left_of(const std::optional<Milliseconds>& timeout, Ticks began_at) {
  if (!timeout) return std::nullopt;
  const Milliseconds spent(BootClock::now_ms() - began_at);
  return std::max(*timeout - spent, Milliseconds(1));
}

std::optional<Leader> leader_of(const LockInfo& lock, Contents node) {
  if (lock.state != LockState::kHeld || lock.holders.empty()) return std::nullopt;
  const LockParty& holder = lock.holders.front();
  Leader leader{.party = holder, .generation = lock.generation};
  if (node.stat.modified > holder.zxid) leader.value = std::move(node.contents);
  return leader;
}

// Two requests: their replies are of different moments, and of the same leader they do for one.
void read_leader(const detail::SessionRef& session, const std::string& path,
                 const CallOptions& options, LeaderRead done) {
  const auto refused = [done](const Error& error) {
    if (error.code == ErrorCode::kNoNode) return done(std::optional<Leader>());
    done(error);
  };
  session.call(GetLockInfo{.path = path, .waiters_limit = 1}, options,
               [=](Outcome<LockInfoReply> lock) {
                 if (!lock) return refused(lock.error());
                 session.call(Get{.path = path}, options, [=](Outcome<Contents> node) {
                   if (!node) return refused(node.error());
                   if (node->stat.lock_generation != lock->lock.generation) {
                     return read_leader(session, path, options, done);
                   }
                   done(leader_of(lock->lock, std::move(node).value()));
                 });
               });
}

// From the grant on: the value, or the lock is given back.
void begin_to_lead(const detail::SessionRef& session, LockGuard granted, std::string value,
                   const CallOptions& options, std::function<void(Outcome<LockGuard>)> done) {
  const auto guard = std::make_shared<LockGuard>(std::move(granted));
  Set set{.path = guard->path(), .contents = std::move(value), .guard = guard->sequencer()};
  session.call(std::move(set), options, [guard, done](const Outcome<Written>& written) {
    if (written) return done(std::move(*guard));
    guard->release({}, [](const Outcome<Released>&) {});
    done(written.error());
  });
}

}  // namespace

void Election::campaign(CampaignOptions options, std::function<void(Outcome<LockGuard>)> done) {
  const Ticks began_at = BootClock::now_ms();
  AcquireOptions ask{.wait = options.wait,
                     .timeout = options.timeout,
                     .lock_delay = options.lock_delay,
                     .owner = options.owner.value_or(new_owner()),
                     .description = std::move(options.description),
                     .stop = std::move(options.stop),
                     .lost_at_jeopardy = options.lost_at_jeopardy,
                     .on_waiting = std::move(options.on_waiting)};
  session_.acquire(path_, std::move(ask),
                   [session = session_, value = std::move(options.value), timeout = options.timeout,
                    began_at, done](Outcome<LockGuard> guard) {
                     if (!guard || !value) return done(std::move(guard));
                     begin_to_lead(session, std::move(guard).value(), *value,
                                   {.timeout = left_of(timeout, began_at)}, done);
                   });
}

Outcome<LockGuard> Election::campaign(CampaignOptions options) {
  return detail::wait_for<LockGuard>(session_.runs_here(), std::nullopt, [&](auto done) {
    campaign(std::move(options), std::move(done));
  });
}

void Election::proclaim(const LockGuard& leadership, std::string value, const CallOptions& options,
                        std::function<void(Outcome<Written>)> done) {
  Set set{.path = path_, .contents = std::move(value), .guard = leadership.sequencer()};
  session_.call(std::move(set), options, std::move(done));
}

Outcome<Written> Election::proclaim(const LockGuard& leadership, std::string value) {
  return proclaim(leadership, std::move(value), CallOptions{});
}

Outcome<Written> Election::proclaim(const LockGuard& leadership, std::string value,
                                    const CallOptions& options) {
  return detail::wait_for<Written>(session_.runs_here(), options.timeout, [&](auto done) {
    proclaim(leadership, std::move(value), options, std::move(done));
  });
}

Outcome<Released> Election::resign(LockGuard& leadership) {
  return leadership.release();
}

Outcome<Released> Election::resign(LockGuard& leadership, const CallOptions& options) {
  return leadership.release(options);
}

void Election::resign(LockGuard& leadership, const CallOptions& options,
                      std::function<void(Outcome<Released>)> done) {
  leadership.release(options, std::move(done));
}

void Election::leader(const CallOptions& options,
                      std::function<void(Outcome<std::optional<Leader>>)> done) {
  read_leader(session_, path_, options, std::move(done));
}

Outcome<std::optional<Leader>> Election::leader() {
  return leader(CallOptions{});
}

Outcome<std::optional<Leader>> Election::leader(const CallOptions& options) {
  return detail::wait_for<std::optional<Leader>>(
      session_.runs_here(), options.timeout, [&](auto done) { leader(options, std::move(done)); });
}

void Election::observe(std::function<void(const std::optional<Leader>&)> on_change,
                       std::function<void(Outcome<Observation>)> done) {
  using enum EventKind;
  FollowingLeader::Plan plan{
      .watch = {.path = path_,
                .kinds = {kContentsChanged, kLockAcquired, kLockReleased, kLockLost, kNodeDeleted}},
      .read = [session = session_, path = path_](
                  FollowingLeader::Done read) { read_leader(session, path, {}, std::move(read)); },
      .is_same = [](const auto& one, const auto& other) { return one == other; },
      .on_change = std::move(on_change)};
  FollowingLeader::start(
      session_, std::move(plan),
      [done = std::move(done)](Outcome<std::shared_ptr<FollowingLeader>> started) {
        if (!started) return done(std::move(started).error());
        done(FollowingLeader::make(*started));
      });
}

Outcome<Election::Observation> Election::observe(
    std::function<void(const std::optional<Leader>&)> on_change) {
  return detail::wait_for<Observation>(session_.runs_here(), std::nullopt, [&](auto done) {
    observe(std::move(on_change), std::move(done));
  });
}

}  // namespace holdfast::client
