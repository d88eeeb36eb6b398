#include "zab/core.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"
#include "zab/core_drive.h"
#include "zab/core_state.h"

namespace holdfast::zab {

namespace {

// Connections of learners that have finished the election before us; more than any cell has.
constexpr std::size_t kHeldMax = 128;

// R2: what no crash can leave behind. cur may be lower than the epoch of the last entry: a crash in
// the middle of a synchronization leaves that.
void check_start(const Options& options, const DurableState& start) {
  const Zxid last(start.epochs.back().epoch, start.epochs.back().last_counter);
  const std::string text =
      "accepted=" + to_string(start.accepted) + " current=" + to_string(start.current) +
      " base=" + to_string(start.base) + " applied=" + to_string(start.applied) +
      " epochs=" + to_string(start.epochs);
  HOLDFAST_CHECK(start.accepted >= start.current, text);
  HOLDFAST_CHECK(start.accepted >= last.epoch(), text);
  HOLDFAST_CHECK(start.base <= start.applied && start.applied <= last, text);
  HOLDFAST_CHECK(start.membership == Membership::kProvisioned || start.current.is_none(), text);
  HOLDFAST_CHECK(options.config.is_member(options.self),
                 "replica " + to_string(options.self) + " is no member of its cell");
  HOLDFAST_CHECK(options.counter_reserve < options.counter_max, "no counters are left to use");
  HOLDFAST_CHECK(options.heartbeat > 0 && options.failure_timeout > options.heartbeat &&
                     options.init_timeout >= options.failure_timeout,
                 "timeouts that contradict each other");
}

void hold(CoreState& state, ConnId conn) {
  Ground& ground = state.ground;
  if (std::holds_alternative<Learner>(state.role) || ground.held.size() >= kHeldMax) {
    ground.close(conn, "this replica does not lead");
  } else {
    ground.held.emplace(conn, HeldConnection{.since = ground.now, .info = std::nullopt});
  }
}

void keep_info(Ground& ground, ConnId conn, const Message& message) {
  const auto at = ground.held.find(conn);
  if (at == ground.held.end()) {
    return;  // R19
  }
  const auto* info = std::get_if<LearnerInfo>(&message);
  if (info == nullptr || at->second.info) {
    ground.held.erase(at);
    ground.close(conn, describe(message) + " is not expected before there is a leader");
    return;
  }
  at->second.info = *info;
}

void close_overdue_held(Ground& ground) {
  for (auto at = ground.held.begin(); at != ground.held.end();) {
    if (ground.now - at->second.since > ground.options.init_timeout) {
      ground.close(at->first, "this replica did not come to lead");
      at = ground.held.erase(at);
    } else {
      ++at;
    }
  }
}

}  // namespace

CoreState::CoreState(Options options, const DurableState& start, Ticks now)
    : ground(std::move(options), start, now) {}

Core::Core(Options options, DurableState start, Ticks now) {
  check_start(options, start);
  state_ = std::make_unique<CoreState>(std::move(options), start, now);
  Ground& ground = state_->ground;
  ground.announce(Role::kLooking, Phase::kElection, Epoch(), ServerId());
  settle(*state_, ground.election.look(ground.election_self(), now));
}

Core::Core(const Core& other) : state_(std::make_unique<CoreState>(*other.state_)) {}
Core& Core::operator=(const Core& other) {
  if (this != &other) {
    state_ = std::make_unique<CoreState>(*other.state_);
  }
  return *this;
}
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;
Core::~Core() = default;

void Core::tick(Ticks now) {
  if (state_->has_stopped) {
    return;
  }
  Ground& ground = state_->ground;
  HOLDFAST_CHECK(now >= ground.now, "time goes backwards");
  ground.now = now;
  close_overdue_held(ground);
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->tick(ground);
  } else if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->tick(ground);
  }
  settle(*state_, ground.election.tick(ground.election_self(), now));
}

void Core::on_notification(const Notification& notification) {
  if (state_->has_stopped) {
    return;
  }
  Ground& ground = state_->ground;
  if (notification.role == Role::kLooking && ground.quorum.is_voter(notification.from)) {
    if (auto* learner = std::get_if<Learner>(&state_->role)) {
      learner->on_voter_looking(ground, notification.from);
    }
  }
  ground.note_membership(notification.from, notification.membership);
  settle(*state_,
         ground.election.on_notification(ground.election_self(), notification, ground.now));
}

void Core::on_peer_refused(ServerId peer) {
  if (state_->has_stopped) {
    return;
  }
  Ground& ground = state_->ground;
  if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_peer_refused(ground, peer);
  }
  settle(*state_, ground.election.on_peer_refused(ground.election_self(), peer, ground.now));
}

void Core::on_accept(ConnId conn) {
  if (state_->has_stopped) {
    return;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_accept(state_->ground, conn);
  } else {
    hold(*state_, conn);
  }
  settle(*state_);
}

