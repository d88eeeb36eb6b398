#include "tests/explore/world.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::explore {
namespace {

// Two who look on.
class Both : public sim::Witness {
 public:
  Both(sim::Witness& first, sim::Witness* second) : first_(first), second_(second) {}

  void on_input(const sim::Subject& r) override {
    tell([&](sim::Witness& w) { w.on_input(r); });
  }
  void on_output(const sim::Subject& r, const zab::Output& output) override {
    tell([&](sim::Witness& w) { w.on_output(r, output); });
  }
  void on_message(const sim::Subject& r, ConnId at, const zab::Message& message) override {
    tell([&](sim::Witness& w) { w.on_message(r, at, message); });
  }
  void on_disk(const sim::Subject& r, const zab::PersistOp& op) override {
    tell([&](sim::Witness& w) { w.on_disk(r, op); });
  }
  void on_proposed(const sim::Subject& r, const zab::Entry& entry) override {
    tell([&](sim::Witness& w) { w.on_proposed(r, entry); });
  }
  void on_barrier(const sim::Subject& r, std::uint64_t tag) override {
    tell([&](sim::Witness& w) { w.on_barrier(r, tag); });
  }
  void on_applied(const sim::Subject& r) override {
    tell([&](sim::Witness& w) { w.on_applied(r); });
  }
  void on_start(const sim::Subject& r) override {
    tell([&](sim::Witness& w) { w.on_start(r); });
  }

 private:
  template <typename Tell>
  void tell(Tell one) {
    if (second_ != nullptr) one(*second_);
    one(first_);
  }

  sim::Witness& first_;
  sim::Witness* second_;
};

// A replica that is only looked at, and whether it was.
class Other : public sim::Subject {
 public:
  Other(const Node& node, bool& was_looked_at) : node_(node), was_looked_at_(was_looked_at) {}

  ServerId id() const override { return node_.id(); }
  bool is_observer() const override { return node_.is_observer(); }
  bool is_running() const override { HOLDFAST_CHECK(false, "another replica's process"); }
  const sim::Disk& disk() const override { return look().disk(); }
  // Only a disk is part of what a judgement is known by.
  const zab::Core& core() const override { HOLDFAST_CHECK(false, "another replica's core"); }
  const zab::CoreView& view() const override { HOLDFAST_CHECK(false, "another replica's core"); }
  const sim::ChainState& state() const override {
    HOLDFAST_CHECK(false, "another replica's state");
  }

 private:
  const Node& look() const {
    was_looked_at_ = true;
    return node_;
  }

  const Node& node_;
  bool& was_looked_at_;
};

Key step_key(NodeId node, const Input& input) {
  return {(std::uint64_t{node} << 32U) | pack(input.action), input.value};
}

// Counts what the protocol does.
class Counter : public sim::Witness {
 public:
  explicit Counter(sim::Coverage& coverage) : coverage_(coverage) {}

  void on_input(const sim::Subject&) override {}
  void on_output(const sim::Subject& r, const zab::Output& output) override {
    coverage_.count_output(r, output);
  }
  void on_message(const sim::Subject& r, ConnId, const zab::Message& message) override {
    coverage_.count_message(r, message);
  }
  void on_disk(const sim::Subject&, const zab::PersistOp&) override {}
  void on_proposed(const sim::Subject&, const zab::Entry&) override {}
  void on_barrier(const sim::Subject&, std::uint64_t) override {}
  void on_applied(const sim::Subject&) override {}
  void on_start(const sim::Subject&) override {}

 private:
  sim::Coverage& coverage_;
};

}  // namespace

World::World(const Setup& setup, Symmetry symmetry)
    : setup_(setup),
      exchanges_(symmetry == Symmetry::kOn ? kExchanges : 1),
      nodes_(exchanges_),
      links_(pool_),
      minds_(exchanges_) {}

Cell World::down(const std::array<std::uint32_t, kVoters>& accepted) {
  Cell cell;
  for (std::uint8_t i = 0; i < kVoters; ++i) {
    Node node(setup_, i);
    node.disk().provision(Epoch(accepted[i]));
    cell.nodes[i] = nodes_.intern(node);
  }
  cell.mind = minds_.intern(sim::Checkers(kVoters));
  return cell;
}

// ---- what may happen ----------------------------------------------------------------------------

void World::list_actions(const Cell& cell, std::vector<Action>& actions) const {
  actions.clear();
  for (std::uint8_t at = 0; at < kVoters; ++at) {
    const Nodes::Facts& facts = nodes_.facts(cell.nodes[at]);
    if (!facts.runs) {
      actions.push_back({.kind = Kind::kRestart, .at = at});
      continue;
    }
    list_own(cell, at, actions);
    list_arrivals(cell, at, actions);
    if (cell.budget.left(Kind::kCrash) > 0) list_crashes(facts, at, actions);
  }
}

