#include "lockserver/state/lock_ops.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "lockserver/state/errors.h"
#include "lockserver/state/lock_views.h"
#include "lockserver/state/node_ops.h"
#include "lockserver/state/wait_graph.h"
#include "thrift/path.h"
#include "thrift/printable.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

std::optional<Error> judge_words(const BreakLock& op) {
  if (op.reason.empty() || op.who.empty()) {
    return bad_argument("Who breaks a lock says his name and why.");
  }
  if (op.reason.size() > limits::kReasonBytesMax) {
    return too_large(
        {.name = "reason_bytes_max", .limit = limits::kReasonBytesMax, .actual = op.reason.size()});
  }
  if (op.who.size() > limits::kClientNameBytesMax) {
    return too_large({.name = "client_name_bytes_max",
                      .limit = limits::kClientNameBytesMax,
                      .actual = op.who.size()});
  }
  return std::nullopt;
}

std::vector<Zxid> broken_holders(const Lock* lock, const BreakLock& op) {
  std::vector<Zxid> holders;
  if (lock == nullptr) return holders;
  for (const auto& [asked, holder] : lock->holders) {
    if (op.acquisition.is_none() || holder.acquisition == op.acquisition) holders.push_back(asked);
  }
  return holders;
}

}  // namespace

// ---------------------------------------------------------------------------------------- acquire

std::optional<Error> LockOps::judge(const Acquire& op) const {
  if (Status valid = check_path(op.path); !valid.ok()) return bad_path(valid, op.path);
  if (op.description.size() > limits::kDescriptionBytesMax) {
    return too_large({.name = "description_bytes_max",
                      .limit = limits::kDescriptionBytesMax,
                      .actual = op.description.size()});
  }
  if (op.wait_ms < -1) return bad_argument("wait_ms is -1, 0 or more.");
  if (op.lock_delay_ms < 0 || op.lock_delay_ms > limits::kLockDelayMaxMs) {
    return bad_argument("lock_delay_ms is 0 to " + std::to_string(limits::kLockDelayMaxMs) + ".");
  }
  return std::nullopt;
}

Reply LockOps::apply(const Acquire& op) {
  if (auto error = judge(op)) return *error;
  if (const LockRequest* mine = rooms_.locks.request_of(turn_.party(op.owner), op.path)) {
    return ask_again(op, *mine);
  }
  if (rooms_.nodes.find(op.path) != nullptr) return ask(op);
  if (op.create == LockCreate::kNo) return no_node(op.path);
  NodeOps nodes(rooms_, turn_);
  nodes.begin();
  if (auto error = nodes.create_for_lock(op)) {
    nodes.undo();
    return *error;
  }
  Reply reply = ask(op);
  if (std::holds_alternative<Error>(reply)) {
    nodes.undo();
  } else {
    nodes.keep();
  }
  return reply;
}

Reply LockOps::ask(const Acquire& op) {
  const std::size_t mine = rooms_.locks.places_of(turn_.command.session).size();
  if (mine >= limits::kLocksPerSessionMax) {
    return limit_reached({.name = "locks_per_session_max",
                          .limit = limits::kLocksPerSessionMax,
                          .actual = mine + 1});
  }
  const std::uint64_t bytes = kLockRequestBytes + op.path.size() + op.description.size();
  if (auto error = check_space(rooms_, Growth::kLocks, bytes)) return *error;
  const Lock* lock = rooms_.locks.find(op.path);
  if (lock == nullptr || lock->is_free_for(op.mode)) return take(op);
  if (op.wait_ms == 0) return refuse(op);
  if (lock->waiters.size() >= limits::kWaitersPerLockMax) {
    return limit_reached({.name = "waiters_per_lock_max",
                          .limit = limits::kWaitersPerLockMax,
                          .actual = lock->waiters.size() + 1});
  }
  std::vector<WaitEdge> cycle =
      find_cycle(rooms_.locks, {.party = turn_.party(op.owner), .path = op.path, .mode = op.mode});
  if (!cycle.empty()) {
    Error error;
    error.code = ErrorCode::kDeadlock;
    error.path = op.path;
    error.message = "To wait for the lock " + printable(op.path) + " would close a circle of " +
                    std::to_string(cycle.size()) + " who wait for each other.";
    if (cycle.size() > kCycleInErrorMax) cycle.resize(kCycleInErrorMax);
    error.cycle = std::move(cycle);
    return error;
  }
  return enqueue(op);
}

LockRequest LockOps::new_request(const Acquire& op) const {
  return {.asked = turn_.zxid,
          .party = turn_.party(op.owner),
          .request = turn_.command.request,
          .mode = op.mode,
          .wait_ms = op.wait_ms,
          .lock_delay_ms = op.lock_delay_ms,
          .description = op.description,
          .asked_at = turn_.stamp,
          .acquisition = {},
          .granted_at = {}};
}

