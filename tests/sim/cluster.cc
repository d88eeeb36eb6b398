#include "tests/sim/cluster.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::sim {

Cluster::Cluster(const Design& design)
    : world_{.now = 0, .network = Network(Random(design.seed ^ 0x6e65ULL), design.network)},
      voters_(design.options.config.voters.size()),
      reports_refusals_(design.reports_refusals),
      swallows_notifications_(design.swallows_notifications),
      checkers_(voters_),
      trace_(design.trace) {
  world_.witness = this;
  Random seeds(design.seed);
  std::vector<ServerId> members = design.options.config.voters;
  members.insert(members.end(), design.options.config.observers.begin(),
                 design.options.config.observers.end());
  for (const ServerId id : members) {
    zab::Options options = design.options;
    options.self = id;
    Replica::Timing timing = design.timing;
    const std::uint64_t range = 2 * design.clock_ppm_max + 1;
    timing.clock_ppm = static_cast<std::int64_t>(seeds.below(range)) -
                       static_cast<std::int64_t>(design.clock_ppm_max);
    replicas_.push_back(std::make_unique<Replica>(options, timing, seeds.next(), world_));
  }
  std::vector<const Subject*> watched;
  for (const auto& replica : replicas_) watched.push_back(replica.get());
  checkers_.watch(std::move(watched));
}

Replica& Cluster::replica(ServerId id) {
  const auto found = std::find_if(replicas_.begin(), replicas_.end(),
                                  [&](const auto& r) { return r->id() == id; });
  HOLDFAST_CHECK(found != replicas_.end(), "no replica " + to_string(id));
  return **found;
}

// --- Time.

std::optional<Cluster::Event> Cluster::next_event() const {
  std::optional<Event> next;
  if (const auto arrival = world_.network.earliest(asleep_)) {
    next = Event{.at = arrival->due, .arrival = *arrival};
  }
  // An arrival goes before a chore of the same time, and of chores the one of the first replica.
  for (const auto& replica : replicas_) {
    if (!asleep_.empty() && asleep_.contains(replica->id())) continue;
    const auto due = replica->next_chore();
    if (due.has_value() && (!next || due->at < next->at)) {
      next = Event{.at = due->at, .busy = replica.get(), .chore = due->chore, .arrival = {}};
    }
  }
  return next;
}

void Cluster::advance_to(SimTime time) {
  world_.now = std::max(world_.now, time);
}

void Cluster::run(const Event& event) {
  advance_to(event.at);
  if (event.busy == nullptr) return arrive(event.arrival);
  trace_.mix(event.busy->id().value);
  event.busy->carry_out(event.chore);
}

bool Cluster::is_quiet() const {
  if (world_.network.earliest(asleep_)) return false;
  return std::none_of(replicas_.begin(), replicas_.end(),
                      [](const auto& replica) { return replica->has_work(); });
}

// --- Arrivals.

void Cluster::arrive(const Network::Arrival& arrival) {
  Replica& to = replica(arrival.to);
  trace_.mix(arrival.to.value + 16 * arrival.what.index());
  std::visit([&](const auto& what) { see(what, to); }, arrival.what);
}

void Cluster::see(const Network::Packet& packet, Replica& to) {
  const zab::Message message = world_.network.take_message(packet.at);
  if (!to.is_running()) return;
  on_message(to, packet.at, message);
  to.input([&](zab::Core& core) { core.on_message(packet.at, message); });
}

void Cluster::see(const Network::Accepted& accepted, Replica& to) {
  world_.network.announce(accepted.at);
  if (trace_.keeps_lines()) say(to, "<- connection " + to_string(accepted.at));
  to.input([&](zab::Core& core) { core.on_accept(accepted.at); });
}

void Cluster::see(const Network::Lost& lost, Replica& to) {
  world_.network.forget(lost.at);
  if (trace_.keeps_lines()) say(to, "<- lost connection " + to_string(lost.at));
  to.input([&](zab::Core& core) { core.on_closed(lost.at); });
}

void Cluster::see(const Network::Flight& flight, Replica& to) {
  const auto arrived = world_.network.take_notification(flight.index);
  if (swallows_notifications_) return;
  if (!to.is_running()) {
    refuse(arrived.notification.from, to.id());
    return;
  }
  if (trace_.keeps_lines()) say(to, "<- " + describe(arrived.notification));
  to.input([&](zab::Core& core) { core.on_notification(arrived.notification); });
}

void Cluster::see(const Network::Dialled& dialled, Replica& to) {
  const auto attempt = world_.network.take_attempt(dialled.index);
  std::optional<ConnId> conn;
  const bool listens = replica(attempt.to).is_running();
  if (!dialled.gave_up && listens) conn = world_.network.connect(attempt, world_.now);
  coverage_.count(dialled.gave_up ? "dial unanswered" : listens ? "dial" : "dial refused");
  if (trace_.keeps_lines()) {
    say(to, "<- dial " + to_string(attempt.dial) + " to " + to_string(attempt.to) +
                (conn ? " is connection " + to_string(*conn) : " failed"));
  }
  to.input([&](zab::Core& core) { core.on_dial_result(attempt.dial, conn); });
  if (!dialled.gave_up && !listens) refuse(attempt.from, attempt.to);
}

