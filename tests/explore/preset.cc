#include "tests/explore/preset.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::explore {
namespace {

Budget budget(const std::vector<std::pair<Kind, unsigned>>& limits) {
  Budget out;
  for (const auto& [kind, times] : limits) out.set(kind, times);
  return out;
}

void all_looking(Prologue& prologue) {
  prologue.start_all();
}

// Replica 3 leads epoch 1, and replicas 1 and 2 follow it.
void established(Prologue& prologue) {
  prologue.start_all();
  prologue.lead(2);
  prologue.follow(0, 2);
  prologue.follow(1, 2);
  prologue.run({0, 1, 2});
}

// 1.1 is everywhere. Replica 3 has written 1.2 alone and is down; the others know of nothing.
void diverged(Prologue& prologue) {
  established(prologue);
  prologue.propose(2);
  prologue.run({0, 1, 2});
  prologue.propose(2);
  prologue.persist(2);
  prologue.crash(2);
  prologue.notice(0, 2);
  prologue.notice(1, 2);
}

// As in `diverged`, and replica 2 has begun epoch 2, written 2.1 alone, and is down as well.
void diverged_twice(Prologue& prologue) {
  diverged(prologue);
  prologue.lead(1);
  prologue.follow(0, 1);
  prologue.run({0, 1});
  prologue.propose(1);
  prologue.persist(1);
  prologue.crash(1);
  prologue.notice(0, 1);
}

// Replica 3 was away while 1.1 was committed, synced and purged by the others.
void purged(Prologue& prologue) {
  prologue.start_all();
  prologue.lead(1);
  prologue.follow(0, 1);
  prologue.run({0, 1, 2});
  prologue.propose(1);
  prologue.run({0, 1, 2});
  prologue.sync_image(0);
  prologue.sync_image(1);
  prologue.run({0, 1, 2});
}

}  // namespace

Prologue::Prologue(World& world, const std::array<std::uint32_t, kVoters>& accepted)
    : world_(world), cell_(world.down(accepted)) {}

void Prologue::act(const Action& action) {
  if (violation()) return;
  cell_.budget = Budget::unlimited();
  actions_.push_back(action);
  cell_ = world_.perform(cell_, action);
}

void Prologue::start_all() {
  for (std::uint8_t at = 0; at < kVoters; ++at) start(at);
}

void Prologue::follow(std::uint8_t at, std::uint8_t leader) {
  act({.kind = Kind::kFollow, .at = at, .line = {.peer = leader}});
}

void Prologue::deliver(std::uint8_t at, std::uint8_t from) {
  if (violation()) return;
  std::vector<Action> actions;
  world_.list_actions(cell_, actions);
  const auto found = std::find_if(actions.begin(), actions.end(), [&](const Action& action) {
    return action.kind == Kind::kDeliver && action.at == at && action.line.peer == from;
  });
  HOLDFAST_CHECK(found != actions.end(), "nothing is on its way");
  act(*found);
}

void Prologue::run(const std::vector<std::uint8_t>& only) {
  std::vector<Action> actions;
  while (true) {
    cell_.budget = Budget();
    world_.list_actions(cell_, actions);
    const auto next = std::find_if(actions.begin(), actions.end(), [&](const Action& action) {
      const bool waits = action.kind == Kind::kPersist || action.kind == Kind::kDeliver ||
                         action.kind == Kind::kNotice;
      return waits && std::find(only.begin(), only.end(), action.at) != only.end();
    });
    if (next == actions.end() || violation()) return;
    act(*next);
  }
}

Cell Prologue::cell(const Budget& budget) const {
  Cell out = cell_;
  out.budget = budget;
  return out;
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> kPresets = {
      {.name = "quick",
       .about = "an empty cell: two elections, one proposal, one crash",
       .begin = all_looking,
       .budget = budget({{Kind::kLead, 2}, {Kind::kPropose, 1}, {Kind::kCrash, 1}})},
      {.name = "broadcast",
       .about = "an established leader: three proposals, one crash, one lost connection, one more "
                "election",
       .begin = established,
       .budget =
           budget({{Kind::kLead, 1}, {Kind::kPropose, 3}, {Kind::kCrash, 1}, {Kind::kNotice, 1}})},
      {.name = "crash",
       .about = "an established leader: one proposal, two crashes, two more elections",
       .begin = established,
       .budget = budget({{Kind::kLead, 2}, {Kind::kPropose, 1}, {Kind::kCrash, 2}})},
      {.name = "sync",
       .about = "diverged histories: two elections, one proposal, one crash",
       .begin = diverged,
       .budget = budget({{Kind::kLead, 2}, {Kind::kPropose, 1}, {Kind::kCrash, 1}})},
      {.name = "sync2",
       .about = "histories diverged in two epochs: two elections, one crash",
       .begin = diverged_twice,
       .budget = budget({{Kind::kLead, 2}, {Kind::kCrash, 1}})},
      {.name = "epoch",
       .about = "an empty cell, one of whose disks has accepted epoch 1: three elections, one "
                "crash, one time-out, one lost connection",
       .accepted = {0, 1, 0},
       .begin = all_looking,
       .budget =
           budget({{Kind::kLead, 3}, {Kind::kCrash, 1}, {Kind::kTimeout, 1}, {Kind::kNotice, 1}})},
      {.name = "image",
       .about = "a replica that only an image can bring up to date: two elections, one proposal, "
                "one crash",
       .reads_from_disk = true,
       .begin = purged,
       .budget = budget({{Kind::kLead, 2}, {Kind::kPropose, 1}, {Kind::kCrash, 1}})},
      {.name = "read",
       .about = "an established leader: one proposal, two reads, one more election, one time-out",
       .begin = established,
       .budget =
           budget({{Kind::kLead, 1}, {Kind::kPropose, 1}, {Kind::kRead, 2}, {Kind::kTimeout, 1}})}};
  return kPresets;
}

const Preset* find_preset(const std::string& name) {
  const auto found = std::find_if(presets().begin(), presets().end(),
                                  [&](const Preset& preset) { return preset.name == name; });
  return found == presets().end() ? nullptr : &*found;
}

Setup setup_for(const Preset& preset) {
  Setup setup = make_setup();
  if (preset.reads_from_disk) setup.options.log_window_bytes = 0;
  return setup;
}

}  // namespace holdfast::explore