Reply LockOps::take(const Acquire& op) {
  const Lock* lock = rooms_.locks.find(op.path);
  if (lock == nullptr || lock->holders.empty()) {
    rooms_.nodes.set_lock_generation(op.path, turn_.zxid);
  }
  LockRequest request = new_request(op);
  request.acquisition = turn_.zxid;
  request.granted_at = turn_.stamp;
  rooms_.locks.add(op.path, request);
  turn_.emit(lock_event(rooms_, EventKind::kLockAcquired, op.path, request));
  return granted(rooms_, op.path, request);
}

Reply LockOps::enqueue(const Acquire& op) {
  const LockRequest request = new_request(op);
  rooms_.locks.add(op.path, request);
  const Lock& lock = *rooms_.locks.find(op.path);
  // A holder is told when the first comes for whom he stands in the way, not of every one after.
  const bool first = std::all_of(lock.waiters.begin(), lock.waiters.end(), [&](const auto& waiter) {
    return waiter.first == request.asked || !lock.holders_conflict(waiter.second.mode);
  });
  if (first && lock.holders_conflict(op.mode)) {
    std::vector<Zxid> holders;
    for (const auto& [asked, holder] : lock.holders) holders.push_back(asked);
    tell_conflict(op.path, holders);
  }
  turn_.timers.emplace(op.path);
  if (auto due = wait_due(rooms_, op.path, request)) turn_.effects.dues.push_back(std::move(*due));
  return Waiting{.ahead = lock.waiters.size() - 1};
}

Reply LockOps::refuse(const Acquire& op) const {
  const Lock& lock = *rooms_.locks.find(op.path);
  const bool only_delayed = lock.is_delayed() && !lock.holders_conflict(op.mode);
  return only_delayed ? lock_delayed(rooms_, op.path) : lock_held(rooms_, op.path);
}

// The same owner asks again, by another request. A grant stands as it is; a wait is taken over, and
// keeps its place.
Reply LockOps::ask_again(const Acquire& op, const LockRequest& mine) {
  if (mine.mode != op.mode) {
    return bad_argument("This owner has or awaits the lock " + printable(op.path) +
                        " in the other mode.");
  }
  if (!mine.acquisition.is_none()) return granted(rooms_, op.path, mine);
  if (op.wait_ms == 0) return refuse(op);
  LockRequest request = new_request(op);
  request.asked = mine.asked;
  answer(op.path, mine, cancelled(op.path));
  rooms_.locks.replace_waiter(op.path, request);
  turn_.timers.emplace(op.path);
  if (auto due = wait_due(rooms_, op.path, request)) turn_.effects.dues.push_back(std::move(*due));
  return acquire_state(rooms_, op.path, {.party = request.party, .request = request.request});
}

// --------------------------------------------------------------------------------- the other calls

Reply LockOps::apply(const CancelWait& op) {
  if (Status valid = check_path(op.path); !valid.ok()) return bad_path(valid, op.path);
  const bool timed_out = op.why == CancelWait::Why::kTimedOut;
  const SessionId session = timed_out ? op.session : turn_.command.session;
  const LockRequest* request =
      rooms_.locks.request_of({.session = session, .owner = op.owner}, op.path);
  if (timed_out) {
    const bool waits = request != nullptr && request->acquisition.is_none();
    if (!waits || request->request != op.waiter) return Done{};
    Error error = wait_ended(op.path);
    const Lock& lock = *rooms_.locks.find(op.path);
    if (!lock.holders.empty()) error.holders = lock_held(rooms_, op.path).holders;
    if (lock.is_delayed()) error.remaining_ms = lock_delayed(rooms_, op.path).remaining_ms;
    end_wait(op.path, request->asked, error);
    return Done{};
  }
  if (request == nullptr) return WaitCancelled{};
  if (!request->acquisition.is_none()) return granted(rooms_, op.path, *request);
  end_wait(op.path, request->asked, cancelled(op.path));
  return WaitCancelled{};
}

Reply LockOps::apply(const Release& op) {
  if (Status valid = check_path(op.path); !valid.ok()) return bad_path(valid, op.path);
  const LockRequest* request = rooms_.locks.request_of(turn_.party(op.owner), op.path);
  if (request == nullptr || request->acquisition.is_none()) return not_held(op.path);
  release(op.path, request->asked);
  return Done{};
}

