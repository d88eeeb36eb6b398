#include "tests/sim/checkers.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <variant>

#include "tests/sim/invariant_names.h"
#include "zab/base/check.h"

namespace holdfast::sim {
namespace {

// How a core blames its peer for breaking the protocol, when it closes a connection. Nobody here
// sends what the protocol forbids, so blame is a mistake of one of the two.
constexpr std::array kBlames = {" is not expected ",
                                " from the leader: ",
                                " in epoch ",
                                " was sent ",
                                "an impossible history",
                                "answers round",
                                "NEWLEADER that it was not"};
// A replica that has a disk already may well meet a first start.
constexpr const char* kNoBlame = "no part of a first start";

}  // namespace

// Texts are made only for what is broken: there are far too many checks to tell of each.
void Checkers::fail(const char* invariant, const Subject& replica, const std::string& facts) {
  if (violation_.has_value()) return;
  violation_ = {invariant, "replica " + to_string(replica.id()) + ": " + facts};
}

void Checkers::on_start(const Subject& replica) {
  Seen& seen = seen_[replica.id()];
  const Disk::Contents& disk = replica.disk().contents();
  seen.standing = Standing();
  seen.milestones.reset();
  seen.delivered = disk.image.applied;
  seen.new_leader.reset();
  seen.up_to_date.reset();
  end_reigns(replica.id());
  seen.barriers.clear();
  if (ghost_.chain_at(disk.image.applied) != disk.image.hash) {
    fail(kState, replica,
         "the image on disk is not the state after " + to_string(disk.image.applied));
  }
  check_epochs(replica);
}

void Checkers::resume(const Subject& replica) {
  Seen& seen = seen_[replica.id()];
  const Disk::Contents& disk = replica.disk().contents();
  seen.disk_accepted = disk.accepted;
  seen.disk_current = disk.current;
  seen.standing = Standing();
  seen.milestones.reset();
  seen.delivered = disk.image.applied;
  if (!replica.is_running()) return;
  seen.standing = standing_of(replica.view());
  seen.milestones = zab::milestones_of(replica.core().state());
  seen.delivered = replica.view().delivered;
}

Checkers::Standing Checkers::standing_of(const zab::CoreView& view) {
  return {.generation = view.generation,
          .accepted = view.accepted,
          .current = view.current,
          .base = view.base,
          .last = view.last,
          .committed = view.committed,
          .delivered = view.delivered,
          .applied = view.applied};
}

void Checkers::hash_into(zab::StateHash& hash) const {
  ghost_.hash_into(hash);
  hash.add(has_wiped_).add(violation_.has_value());
  hash.add_set(seen_, [](zab::StateHash& one, const auto& item) {
    const Seen& seen = item.second;
    one.add(item.first);
    for (const auto& zxid : {seen.new_leader, seen.up_to_date}) {
      one.add(zxid.has_value()).add(zxid.value_or(Zxid()));
    }
    for (const auto& [tag, committed] : seen.barriers) one.add(tag).add(committed);
  });
}

// Its process or its role has ended, and its time as a leader with it.
void Checkers::end_reigns(ServerId leader) {
  for (auto& [epoch, reign] : ghost_.reigns()) {
    if (reign.leader == leader) reign.is_over = true;
  }
}

void Checkers::on_wiped(const Subject& replica) {
  has_wiped_ = true;
  Seen& seen = seen_[replica.id()];
  seen.disk_accepted = Epoch();
  seen.disk_current = Epoch();
  check_committed_safe(replica);
}

// 9. The order of epochs on disk (R2), and that they never go back.
void Checkers::check_epochs(const Subject& replica) {
  const Disk::Contents& disk = replica.disk().contents();
  Seen& seen = seen_[replica.id()];
  if (disk.accepted < disk.current) fail(kEpochOrder, replica, "accepted < current");
  if (disk.accepted < replica.disk().last().epoch()) {
    fail(kEpochOrder, replica, "accepted < epoch of " + to_string(replica.disk().last()));
  }
  if (disk.accepted < seen.disk_accepted) fail(kEpochOrder, replica, "accepted went back");
  if (disk.current < seen.disk_current) fail(kEpochOrder, replica, "current went back");
  seen.disk_accepted = disk.accepted;
  seen.disk_current = disk.current;
}

void Checkers::on_disk(const Subject& replica, const zab::PersistOp& op) {
  check_disk(replica, op);
  check_epochs(replica);
  check_committed_safe(replica);
}

void Checkers::check_disk(const Subject& replica, const zab::PersistOp& op) {
  if (const auto* append = std::get_if<zab::Append>(&op)) {
    for (const zab::Entry& entry : append->entries) {  // 2, 4, 7.
      const auto* known = ghost_.find(entry.zxid);
      if (known == nullptr || known->entry != entry) {
        fail(kIntegrity, replica,
             "wrote an entry " + to_string(entry.zxid) + " that its leader did not propose so");
      }
    }
  } else if (const auto* set = std::get_if<zab::SetCurrentEpoch>(&op)) {
    if (ghost_.reign(set->epoch) != nullptr) check_initial_history(replica, set->epoch);
  } else if (const auto* install = std::get_if<zab::InstallImage>(&op)) {
    const ChainState& image = replica.disk().contents().image;
    if (!ghost_.is_committed(install->zxid)) {
      fail(kAgreement, replica,
           "installed an image of the uncommitted " + to_string(install->zxid));  // R16.
    }
    if (ghost_.chain_at(install->zxid) != image.hash) {
      fail(kState, replica,
           "installed an image that is not the state after " + to_string(install->zxid));
    }
  } else if (const auto* purge = std::get_if<zab::Purge>(&op)) {
    if (!ghost_.is_committed(purge->through)) {
      fail(kNoTruncateDelivered, replica,
           "purged through the uncommitted " + to_string(purge->through));
    }
  }
}

// 5. Who says that it is in epoch `epoch` or later has the initial history of `epoch`.
void Checkers::check_initial_history(const Subject& replica, Epoch epoch) {
  const Ghost::Reign& reign = *ghost_.reign(epoch);
  const Disk& disk = replica.disk();
  if (!(disk.covers(reign.initial_last) && ghost_.is_prefix(reign.initial_last, disk.last()))) {
    fail(kInitialHistory, replica,
         "current epoch " + to_string(disk.contents().current) +
             " without the initial history of " + to_string(epoch) + ", which ends with " +
             to_string(reign.initial_last));
  }
}

// 8. No quorum of disks that may vote is without the last committed entry. Wiped ones may not vote.
void Checkers::check_committed_safe(const Subject& replica) {
  const Zxid last = ghost_.committed_last();
  std::size_t lacking = 0;
  for (const Subject* each : replicas_) {
    const bool counts = !each->is_observer() && each->disk().contents().provisioned;
    if (counts && !each->disk().covers(last)) ++lacking;
  }
  if (lacking >= majority_) {
    fail(kCommittedSafe, replica, "a quorum of disks is without the committed " + to_string(last));
  }
}

// 11. Called when the operation is queued: nothing that is delivered or known as committed may go
// from this disk.
void Checkers::check_loss(const Subject& replica, const zab::PersistOp& op) {
  Zxid keeps;
  if (const auto* truncate = std::get_if<zab::TruncateTo>(&op)) {
    keeps = truncate->last;
    if (!(keeps >= seen_[replica.id()].delivered && keeps >= replica.state().applied)) {
      fail(kNoTruncateDelivered, replica, "truncates what it has delivered");
    }
  } else if (const auto* install = std::get_if<zab::InstallImage>(&op)) {
    keeps = install->zxid;
  } else {
    return;
  }
  const auto& entries = replica.disk().contents().entries;
  const auto lost = std::find_if(entries.begin(), entries.end(),
                                 [&](const zab::Entry& e) { return e.zxid > keeps; });
  if (lost != entries.end() && ghost_.is_committed(lost->zxid)) {
    fail(kCommittedSafe, replica,
         "keeps only what is through " + to_string(keeps) + " and loses a committed entry");
  }
}

void Checkers::on_output(const Subject& replica, const zab::Output& output) {
  Seen& seen = seen_[replica.id()];
  std::visit(
      [&](const auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, zab::Persist>) {
          check_loss(replica, o.op);
        } else if constexpr (std::is_same_v<T, zab::Send>) {
          check_send(replica, o);
        } else if constexpr (std::is_same_v<T, zab::Close>) {
          check_close(replica, o);
        } else if constexpr (std::is_same_v<T, zab::Deliver>) {
          check_deliver(replica, o);
        } else if constexpr (std::is_same_v<T, zab::ImageInstalled>) {
          seen.delivered = o.zxid;
        } else if constexpr (std::is_same_v<T, zab::Fatal>) {
          // Only a replica that may not be counted yet can be misplaced in its cell.
          if (replica.disk().contents().provisioned) fail(kNoFatal, replica, o.reason);
        } else if constexpr (std::is_same_v<T, zab::Serve>) {
          check_serve(replica, o);
        } else if constexpr (std::is_same_v<T, zab::StopServing>) {
          seen.barriers.clear();
        } else if constexpr (std::is_same_v<T, zab::ReadReady>) {
          check_read(replica, o);
        } else if constexpr (std::is_same_v<T, zab::RoleChange>) {
          if (o.role != zab::Role::kLooking) return;
          seen.new_leader.reset();
          seen.up_to_date.reset();
          end_reigns(replica.id());
        }
      },
      output);
}

