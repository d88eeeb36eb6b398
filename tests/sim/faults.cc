#include "tests/sim/faults.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::sim {

Faults::Faults(const Swarm& swarm, Random random, Cluster& cluster)
    : swarm_(swarm), random_(random), cluster_(cluster) {
  for (const Kind kind : {Kind::kCrash, Kind::kBreak, Kind::kPartition, Kind::kPause, Kind::kWipe,
                          Kind::kResign, Kind::kPurge}) {
    plan(kind, mean_of(kind));
  }
}

SimTime Faults::mean_of(Kind kind) const {
  const FaultRates& rates = swarm_.faults;
  switch (kind) {
    case Kind::kCrash:
      return rates.crash;
    case Kind::kBreak:
      return rates.break_connection;
    case Kind::kPartition:
      return rates.partition;
    case Kind::kPause:
      return rates.pause;
    case Kind::kWipe:
      return rates.wipe;
    case Kind::kResign:
      return rates.resign;
    case Kind::kPurge:
      return rates.purge;
    case Kind::kRestart:
    case Kind::kResume:
    case Kind::kHeal:
      return 0;  // These follow from another fault.
  }
  return 0;
}

SimTime Faults::within(SimTime max) {
  return static_cast<SimTime>(random_.below(static_cast<std::uint64_t>(max) + 1));
}

void Faults::plan(Kind kind, SimTime mean) {
  if (mean > 0) plan_at(cluster_.now() + within(2 * mean), kind, ServerId());
}

void Faults::plan_at(SimTime at, Kind kind, ServerId server) {
  planned_.push_back({at, kind, server});
}

std::optional<SimTime> Faults::next() const {
  if (planned_.empty()) return std::nullopt;
  return std::min_element(planned_.begin(), planned_.end(),
                          [](const Planned& a, const Planned& b) { return a.at < b.at; })
      ->at;
}

void Faults::run_next() {
  const auto first =
      std::min_element(planned_.begin(), planned_.end(),
                       [](const Planned& a, const Planned& b) { return a.at < b.at; });
  const Planned planned = *first;
  planned_.erase(first);
  cluster_.advance_to(planned.at);
  run(planned);
  plan(planned.kind, mean_of(planned.kind));
}

void Faults::run(const Planned& planned) {
  switch (planned.kind) {
    case Kind::kCrash:
      return crash();
    case Kind::kBreak:
      return break_connection();
    case Kind::kPartition:
      return partition();
    case Kind::kPause:
      return pause();
    case Kind::kWipe:
      return wipe();
    case Kind::kResign:
      return resign();
    case Kind::kPurge:
      return purge();
    case Kind::kRestart:
      return restart(planned.server);
    case Kind::kResume:
      return resume(planned.server);
    case Kind::kHeal:
      return cluster_.network().heal_all();
  }
}

// --- Processes.

void Faults::start_all() {
  for (const auto& replica : cluster_.replicas()) start(*replica);
}

// An operator who reads what the process said when it ended: --rejoin where it asks for that, a
// plain start otherwise.
void Faults::start(Replica& replica) {
  if (replica.is_running()) return;
  if (replica.has_failed() && replica.failure().find("--rejoin") != std::string::npos) {
    cluster_.coverage().count("operator follows --rejoin");
    rejoining_.insert(replica.id());
  }
  const bool rejoins = rejoining_.contains(replica.id());
  const Disk& disk = replica.disk();
  if (disk.last().epoch() > disk.contents().current) {
    cluster_.coverage().count("start with entries newer than current epoch");
  }
  cluster_.start(replica.id(), rejoins ? zab::Membership::kRejoining : zab::Membership::kFresh);
}

void Faults::notice_failures() {
  for (const auto& replica : cluster_.replicas()) {
    if (replica->is_running()) continue;
    const ServerId id = replica->id();
    const bool planned = std::any_of(planned_.begin(), planned_.end(), [&](const Planned& p) {
      return p.kind == Kind::kRestart && p.server == id;
    });
    if (planned) continue;
    cluster_.coverage().count("process ended by itself");
    plan_at(cluster_.now() + within(swarm_.faults.downtime_max), Kind::kRestart, id);
  }
  if (wiped_.has_value() && cluster_.replica(*wiped_).disk().contents().provisioned) {
    cluster_.coverage().count("wiped voter is provisioned again");
    rejoining_.erase(*wiped_);
    wiped_.reset();
  }
}