Reply LockOps::apply(const BreakLock& op) {
  if (Status valid = check_path(op.path); !valid.ok()) return bad_path(valid, op.path);
  if (auto error = judge_words(op)) return *error;
  const Lock* lock = rooms_.locks.find(op.path);
  if (lock == nullptr && rooms_.nodes.find(op.path) == nullptr) return no_node(op.path);
  const std::vector<Zxid> holders = broken_holders(lock, op);
  Broken broken;
  for (const Zxid asked : holders) {
    if (broken.broken.size() == kPartiesInReplyMax) break;
    broken.broken.push_back(party_of(rooms_, lock->holders.at(asked)));
  }
  // Who will not wait does not wait for delays either that an earlier loss has left.
  const bool lifts = op.now && op.acquisition.is_none() && lock != nullptr && lock->is_delayed();
  if (holders.empty() && !lifts) return not_held(op.path);
  const Loss loss{.delay = op.now ? Loss::Delay::kNone : Loss::Delay::kUntilAcknowledged,
                  .reason = "broken by " + op.who + ": " + op.reason};
  for (const Zxid asked : holders) lose(op.path, asked, loss);
  if (lifts) {
    rooms_.locks.end_delays(op.path, [](const auto&, const auto&) { return true; });
    turn_.timers.emplace(op.path);
    turn_.unsettled.emplace(op.path);
  }
  if (const Lock* left = rooms_.locks.find(op.path)) {
    for (const auto& [key, delay] : left->delays) {
      if (key.since == turn_.zxid) broken.delay_ms = std::max(broken.delay_ms, delay.delay_ms);
    }
  }
  return broken;
}

Reply LockOps::apply(const EndLockDelay& op) {
  if (Status valid = check_path(op.path); !valid.ok()) return bad_path(valid, op.path);
  end_delays(op.path, op.since, op.acknowledged_by);
  return Done{};
}

void LockOps::end_delays(std::string_view path, const Zxid& since, SessionId acknowledged_by) {
  const auto ends = [&](const LockDelay::Key& key, const LockDelay& delay) {
    if (key.since != since) return false;
    return acknowledged_by.is_none() || (key.party.session == acknowledged_by && delay.lost);
  };
  if (!rooms_.locks.end_delays(path, ends)) return;
  turn_.timers.emplace(path);
  turn_.unsettled.emplace(path);
}

// ---------------------------------------------------------------------------- ends of holds, waits

void LockOps::end_requests(SessionId session, const std::optional<Loss>& loss) {
  const LockTable::Places places = rooms_.locks.places_of(session);
  for (const auto& [place, asked] : places) {
    const bool holds = rooms_.locks.find(place.path)->holders.contains(asked);
    if (!holds) {
      end_wait(place.path, asked, session_expired(session));
    } else if (loss) {
      lose(place.path, asked, *loss);
    } else {
      release(place.path, asked);
    }
  }
}

void LockOps::lose_all(std::string_view path, const Loss& loss) {
  const Lock* lock = rooms_.locks.find(path);
  if (lock == nullptr) return;
  std::vector<Zxid> holders;
  for (const auto& [asked, holder] : lock->holders) holders.push_back(asked);
  for (const Zxid asked : holders) lose(path, asked, loss);
}

void LockOps::release(std::string_view path, Zxid asked) {
  const LockRequest& holder = rooms_.locks.find(path)->holders.at(asked);
  turn_.emit(lock_event(rooms_, EventKind::kLockReleased, path, holder));
  rooms_.locks.remove(path, asked);
  turn_.unsettled.emplace(path);
}

void LockOps::lose(std::string_view path, Zxid asked, const Loss& loss) {
  const LockRequest holder = rooms_.locks.find(path)->holders.at(asked);
  const Sessions::Entry* entry = rooms_.sessions.find(holder.party.session);
  HOLDFAST_CHECK(entry != nullptr, "a holder without a session: " + std::string(path));
  LockDelay delay{.holder = party_of(rooms_, holder),
                  .secret = entry->session.secret,
                  .generation = sequencer_of(rooms_, path, holder).generation,
                  .delay_ms = holder.lock_delay_ms,
                  .began_cluster_ms = turn_.stamp.cluster_ms,
                  .lost = std::nullopt};
  Event event = lock_event(rooms_, EventKind::kLockLost, path, holder);
  event.reason = loss.reason;
  const EventName lost = turn_.emit(std::move(event));
  if (loss.delay == Loss::Delay::kNone) delay.delay_ms = 0;
  if (loss.delay == Loss::Delay::kUntilAcknowledged) {
    delay.delay_ms = std::max(entry->session.lease_ms, holder.lock_delay_ms);
    delay.lost = lost;
  }
  rooms_.locks.remove(path, asked);
  turn_.unsettled.emplace(path);
  if (delay.delay_ms == 0) return;
  turn_.timers.emplace(path);
  turn_.effects.dues.push_back(
      {.cluster_ms = delay_ends(rooms_, delay),
       .op = EndLockDelay{
           .path = std::string(path), .since = turn_.zxid, .acknowledged_by = SessionId()}});
  rooms_.locks.add_delay(path, {.since = turn_.zxid, .party = holder.party}, std::move(delay));
}

