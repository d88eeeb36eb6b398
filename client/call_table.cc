#include "client/call_table.h"

#include "zab/base/check.h"

namespace holdfast::client {

Call& CallTable::add(CallId id, Call call) {
  const auto [place, is_new] = calls_.emplace(id, std::move(call));
  HOLDFAST_CHECK(is_new, "the call " + to_string(id) + " is made twice");
  const Call& added = place->second;
  unsent_.emplace(added.place, id);
  const std::optional<Hold> hold = hold_of(added.request);
  if (hold && !added.acquiring) endings_.emplace(*hold, id);
  return place->second;
}

// Of those requests that begin or end it.
std::optional<CallTable::Hold> CallTable::hold_of(const wire::Request& request) {
  if (const auto* acquire = std::get_if<wire::Acquire>(&request)) {
    return Hold(acquire->path, acquire->owner);
  }
  if (const auto* cancel = std::get_if<wire::Cancel>(&request)) {
    return Hold(cancel->path, cancel->owner);
  }
  if (const auto* release = std::get_if<wire::Release>(&request)) {
    return Hold(release->path, release->owner);
  }
  return std::nullopt;
}

bool CallTable::has_ending(const Hold& hold) const {
  const auto first = endings_.lower_bound({hold, CallId()});
  return first != endings_.end() && first->first == hold;
}

bool CallTable::is_releasing(const std::string& path, OwnerId owner) const {
  const Hold hold(path, owner);
  for (auto at = endings_.lower_bound({hold, CallId()}); at != endings_.end(); ++at) {
    if (at->first != hold) return false;
    if (std::holds_alternative<wire::Release>(calls_.at(at->second).request)) return true;
  }
  return false;
}

void CallTable::on_withdrawn(CallId id) {
  endings_.emplace(*hold_of(calls_.at(id).request), id);
}

void CallTable::renew(CallId id) {
  unpin(id);
  Call& call = calls_.at(id);
  call.number = 0;
  call.was_sent = false;
  call.has_copies = false;
  unsent_.erase({call.place, id});
  call.place = Call::kNoPlace;
  on_stage(id, Call::Stage::kUnsent);
}

bool CallTable::must_wait(const Call& call) const {
  return call.acquiring && !call.was_sent && has_ending(*hold_of(call.request));
}

Call* CallTable::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

void CallTable::erase(CallId id) {
  unpin(id);
  set_alarm(id, std::nullopt);
  if (const Call* call = find(id); call != nullptr) {
    unsent_.erase({call->place, id});
    if (const std::optional<Hold> hold = hold_of(call->request)) endings_.erase({*hold, id});
  }
  calls_.erase(id);
}

void CallTable::clear() {
  calls_.clear();
  unsent_.clear();
  endings_.clear();
  pinned_.clear();
  alarm_of_.clear();
  alarms_.clear();
}

std::optional<CallId> CallTable::next_to_send() const {
  for (const auto& [place, id] : unsent_) {
    const Call& call = calls_.at(id);
    if (must_wait(call)) continue;
    const bool needs_number = call.is_mutating && call.number == 0;
    if (needs_number && last_number_ + 1 - answered_below() >= kWindow) return std::nullopt;
    return id;
  }
  return std::nullopt;
}

void CallTable::on_sent(CallId id) {
  Call& call = calls_.at(id);
  if (call.is_mutating && call.number == 0) {
    call.number = ++last_number_;
    pinned_.insert(call.number);
  }
  unsent_.erase({call.place, id});
  if (call.place == Call::kNoPlace) call.place = ++last_place_;
  call.was_sent = true;
  on_stage(id, Call::Stage::kSent);
}

void CallTable::on_stage(CallId id, Call::Stage stage) {
  Call& call = calls_.at(id);
  call.stage = stage;
  if (stage == Call::Stage::kUnsent) {
    unsent_.emplace(call.place, id);
  } else {
    unsent_.erase({call.place, id});
  }
}

void CallTable::unpin(CallId id) {
  const Call* call = find(id);
  if (call != nullptr) pinned_.erase(call->number);
}

std::uint64_t CallTable::answered_below() const {
  return pinned_.empty() ? last_number_ + 1 : *pinned_.begin();
}

void CallTable::on_connection_lost() {
  for (auto& [id, call] : calls_) {
    const bool again = call.stage == Call::Stage::kSent || call.stage == Call::Stage::kPausing;
    if (!again) continue;
    call.has_copies = true;
    on_stage(id, Call::Stage::kUnsent);
  }
}

void CallTable::set_alarm(CallId id, std::optional<Ticks> at) {
  if (const auto old = alarm_of_.find(id); old != alarm_of_.end()) {
    alarms_.erase({old->second, id});
    alarm_of_.erase(old);
  }
  if (!at) return;
  alarm_of_.emplace(id, *at);
  alarms_.emplace(*at, id);
}

std::optional<Ticks> CallTable::first_alarm() const {
  if (alarms_.empty()) return std::nullopt;
  return alarms_.begin()->first;
}

std::optional<CallId> CallTable::take_alarm(Ticks now) {
  if (alarms_.empty() || alarms_.begin()->first > now) return std::nullopt;
  const CallId id = alarms_.begin()->second;
  set_alarm(id, std::nullopt);
  return id;
}

}  // namespace holdfast::client