void Core::on_dial_result(DialId dial, std::optional<ConnId> conn) {
  Ground& ground = state_->ground;
  if (state_->has_stopped || ground.open_dial != dial) {
    return;
  }
  ground.open_dial.reset();
  if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_dial_result(ground, dial, conn);
  } else if (conn) {
    ground.close(*conn, "the attempt belonged to an earlier role");
  }
  settle(*state_);
}

void Core::on_closed(ConnId conn) {
  if (state_->has_stopped) {
    return;
  }
  state_->ground.held.erase(conn);
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_closed(state_->ground, conn);
  } else if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_closed(state_->ground, conn);
  }
  settle(*state_);
}

void Core::on_message(ConnId conn, Message message) {
  if (state_->has_stopped) {
    return;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_message(state_->ground, conn, message);
  } else if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_message(state_->ground, conn, message);
  } else {
    keep_info(state_->ground, conn, message);
  }
  settle(*state_);
}

void Core::on_persisted(Token through) {
  if (state_->has_stopped) {
    return;
  }
  Ground& ground = state_->ground;
  const Zxid durable = ground.log.durable();
  ground.persist.on_persisted(through);
  ground.log.on_persisted(through);
  // First what waited for this: ACK_NEWLEADER goes before any ACK of a later entry (R18).
  settle(*state_);
  if (ground.log.durable() == durable) {
    return;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_durable(ground);
  } else if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_durable(ground);
  }
  settle(*state_);
}

void Core::on_log_read(std::uint64_t read, std::vector<Entry> entries) {
  Ground& ground = state_->ground;
  if (state_->has_stopped ||
      ground.delivery.on_log_read(read, entries, ground.committed, ground.out)) {
    return;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_log_read(ground, read, entries);
  }
  settle(*state_);
}

void Core::on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t approximate_bytes) {
  if (state_->has_stopped) {
    return;
  }
  state_->ground.image_bytes = approximate_bytes;
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_image_opened(state_->ground, OpenImage{transfer}, zxid);
  }
  settle(*state_);
}

void Core::on_image_chunk(std::uint64_t transfer, SharedBytes bytes, bool is_last) {
  if (state_->has_stopped) {
    return;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->on_image_chunk(state_->ground, transfer, std::move(bytes), is_last);
  }
  settle(*state_);
}

void Core::on_applied(Zxid zxid) {
  if (state_->has_stopped) {
    return;
  }
  state_->ground.delivery.on_applied(zxid);
  if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->on_applied(state_->ground);
  }
  settle(*state_);
}

void Core::on_image_durable(Zxid zxid) {
  state_->ground.delivery.on_image_durable(zxid);
}

void Core::purge(Zxid through) {
  Ground& ground = state_->ground;
  if (state_->has_stopped || ground.delivery.installing() || !ground.log.holds(through)) {
    return;
  }
  through = std::min({through, ground.delivery.image_durable(), ground.log.durable()});
  if (const auto* leader = std::get_if<Leader>(&state_->role)) {
    through = leader->purgeable(ground, through);
  }
  if (through > ground.log.base()) {
    ground.persist.push(Purge{through}, ground.out);
    ground.log.purge(through);
  }
}

void Core::set_free_bytes(std::uint64_t free_bytes) {
  state_->ground.free_bytes = free_bytes;
}

ProposeResult Core::propose(SharedBytes payload) {
  auto* leader = std::get_if<Leader>(&state_->role);
  if (leader == nullptr || state_->has_stopped) {
    return NotProposed::kNotLeader;
  }
  const ProposeResult result = leader->propose(state_->ground, std::move(payload));
  settle(*state_);
  return result;
}

bool Core::forward(SharedBytes payload) {
  auto* learner = std::get_if<Learner>(&state_->role);
  return learner != nullptr && !state_->has_stopped &&
         learner->forward(state_->ground, std::move(payload));
}

void Core::reply_to(ConnId conn, SharedBytes payload) {
  auto* leader = std::get_if<Leader>(&state_->role);
  if (leader != nullptr && !state_->has_stopped) {
    leader->reply_to(state_->ground, conn, std::move(payload));
  }
}

bool Core::read_barrier(std::uint64_t tag) {
  if (!state_->ground.serving || state_->has_stopped) {
    return false;
  }
  if (auto* leader = std::get_if<Leader>(&state_->role)) {
    leader->read_barrier(state_->ground, tag);
  } else if (auto* learner = std::get_if<Learner>(&state_->role)) {
    learner->read_barrier(tag);
  }
  return true;
}

void Core::touch(std::span<const SessionId> sessions) {
  auto* learner = std::get_if<Learner>(&state_->role);
  if (learner != nullptr && !state_->has_stopped) {
    learner->touch(sessions);
  }
}

void Core::resign(std::string_view reason) {
  if (!state_->has_stopped && !std::holds_alternative<Looking>(state_->role)) {
    state_->ground.leave(std::string(reason));
    settle(*state_);
  }
}

std::vector<Output> Core::take() {
  if (!state_->has_stopped) {
    flush(*state_);
  }
  return state_->ground.out.take();
}

}  // namespace holdfast::zab