void LockOps::end_wait(std::string_view path, Zxid asked, const Error& error) {
  const LockRequest waiter = rooms_.locks.remove(path, asked);
  answer(path, waiter, error);
  turn_.timers.emplace(path);
  turn_.unsettled.emplace(path);
}

void LockOps::acknowledge_all(SessionId session) {
  const PathSet paths = rooms_.locks.awaits_acknowledgement(session);
  for (const std::string& path : paths) {
    rooms_.locks.end_delays(path, [session](const LockDelay::Key& key, const LockDelay& delay) {
      return key.party.session == session && delay.lost.has_value();
    });
    turn_.timers.emplace(path);
    turn_.unsettled.emplace(path);
  }
}

void LockOps::lift_delays(const SecretHash& secret) {
  const PathSet paths = rooms_.locks.delayed_paths();
  for (const std::string& path : paths) {
    const bool lifted = rooms_.locks.end_delays(
        path, [&secret](const auto&, const LockDelay& delay) { return delay.secret == secret; });
    if (!lifted) continue;
    turn_.timers.emplace(path);
    turn_.unsettled.emplace(path);
  }
}

// -----------------------------------------------------------------------------------------
// settling

void LockOps::settle() {
  for (const std::string& path : turn_.removed) end_lock_of_removed(path);
  // From the end, so that children come before their parents: an until-free parent may go with its
  // last child.
  while (!turn_.unsettled.empty()) {
    const std::string path =
        std::move(turn_.unsettled.extract(std::prev(turn_.unsettled.end())).value());
    hand_over(path);
    vanish_if_unneeded(path);
  }
  turn_.effects.timers_changed.assign(turn_.timers.begin(), turn_.timers.end());
}

// The only holder left is he who removed the node, and the removal has said that he released it.
void LockOps::end_lock_of_removed(const std::string& path) {
  const Lock* lock = rooms_.locks.find(path);
  if (lock == nullptr) return;
  std::vector<Zxid> holders;
  std::vector<Zxid> waiters;
  for (const auto& [asked, holder] : lock->holders) holders.push_back(asked);
  for (const auto& [asked, waiter] : lock->waiters) waiters.push_back(asked);
  for (const Zxid asked : holders) rooms_.locks.remove(path, asked);
  for (const Zxid asked : waiters) end_wait(path, asked, no_node(path));
}

void LockOps::hand_over(const std::string& path) {
  const std::vector<Zxid> grants = rooms_.locks.next_grants(path);
  if (grants.empty()) return;
  if (rooms_.locks.find(path)->holders.empty()) {
    rooms_.nodes.set_lock_generation(path, turn_.zxid);
  }
  for (const Zxid asked : grants) {
    const LockRequest& holder =
        rooms_.locks.grant(path, {.asked = asked, .acquisition = turn_.zxid, .stamp = turn_.stamp});
    turn_.emit(lock_event(rooms_, EventKind::kLockAcquired, path, holder));
    answer(path, holder, granted(rooms_, path, holder));
  }
  turn_.timers.emplace(path);
  tell_conflict(path, grants);
}

// Tells these holders of the first who waits for them, if there is one.
void LockOps::tell_conflict(std::string_view path, const std::vector<Zxid>& holders) {
  const Lock& lock = *rooms_.locks.find(path);
  const auto waiter =
      std::find_if(lock.waiters.begin(), lock.waiters.end(),
                   [&lock](const auto& waits) { return lock.holders_conflict(waits.second.mode); });
  if (waiter == lock.waiters.end()) return;
  for (const Zxid asked : holders) {
    Event event = lock_event(rooms_, EventKind::kLockConflict, path, waiter->second);
    event.to = lock.holders.at(asked).party.session;
    turn_.emit(std::move(event));
  }
}

void LockOps::vanish_if_unneeded(const std::string& path) {
  const Node* node = rooms_.nodes.find(path);
  if (node == nullptr || node->meta.kind != NodeKind::kUntilFree) return;
  if (node->child_count() > 0 || rooms_.locks.find(path) != nullptr) return;
  NodeOps(rooms_, turn_).erase(path);
  turn_.unsettled.emplace(parent_path(path));
}

void LockOps::answer(std::string_view path, const LockRequest& request, Reply reply) {
  turn_.effects.outcomes.push_back({.session = request.party.session,
                                    .owner = request.party.owner,
                                    .path = std::string(path),
                                    .request = request.request,
                                    .reply = std::move(reply)});
}

}  // namespace holdfast::state
