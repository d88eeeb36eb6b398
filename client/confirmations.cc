#include "client/confirmations.h"

#include <algorithm>

namespace holdfast::client {

std::optional<Ticks> Confirmations::asked_at(const std::string& sequencer) const {
  const auto found = places_.find(sequencer);
  if (found == places_.end()) return std::nullopt;
  return found->second->second;
}

void Confirmations::confirm(const std::string& sequencer, Ticks asked_at) {
  const auto found = places_.find(sequencer);
  if (found != places_.end()) {
    asked_at = std::max(asked_at, found->second->second);
    order_.erase(found->second);
    places_.erase(found);
  }
  places_.emplace(sequencer, order_.emplace(order_.end(), sequencer, asked_at));
  while (places_.size() > count_max_) {
    places_.erase(order_.front().first);
    order_.pop_front();
  }
}

void Confirmations::forget(const std::string& sequencer) {
  const auto found = places_.find(sequencer);
  if (found == places_.end()) return;
  order_.erase(found->second);
  places_.erase(found);
}

bool Followed::is_valid(const std::string& sequencer, const AsOf& now) const {
  const auto found = valid_.find(sequencer);
  return !has_ended_ && found != valid_.end() && found->second == now;
}

void Followed::confirm(const std::string& sequencer, const AsOf& as_of) {
  const bool is_new_state = !valid_.empty() && valid_.begin()->second != as_of;
  if (is_new_state || valid_.size() >= kConfirmedMax) valid_.clear();
  valid_.insert_or_assign(sequencer, as_of);
}

}  // namespace holdfast::client
