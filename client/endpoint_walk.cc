#include "client/endpoint_walk.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::client {
namespace {

constexpr Ticks kPauseMinMs = 50;
constexpr Ticks kPauseMaxMs = 2'000;

template <typename T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[random.below(left)]);
  }
}

// As RFC 2782 has it: those without weight first, so that they come to the front rarely but do;
// then one after the other drawn by its share of the weight that is left.
void order_by_weight(std::vector<const Place*>& group, Random& random) {
  shuffle(group, random);
  std::stable_partition(group.begin(), group.end(),
                        [](const Place* place) { return place->weight == 0; });
  std::uint64_t left = 0;
  for (const Place* place : group) left += place->weight;
  for (auto begin = group.begin(); begin != group.end(); ++begin) {
    const std::uint64_t drawn = random.below(left + 1);
    auto chosen = begin;
    for (std::uint64_t sum = (*chosen)->weight; sum < drawn; sum += (*chosen)->weight) ++chosen;
    left -= (*chosen)->weight;
    std::rotate(begin, chosen, chosen + 1);
  }
}

}  // namespace

EndpointWalk::EndpointWalk(const std::vector<std::string>& endpoints, Random random)
    : random_(random) {
  HOLDFAST_CHECK(!endpoints.empty(), "a walk needs an endpoint");
  for (const std::string& text : endpoints) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    HOLDFAST_CHECK(endpoint.ok(), endpoint.status().message());
    const auto is_same = [&text](const Source& source) { return source.text == text; };
    if (std::any_of(sources_.begin(), sources_.end(), is_same)) continue;
    Source source{.text = text, .is_asked_for = endpoint->kind != Endpoint::Kind::kAddress};
    if (!source.is_asked_for) source.places = {{.name = text, .addresses = {text}}};
    sources_.push_back(std::move(source));
  }
}

bool EndpointWalk::knows_any() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const Source& source) { return !source.places.empty(); });
}

bool EndpointWalk::is_asking() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const Source& source) { return source.is_open; });
}

// How long to wait before the next attempt.
Ticks EndpointWalk::pause() {
  if (attempts_ == 0) return 0;
  Ticks pause = kPauseMinMs;
  for (std::size_t i = 1; i < attempts_ && pause < kPauseMaxMs; ++i) pause *= 2;
  const Ticks half = std::min(pause, kPauseMaxMs) / 2;
  return half + static_cast<Ticks>(random_.below(static_cast<std::uint64_t>(half) + 1));
}

std::optional<EndpointWalk::Attempt> EndpointWalk::next(Ticks now) {
  wake_at_.reset();
  if (!in_round_) {
    if (now < begin_at_) {
      wake_at_ = begin_at_;
      return std::nullopt;
    }
    begin_round(now);
  }
  if (!is_planned_) {
    if (is_asking() && !knows_any()) return std::nullopt;
    if (is_asking() && now < patient_until_) {
      wake_at_ = patient_until_;
      return std::nullopt;
    }
    is_planned_ = true;
    plan();
  }
  std::optional<std::string> address = take_hint();
  if (!address && !ahead_.empty()) address = ahead_.front();
  const Ticks at = now + pause();
  ++attempts_;
  if (!address) {  // None of the endpoints stands for anything.
    in_round_ = false;
    begin_at_ = now + pause();
    wake_at_ = begin_at_;
    return std::nullopt;
  }
  last_ = *address;
  tried_.insert(*address);
  std::erase(ahead_, *address);
  if (ahead_.empty()) in_round_ = false;
  return Attempt{.address = std::move(*address), .at = at};
}

void EndpointWalk::begin_round(Ticks now) {
  in_round_ = true;
  is_planned_ = false;
  hint_used_ = false;
  tried_.clear();
  patient_until_ = now + kPatienceMs;
  for (Source& source : sources_) {
    if (!source.is_asked_for || source.is_open) continue;
    source.is_open = true;
    questions_.push_back(source.text);
  }
}

std::vector<std::string> EndpointWalk::take_questions() {
  return std::exchange(questions_, {});
}

void EndpointWalk::on_found(const std::string& endpoint, const Result<std::vector<Place>>& found) {
  for (Source& source : sources_) {
    if (source.text != endpoint) continue;
    source.is_open = false;
    if (found.ok() && !found->empty()) source.places = *found;
  }
  if (in_round_ && is_planned_) plan();
}

// All that is known and was not tried in this round.
void EndpointWalk::plan() {
  std::map<std::uint16_t, std::vector<const Place*>> groups;
  for (const Source& source : sources_) {
    for (const Place& place : source.places) groups[place.priority].push_back(&place);
  }
  ahead_.clear();
  for (auto& [priority, group] : groups) {
    for (std::string& address : in_order(std::move(group))) {
      const bool is_ahead = std::find(ahead_.begin(), ahead_.end(), address) != ahead_.end();
      if (!is_ahead && !tried_.contains(address)) ahead_.push_back(std::move(address));
    }
  }
}

// The addresses of places of one priority: a first one of each, then a second one, and so on. Those
// of one place are shuffled, since a name with several may stand for several replicas.
std::vector<std::string> EndpointWalk::in_order(std::vector<const Place*> group) {
  order_by_weight(group, random_);
  std::vector<std::vector<std::string>> of_places;
  for (const Place* place : group) {
    of_places.push_back(place->addresses);
    shuffle(of_places.back(), random_);
  }
  std::vector<std::string> out;
  for (std::size_t turn = 0, left = 1; left > 0; ++turn) {
    left = 0;
    for (std::vector<std::string>& addresses : of_places) {
      if (turn >= addresses.size()) continue;
      out.push_back(std::move(addresses[turn]));
      ++left;
    }
  }
  std::stable_partition(out.begin(), out.end(),
                        [this](const std::string& address) { return address != last_; });
  return out;
}

void EndpointWalk::hint(const std::string& leader) {
  hint_.reset();
  const Result<Endpoint> endpoint = Endpoint::parse(leader);
  if (!endpoint.ok()) return;
  if (endpoint->kind == Endpoint::Kind::kAddress) hint_ = leader;
  for (const Source& source : sources_) {
    for (const Place& place : source.places) {
      if (!hint_ && place.name == leader) hint_ = place.addresses.front();
    }
  }
}

std::optional<std::string> EndpointWalk::take_hint() {
  std::optional<std::string> hint = std::exchange(hint_, std::nullopt);
  if (!hint || hint_used_) return std::nullopt;
  hint_used_ = true;
  return hint;
}

void EndpointWalk::on_success() {
  attempts_ = 0;
  in_round_ = false;
  begin_at_ = 0;
}

}  // namespace holdfast::client
