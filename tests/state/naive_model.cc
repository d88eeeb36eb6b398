#include "tests/state/naive_model.h"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "thrift/path.h"

namespace holdfast::state {
namespace {

Error error(ErrorCode code) {
  Error out;
  out.code = code;
  return out;
}

Error error(ErrorCode code, std::uint64_t actual) {
  Error out = error(code);
  out.actual = actual;
  return out;
}

bool clash(LockMode a, LockMode b) {
  return a == LockMode::kExclusive || b == LockMode::kExclusive;
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string parent_of(const std::string& path) {
  return std::string(parent_path(path));
}

}  // namespace

NaiveModel::Answer NaiveModel::apply(Zxid zxid, const Command& command) {
  zxid_ = zxid;
  command_ = &command;
  now_ = std::max(now_, command.stamp.cluster_ms);
  answer_ = {};
  created_.clear();
  removed_.clear();
  answer_.reply = answer();
  settle();
  return answer_;
}

Reply NaiveModel::answer() {
  const Op& op = command_->op;
  if (!command_->session.is_none()) return answer_in_session();
  const auto* cancel = std::get_if<CancelWait>(&op);
  const bool alone =
      std::holds_alternative<OpenSession>(op) || std::holds_alternative<ExpireSession>(op) ||
      std::holds_alternative<KillSession>(op) || std::holds_alternative<BreakLock>(op) ||
      std::holds_alternative<EndLockDelay>(op) || std::holds_alternative<EpochBegun>(op) ||
      (cancel != nullptr && cancel->why == CancelWait::Why::kTimedOut);
  return alone ? carry_out() : error(ErrorCode::kBadArgument);
}

Reply NaiveModel::answer_in_session() {
  const auto found = world_.sessions.find(command_->session);
  const bool closes = std::holds_alternative<CloseSession>(command_->op);
  if (found == world_.sessions.end() || (found->second.killed && !closes)) {
    return error(ErrorCode::kSessionExpired);
  }
  NaiveSession& session = found->second;
  session.answered_below = std::max(session.answered_below, command_->answered_below.value);
  std::erase_if(session.results,
                [&](const auto& result) { return result.first < session.answered_below; });
  const std::uint64_t number = command_->request.value;
  const auto result = session.results.find(number);
  const auto* acquire = std::get_if<Acquire>(&command_->op);
  const bool waited =
      result != session.results.end() && std::holds_alternative<Waiting>(result->second);
  if (acquire != nullptr && (waited || number < session.answered_below)) return state_of(*acquire);
  if (number < session.answered_below) return error(ErrorCode::kBadArgument);
  if (result != session.results.end()) return result->second;
  const Reply reply = carry_out();
  if (world_.sessions.contains(command_->session)) {
    world_.sessions[command_->session].results[number] = reply;
  }
  return reply;
}

Reply NaiveModel::carry_out() {
  if (command_->guard && !is_valid(*command_->guard)) return error(ErrorCode::kStaleSequencer);
  return std::visit([this](const auto& op) { return on(op); }, command_->op);
}

// -----------------------------------------------------------------------------------------
// sessions

Reply NaiveModel::on(const OpenSession& op) {
  for (const auto& [id, session] : world_.sessions) {
    if (session.secret != op.secret) continue;
    return SessionOpened{
        .session = id, .lease_ms = session.lease_ms, .previous_closed = session.previous_closed};
  }
  bool closed = false;
  if (op.previous) {
    const auto living =
        std::find_if(world_.sessions.begin(), world_.sessions.end(),
                     [&](const auto& each) { return each.second.secret == op.previous->secret; });
    if (living != world_.sessions.end()) {
      if (living->second.instance_name != op.previous->instance_name) {
        return error(ErrorCode::kWrongSecret);
      }
      end_session(living->first, std::nullopt);
      closed = true;
    }
    std::erase_if(world_.delays,
                  [&](const Delay& delay) { return delay.secret == op.previous->secret; });
  }
  NaiveSession session;
  session.secret = op.secret;
  session.instance_name = op.instance_name;
  session.lease_ms =
      op.lease_ms == 0 ? 12'000 : std::clamp<std::int64_t>(op.lease_ms, 1'000, 600'000);
  session.previous_closed = closed;
  const SessionId id(zxid_.value);
  world_.sessions[id] = session;
  return SessionOpened{.session = id, .lease_ms = session.lease_ms, .previous_closed = closed};
}

Reply NaiveModel::on(const CloseSession&) {
  const SessionId id = command_->session;
  std::erase_if(world_.delays, [&](const Delay& delay) {
    return delay.session == id && delay.ends_by_acknowledgement;
  });
  end_session(id, std::nullopt);
  return Done{};
}

Reply NaiveModel::on(const ExpireSession& op) {
  if (world_.sessions.contains(op.session)) end_session(op.session, Loss::kLockDelay);
  return Done{};
}

Reply NaiveModel::on(const KillSession& op) {
  if (!world_.sessions.contains(op.session)) return Killed{.killed = false};
  if (op.now) {
    std::erase_if(world_.delays, [&](const Delay& delay) {
      return delay.session == op.session && delay.ends_by_acknowledgement;
    });
    end_session(op.session, Loss::kNow);
    return Killed{.killed = true};
  }
  for (const Request& request : std::vector<Request>(world_.requests)) {
    if (request.session != op.session) continue;
    if (request.holds()) {
      lose(request, Loss::kUntilAcknowledged);
    } else {
      end_request(request, error(ErrorCode::kSessionExpired));
    }
  }
  const bool owes =
      std::any_of(world_.delays.begin(), world_.delays.end(), [&](const Delay& delay) {
        return delay.session == op.session && delay.ends_by_acknowledgement;
      });
  if (owes) {
    world_.sessions[op.session].killed = true;
  } else {
    end_session(op.session, std::nullopt);
  }
  return Killed{.killed = true};
}

void NaiveModel::end_session(SessionId id, std::optional<Loss> loss) {
  for (const Request& request : std::vector<Request>(world_.requests)) {
    if (request.session != id) continue;
    if (!request.holds()) {
      end_request(request, error(ErrorCode::kSessionExpired));
    } else if (loss) {
      lose(request, *loss);
    } else {
      release(request);
    }
  }
  for (const auto& [path, node] : std::map<std::string, NaiveNode>(world_.nodes)) {
    if (node.owner != id) continue;
    for (const Request& holder : requests_at(path, true)) lose(holder, Loss::kUntilAcknowledged);
    delete_node(path);
  }
  world_.sessions.erase(id);
}

// --------------------------------------------------------------------------------------------
// locks

Reply NaiveModel::on(const Acquire& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  if (Request* mine = find_request(command_->session, op.owner, op.path)) {
    if (mine->mode != op.mode) return error(ErrorCode::kBadArgument);
    if (mine->holds()) return granted(*mine);
    if (op.wait_ms == 0) return ask(op);
    Request again = *mine;
    end_request(again, error(ErrorCode::kCancelled));
    const auto place =
        std::find_if(world_.requests.begin(), world_.requests.end(),
                     [&again](const Request& request) { return request.asked > again.asked; });
    again.number = command_->request;
    again.wait_ms = op.wait_ms;
    again.lock_delay_ms = op.lock_delay_ms;
    again.asked_at = now_;
    world_.requests.insert(place, again);
    return state_of(op);
  }
  if (world_.nodes.contains(op.path)) return ask(op);
  if (op.create == LockCreate::kNo) return error(ErrorCode::kNoNode);
  const World before = world_;
  const std::vector<Event> events = answer_.events;
  NaiveNode node;
  node.kind = op.create == LockCreate::kUntilFree ? NodeKind::kUntilFree : NodeKind::kPersistent;
  std::optional<Error> refused = add_parents(op.path);
  if (!refused) refused = add_node(op.path, node);
  Reply reply = refused ? Reply(*refused) : ask(op);
  if (std::holds_alternative<Error>(reply)) {
    world_ = before;
    answer_.events = events;
  }
  return reply;
}

Reply NaiveModel::ask(const Acquire& op) {
  const std::vector<Request> holders = requests_at(op.path, true);
  const std::vector<Request> waiters = requests_at(op.path, false);
  const auto clashes = [](const std::vector<Request>& list, LockMode mode) {
    return std::any_of(list.begin(), list.end(),
                       [mode](const Request& other) { return clash(other.mode, mode); });
  };
  const bool blocked = clashes(holders, op.mode);
  Request request{.path = op.path,
                  .asked = zxid_,
                  .session = command_->session,
                  .owner = op.owner,
                  .number = command_->request,
                  .mode = op.mode,
                  .wait_ms = op.wait_ms,
                  .lock_delay_ms = op.lock_delay_ms,
                  .asked_at = now_,
                  .acquisition = {}};
  if (!blocked && waiters.empty() && !is_delayed(op.path)) {
    if (holders.empty()) world_.nodes[op.path].lock_generation = zxid_;
    request.acquisition = zxid_;
    world_.requests.push_back(request);
    emit_lock(EventKind::kLockAcquired, request, SessionId());
    return granted(request);
  }
  if (op.wait_ms == 0) {
    return is_delayed(op.path) && !blocked ? delayed_error(op.path) : held_error(op.path);
  }
  if (would_deadlock(request)) return error(ErrorCode::kDeadlock);
  world_.requests.push_back(request);
  bool told = false;
  for (const Request& waiter : waiters) told = told || clashes(holders, waiter.mode);
  if (blocked && !told) {
    for (const Request& holder : holders) {
      emit_lock(EventKind::kLockConflict, request, holder.session);
    }
  }
  return Waiting{.ahead = waiters.size()};
}

Reply NaiveModel::state_of(const Acquire& op) {
  const Request* mine = find_request(command_->session, op.owner, op.path);
  if (mine != nullptr && mine->number == command_->request) {
    if (mine->holds()) return granted(*mine);
    std::uint64_t ahead = 0;
    for (const Request& other : requests_at(op.path, false)) ahead += other.asked < mine->asked;
    return Waiting{.ahead = ahead};
  }
  if (!world_.nodes.contains(op.path)) return error(ErrorCode::kNoNode);
  return error(mine != nullptr ? ErrorCode::kCancelled : ErrorCode::kTimeout);
}

// Reachability over all owners: from the new wait back to its own owner.
bool NaiveModel::would_deadlock(const Request& wait) const {
  using Owner = std::pair<SessionId, OwnerId>;
  if (wait.owner.is_none()) return false;
  std::vector<Request> all = world_.requests;
  all.push_back(wait);
  std::set<Owner> reached = {};
  std::vector<Owner> next = {{wait.session, wait.owner}};
  while (!next.empty()) {
    const Owner from = next.back();
    next.pop_back();
    for (const Request& mine : all) {
      if (mine.holds() || Owner(mine.session, mine.owner) != from) continue;
      for (const Request& other : all) {
        const bool before = other.holds() || other.asked < mine.asked;
        if (other.path != mine.path || !before || !clash(other.mode, mine.mode)) continue;
        const Owner to(other.session, other.owner);
        if (to == Owner(wait.session, wait.owner)) return true;
        if (!other.owner.is_none() && reached.insert(to).second) next.push_back(to);
      }
    }
  }
  return false;
}

Reply NaiveModel::on(const CancelWait& op) {
  const bool timed_out = op.why == CancelWait::Why::kTimedOut;
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  const Request* request =
      find_request(timed_out ? op.session : command_->session, op.owner, op.path);
  if (timed_out) {
    if (request == nullptr || request->holds() || request->number != op.waiter) return Done{};
    Error over = error(ErrorCode::kTimeout);
    over.holders = held_error(op.path).holders;
    if (is_delayed(op.path)) over.remaining_ms = delayed_error(op.path).remaining_ms;
    end_request(*request, over);
    return Done{};
  }
  if (request == nullptr) return WaitCancelled{};
  if (request->holds()) return granted(*request);
  end_request(*request, error(ErrorCode::kCancelled));
  return WaitCancelled{};
}

Reply NaiveModel::on(const Release& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  const Request* request = find_request(command_->session, op.owner, op.path);
  if (request == nullptr || !request->holds()) return error(ErrorCode::kNotHeld);
  release(*request);
  return Done{};
}

Reply NaiveModel::on(const BreakLock& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  const bool delayed = is_delayed(op.path);
  std::vector<Request> holders = requests_at(op.path, true);
  if (!world_.nodes.contains(op.path) && !delayed) return error(ErrorCode::kNoNode);
  std::erase_if(holders, [&](const Request& holder) {
    return !op.acquisition.is_none() && holder.acquisition != op.acquisition;
  });
  const bool lifts = op.now && op.acquisition.is_none() && delayed;
  if (holders.empty() && !lifts) return error(ErrorCode::kNotHeld);
  Broken broken;
  for (const Request& holder : holders) {
    broken.broken.push_back({.session = holder.session, .owner = holder.owner});
    lose(holder, op.now ? Loss::kNow : Loss::kUntilAcknowledged);
  }
  if (lifts) {
    std::erase_if(world_.delays, [&](const Delay& delay) { return delay.path == op.path; });
  }
  for (const Delay& delay : world_.delays) {
    if (delay.path == op.path && delay.since == zxid_) {
      broken.delay_ms = std::max(broken.delay_ms, delay.delay_ms);
    }
  }
  return broken;
}

Reply NaiveModel::on(const EndLockDelay& op) {
  std::erase_if(world_.delays, [&](const Delay& delay) {
    const bool by_time = op.acknowledged_by.is_none();
    return delay.path == op.path && delay.since == op.since &&
           (by_time || (delay.session == op.acknowledged_by && delay.ends_by_acknowledgement));
  });
  return Done{};
}

Reply NaiveModel::on(const EpochBegun&) {
  world_.epoch_began = now_;
  emit(EventKind::kLeaderChanged, "/", "");
  return Done{};
}

void NaiveModel::lose(const Request& request, Loss loss) {
  const NaiveSession& session = world_.sessions.at(request.session);
  Delay delay{.path = request.path,
              .since = zxid_,
              .session = request.session,
              .secret = session.secret,
              .delay_ms = 0,
              .began = now_,
              .ends_by_acknowledgement = loss == Loss::kUntilAcknowledged};
  if (loss == Loss::kLockDelay) delay.delay_ms = request.lock_delay_ms;
  if (loss == Loss::kUntilAcknowledged) {
    delay.delay_ms = std::max(session.lease_ms, request.lock_delay_ms);
  }
  emit_lock(EventKind::kLockLost, request, SessionId());
  if (delay.delay_ms > 0) world_.delays.push_back(delay);
  erase_request(request);
}

void NaiveModel::release(const Request& request) {
  emit_lock(EventKind::kLockReleased, request, SessionId());
  erase_request(request);
}

void NaiveModel::end_request(const Request& request, const Error& why) {
  answer_.outcomes.push_back({.session = request.session,
                              .owner = request.owner,
                              .path = request.path,
                              .request = request.number,
                              .reply = why});
  erase_request(request);
}

void NaiveModel::erase_request(const Request& request) {
  const Request gone = request;  // It may stand in the list itself.
  std::erase_if(world_.requests, [&gone](const Request& each) {
    return each.path == gone.path && each.asked == gone.asked;
  });
}

// --------------------------------------------------------------------------------------------
// nodes

Reply NaiveModel::on(const Create& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  if (op.path == "/") return error(ErrorCode::kNodeExists);
  const World before = world_;
  const std::vector<Event> events = answer_.events;
  std::optional<Error> refused;
  if (op.create_parents) refused = add_parents(op.path);
  std::string path = op.path;
  const std::string parent = parent_of(path);
  if (!refused && !world_.nodes.contains(parent)) refused = error(ErrorCode::kNoNode);
  if (!refused) {
    if (op.sequential) {
      do {
        std::string digits = std::to_string(world_.nodes[parent].next_sequence++);
        while (digits.size() < 10) digits.insert(0, "0");
        path = op.path + digits;
      } while (world_.nodes.contains(path));
    }
    NaiveNode node;
    node.kind = op.kind;
    node.contents = op.contents;
    if (op.kind == NodeKind::kEphemeral) node.owner = command_->session;
    refused = add_node(path, node);
  }
  if (refused) {
    world_ = before;
    answer_.events = events;
    return *refused;
  }
  Created created{.path = path, .stat = {}};
  created.stat.instance = zxid_;
  created.stat.content_generation = 1;
  created.stat.contents_length = op.contents.size();
  created.stat.ephemeral_owner = world_.nodes[path].owner;
  created.stat.kind = op.kind;
  return created;
}

Reply NaiveModel::on(const Remove& op) {
  if (!check_path(op.path).ok() || op.path == "/") return error(ErrorCode::kBadArgument);
  const auto node = world_.nodes.find(op.path);
  if (node == world_.nodes.end()) return error(ErrorCode::kNoNode);
  if (op.conditions.instance && *op.conditions.instance != node->second.instance) {
    return error(ErrorCode::kStaleInstance, node->second.instance.value);
  }
  if (op.conditions.content_generation &&
      *op.conditions.content_generation != node->second.content_generation) {
    return error(ErrorCode::kBadGeneration, node->second.content_generation);
  }
  if (has_children(op.path)) return error(ErrorCode::kNotEmpty);
  for (const Request& holder : requests_at(op.path, true)) {
    const bool own = holder.session == command_->session && holder.owner == op.owner;
    if (!own) return held_error(op.path);
  }
  if (is_delayed(op.path)) return delayed_error(op.path);
  for (const Request& holder : requests_at(op.path, true)) release(holder);
  delete_node(op.path);
  return Removed{};
}

Reply NaiveModel::on(const SetContents& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  const auto found = world_.nodes.find(op.path);
  if (found == world_.nodes.end()) return error(ErrorCode::kNoNode);
  NaiveNode& node = found->second;
  if (op.conditions.instance && *op.conditions.instance != node.instance) {
    return error(ErrorCode::kStaleInstance, node.instance.value);
  }
  if (op.conditions.content_generation &&
      *op.conditions.content_generation != node.content_generation) {
    return error(ErrorCode::kBadGeneration, node.content_generation);
  }
  node.contents = op.contents;
  node.content_generation += 1;
  emit(EventKind::kContentsChanged, op.path, "");
  return ContentsSet{.stat = stat_of(op.path)};
}

Reply NaiveModel::on(const Check& op) {
  if (!check_path(op.path).ok()) return error(ErrorCode::kBadArgument);
  const auto found = world_.nodes.find(op.path);
  if (!op.must_exist) {
    if (found != world_.nodes.end()) return error(ErrorCode::kNodeExists);
    return ContentsSet{};
  }
  if (found == world_.nodes.end()) return error(ErrorCode::kNoNode);
  const NaiveNode& node = found->second;
  if (op.conditions.instance && *op.conditions.instance != node.instance) {
    return error(ErrorCode::kStaleInstance, node.instance.value);
  }
  if (op.conditions.content_generation &&
      *op.conditions.content_generation != node.content_generation) {
    return error(ErrorCode::kBadGeneration, node.content_generation);
  }
  return ContentsSet{.stat = stat_of(op.path)};
}

Reply NaiveModel::on(const CheckHeld& op) {
  return is_valid(op.sequencer) ? Reply(ContentsSet{}) : error(ErrorCode::kStaleSequencer);
}

Reply NaiveModel::on(const Multi& op) {
  const World before = world_;
  const Answer answer_before = answer_;
  MultiDone done;
  for (const MultiOp& one : op.ops) {
    const Reply reply = std::visit([this](const auto& each) { return on(each); }, one);
    if (const auto* refused = std::get_if<Error>(&reply)) {
      world_ = before;
      answer_ = answer_before;
      return MultiFailed{.index = static_cast<std::uint32_t>(done.results.size()),
                         .error = *refused};
    }
    if (const auto* created = std::get_if<Created>(&reply)) {
      done.results.emplace_back(*created);
    } else if (std::holds_alternative<Removed>(reply)) {
      done.results.emplace_back(Removed{});
    } else if (std::holds_alternative<SetContents>(one)) {
      done.results.emplace_back(std::get<ContentsSet>(reply));
    } else {
      const auto* check = std::get_if<Check>(&one);
      const bool has_stat = check != nullptr && check->must_exist;
      done.results.emplace_back(Checked{
          .stat = has_stat ? std::optional(std::get<ContentsSet>(reply).stat) : std::nullopt});
    }
  }
  return done;
}

std::optional<Error> NaiveModel::add_parents(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string parent = path.substr(0, at);
    if (world_.nodes.contains(parent)) continue;
    if (auto refused = add_node(parent, {})) return refused;
  }
  return std::nullopt;
}

std::optional<Error> NaiveModel::add_node(const std::string& path, NaiveNode node) {
  if (world_.nodes.contains(path)) return error(ErrorCode::kNodeExists);
  if (contains(created_, path) || contains(removed_, path)) return error(ErrorCode::kBadArgument);
  NaiveNode& parent = world_.nodes.at(parent_of(path));
  if (parent.kind == NodeKind::kEphemeral) return error(ErrorCode::kNoChildrenForEphemerals);
  parent.child_generation += 1;
  parent.used = true;
  node.instance = zxid_;
  world_.nodes[path] = node;
  created_.push_back(path);
  emit(EventKind::kNodeCreated, path, "");
  emit(EventKind::kChildAdded, parent_of(path), std::string(path_name(path)));
  return std::nullopt;
}

void NaiveModel::delete_node(const std::string& path) {
  world_.nodes.erase(path);
  world_.nodes.at(parent_of(path)).child_generation += 1;
  removed_.push_back(path);
  emit(EventKind::kNodeDeleted, path, "");
  emit(EventKind::kChildRemoved, parent_of(path), std::string(path_name(path)));
  for (const Request& waiter : requests_at(path, false)) {
    end_request(waiter, error(ErrorCode::kNoNode));
  }
}

// -----------------------------------------------------------------------------------------
// settling

void NaiveModel::settle() {
  std::map<std::string, std::vector<SessionId>> granted_at;
  for (const auto& [path, node] : world_.nodes) {
    while (grant_first(path)) {
      granted_at[path].push_back(requests_at(path, true).back().session);
    }
  }
  for (const auto& [path, sessions] : granted_at) {
    // Those just granted asked after all who held it before, so they stand at the end.
    tell_conflict(path, sessions);
  }
  for (const Request& request : world_.requests) world_.nodes.at(request.path).used = true;
  for (const Delay& delay : world_.delays) {
    if (world_.nodes.contains(delay.path)) world_.nodes.at(delay.path).used = true;
  }
  while (vanish_one()) {
  }
}

bool NaiveModel::grant_first(const std::string& path) {
  const std::vector<Request> holders = requests_at(path, true);
  const std::vector<Request> waiters = requests_at(path, false);
  if (waiters.empty() || is_delayed(path)) return false;
  for (const Request& holder : holders) {
    if (clash(holder.mode, waiters.front().mode)) return false;
  }
  if (holders.empty()) world_.nodes[path].lock_generation = zxid_;
  Request* first = find_request(waiters.front().session, waiters.front().owner, path);
  first->acquisition = zxid_;
  emit_lock(EventKind::kLockAcquired, *first, SessionId());
  answer_.outcomes.push_back({.session = first->session,
                              .owner = first->owner,
                              .path = path,
                              .request = first->number,
                              .reply = granted(*first)});
  return true;
}

void NaiveModel::tell_conflict(const std::string& path, const std::vector<SessionId>& to) {
  const std::vector<Request> holders = requests_at(path, true);
  for (const Request& waiter : requests_at(path, false)) {
    if (!clash(holders.front().mode, waiter.mode)) continue;
    for (const SessionId session : to) emit_lock(EventKind::kLockConflict, waiter, session);
    return;
  }
}

bool NaiveModel::vanish_one() {
  for (const auto& [path, node] : world_.nodes) {
    const bool needed = has_children(path) || !requests_at(path, true).empty() ||
                        !requests_at(path, false).empty() || is_delayed(path);
    if (node.kind != NodeKind::kUntilFree || !node.used || needed) continue;
    delete_node(std::string(path));
    return true;
  }
  return false;
}

// ----------------------------------------------------------------------------------------
// questions

NaiveModel::Request* NaiveModel::find_request(SessionId session, OwnerId owner,
                                              const std::string& path) {
  for (Request& request : world_.requests) {
    if (request.session == session && request.owner == owner && request.path == path) {
      return &request;
    }
  }
  return nullptr;
}

std::vector<NaiveModel::Request> NaiveModel::requests_at(const std::string& path,
                                                         bool holds) const {
  std::vector<Request> found;
  for (const Request& request : world_.requests) {
    if (request.path == path && request.holds() == holds) found.push_back(request);
  }
  return found;
}

bool NaiveModel::is_delayed(const std::string& path) const {
  return std::any_of(world_.delays.begin(), world_.delays.end(),
                     [&](const Delay& delay) { return delay.path == path; });
}

bool NaiveModel::has_children(const std::string& path) const {
  return std::any_of(world_.nodes.begin(), world_.nodes.end(), [&](const auto& each) {
    return each.first != "/" && parent_of(each.first) == path;
  });
}

Stat NaiveModel::stat_of(const std::string& path) const {
  const NaiveNode& node = world_.nodes.at(path);
  Stat stat;
  stat.instance = node.instance;
  stat.content_generation = node.content_generation;
  stat.child_generation = node.child_generation;
  stat.lock_generation = node.lock_generation;
  stat.contents_length = node.contents.size();
  stat.ephemeral_owner = node.owner;
  stat.kind = node.kind;
  for (const auto& [other, child] : world_.nodes) {
    if (other != "/" && parent_of(other) == path) stat.children += 1;
  }
  return stat;
}

bool NaiveModel::is_valid(const Sequencer& sequencer) const {
  const auto node = world_.nodes.find(sequencer.path);
  if (node == world_.nodes.end() || node->second.instance != sequencer.instance ||
      node->second.lock_generation != sequencer.generation ||
      sequencer.cell_prefix != 0x00112233445566ffULL) {
    return false;
  }
  const std::vector<Request> holders = requests_at(sequencer.path, true);
  return std::any_of(holders.begin(), holders.end(), [&](const Request& holder) {
    return holder.mode == sequencer.mode && holder.acquisition == sequencer.acquisition;
  });
}

Granted NaiveModel::granted(const Request& request) const {
  const NaiveNode& node = world_.nodes.at(request.path);
  return {.sequencer = {.mode = request.mode,
                        .generation = node.lock_generation,
                        .acquisition = request.acquisition,
                        .instance = node.instance,
                        .cell_prefix = 0x00112233445566ffULL,
                        .path = request.path},
          .lock_delay_ms = request.lock_delay_ms};
}

Error NaiveModel::held_error(const std::string& path) const {
  Error out = error(ErrorCode::kLockHeld);
  for (const Request& holder : requests_at(path, true)) {
    if (out.holders.size() < 16) out.holders.push_back({.session = holder.session});
  }
  return out;
}

Error NaiveModel::delayed_error(const std::string& path) const {
  Error out = error(ErrorCode::kLockDelayed);
  for (const Delay& delay : world_.delays) {
    if (delay.path == path) out.remaining_ms = std::max(out.remaining_ms, end_of(delay) - now_);
  }
  return out;
}

std::int64_t NaiveModel::end_of(const Delay& delay) const {
  return std::max(delay.began, world_.epoch_began) + delay.delay_ms;
}

void NaiveModel::emit(EventKind kind, const std::string& path, const std::string& child) {
  Event event;
  event.kind = kind;
  event.path = path;
  event.child = child;
  answer_.events.push_back(event);
}

void NaiveModel::emit_lock(EventKind kind, const Request& request, SessionId to) {
  Event event;
  event.kind = kind;
  event.path = request.path;
  event.session = request.session;
  event.owner = request.owner;
  event.to = to;
  answer_.events.push_back(event);
}

std::vector<std::string> NaiveModel::describe() const {
  std::vector<std::string> lines;
  std::map<std::string, std::int64_t> ends;
  for (const auto& [path, node] : world_.nodes) {
    const std::string stat = text_of(ContentsSet{.stat = stat_of(path)});
    lines.push_back("node " + path + " " + stat + " " + node.contents);
  }
  for (const Request& request : world_.requests) {
    std::ostringstream out;
    out << (request.holds() ? "holder " : "waiter ") << request.path << " " << request.asked.value
        << " " << request.session.value << "/" << request.owner.value
        << " mode=" << static_cast<int>(request.mode) << " request=" << request.number.value
        << " acquisition=" << request.acquisition.value;
    lines.push_back(out.str());
  }
  for (const Delay& delay : world_.delays) {
    ends[delay.path] = std::max(ends[delay.path], end_of(delay));
  }
  for (const auto& [path, end] : ends) {
    lines.push_back("delayed " + path + " until " + std::to_string(end));
  }
  for (const auto& [id, session] : world_.sessions) {
    const auto count = [&](bool holds) {
      return std::count_if(
          world_.requests.begin(), world_.requests.end(),
          [&](const Request& each) { return each.session == id && each.holds() == holds; });
    };
    const auto ephemerals =
        std::count_if(world_.nodes.begin(), world_.nodes.end(),
                      [&id = id](const auto& each) { return each.second.owner == id; });
    std::ostringstream out;
    out << "session " << id.value << " " << session.lease_ms << " " << session.instance_name
        << " held=" << count(true) << " awaited=" << count(false) << " ephemerals=" << ephemerals
        << " results=" << session.results.size() << " killed=" << session.killed;
    lines.push_back(out.str());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace holdfast::state