void World::list_own(const Cell& cell, std::uint8_t at, std::vector<Action>& actions) const {
  const Nodes::Facts& facts = nodes_.facts(cell.nodes[at]);
  const auto offer = [&](bool may, Kind kind) {
    if (may && cell.budget.left(kind) > 0) actions.push_back({.kind = kind, .at = at});
  };
  offer(facts.queued > 0, Kind::kPersist);
  offer(facts.looks, Kind::kLead);
  offer(!facts.looks, Kind::kTimeout);
  offer(facts.is_established, Kind::kPropose);
  offer(facts.leads, Kind::kPing);
  offer(facts.serves, Kind::kRead);
  offer(facts.has_unsynced, Kind::kImage);
  // Who follows somebody that does not lead finds out and looks again: nothing new comes of it.
  for (std::uint8_t leader = 0; facts.looks && leader < kVoters; ++leader) {
    if (leader == at || !nodes_.facts(cell.nodes[leader]).leads) continue;
    actions.push_back({.kind = Kind::kFollow, .at = at, .line = {.peer = leader}});
  }
}

void World::list_crashes(const Nodes::Facts& facts, std::uint8_t at,
                         std::vector<Action>& actions) const {
  for (std::uint8_t keep = 0; keep <= facts.queued; ++keep) {
    const std::uint8_t torn = keep < facts.queued ? facts.torn[keep] : 0;
    for (std::uint8_t entries = 0; entries <= torn; ++entries) {
      actions.push_back({.kind = Kind::kCrash, .at = at, .keep = keep, .torn = entries});
    }
  }
}

void World::list_arrivals(const Cell& cell, std::uint8_t at, std::vector<Action>& actions) const {
  for (std::uint8_t peer = 0; peer < kVoters; ++peer) {
    if (peer == at) continue;
    for (const bool dialled : {true, false}) {
      const LinkId link = cell.links[dialled ? link_index(at, peer) : link_index(peer, at)];
      for (const OpenEnd& end : links_.ends(link, dialled ? 0 : 1)) {
        const Line line{.peer = peer, .dialled = dialled, .rank = end.rank};
        if (end.has_message) actions.push_back({.kind = Kind::kDeliver, .at = at, .line = line});
        if (end.is_orphaned || cell.budget.left(Kind::kNotice) > 0) {
          actions.push_back({.kind = Kind::kNotice, .at = at, .line = line});
        }
      }
    }
  }
}

// ---- steps --------------------------------------------------------------------------------------

const OpenEnd& World::end_of(const Cell& cell, const Action& action) const {
  const Line& line = action.line;
  const LinkId link = cell.links[line.dialled ? link_index(action.at, line.peer)
                                              : link_index(line.peer, action.at)];
  return links_.ends(link, line.dialled ? 0 : 1)[line.rank];
}

World::Part World::part_of(const Cell& cell, const Action& action) const {
  Part part{.at = action.at, .input = {.action = action}};
  if (action.kind == Kind::kPropose || action.kind == Kind::kRead) {
    part.input.value = cell.budget.left(action.kind);
  } else if (action.kind == Kind::kDeliver) {
    part.input.value = end_of(cell, action).oldest;
  }
  return part;
}

// The connection that `follow` has just dialled is the youngest of those open at the leader.
World::Part World::accept_of(const Cell& cell, const Action& follow) const {
  const std::uint8_t leader = follow.line.peer;
  const std::size_t open = links_.ends(cell.links[link_index(follow.at, leader)], 1).size();
  const Line line{.peer = follow.at, .dialled = false, .rank = static_cast<std::uint8_t>(open - 1)};
  return {.at = leader, .input = {.action = {.kind = Kind::kAccept, .at = leader, .line = line}}};
}

std::vector<World::Part> World::inputs(const Cell& cell, const Action& action) {
  std::vector<Part> out = {part_of(cell, action)};
  if (action.kind == Kind::kFollow) {
    out.push_back(accept_of(perform(cell, out.front(), nullptr), action));
  }
  return out;
}

Cell World::perform(const Cell& cell, const Action& action, sim::Witness* witness) {
  // A loss that the other side has brought about is free.
  const bool is_free = action.kind == Kind::kNotice && end_of(cell, action).is_orphaned;
  Cell next = perform(cell, part_of(cell, action), witness);
  if (action.kind == Kind::kFollow) next = perform(next, accept_of(next, action), witness);
  if (!is_free) next.budget.spend(action.kind);
  return next;
}

Cell World::perform(const Cell& cell, const Part& part, sim::Witness* witness) {
  Cell next = cell;
  const Taken taken = witness == nullptr ? take(cell, part) : take_anew(cell, part, witness);
  next.mind = taken.mind;
  next.nodes[part.at] = steps_[taken.step].after;
  update_links(next, part.at, taken.step);
  return next;
}

World::Taken World::take(const Cell& cell, const Part& part) {
  const auto known = step_ids_.find(step_key(cell.nodes[part.at], part.input));
  if (known != step_ids_.end()) {
    if (const auto mind = known_judgement(cell, part.at, known->second)) {
      return {known->second, *mind};
    }
  }
  return take_anew(cell, part, nullptr);
}

