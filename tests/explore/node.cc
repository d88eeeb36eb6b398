#include "tests/explore/node.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "zab/base/check.h"
#include "zab/core_state.h"

namespace holdfast::explore {
namespace {

// Longer than any search lasts, in ticks.
constexpr Ticks kNever = Ticks{1} << 50U;
constexpr Ticks kHeartbeat = 1'000'000;
// Enough for every pause that an election makes after failures.
constexpr Ticks kForgiven = 4;

// The best of all votes, for `leader`.
zab::Notification best_vote(ServerId from, ServerId leader, std::uint64_t round) {
  return {.from = from,
          .incarnation = Incarnation(1),
          .role = zab::Role::kLooking,
          .vote = {.epoch = Epoch(std::numeric_limits<std::uint32_t>::max()),
                   .zxid = Zxid(std::numeric_limits<std::uint64_t>::max()),
                   .leader = leader},
          .round = round,
          .membership = zab::Membership::kProvisioned,
          .config_version = Zxid()};
}

}  // namespace

Setup make_setup() {
  Setup setup;
  setup.options.incarnation = Incarnation(1);
  for (std::size_t i = 1; i <= kVoters; ++i) setup.options.config.voters.emplace_back(i);
  setup.options.heartbeat = kHeartbeat;
  setup.options.failure_timeout = kNever;
  setup.options.init_timeout = kNever;
  setup.options.finalize = 1;
  setup.options.resend_min = 1;
  setup.options.resend_max = 1;
  setup.options.snap_percent = 0;
  return setup;
}

const zab::CoreView& Node::view() const {
  if (!view_.has_value()) view_ = core_->view();
  return *view_;
}

std::vector<Said> Node::take(const Input& input, MessagePool& pool, sim::Witness& witness) {
  Step step{.pool = pool, .witness = witness, .said = {}, .answers = {}};
  const Action& action = input.action;
  switch (action.kind) {
    case Kind::kLead:
      join(step, id());
      break;
    case Kind::kFollow:
      join(step, ServerId(action.line.peer + 1U));
      break;
    case Kind::kAccept:
      accept(step, action.line);
      break;
    case Kind::kDeliver:
      deliver(step, action.line, input.value);
      break;
    case Kind::kNotice:
      notice(step, action.line);
      break;
    case Kind::kPersist:
      persist(step);
      break;
    case Kind::kPropose:
      propose(step, input.value);
      break;
    case Kind::kCrash:
      crash(step, action);
      break;
    case Kind::kRestart:
      restart(step);
      break;
    case Kind::kTimeout:
      give(step, [](zab::Core& core) { core.resign("it has waited too long"); });
      break;
    case Kind::kPing:
      ping(step);
      break;
    case Kind::kRead:
      read(step, input.value);
      break;
    case Kind::kImage:
      sync_image(step);
      break;
  }
  std::erase_if(ends_, [](const End& end) { return end.is_closed; });
  // Ranks say how many older ones are open.
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    ends_[i].line.rank = 0;
    for (std::size_t older = 0; older < i; ++older) {
      const Line& line = ends_[older].line;
      const bool same = line.peer == ends_[i].line.peer && line.dialled == ends_[i].line.dialled;
      if (same) ++ends_[i].line.rank;
    }
  }
  return std::move(step.said);
}

// ---- inputs -------------------------------------------------------------------------------------

template <typename Give>
void Node::give(Step& step, Give input) {
  input(*core_);
  view_.reset();
  drain(step);
}

// Elections are decided from outside: all others vote for the leader with the best of all votes.
void Node::join(Step& step, ServerId leader) {
  clock_ += kForgiven;
  give(step, [this](zab::Core& core) { core.tick(clock_); });
  for (std::size_t i = 1; i <= kVoters; ++i) {
    if (ServerId(i) == id() || view().role != zab::Role::kLooking) continue;
    const zab::Notification vote = best_vote(ServerId(i), leader, view().round);
    give(step, [&vote](zab::Core& core) { core.on_notification(vote); });
  }
  HOLDFAST_CHECK(view().leader == leader, "not convinced: " + core_->describe());
}

void Node::accept(Step& step, const Line& line) {
  const ConnId conn = open(line);
  give(step, [conn](zab::Core& core) { core.on_accept(conn); });
}