// What comes over a connection that the core has closed has no effect (R19), and would stay here.
void Checkers::on_message(const Subject& replica, ConnId, const zab::Message& message) {
  Seen& seen = seen_[replica.id()];
  if (const auto* m = std::get_if<zab::NewLeader>(&message)) seen.new_leader = m->last;
  if (const auto* m = std::get_if<zab::UpToDate>(&message)) seen.up_to_date = m->committed;
}

// 10. The table of what must be durable before what is said, on the disk as it is at this moment.
void Checkers::check_send(const Subject& replica, const zab::Send& send) {
  const Disk& disk = replica.disk();
  const Disk::Contents& contents = disk.contents();
  const auto durable = [&](bool holds) {
    if (!holds) fail(kDurableBeforeSend, replica, "says too early: " + describe(send.message));
  };
  const auto committed = [&](Zxid zxid) {
    if (!ghost_.is_committed(zxid)) {
      fail(kAgreement, replica, "calls committed what is not: " + describe(send.message));
    }
  };
  if (const auto* info = std::get_if<zab::LeaderInfo>(&send.message)) {
    durable(contents.accepted == info->epoch);
  } else if (const auto* ack_epoch = std::get_if<zab::AckEpoch>(&send.message)) {
    const zab::EpochEnd end = ack_epoch->epochs.back();
    durable(!ack_epoch->promised ||
            (contents.accepted == ack_epoch->epoch && contents.current == ack_epoch->current &&
             disk.last() == Zxid(end.epoch, end.last_counter)));
  } else if (const auto* ack_nl = std::get_if<zab::AckNewLeader>(&send.message)) {
    auto& named = seen_[replica.id()].new_leader;
    durable(named.has_value() && contents.current == ack_nl->epoch && disk.covers(*named));
    named.reset();
  } else if (const auto* ack = std::get_if<zab::Ack>(&send.message)) {
    durable(disk.covers(ack->durable));
  } else if (const auto* up_to_date = std::get_if<zab::UpToDate>(&send.message)) {
    committed(up_to_date->committed);
  } else if (const auto* commit = std::get_if<zab::Commit>(&send.message)) {
    committed(commit->committed);
  } else if (const auto* inform = std::get_if<zab::Inform>(&send.message)) {
    committed(inform->entries.back().zxid);
  } else if (const auto* ping = std::get_if<zab::Ping>(&send.message)) {
    committed(ping->committed);
  }
}

