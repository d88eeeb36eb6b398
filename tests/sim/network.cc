#include "tests/sim/network.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::sim {
namespace {

// A host that died without a word is noticed by others through their own timeouts long before this.
constexpr SimTime kNeverNoticed = 60'000 * kMillisecond;

}  // namespace

bool Network::is_cut(Link link, Channel channel) const {
  const auto& cuts = channel == Channel::kLeader ? leader_cuts_ : election_cuts_;
  return !cuts.empty() && cuts.contains(link);
}

// A connection can be made only when packets pass both ways.
bool Network::is_connected_link_cut(ServerId a, ServerId b) const {
  return is_cut({a, b}, Channel::kLeader) || is_cut({b, a}, Channel::kLeader);
}

SimTime Network::delay() {
  if (timing_.slow_per_mille > 0 && random_.chance(timing_.slow_per_mille, 1000)) {
    return static_cast<SimTime>(random_.below(static_cast<std::uint64_t>(timing_.slow_max) + 1));
  }
  const auto range = static_cast<std::uint64_t>(timing_.delay_max - timing_.delay_min);
  return timing_.delay_min + static_cast<SimTime>(random_.below(range + 1));
}

// Asked for before every step, so nothing is made that is not better than the best.
std::optional<Network::Arrival> Network::earliest(const std::set<ServerId>& asleep) const {
  Arrival best{.due = std::numeric_limits<SimTime>::max(), .to = {}, .what = {}};
  const auto sleeps = [&](ServerId id) { return !asleep.empty() && asleep.contains(id); };
  for (const auto& [id, end] : ends_) {
    if (!sleeps(end.owner)) consider_end(best, id, end);
  }
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    if (!sleeps(attempts_[i].from)) consider_attempt(best, i);
  }
  for (std::size_t i = 0; i < flights_.size(); ++i) {
    const InFlight& flight = flights_[i];
    if (flight.due >= best.due || sleeps(flight.to)) continue;
    if (is_cut({flight.notification.from, flight.to}, Channel::kElection)) continue;
    best = {flight.due, flight.to, Flight{i}};
  }
  return best.due == std::numeric_limits<SimTime>::max() ? std::nullopt : std::optional(best);
}

void Network::consider_end(Arrival& best, ConnId id, const End& end) const {
  if (!end.announced) {
    if (end.announce_due < best.due) best = {end.announce_due, end.owner, Accepted{id}};
    return;
  }
  const bool waits = !end.inbox.empty();
  if (!waits && !end.orphaned) return;
  const SimTime due = waits ? end.inbox.front().due : end.notice_due;
  if (due >= best.due || is_cut({end.other, end.owner}, Channel::kLeader)) return;
  best.due = due;
  best.to = end.owner;
  if (waits) {
    best.what = Packet{id};
  } else {
    best.what = Lost{id};
  }
}

void Network::consider_attempt(Arrival& best, std::size_t index) const {
  const Attempt& attempt = attempts_[index];
  const bool blocked = is_connected_link_cut(attempt.from, attempt.to);
  const bool gives_up = blocked || attempt.due >= attempt.give_up;
  const SimTime due = gives_up ? attempt.give_up : attempt.due;
  if (due < best.due) best = {due, attempt.from, Dialled{.index = index, .gave_up = gives_up}};
}

void Network::dial(Attempt attempt, SimTime now) {
  attempt.due = now + delay();
  attempt.give_up = now + timing_.dial_timeout;
  attempts_.push_back(attempt);
}

Network::Attempt Network::take_attempt(std::size_t index) {
  const Attempt attempt = attempts_.at(index);
  attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(index));
  return attempt;
}

ConnId Network::connect(const Attempt& attempt, SimTime now) {
  const ConnId dialler(++last_conn_);
  const ConnId acceptor(++last_conn_);
  ends_[dialler] = {.peer = acceptor, .owner = attempt.from, .other = attempt.to};
  ends_[acceptor] = {.peer = dialler,
                     .owner = attempt.to,
                     .other = attempt.from,
                     .announced = false,
                     .announce_due = now + delay()};
  return dialler;
}

void Network::announce(ConnId at) {
  ends_.at(at).announced = true;
}

void Network::send(ConnId from, zab::Message message, SimTime now) {
  const auto found = ends_.find(from);
  if (found == ends_.end() || found->second.orphaned) return;
  auto& inbox = ends_.at(found->second.peer).inbox;
  SimTime due = now + delay();
  if (!inbox.empty()) due = std::max(due, inbox.back().due);
  inbox.push_back({std::move(message), due});
}

zab::Message Network::take_message(ConnId at) {
  auto& inbox = ends_.at(at).inbox;
  HOLDFAST_CHECK(!inbox.empty(), "no message to take");
  zab::Message message = std::move(inbox.front().message);
  inbox.pop_front();
  return message;
}

void Network::orphan(ConnId at, SimTime now, bool silent) {
  End& end = ends_.at(at);
  if (end.orphaned) return;
  end.orphaned = true;
  std::size_t kept = end.inbox.size();
  if (timing_.survives == Survives::kPrefix) kept = random_.below(kept + 1);
  if (timing_.survives == Survives::kNothing) kept = 0;
  end.inbox.erase(end.inbox.begin() + static_cast<std::ptrdiff_t>(kept), end.inbox.end());
  const auto wait = static_cast<std::uint64_t>(timing_.notice_max) + 1;
  end.notice_due = now + (silent ? kNeverNoticed : static_cast<SimTime>(random_.below(wait)));
  if (!end.inbox.empty()) end.notice_due = std::max(end.notice_due, end.inbox.back().due);
}

void Network::close(ConnId at, SimTime now) {
  const auto found = ends_.find(at);
  if (found == ends_.end()) return;
  const bool peer_there = !found->second.orphaned;
  const ConnId peer = found->second.peer;
  ends_.erase(found);
  if (peer_there) orphan(peer, now, false);
}

void Network::forget(ConnId at) {
  ends_.erase(at);
}

void Network::break_connection(ConnId at, SimTime now) {
  const auto found = ends_.find(at);
  if (found == ends_.end() || found->second.orphaned) return;
  orphan(found->second.peer, now, false);
  orphan(at, now, false);
}

void Network::die(Death death, SimTime now) {
  std::vector<ConnId> own;
  for (const auto& [id, end] : ends_) {
    if (end.owner == death.server) own.push_back(id);
  }
  for (const ConnId id : own) {
    const End& end = ends_.at(id);
    if (!end.orphaned) orphan(end.peer, now, death.silent);
    ends_.erase(id);
  }
  std::erase_if(attempts_, [&](const Attempt& a) { return a.from == death.server; });
}

void Network::notify(ServerId to, const zab::Notification& notification, SimTime now) {
  std::size_t copies = 1;
  if (random_.chance(timing_.notification_loss_per_mille, 1000)) copies = 0;
  if (random_.chance(timing_.notification_repeat_per_mille, 1000)) ++copies;
  for (; copies > 0; --copies) flights_.push_back({notification, to, now + delay()});
}

Network::InFlight Network::take_notification(std::size_t index) {
  const InFlight flight = flights_.at(index);
  flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(index));
  return flight;
}

}  // namespace holdfast::sim