void Node::deliver(Step& step, const Line& line, MessageId message) {
  const ConnId conn = end(line).conn;
  const zab::Message arrived = step.pool.from(ServerId(line.peer + 1U), message);
  step.witness.on_message(*this, conn, arrived);
  give(step, [&](zab::Core& core) { core.on_message(conn, arrived); });
}

void Node::notice(Step& step, const Line& line) {
  const ConnId conn = end(line).conn;
  end(line).is_closed = true;
  step.said.push_back({.what = Said::What::kClose, .line = line});
  give(step, [conn](zab::Core& core) { core.on_closed(conn); });
}

void Node::persist(Step& step) {
  const zab::Persist done = disk_.complete_one();
  step.witness.on_disk(*this, done.op);
  give(step, [&done](zab::Core& core) { core.on_persisted(done.token); });
}

void Node::propose(Step& step, std::uint32_t number) {
  const SharedBytes payload("p" + std::to_string(number));
  const Zxid prev = view().last;
  const auto result = core_->propose(payload);
  view_.reset();
  if (const auto* proposed = std::get_if<zab::Proposed>(&result)) {
    step.witness.on_proposed(*this, {proposed->zxid, prev, payload});
  }
  drain(step);
}

void Node::crash(Step& step, const Action& action) {
  core_.reset();
  view_.reset();
  for (std::size_t i = 0; i < action.keep; ++i) {
    step.witness.on_disk(*this, disk_.complete_one().op);
  }
  if (action.torn > 0) disk_.tear_append(action.torn);
  disk_.lose_queue();
  if (setup_->mistake == Mistake::kDiskForgets) disk_.forget_entries(1);
  if (setup_->mistake == Mistake::kPromiseForgotten) {
    disk_.provision(std::max(disk_.contents().current, disk_.last().epoch()));
  }
  for (const End& end : ends_) {
    step.said.push_back({.what = Said::What::kClose, .line = end.line});
  }
  ends_.clear();
  last_conn_ = 0;
  clock_ = 0;
  state_ = disk_.contents().image;
}

void Node::restart(Step& step) {
  zab::Options options = setup_->options;
  options.self = id();
  state_ = disk_.contents().image;
  step.witness.on_start(*this);
  const std::size_t entries = disk_.contents().entries.size();
  core_.emplace(options, disk_.recover(zab::Membership::kFresh, entries), clock_);
  drain(step);
}

void Node::ping(Step& step) {
  clock_ += kHeartbeat;
  give(step, [this](zab::Core& core) { core.tick(clock_); });
}

void Node::read(Step& step, std::uint32_t tag) {
  const bool taken = core_->read_barrier(tag);
  view_.reset();
  if (taken) step.witness.on_barrier(*this, tag);
  drain(step);
}

void Node::sync_image(Step& step) {
  disk_.sync_image(state_, disk_.contents().image_number);
  const Zxid through = state_.applied;
  give(step, [through](zab::Core& core) { core.on_image_durable(through); });
  give(step, [through](zab::Core& core) { core.purge(through); });
}

// ---- outputs ------------------------------------------------------------------------------------

void Node::drain(Step& step) {
  while (true) {
    const std::vector<zab::Output> outputs = core_->take();
    view_.reset();
    step.witness.on_input(*this);
    for (const zab::Output& output : outputs) {
      step.witness.on_output(*this, output);
      carry_out(step, output);
    }
    if (!step.answers.empty()) {
      const Answer next = step.answers.front();
      step.answers.erase(step.answers.begin());
      answer(step, next);
    } else if (outputs.empty()) {
      return;
    }
  }
}