// 12: illegal messages never come.
void Checkers::check_close(const Subject& replica, const zab::Close& close) {
  if (close.reason.find(kNoBlame) != std::string::npos) return;
  for (const char* blame : kBlames) {
    if (close.reason.find(blame) != std::string::npos) fail(kNoBadMessage, replica, close.reason);
  }
}

// 3, 11: the committed history, in its order and from disk.
void Checkers::check_deliver(const Subject& replica, const zab::Deliver& deliver) {
  Seen& seen = seen_[replica.id()];
  for (const zab::Entry& entry : deliver.entries) {
    const bool agrees = ghost_.is_committed(entry.zxid) &&
                        ghost_.committed_after(seen.delivered) == entry.zxid &&
                        ghost_.find(entry.zxid)->entry == entry;
    if (!agrees) {
      fail(kAgreement, replica,
           "delivers " + to_string(entry.zxid) + " after " + to_string(seen.delivered));
    }
    if (!replica.disk().covers(entry.zxid)) {
      fail(kDurableBeforeSend, replica,
           "delivers " + to_string(entry.zxid) + ", which is not on its disk");
    }
    if (violation_.has_value()) return;
    seen.delivered = entry.zxid;
  }
}

// 13.
void Checkers::check_serve(const Subject& replica, const zab::Serve& serve) {
  Seen& seen = seen_[replica.id()];
  if (serve.role == zab::Role::kLeading) {
    const Ghost::Reign* reign = ghost_.reign(serve.epoch);
    if (reign == nullptr || reign->leader != replica.id()) {
      fail(kServe, replica, "serves as the leader of an epoch in which it is not established");
    }
    return;
  }
  if (!(seen.up_to_date.has_value() && replica.state().applied >= *seen.up_to_date)) {
    fail(kServe, replica, "serves below the commit point of its UPTODATE");
  }
  seen.up_to_date.reset();
}

