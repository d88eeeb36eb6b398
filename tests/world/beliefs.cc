#include "tests/world/beliefs.h"

#include "thrift/sequencer.h"

namespace holdfast::world {

void Beliefs::on(const client::Opened& opened) {
  session_ = opened.facts.id;
}

void Beliefs::on(const client::LeaseMoved& moved) {
  const bool is_over =
      state_ == client::SessionState::kExpired || state_ == client::SessionState::kClosed;
  if (!is_over) deadline_ = moved.deadline;
}

void Beliefs::on(const client::StateChanged& changed) {
  state_ = changed.state;
  switch (state_) {
    case client::SessionState::kLive:
      return world_.story.count("client safe again");
    case client::SessionState::kJeopardy:
      return world_.story.count("client in jeopardy");
    case client::SessionState::kExpired:
      world_.story.count("client's session expired");
      deadline_ = 0;
      return;
    case client::SessionState::kClosed:
      deadline_ = 0;
      return;
  }
}

void Beliefs::on(const client::GuardMade& made) {
  const Guard guard{.path = made.path, .owner = made.owner, .grant = made.grant};
  const Result<Sequencer> sequencer = parse_sequencer(made.grant.sequencer);
  const auto* known =
      world_.book.find(made.path, made.grant.acquisition, session_, made.owner.value);
  const bool is_true = sequencer.ok() && known != nullptr && sequencer->path == made.path &&
                       sequencer->acquisition == made.grant.acquisition &&
                       sequencer->generation == made.grant.generation &&
                       sequencer->mode == known->mode &&
                       made.grant.generation <= made.grant.acquisition;
  world_.verdict.require(is_true, "GRANT-TRUTH", [&] {
    return who_ + " is told that it was granted " + made.path + " by " +
           to_string(made.grant.acquisition) + ", which the history does not say";
  });
  world_.story.count("lock granted");
  guards_.emplace(made.guard, guard);
}

void Beliefs::on(const client::GuardLost& it) {
  world_.story.count("guard lost");
  guards_.erase(it.guard);
}

void Beliefs::set_certain(client::GuardId id, bool is_certain) {
  const auto found = guards_.find(id);
  if (found == guards_.end()) return;
  if (!is_certain) world_.story.count("guard in doubt");
  found->second.is_certain = is_certain;
}

void Beliefs::check(const std::string& path) const {
  for (const auto& [id, guard] : guards_) {
    if (guard.path == path) check_guard(guard);
  }
}

void Beliefs::check_all() const {
  for (const auto& [id, guard] : guards_) check_guard(guard);
}

void Beliefs::check_guard(const Guard& guard) const {
  if (!held(guard)) return;
  for (const LockBook::Acquisition* holder : world_.book.holders(guard.path)) {
    const bool is_mine = holder->granted == guard.grant.acquisition &&
                         holder->session == session_ && holder->owner.value == guard.owner.value;
    const bool fits = holder->mode == LockMode::kShared && guard.grant.mode == LockMode::kShared;
    world_.verdict.require(is_mine || fits, "HELD", [&] {
      return who_ + " holds " + guard.path + " since " + to_string(guard.grant.acquisition) +
             " by its own clock, but the cell has given it to session " +
             to_string(Zxid(holder->session.value)) + " by " + to_string(holder->granted);
    });
  }
  const auto* mine =
      world_.book.find(guard.path, guard.grant.acquisition, session_, guard.owner.value);
  const bool may_be_over = mine == nullptr || mine->end == LockBook::End::kStands ||
                           mine->end == LockBook::End::kByOperator ||
                           mine->end == LockBook::End::kWithNode;
  world_.verdict.require(may_be_over, "SEQUENCER-WHILE-HELD", [&] {
    return who_ + " holds " + guard.path + " by its own clock, but its sequencer of " +
           to_string(guard.grant.acquisition) + " ended with " + to_string(mine->ended);
  });
}

void Beliefs::check_expired(SessionId session) const {
  if (session_ != session) return;
  world_.verdict.require(!lease_runs(), "LEASE", [&] {
    return "the session " + to_string(Zxid(session.value)) + " of " + who_ +
           " has expired in the cell while its lease runs by its own clock";
  });
}

}  // namespace holdfast::world