void Faults::restart(ServerId id) {
  if (wiped_ == id && !may_rejoin(id)) {
    plan_at(cluster_.now() + 10 * kMillisecond, Kind::kRestart, id);
    return;
  }
  cluster_.resume(id);
  start(cluster_.replica(id));
  cluster_.coverage().count("restart");
}

void Faults::resume(ServerId id) {
  if (!cluster_.asleep().contains(id)) return;
  cluster_.resume(id);
  last_resume_ = cluster_.now();
}

std::vector<Replica*> Faults::running() const {
  std::vector<Replica*> out;
  for (const auto& replica : cluster_.replicas()) {
    if (replica->is_running()) out.push_back(replica.get());
  }
  return out;
}

Replica* Faults::pick(const std::vector<Replica*>& from) {
  return from.empty() ? nullptr : from[random_.below(from.size())];
}

// In the middle of something that a crash may tear apart.
bool Faults::is_busy(const Replica& replica) const {
  const zab::Phase phase = replica.view().phase;
  return !replica.disk().queued().empty() || phase == zab::Phase::kDiscovery ||
         phase == zab::Phase::kSynchronization;
}

void Faults::crash() {
  std::vector<Replica*> victims = running();
  if (swarm_.faults.prefers_busy_victims && random_.chance(3, 4)) {
    std::erase_if(victims, [&](const Replica* r) { return !is_busy(*r); });
  }
  Replica* victim = pick(victims);
  if (victim == nullptr) return;
  crash(*victim);
  if (random_.chance(1, 20)) {  // A power failure: everybody.
    cluster_.coverage().count("crash of all");
    for (Replica* each : running()) crash(*each);
  }
}

void Faults::crash(Replica& victim) {
  Coverage& coverage = cluster_.coverage();
  const std::size_t queued = victim.disk().queued().size();
  const std::size_t ops = random_.below(queued + 1);
  coverage.count("crash");
  if (queued > 0 && ops < queued) coverage.count("crash loses queued operations");
  if (victim.view().phase == zab::Phase::kSynchronization) coverage.count("crash within a sync");
  const bool silent = random_.chance(swarm_.faults.silent_death_per_mille, 1000);
  if (silent) coverage.count("silent death");
  cluster_.resume(victim.id());
  cluster_.crash(
      {.server = victim.id(),
       .survivors = {.ops = ops, .torn_entries = random_.below(3), .image_choice = random_.next()},
       .silent = silent});
  if (swarm_.mistake == Mistake::kDiskForgets) victim.disk().forget_entries(random_.below(3));
  plan_at(cluster_.now() + within(swarm_.faults.downtime_max), Kind::kRestart, victim.id());
}

void Faults::pause() {
  Replica* victim = pick(running());
  if (victim == nullptr || cluster_.asleep().contains(victim->id())) return;
  cluster_.coverage().count("pause");
  cluster_.pause(victim->id());
  plan_at(cluster_.now() + within(swarm_.faults.pause_max), Kind::kResume, victim->id());
}

void Faults::resign() {
  Replica* victim = pick(running());
  if (victim == nullptr || cluster_.asleep().contains(victim->id())) return;
  cluster_.coverage().count("told to resign");
  victim->input([](zab::Core& core) { core.resign("told so"); });
}

// --- Disks.

void Faults::purge() {
  Replica* at = pick(running());
  if (at == nullptr || cluster_.asleep().contains(at->id())) return;
  const Disk::Contents& disk = at->disk().contents();
  std::vector<Zxid> candidates;
  for (const zab::Entry& entry : disk.entries) {
    if (entry.zxid <= disk.image.applied) candidates.push_back(entry.zxid);
  }
  if (candidates.empty()) return;
  cluster_.coverage().count("purge wished for");
  const Zxid through = candidates[random_.below(candidates.size())];
  at->input([&](zab::Core& core) { core.purge(through); });
}