void Node::carry_out(Step& step, const zab::Output& output) {
  std::visit(
      [&](const auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, zab::Persist>) {
          disk_.queue(o);
          if (setup_->mistake == Mistake::kReportsTooEarly) step.answers.push_back(Early{o.token});
        } else if constexpr (std::is_same_v<T, zab::Send>) {
          step.said.push_back({.what = Said::What::kSend,
                               .line = end(o.conn).line,
                               .message = step.pool.intern(o.message)});
        } else if constexpr (std::is_same_v<T, zab::Dial>) {
          const Line line{.peer = static_cast<std::uint8_t>(o.to.value - 1), .dialled = true};
          const Line opened{.peer = line.peer, .dialled = true, .rank = ends_with(line.peer, true)};
          step.said.push_back({.what = Said::What::kOpen, .line = opened});
          step.answers.push_back(Dialled{o.dial, open(opened)});
        } else if constexpr (std::is_same_v<T, zab::Close>) {
          end(o.conn).is_closed = true;
          step.said.push_back({.what = Said::What::kClose, .line = end(o.conn).line});
        } else if constexpr (std::is_same_v<T, zab::Deliver>) {
          for (const zab::Entry& entry : o.entries) state_.apply(entry);
          step.answers.push_back(Applied{});
        } else if constexpr (std::is_same_v<T, zab::ImageInstalled>) {
          state_ = disk_.contents().image;
          step.answers.push_back(Applied{});
        } else if constexpr (std::is_same_v<T, zab::ReadLog> || std::is_same_v<T, zab::OpenImage> ||
                             std::is_same_v<T, zab::ReadImageChunk>) {
          step.answers.push_back(o);
        } else if constexpr (std::is_same_v<T, zab::CloseImage>) {
          image_.clear();
        }
      },
      output);
}

void Node::answer(Step& step, const Answer& answer) {
  std::visit(
      [&](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<T, Applied>) {
          step.witness.on_applied(*this);
          core_->on_applied(state_.applied);
        } else if constexpr (std::is_same_v<T, Dialled>) {
          core_->on_dial_result(a.dial, a.conn);
        } else if constexpr (std::is_same_v<T, Early>) {
          core_->on_persisted(a.token);
        } else if constexpr (std::is_same_v<T, zab::ReadLog>) {
          core_->on_log_read(a.read, disk_.read(a.after, a.through, a.max_bytes));
        } else if constexpr (std::is_same_v<T, zab::OpenImage>) {
          image_ = sim::encode_image(state_, 0);
          core_->on_image_opened(a.transfer, state_.applied, image_.size());
        } else {
          core_->on_image_chunk(a.transfer, SharedBytes(image_), true);
        }
        view_.reset();
      },
      answer);
}

// ---- connections --------------------------------------------------------------------------------

std::uint8_t Node::ends_with(std::uint8_t peer, bool dialled) const {
  return static_cast<std::uint8_t>(std::count_if(ends_.begin(), ends_.end(), [&](const End& e) {
    return e.line.peer == peer && e.line.dialled == dialled;
  }));
}

ConnId Node::open(const Line& line) {
  ends_.push_back({.line = line, .conn = ConnId(++last_conn_)});
  return ends_.back().conn;
}

Node::End& Node::end(const Line& line) {
  const auto found =
      std::find_if(ends_.begin(), ends_.end(), [&](const End& e) { return e.line == line; });
  HOLDFAST_CHECK(found != ends_.end(), "no such connection");
  return *found;
}

Node::End& Node::end(ConnId conn) {
  const auto found =
      std::find_if(ends_.begin(), ends_.end(), [&](const End& e) { return e.conn == conn; });
  HOLDFAST_CHECK(found != ends_.end(), "no connection " + to_string(conn));
  return *found;
}

// ---- hash ---------------------------------------------------------------------------------------

std::uint64_t Node::hash(const std::array<std::uint8_t, kVoters>& names) const {
  zab::Sight sight{.clock_and_election = false};
  for (std::uint8_t i = 0; i < kVoters; ++i) {
    sight.servers.emplace_back(ServerId(i + 1U), names[i] + 1U);
  }
  for (const End& end : ends_) {
    const std::uint64_t name = 1U + 64U * names[end.line.peer] + 32U * (end.line.dialled ? 1U : 0U);
    sight.conns.emplace_back(end.conn, name + end.line.rank);
  }
  zab::StateHash hash(clock_, sight);
  hash.add(id()).add(core_.has_value());
  if (core_.has_value()) hash.add(hash_of(core_->state(), sight));
  disk_.hash_into(hash);
  hash.add(state_.applied).add(state_.hash);
  hash.add_set(ends_, [](zab::StateHash& one, const End& end) { one.add(end.conn); });
  return hash.value();
}

}  // namespace holdfast::explore