std::optional<MindId> World::known_judgement(const Cell& cell, std::uint8_t at, StepId step) const {
  const auto alone = judged_alone_.find((std::uint64_t{cell.mind} << 32U) | step);
  if (alone == judged_alone_.end()) return std::nullopt;
  if (alone->second.has_value()) return alone->second;
  const auto judged = judged_.find(disks_of_others(cell, at, step));
  return judged == judged_.end() ? std::nullopt : std::optional(judged->second);
}

Key World::disks_of_others(const Cell& cell, std::uint8_t at, StepId step) const {
  std::array<std::uint64_t, kVoters> disks{};
  for (std::size_t i = 0; i < kVoters; ++i) disks[i] = nodes_.facts(cell.nodes[i]).disk;
  disks[at] = 0;  // Said by the step.
  return {(std::uint64_t{cell.mind} << 32U) | step,
          disks[0] | (disks[1] << 21U) | (disks[2] << 42U)};
}

World::Taken World::take_anew(const Cell& cell, const Part& part, sim::Witness* also) {
  Node node = nodes_.at(cell.nodes[part.at]);
  sim::Checkers checkers = minds_.at(cell.mind);
  bool looked_at_others = false;
  std::deque<Other> others;
  std::vector<const sim::Subject*> watched;
  for (std::size_t i = 0; i < kVoters; ++i) {
    if (i == part.at) {
      watched.push_back(&node);
    } else {
      watched.push_back(&others.emplace_back(nodes_.at(cell.nodes[i]), looked_at_others));
    }
  }
  checkers.watch(std::move(watched));
  checkers.resume(node);

  const Key key = step_key(cell.nodes[part.at], part.input);
  const auto [at, is_new] = step_ids_.try_emplace(key, static_cast<StepId>(steps_.size()));
  const StepId id = at->second;
  Counter counter(coverage_);
  Both both(checkers, also != nullptr ? also : is_new ? &counter : nullptr);
  std::vector<Said> said = node.take(part.input, pool_, both);
  if (is_new) add_step(part.input, node, std::move(said));
  checkers.watch({});
  const MindId mind = minds_.intern(std::move(checkers));
  ++judgements_;
  auto& alone = judged_alone_[(std::uint64_t{cell.mind} << 32U) | id];
  alone = looked_at_others ? std::nullopt : std::optional(mind);
  if (looked_at_others) judged_.insert_or_assign(disks_of_others(cell, part.at, id), mind);
  return {id, mind};
}

void World::add_step(const Input& input, const Node& after, std::vector<Said> said) {
  Step step{.input = input, .after = nodes_.intern(after), .said = std::move(said)};
  if (input.action.kind == Kind::kDeliver) step.touches[input.action.line.peer] = true;
  for (const Said& one : step.said) step.touches[one.line.peer] = true;
  steps_.push_back(std::move(step));
}

void World::update_links(Cell& cell, std::uint8_t at, StepId step) {
  const Step& taken = steps_[step];
  for (std::uint8_t peer = 0; peer < kVoters; ++peer) {
    if (!taken.touches[peer]) continue;
    for (const std::size_t side : {0U, 1U}) {
      LinkId& link = cell.links[side == 0 ? link_index(at, peer) : link_index(peer, at)];
      const Key key{(std::uint64_t{link} << 32U) | step, (std::uint64_t{peer} << 1U) | side};
      const auto known = changed_.find(key);
      if (known != changed_.end()) {
        link = known->second;
        continue;
      }
      const LinkChange what{
          .input = taken.input, .said = taken.said, .side = side, .peer = peer, .setup = setup_};
      link = links_.intern(change(links_.at(link), what, pool_));
      changed_.emplace(key, link);
    }
  }
}

// ---- identity -----------------------------------------------------------------------------------

// A sum, because the parts say themselves whose they are, and their order changes with the names.
std::uint64_t World::fingerprint(const Cell& cell) const {
  std::uint64_t least = ~std::uint64_t{0};
  for (std::size_t exchange = 0; exchange < exchanges_; ++exchange) {
    const Names& names = kAllNames[exchange];
    std::uint64_t sum = mix(minds_.hashes(cell.mind)[exchange] + cell.budget.packed());
    for (const NodeId node : cell.nodes) sum += mix(nodes_.facts(node).hash[exchange]);
    for (std::size_t dialler = 0; dialler < kVoters; ++dialler) {
      for (std::size_t acceptor = 0; acceptor < kVoters; ++acceptor) {
        if (dialler == acceptor) continue;
        const LinkId link = cell.links[link_index(dialler, acceptor)];
        if (link == 0) continue;
        const std::uint64_t place = 1 + link_index(names[dialler], names[acceptor]);
        sum += mix(links_.hash(link) + (place << 56U));
      }
    }
    least = std::min(least, mix(sum));
  }
  return least;
}

}  // namespace holdfast::explore
