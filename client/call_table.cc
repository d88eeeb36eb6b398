#include "client/call_table.h"

#include "zab/base/check.h"

namespace holdfast::client {

Call& CallTable::add(CallId id, Call call) {
  const auto [place, is_new] = calls_.emplace(id, std::move(call));
  HOLDFAST_CHECK(is_new, "the call " + to_string(id) + " is made twice");
  unsent_.insert(id);
  return place->second;
}

Call* CallTable::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

void CallTable::erase(CallId id) {
  unpin(id);
  set_alarm(id, std::nullopt);
  unsent_.erase(id);
  calls_.erase(id);
}

void CallTable::clear() {
  calls_.clear();
  unsent_.clear();
  pinned_.clear();
  alarm_of_.clear();
  alarms_.clear();
}

std::optional<CallId> CallTable::next_to_send() const {
  if (unsent_.empty()) return std::nullopt;
  const CallId id = *unsent_.begin();
  const Call& call = calls_.at(id);
  const bool needs_number = call.is_mutating && call.number == 0;
  if (needs_number && last_number_ + 1 - answered_below() >= kWindow) return std::nullopt;
  return id;
}

void CallTable::on_sent(CallId id) {
  Call& call = calls_.at(id);
  if (call.is_mutating && call.number == 0) {
    call.number = ++last_number_;
    pinned_.insert(call.number);
  }
  call.was_sent = true;
  on_stage(id, Call::Stage::kSent);
}

void CallTable::on_stage(CallId id, Call::Stage stage) {
  calls_.at(id).stage = stage;
  if (stage == Call::Stage::kUnsent) {
    unsent_.insert(id);
  } else {
    unsent_.erase(id);
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
  for (const auto& [id, call] : calls_) {
    const bool again = call.stage == Call::Stage::kSent || call.stage == Call::Stage::kPausing;
    if (again) on_stage(id, Call::Stage::kUnsent);
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