void Checkers::on_barrier(const Subject& replica, std::uint64_t tag) {
  seen_[replica.id()].barriers[tag] = ghost_.committed_last();
}

void Checkers::check_read(const Subject& replica, const zab::ReadReady& ready) {
  auto& barriers = seen_[replica.id()].barriers;
  const auto found = barriers.find(ready.tag);
  if (found == barriers.end()) fail(kServe, replica, "answers a read that nobody asked for");
  if (found == barriers.end()) return;
  if (ready.zxid < found->second) {
    fail(kServe, replica,
         "a read as of " + to_string(ready.zxid) + " was asked for after " +
             to_string(found->second) + " had been committed");
  }
  barriers.erase(found);
}

// 14.
void Checkers::on_applied(const Subject& replica) {
  const ChainState& state = replica.state();
  if (!(ghost_.is_committed(state.applied) && ghost_.chain_at(state.applied) == state.hash)) {
    fail(kState, replica, "its state is not the one after " + to_string(state.applied));
  }
  seen_[replica.id()].delivered = std::max(seen_[replica.id()].delivered, state.applied);
}

// 2, 4: only the established leader proposes, without holes, after its initial history.
void Checkers::on_proposed(const Subject& replica, const zab::Entry& entry) {
  const Epoch epoch = entry.zxid.epoch();
  const auto found = ghost_.reigns().find(epoch);
  const bool reigns = found != ghost_.reigns().end() && found->second.leader == replica.id();
  if (!reigns) fail(kIntegrity, replica, "proposes in an epoch that it does not lead");
  if (!reigns) return;
  Ghost::Reign& reign = found->second;
  if (!(entry.prev == reign.end() && entry.zxid.counter() == reign.proposed_last.counter() + 1)) {
    fail(kPrimaryOrder, replica,
         "proposes " + to_string(entry.zxid) + " after " + to_string(entry.prev));
  }
  reign.proposed_last = entry.zxid;
  if (!ghost_.propose(entry, replica.id())) {
    fail(kPrimaryOrder, replica, to_string(entry.zxid) + " was proposed before");
  }
}

}  // namespace holdfast::sim
