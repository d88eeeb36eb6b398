#include "tests/world/network.h"

#include <algorithm>
#include <utility>

namespace holdfast::world {

MachineId Network::add(Machine& machine) {
  machines_.push_back({.machine = &machine});
  return MachineId(static_cast<std::uint32_t>(machines_.size()));
}

EndId Network::make_end(MachineId owner, MachineId other, Port port) {
  ends_.emplace_back();
  End& end = ends_.back();
  end.owner = owner;
  end.other = other;
  end.port = port;
  const EndId id(ends_.size());
  live_.insert(id);
  return id;
}

EndId Network::dial(MachineId from, Target to, Listener& listener) {
  const EndId mine = make_end(from, to.machine, to.port);
  const EndId theirs = make_end(to.machine, from, to.port);
  at(mine).peer = theirs;
  at(mine).listener = &listener;
  at(theirs).peer = mine;
  push(theirs, Kind::kSyn, {});
  return mine;
}

SimTime Network::delay() {
  const auto below = [this](SimTime max) {
    return static_cast<SimTime>(dice_.below(static_cast<std::uint64_t>(max) + 1));
  };
  if (timing_.slow_per_mille > 0 && dice_.chance(timing_.slow_per_mille, 1000)) {
    story_.count("packet slow");
    return timing_.delay_max + below(timing_.slow_max);
  }
  return timing_.delay_min + below(timing_.delay_max - timing_.delay_min);
}

void Network::push(EndId to, Kind kind, std::string bytes) {
  End& end = at(to);
  end.last_due = std::max(end.last_due, time_.now() + delay());
  end.inbox.push_back({.due = end.last_due, .kind = kind, .bytes = std::move(bytes)});
  time_.wake_at(end.last_due, *this, 0, to.value);
}

void Network::send(EndId from, std::string bytes) {
  End& end = at(from);
  if (end.state != State::kOpen || end.deaf) return;
  if (end.orphaned) {
    end.asked = true;
    if (!place(end.other).dead_in_silence) push(from, Kind::kGone, {});
    return;
  }
  if (at(end.peer).state == State::kDead) return;
  const bool splits = timing_.split_per_mille > 0 && bytes.size() > 1 &&
                      dice_.chance(timing_.split_per_mille, 1000);
  if (splits) {
    const std::size_t first = 1 + dice_.below(bytes.size() - 1);
    push(end.peer, Kind::kBytes, bytes.substr(0, first));
    bytes.erase(0, first);
  }
  push(end.peer, Kind::kBytes, std::move(bytes));
}

void Network::retire(EndId id) {
  End& end = at(id);
  end.state = State::kDead;
  end.listener = nullptr;
  end.inbox.clear();
  live_.erase(id);
}

void Network::close(EndId id) {
  const End& end = at(id);
  if (end.state == State::kDead) return;
  const bool tells = !end.orphaned && !end.deaf && at(end.peer).state != State::kDead;
  retire(id);
  if (tells) push(end.peer, Kind::kGone, {});
}

void Network::on_wake(std::uint32_t, std::uint64_t which) {
  deliver(EndId(which));
}

// What is due at this end, unless the link is cut or the process sleeps. The kernel answers a SYN
// also for a process that sleeps.
void Network::deliver(EndId id) {
  End& end = at(id);
  bool has_input = false;
  while (!end.inbox.empty() && end.inbox.front().due <= time_.now()) {
    const bool is_held = !cuts_.empty() && cuts_.contains({.from = end.other, .to = end.owner});
    if (is_held) break;
    if (end.inbox.front().kind == Kind::kSyn) {
      take_syn(id);
      continue;
    }
    if (place(end.owner).asleep) break;
    const Item item = std::move(end.inbox.front());
    end.inbox.pop_front();
    hand_over(id, item);
    has_input = true;
  }
  if (has_input) place(end.owner).machine->on_input_done();
}

void Network::take_syn(EndId id) {
  End& end = at(id);
  end.inbox.pop_front();
  if (place(end.owner).dead_in_silence) return retire(id);  // The attempt hangs.
  if (!place(end.owner).asleep) return take_accept(id);
  push(end.peer, Kind::kConnected, {});
  end.inbox.push_front({.due = time_.now(), .kind = Kind::kAccept, .bytes = {}});
}

void Network::take_accept(EndId id) {
  End& end = at(id);
  end.state = State::kOpen;
  Listener* listener = place(end.owner).machine->accept(id, end.other, end.port);
  if (listener != nullptr) {
    end.listener = listener;
    if (at(end.peer).state == State::kConnecting) push(end.peer, Kind::kConnected, {});
    return;
  }
  story_.count("connection refused");
  const EndId peer = end.peer;
  retire(id);
  if (at(peer).state != State::kDead) push(peer, Kind::kRefused, {});
}

void Network::hand_over(EndId id, const Item& item) {
  End& end = at(id);
  story_.mix(id.value * 8 + static_cast<std::uint64_t>(item.kind));
  if (item.kind == Kind::kAccept) return take_accept(id);
  Listener* const listener = end.listener;
  if (listener == nullptr) return;
  switch (item.kind) {
    case Kind::kConnected:
      if (end.state != State::kConnecting) return;
      end.state = State::kOpen;
      return listener->on_connected(id);
    case Kind::kBytes:
      return listener->on_bytes(id, item.bytes);
    case Kind::kRefused:
    case Kind::kGone:
      retire(id);
      return listener->on_gone(
          id, item.kind == Kind::kRefused ? Listener::Gone::kRefused : Listener::Gone::kClosed);
    case Kind::kSyn:
    case Kind::kAccept:
      return;
  }
}

// ---- faults -------------------------------------------------------------------------------------

void Network::heal_all() {
  cuts_.clear();
  look_again();
}

void Network::look_again() {
  for (const EndId id : live_) {
    if (!at(id).inbox.empty()) time_.wake_at(time_.now(), *this, 0, id.value);
  }
}

// Of what is in flight to this end only a part arrives, and that may end within a frame.
void Network::cut_short(EndId id) {
  End& end = at(id);
  std::uint64_t in_flight = 0;
  for (const Item& item : end.inbox) in_flight += item.bytes.size();
  std::uint64_t keep = dice_.below(in_flight + 1);
  if (in_flight > 0) story_.count("connection cut within its bytes");
  std::deque<Item> kept;
  for (Item& item : end.inbox) {
    if (item.kind != Kind::kBytes) {
      kept.push_back(std::move(item));
      continue;
    }
    if (keep == 0) break;
    item.bytes.resize(std::min<std::uint64_t>(keep, item.bytes.size()));
    keep -= item.bytes.size();
    kept.push_back(std::move(item));
  }
  end.inbox = std::move(kept);
}

void Network::break_connection(EndId id) {
  for (const EndId each : {id, at(id).peer}) {
    End& end = at(each);
    if (end.state == State::kDead || end.deaf) continue;
    cut_short(each);
    end.deaf = true;
    push(each, Kind::kGone, {});
  }
}

std::vector<EndId> Network::connections() const {
  std::vector<EndId> found;
  for (const EndId id : live_) {
    const End& end = at(id);
    const bool counts = end.state == State::kOpen && !end.deaf && id < end.peer;
    if (counts) found.push_back(id);
  }
  return found;
}

void Network::resume(MachineId machine) {
  place(machine).asleep = false;
  look_again();
}

void Network::die(MachineId machine, Death death) {
  place(machine).asleep = false;
  place(machine).dead_in_silence = death == Death::kSilent;
  std::vector<EndId> dying;
  for (const EndId id : live_) {
    if (at(id).owner == machine) dying.push_back(id);
  }
  for (const EndId id : dying) {
    const EndId peer = at(id).peer;
    const bool was_syn = !at(id).inbox.empty() && at(id).inbox.front().kind == Kind::kSyn;
    if (was_syn) continue;  // It has not reached the machine yet.
    retire(id);
    End& other = at(peer);
    if (other.state == State::kDead || other.deaf) continue;
    cut_short(peer);
    if (death == Death::kSilent) {
      other.orphaned = true;
    } else {
      push(peer, Kind::kGone, {});
    }
  }
}

void Network::start(MachineId machine) {
  place(machine).dead_in_silence = false;
  for (const EndId id : live_) {
    End& end = at(id);
    if (end.other == machine && end.orphaned && std::exchange(end.asked, false)) {
      push(id, Kind::kGone, {});
    }
  }
}

}  // namespace holdfast::world
