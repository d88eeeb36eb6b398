#include "tests/world/replica_checks.h"

#include <algorithm>

#include "lockserver/state/command_codec.h"

namespace holdfast::world {
namespace {

constexpr std::uint64_t kInputsBetweenStates = 10'000;

}  // namespace

void ReplicaChecks::on_start(Host& host) {
  Seen& seen = seen_[host.id()];
  seen.applied = host.replica().state().applied();
  seen.milestones.reset();
}

void ReplicaChecks::on_input(Host& host) {
  Seen& seen = seen_[host.id()];
  ++seen.inputs;
  const Zxid applied = host.replica().state().applied();
  if (applied != seen.applied) follow(host, seen, applied);
  check_own(host, seen);
  const bool looks = seen.inputs % kInputsBetweenStates == 0 && applied == ledger_.last();
  if (looks) check_state(host);
}

// What it has applied since the last look stands in its log, unless an image took its place.
void ReplicaChecks::follow(Host& host, Seen& seen, Zxid applied) {
  verdict_.require(applied > seen.applied, "MONOTONE", [&] {
    return host.name() + " went back from " + to_string(seen.applied) + " to " + to_string(applied);
  });
  Zxid after = seen.applied;
  seen.applied = applied;
  if (host.base() > after) {
    after = host.base();
    verdict_.require(after <= ledger_.last(), "AGREEMENT", [&] {
      return host.name() + " has an image of " + to_string(after) + ", which nobody has applied";
    });
    if (after >= applied) return;
  }
  const Result<std::vector<zab::Entry>> entries = host.logged(after, applied);
  verdict_.require(entries.ok(), "DURABLE-BEFORE-APPLIED", [&] {
    return host.name() + " has applied through " + to_string(applied) +
           ", but its disk does not hold that: " + entries.status().message();
  });
  const Zxid known = ledger_.last();
  for (std::size_t i = 0; entries.ok() && i < entries->size() && !verdict_.violation(); ++i) {
    const zab::Entry& entry = (*entries)[i];
    ledger_.on_applied(entry, after, host.name());
    after = entry.zxid;
  }
  if (ledger_.last() > known) {
    check_quorum();
    twist(host);
  }
}

// A disk that was wiped may have been counted for what it has forgotten.
void ReplicaChecks::check_quorum() {
  std::size_t holding = 0;
  for (const Host* host : hosts_) {
    if (!host->is_voter()) continue;
    if (!host->is_provisioned()) return;
    if (host->holds(ledger_.last())) ++holding;
  }
  verdict_.require(holding > design_.voters / 2, "COMMITTED-SAFE", [&] {
    return to_string(ledger_.last()) + " is applied, but stands on " + std::to_string(holding) +
           " disks of voters";
  });
}

void ReplicaChecks::check_own(const Host& host, Seen& seen) {
  const zab::CoreState& core = host.replica().core().state();
  const zab::Milestones now = zab::milestones_of(core);
  if (seen.milestones) {
    const auto broken = zab::check_delta(*seen.milestones, now);
    verdict_.require(!broken, "OWN-DELTA", [&] { return host.name() + ": " + *broken; });
  }
  const bool leads_anew =
      !now.leading.is_none() && (!seen.milestones || seen.milestones->leading != now.leading);
  if (leads_anew) {
    const std::pair who(host.id(), host.incarnation());
    const auto [at, is_new] = reigns_.emplace(now.leading, who);
    verdict_.require(is_new, "ONE-LEADER", [&] {
      return host.name() + " leads epoch " + to_string(now.leading) + ", as replica " +
             to_string(at->second.first) + " did";
    });
    story_.count("leader established");
  }
  seen.milestones = now;
  if (seen.inputs % design_.check_own_every == 0) {
    const auto broken = zab::check_basic(core);
    verdict_.require(!broken, "OWN-BASIC", [&] { return host.name() + ": " + *broken; });
  }
}

std::uint64_t ReplicaChecks::true_hash() {
  if (!true_hash_ || true_hash_->first != ledger_.last()) {
    true_hash_.emplace(ledger_.last(), ledger_.state().hash());
  }
  return true_hash_->second;
}

void ReplicaChecks::check_state(const Host& host) {
  const state::StateMachine& state = host.replica().state();
  verdict_.require(
      state.applied() == ledger_.last() && state.hash() == true_hash(), "EQUAL-STATES",
      [&] { return host.name() + " has another state after " + to_string(state.applied()); });
  const Status audit = state.audit();
  verdict_.require(audit.ok(), "AUDIT", [&] { return host.name() + ": " + audit.message(); });
  story_.count("whole states compared");
}

// For tests of the checkers.
void ReplicaChecks::twist(const Host& host) {
  if (design_.mistake != Mistake::kAppliesTwice || ledger_.entries().size() < 200) return;
  const Committed& last = ledger_.entries().back();
  const Result<state::Command> command = state::decode_command(last.payload.view());
  if (!command.ok() || !std::holds_alternative<state::SetContents>(command->op)) return;
  ledger_.on_applied(
      {.zxid = Zxid(last.zxid.value + 1), .prev = last.zxid, .payload = last.payload}, last.zxid,
      host.name());
}

}  // namespace holdfast::world
