#include "lockserver/replica/lanes.h"

#include <algorithm>
#include <string>

#include "zab/base/check.h"

namespace holdfast::replica {

namespace {
constexpr std::size_t kKeptPlaces = 8;  // Room that an idle lane keeps.
}  // namespace

LaneId Lanes::open() {
  newest_ = newest_.next();
  lanes_.emplace(newest_, Lane{});
  return newest_;
}

Lanes::Closed Lanes::close(LaneId lane) {
  Closed closed;
  auto node = lanes_.extract(lane);
  if (node.empty()) {
    return closed;
  }
  for (const auto& [call, session] : node.mapped().calls) {
    closed.calls.push_back(call);
    uncount(session);
  }
  for (const SessionId session : node.mapped().sessions) {
    auto binding = bindings_.find(session);
    HOLDFAST_CHECK(binding != bindings_.end(), "session " + to_string(session) + " is bound");
    if (--binding->second == 0) {
      bindings_.erase(binding);
      closed.absent.push_back(session);
    }
  }
  return closed;
}

bool Lanes::bind(LaneId lane, SessionId session) {
  std::set<SessionId>& sessions = lanes_.at(lane).sessions;
  if (sessions.contains(session)) {
    return true;
  }
  if (sessions.size() >= limits_.bound) {
    return false;
  }
  sessions.insert(session);
  ++bindings_[session];
  return true;
}

bool Lanes::is_bound(LaneId lane, SessionId session) const {
  auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.sessions.contains(session);
}

Lanes::Entered Lanes::enter(LaneId lane, const Newcomer& newcomer) {
  Lane& it = lanes_.at(lane);
  if (it.calls.size() >= limits_.per_lane) {
    return Entered::kLaneFull;
  }
  if (!newcomer.session.is_none()) {
    std::size_t& load = loads_[newcomer.session];
    if (load >= limits_.per_session) {
      return Entered::kSessionFull;
    }
    ++load;
  }
  it.queue.push_back(Place{newcomer.call, newcomer.kind});
  it.calls.emplace(newcomer.call, newcomer.session);
  return Entered::kYes;
}

void Lanes::leave(LaneId lane, CallId call) {
  auto found = lanes_.find(lane);
  if (found == lanes_.end()) {
    return;
  }
  auto entry = found->second.calls.find(call);
  if (entry == found->second.calls.end()) {
    return;
  }
  uncount(entry->second);
  found->second.calls.erase(entry);
  take_from_queue(found->second, call);
}

void Lanes::set_aside(LaneId lane, CallId call) {
  take_from_queue(lanes_.at(lane), call);
}

void Lanes::become(LaneId lane, CallId call, Kind kind) {
  Lane& it = lanes_.at(lane);
  const auto end = it.queue.begin() + static_cast<std::ptrdiff_t>(it.started);
  auto place = std::find_if(it.queue.begin(), end, [&](const Place& p) { return p.call == call; });
  HOLDFAST_CHECK(place != end, "call " + to_string(call) + " has started");
  if (place->kind == kind) {
    return;
  }
  place->kind = kind;
  if (kind == Kind::kRead) {
    ++it.reads_open;
  } else {
    --it.reads_open;
  }
}

std::optional<CallId> Lanes::start_next(LaneId lane) {
  auto found = lanes_.find(lane);
  if (found == lanes_.end() || found->second.started == found->second.queue.size()) {
    return std::nullopt;
  }
  Lane& it = found->second;
  const Place& next = it.queue[it.started];
  if (next.kind == Kind::kWrite && it.reads_open > 0) {
    return std::nullopt;
  }
  ++it.started;
  if (next.kind == Kind::kRead) {
    ++it.reads_open;
  }
  return next.call;
}

std::optional<CallId> Lanes::front(LaneId lane) const {
  auto found = lanes_.find(lane);
  if (found == lanes_.end() || found->second.started == 0) {
    return std::nullopt;
  }
  return found->second.queue.front().call;
}

void Lanes::take_from_queue(Lane& lane, CallId call) {
  auto place = std::find_if(lane.queue.begin(), lane.queue.end(),
                            [&](const Place& p) { return p.call == call; });
  if (place == lane.queue.end()) {
    return;
  }
  const auto index = static_cast<std::size_t>(place - lane.queue.begin());
  if (index < lane.started) {
    --lane.started;
    if (place->kind == Kind::kRead) {
      --lane.reads_open;
    }
  }
  lane.queue.erase(place);
  if (lane.queue.empty() && lane.queue.capacity() > kKeptPlaces) {
    lane.queue.shrink_to_fit();
  }
}

void Lanes::uncount(SessionId session) {
  auto load = loads_.find(session);
  if (load != loads_.end() && --load->second == 0) {
    loads_.erase(load);
  }
}

}  // namespace holdfast::replica
