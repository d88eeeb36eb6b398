// What is checked of a replica after each input to its core: its view against the ghost and against
// all disks.

#include <algorithm>
#include <iterator>

#include "tests/sim/checkers.h"
#include "tests/sim/invariant_names.h"

namespace holdfast::sim {

void Checkers::on_input(const Subject& replica) {
  const zab::CoreView& view = replica.view();
  check_monotone(replica, view);
  note_established(replica, view);
  note_committed(replica, view);
  check_view(replica, view);
  check_shared_history(replica, view);
  check_own(replica);
  seen_[replica.id()].standing = standing_of(view);
}

// What one replica alone can know to be true of itself.
void Checkers::check_own(const Subject& replica) {
  Seen& seen = seen_[replica.id()];
  const zab::CoreState& state = replica.core().state();
  const auto broken = zab::check_basic(state);
  if (broken.has_value()) fail(kOwn, replica, broken.value_or(""));
  const zab::Milestones now = zab::milestones_of(state);
  if (seen.milestones.has_value()) {
    const auto delta = zab::check_delta(*seen.milestones, now);
    if (delta.has_value()) fail(kOwn, replica, delta.value_or(""));
  }
  seen.milestones = now;
}

// 13: within one run nothing that was promised is taken back.
void Checkers::check_monotone(const Subject& replica, const zab::CoreView& view) {
  const Standing& before = seen_[replica.id()].standing;
  if (!(view.committed >= before.committed && view.applied >= before.applied &&
        view.delivered >= before.delivered && view.base >= before.base)) {
    fail(kServe, replica, "committed, delivered, applied or base went back");
  }
  if (view.generation < before.generation) fail(kServe, replica, "the generation went back");
  if (view.accepted < before.accepted || view.current < before.current) {
    fail(kEpochOrder, replica, "an epoch went back in memory");
  }
}

void Checkers::check_view(const Subject& replica, const zab::CoreView& view) {
  if (!(view.applied <= view.delivered && view.delivered <= view.committed &&
        view.delivered <= view.durable && view.durable <= view.last)) {
    fail(kNoTruncateDelivered, replica,
         "applied " + to_string(view.applied) + " delivered " + to_string(view.delivered) +
             " committed " + to_string(view.committed) + " durable " + to_string(view.durable) +
             " last " + to_string(view.last));
  }
  if (view.accepted < view.current || view.accepted < view.last.epoch()) {
    fail(kEpochOrder, replica, "accepted " + to_string(view.accepted) + " in memory");
  }
  // The base of a log that an image replaces counts as durable from the moment that this is queued.
  if (view.durable != view.base && !replica.disk().covers(view.durable)) {
    fail(kDurableBeforeSend, replica,
         "takes " + to_string(view.durable) + " for durable, which is not on its disk");
  }
  if (!view.last.is_none() && ghost_.find(view.last) == nullptr) {
    fail(kContiguity, replica, "its log ends with the unknown " + to_string(view.last));
  }
}

// 6: a learner that is up to date has a prefix of its leader's log.
void Checkers::check_shared_history(const Subject& replica, const zab::CoreView& view) {
  const bool learner = view.role == zab::Role::kFollowing || view.role == zab::Role::kObserving;
  if (!learner || !view.established) return;
  const Ghost::Reign* reign = ghost_.reign(view.current);
  if (reign == nullptr) fail(kHistoryConsistency, replica, "is up to date in an unknown epoch");
  if (reign == nullptr || seen_[replica.id()].standing.last == view.last) return;
  if (!ghost_.is_prefix(view.last, reign->end())) {
    fail(kHistoryConsistency, replica,
         "its log ends with " + to_string(view.last) + ", not a prefix of its leader's");
  }
}

// 1, 4, 5: a leader is established once in its epoch, with all that was established or committed
// before.
void Checkers::note_established(const Subject& replica, const zab::CoreView& view) {
  if (view.role != zab::Role::kLeading || !view.established) return;
  const Epoch epoch = view.current;
  const auto [at, is_new] =
      ghost_.reigns().emplace(epoch, Ghost::Reign{.leader = replica.id(),
                                                  .initial_last = view.last,
                                                  .proposed_last = Zxid(epoch, 0)});
  const Ghost::Reign& reign = at->second;
  if (reign.leader != replica.id() || reign.is_over) {
    fail(kOneLeader, replica,
         "leads epoch " + to_string(epoch) + ", as " + to_string(reign.leader) + " does or did");
  }
  if (!is_new) return;
  if (at != ghost_.reigns().begin()) {
    const auto before = std::prev(at);
    if (!ghost_.is_prefix(before->second.initial_last, reign.initial_last)) {
      fail(kInitialHistory, replica,
           "begins without the initial history of epoch " + to_string(before->first));
    }
  }
  const auto after = std::next(at);
  if (after != ghost_.reigns().end()) {
    if (!ghost_.is_prefix(reign.initial_last, after->second.initial_last)) {
      fail(kInitialHistory, replica,
           "epoch " + to_string(after->first) + " began without its initial history");
    }
  } else {
    if (!(ghost_.is_prefix(ghost_.committed_last(), reign.initial_last))) {
      fail(kPrimaryOrder, replica,
           "begins without the committed " + to_string(ghost_.committed_last()));
    }
  }
  for (const Subject* each : replicas_) {
    if (each->disk().contents().current >= epoch) check_initial_history(*each, epoch);
  }
}

// 3, 8.
void Checkers::note_committed(const Subject& replica, const zab::CoreView& view) {
  if (view.committed <= seen_[replica.id()].standing.committed) return;
  const bool leads = view.role == zab::Role::kLeading && view.established;
  if (view.committed <= ghost_.committed_last()) {
    if (!ghost_.is_committed(view.committed)) {
      fail(kAgreement, replica, to_string(view.committed) + " is not in the committed history");
    }
    return;
  }
  if (!leads) {
    fail(kAgreement, replica, "commits " + to_string(view.committed) + " without leading");
  }
  if (!ghost_.extend_committed(view.committed)) {
    fail(kAgreement, replica,
         to_string(view.committed) + " does not continue the committed history, which ends with " +
             to_string(ghost_.committed_last()));
  }
  check_commit_quorum(replica, view);
  check_committed_safe(replica);
}

// 8, at the moment of the commit: durable at a quorum that is in this epoch or a later one.
void Checkers::check_commit_quorum(const Subject& replica, const zab::CoreView& view) {
  if (has_wiped_) return;  // An acknowledgement may stand for a disk that is gone.
  std::size_t holding = 0;
  for (const Subject* each : replicas_) {
    const Disk& disk = each->disk();
    const bool counts = !each->is_observer() && disk.contents().provisioned;
    if (counts && disk.contents().current >= view.current && disk.covers(view.committed)) ++holding;
  }
  if (holding < majority_) {
    fail(kCommittedSafe, replica,
         "commits " + to_string(view.committed) + ", which is on " + std::to_string(holding) +
             " disks of its epoch");
  }
}

}  // namespace holdfast::sim