// One disk at a time, of a cell that can bear it, and not again before it is provisioned.
void Faults::wipe() {
  std::vector<Replica*> voters;
  for (const auto& replica : cluster_.replicas()) {
    if (replica->is_observer()) continue;
    if (!replica->disk().contents().provisioned) return;
    if (replica->is_running()) voters.push_back(replica.get());
  }
  Replica* victim = pick(voters);
  if (victim == nullptr || wiped_.has_value() || cluster_.majority() < 2) return;
  if (cluster_.checkers().ghost().reigns().empty()) return;
  crash(*victim);
  cluster_.wipe(victim->id());
  cluster_.coverage().count("wipe");
  wiped_ = victim->id();
  rejoining_.insert(victim->id());
  wiped_at_ = cluster_.now();
}

// A wiped voter has forgotten what it promised and acknowledged. It may come back when that counts
// no more: its old connections are gone at all others, and each leader that lost its quorum by this
// has had the time to notice.
bool Faults::may_rejoin(ServerId id) const {
  for (const auto& [conn, end] : cluster_.network().ends()) {
    if (end.other == id) return false;
  }
  if (!cluster_.asleep().empty()) return false;
  const SimTime quiet = cluster_.now() - std::max(wiped_at_, last_resume_);
  return quiet >= 3 * swarm_.design.options.failure_timeout * kMillisecond;
}

// --- Network.

void Faults::break_connection() {
  const auto& ends = cluster_.network().ends();
  if (ends.empty()) return;
  auto at = ends.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.below(ends.size())));
  cluster_.coverage().count("break of a connection");
  cluster_.network().break_connection(at->first, cluster_.now());
}

void Faults::cut_one_way(ServerId from, ServerId to) {
  // Now and then only one of the two channels suffers.
  const std::uint64_t which = random_.below(6);
  if (which != 0) cluster_.network().cut({from, to}, Channel::kLeader);
  if (which != 1) cluster_.network().cut({from, to}, Channel::kElection);
}

void Faults::cut_both(ServerId a, ServerId b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void Faults::partition() {
  std::vector<ServerId> ids;
  for (const auto& replica : cluster_.replicas()) ids.push_back(replica->id());
  const ServerId chosen = ids[random_.below(ids.size())];
  const std::uint64_t kind = random_.below(4);
  const char* const names[] = {"isolated replica", "halves", "one-way link", "hub"};
  cluster_.coverage().count(names[kind]);
  std::set<ServerId> half;
  for (const ServerId id : ids) {
    if (random_.chance(1, 2)) half.insert(id);
  }
  const ServerId other = ids[random_.below(ids.size())];
  if (kind == 2 && chosen != other) cut_one_way(chosen, other);
  for (const ServerId a : ids) {
    for (const ServerId b : ids) {
      if (a >= b) continue;
      const bool touches = a == chosen || b == chosen;
      const bool cut = (kind == 0 && touches) ||
                       (kind == 1 && half.contains(a) != half.contains(b)) ||
                       (kind == 3 && !touches);
      if (cut) cut_both(a, b);
    }
  }
  plan_at(cluster_.now() + within(swarm_.faults.partition_max), Kind::kHeal, ServerId());
}

// --- The end of all faults.

void Faults::heal() {
  std::erase_if(planned_,
                [&](const Planned& p) { return p.kind != Kind::kRestart || p.server != wiped_; });
  cluster_.network().heal_all();
  cluster_.network().set_timing({.delay_min = 0,
                                 .delay_max = 2 * kMillisecond,
                                 .notice_max = 5 * kMillisecond,
                                 .dial_timeout = 50 * kMillisecond});
  for (const auto& replica : cluster_.replicas()) {
    resume(replica->id());
    Replica::Timing& timing = replica->timing();
    timing.stall_per_mille = 0;
    timing.disk_max = std::min(timing.disk_max, timing.disk_min + 2 * kMillisecond);
    timing.refuse_forwards_per_mille = 0;
    if (replica->id() != wiped_) start(*replica);
  }
}

}  // namespace holdfast::sim