// The network at `dialler` was told that no process listens at `peer`.
void Cluster::refuse(ServerId dialler, ServerId peer) {
  Replica& from = replica(dialler);
  if (!reports_refusals_ || !from.is_running() || asleep_.contains(dialler)) return;
  if (world_.network.is_cut({peer, dialler}, Channel::kElection)) return;
  if (trace_.keeps_lines()) say(from, "<- refused by " + to_string(peer));
  from.input([&](zab::Core& core) { core.on_peer_refused(peer); });
}

// --- Actions.

void Cluster::start(ServerId id, zab::Membership unprovisioned) {
  Replica& started = replica(id);
  started.forget_failure();
  started.start(unprovisioned);
}

void Cluster::crash(const Crash& crash) {
  Replica& crashed = replica(crash.server);
  if (trace_.keeps_lines()) {
    say(crashed, "crashes with " + std::to_string(crashed.disk().queued().size()) +
                     " operations queued, of which " + std::to_string(crash.survivors.ops) +
                     " survive");
  }
  crashed.crash(crash.survivors);
  world_.network.die({.server = crash.server, .silent = crash.silent}, world_.now);
}

void Cluster::wipe(ServerId id) {
  Replica& wiped = replica(id);
  HOLDFAST_CHECK(!wiped.is_running(), "a running replica's disk cannot be taken away");
  wiped.disk().wipe();
  if (trace_.keeps_lines()) say(wiped, "has its disk wiped");
  checkers_.on_wiped(wiped);
}

void Cluster::forge(ServerId to, const zab::Notification& notification) {
  Replica& target = replica(to);
  if (trace_.keeps_lines()) say(target, "<- forged " + describe(notification));
  target.input([&](zab::Core& core) { core.on_notification(notification); });
}

// --- Looking on.

void Cluster::say(const Subject& replica, const std::string& text) {
  const SimTime ms = world_.now / kMillisecond;
  const SimTime rest = world_.now % kMillisecond;
  std::string fraction = std::to_string(rest);
  fraction.insert(0, 3 - fraction.size(), '0');
  trace_.line(std::to_string(ms) + "." + fraction + "  " + to_string(replica.id()) + " " + text);
}

void Cluster::on_input(const Subject& replica) {
  checkers_.on_input(replica);
}

void Cluster::on_output(const Subject& replica, const zab::Output& output) {
  trace_.mix(output.index());
  if (trace_.keeps_lines()) say(replica, "-> " + describe(output));
  coverage_.count_output(replica, output);
  checkers_.on_output(replica, output);
}

void Cluster::on_message(const Subject& replica, ConnId at, const zab::Message& message) {
  trace_.mix(message.index());
  if (trace_.keeps_lines()) {
    say(replica, "<- [" + to_string(at) + "] " + describe(message));
  }
  coverage_.count_message(replica, message);
  checkers_.on_message(replica, at, message);
}

void Cluster::on_disk(const Subject& replica, const zab::PersistOp& op) {
  if (trace_.keeps_lines()) say(replica, "disk: " + describe(op));
  checkers_.on_disk(replica, op);
}

void Cluster::on_proposed(const Subject& replica, const zab::Entry& entry) {
  trace_.mix(entry.zxid.value);
  if (trace_.keeps_lines()) say(replica, "proposes " + to_string(entry.zxid));
  checkers_.on_proposed(replica, entry);
}

void Cluster::on_barrier(const Subject& replica, std::uint64_t tag) {
  checkers_.on_barrier(replica, tag);
}

void Cluster::on_applied(const Subject& replica) {
  if (trace_.keeps_lines()) say(replica, "applied " + to_string(replica.state().applied));
  checkers_.on_applied(replica);
}

void Cluster::on_start(const Subject& replica) {
  if (trace_.keeps_lines()) say(replica, "starts");
  checkers_.on_start(replica);
}

std::optional<Violation> Cluster::find_not_converged() const {
  const Zxid last = checkers_.ghost().committed_last();
  const auto lagging = [](const Replica& replica, const std::string& why) {
    return Violation{"LIVENESS", "replica " + to_string(replica.id()) + " " + why};
  };
  std::size_t leaders = 0;
  for (const auto& replica : replicas_) {
    if (!replica->is_running()) return lagging(*replica, "does not run: " + replica->failure());
    const zab::CoreView view = replica->view();
    if (!view.serving) return lagging(*replica, "does not serve: " + replica->core().describe());
    if (view.committed != last || replica->state().applied != last) {
      return lagging(*replica, "has applied " + to_string(replica->state().applied) + " of " +
                                   to_string(last) + ": " + replica->core().describe());
    }
    if (view.role == zab::Role::kLeading) ++leaders;
    for (const auto& learner : view.learners) {
      if (!learner.active) return lagging(*replica, "has an inactive learner");
    }
  }
  if (leaders == 1) return std::nullopt;
  return Violation{"LIVENESS", std::to_string(leaders) + " leaders"};
}

}  // namespace holdfast::sim
