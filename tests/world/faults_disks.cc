// Disks that are slow, full, failing, damaged or gone.

#include <algorithm>

#include "tests/world/faults.h"

namespace holdfast::world {

void Faults::temper_back(Host& host) {
  DiskTemper& temper = host.temper();
  temper.slower_by = 0;
  temper.stalled = false;
  temper.has_room = true;
  temper.free_bytes = DiskTemper().free_bytes;
  host.on_temper_changed();
}

void Faults::slow_disk(Random& dice) {
  Host& host = *world_.hosts()[dice.below(world_.hosts().size())];
  note(Fault::kSlowDisk, host.name());
  host.temper().slower_by = static_cast<SimTime>(dice.below(200 * kMillisecond));
  later(design_.faults.slow_max, dice, kTemperBack, host.id().value);
}

void Faults::stall_disk(Random& dice) {
  Host& host = *world_.hosts()[dice.below(world_.hosts().size())];
  note(Fault::kStalledDisk, host.name());
  host.temper().stalled = true;
  later(design_.faults.slow_max, dice, kTemperBack, host.id().value);
}

void Faults::fail_sync(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr) return;
  note(Fault::kFailedSync, host->name());
  host->temper().fails_next_sync = true;
  // The process ends by itself; somebody starts it again.
  later(design_.faults.down_max, dice, kStart, host->id().value);
  world_.time().wake_at(world_.time().now() + design_.faults.down_max + kSecond, *this, kStart,
                        host->id().value);
}

void Faults::fill_disk(Random& dice) {
  const bool all = dice.chance(1, 3);
  const std::size_t one = dice.below(world_.hosts().size());
  const bool no_room = dice.chance(1, 3);
  note(Fault::kFullDisk, (all ? std::string("all") : world_.hosts()[one]->name()) +
                             (no_room ? ", no room at all" : ", the reserve is touched"));
  for (std::size_t i = 0; i < world_.hosts().size(); ++i) {
    if (!all && i != one) continue;
    Host& host = *world_.hosts()[i];
    host.temper().free_bytes = 0;
    host.temper().has_room = !no_room;
    later(design_.faults.slow_max, dice, kTemperBack, host.id().value);
  }
}

// One disk at a time, of a cell that can bear it, and not again before the cell has brought it up
// to date.
Host* Faults::pick_for_loss(Random& dice) {
  if (lost_ || design_.voters < 3) return nullptr;
  std::vector<Host*> voters;
  for (const auto& host : world_.hosts()) {
    if (!host->is_voter()) continue;
    if (!host->is_provisioned()) return nullptr;
    if (host->is_up()) voters.push_back(host.get());
  }
  return voters.empty() ? nullptr : voters[dice.below(voters.size())];
}

void Faults::damage(Random& dice) {
  Host* host = pick_for_loss(dice);
  if (host == nullptr) return;
  note(Fault::kDamage, host->name());
  host->temper().fails_next_read = true;
  lost_ = host->id();
  lost_at_ = world_.time().now();
}

void Faults::wipe(Random& dice) {
  Host* host = pick_for_loss(dice);
  if (host == nullptr || world_.ledger().entries().empty()) return;
  note(Fault::kWipe, host->name());
  host->die({.network = dice.chance(1, 2) ? Network::Death::kSilent : Network::Death::kTold,
             .image = storage::MemStore::Loss::kAll});
  lose_disk(*host);
}

void Faults::lose_disk(Host& host) {
  host.wipe();
  lost_ = host.id();
  lost_at_ = world_.time().now();
  waits_for_rejoin_ = true;
}

// What cannot be read ends the replica; its disk is then made anew.
void Faults::notice_damage() {
  if (!lost_ || waits_for_rejoin_) return;
  Host& host = world_.host(*lost_);
  if (host.is_damaged()) {
    world_.story().count("damaged disk made anew");
    return lose_disk(host);
  }
  const bool is_overlooked = world_.time().now() - lost_at_ > 2 * kSecond || ended_;
  if (host.is_provisioned() && is_overlooked) {
    host.temper().fails_next_read = false;
    lost_.reset();
  }
}

// A wiped voter has forgotten what it promised and acknowledged. It comes back when that counts no
// more: whoever relied on it has had the time to notice that it is gone.
void Faults::try_rejoin() {
  if (!lost_) return;
  if (!waits_for_rejoin_) return;
  for (const auto& host : world_.hosts()) {
    if (host->is_asleep()) return;
  }
  const SimTime quiet = world_.time().now() - std::max(lost_at_, last_resume_);
  if (quiet < 3 * design_.core.failure_timeout * kMillisecond) return;
  waits_for_rejoin_ = false;
  world_.story().count("wiped replica rejoins");
  world_.story().tell([this] { return world_.host(*lost_).name() + " rejoins with a new disk"; });
  world_.host(*lost_).start();
}

}  // namespace holdfast::world
