#include "lockserver/state/sessions.h"

#include <algorithm>

#include "lockserver/state/image_codec.h"
#include "zab/base/check.h"

namespace holdfast::state {
namespace {

std::uint64_t bytes_of(const Session& session) {
  return kSessionBytes + session.client_name.size() + session.host.size() +
         session.instance_name.size();
}

Status corrupt(SessionId id, const std::string& what) {
  return {StatusCode::kCorrupt, "The image's session " + to_string(id) + " " + what + "."};
}

}  // namespace

const Sessions::Entry* Sessions::find(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Sessions::Entry& Sessions::existing(SessionId id) {
  const auto found = sessions_.find(id);
  HOLDFAST_CHECK(found != sessions_.end(), "no session " + to_string(id));
  return found->second;
}

std::optional<SessionId> Sessions::find_by_secret(const SecretHash& secret) const {
  const auto found = by_secret_.find(secret);
  return found == by_secret_.end() ? std::nullopt : std::optional(found->second);
}

void Sessions::open(Session session) {
  const SessionId id = session.id;
  HOLDFAST_CHECK(!sessions_.contains(id), "session " + to_string(id) + " is open already");
  HOLDFAST_CHECK(by_secret_.emplace(session.secret, id).second, "a secret was used twice");
  bytes_ += bytes_of(session);
  sessions_[id].session = std::move(session);
  changed_.insert(id);
}

void Sessions::close(SessionId id) {
  Entry& entry = existing(id);
  for (const auto& [number, reply] : entry.results) forget_stored(id, number);
  bytes_ -= bytes_of(entry.session) + entry.result_bytes + entry.results.size() * kResultBytes;
  by_secret_.erase(entry.session.secret);
  sessions_.erase(id);
  changed_.insert(id);
}

void Sessions::kill(SessionId id) {
  existing(id).session.killed = true;
  changed_.insert(id);
}

void Sessions::forget_below(SessionId id, RequestNumber answered_below) {
  Entry& entry = existing(id);
  if (answered_below <= entry.session.answered_below) return;
  entry.session.answered_below = answered_below;
  changed_.insert(id);
  while (!entry.results.empty() && entry.results.begin()->first < answered_below) {
    const auto first = entry.results.begin();
    entry.result_bytes -= first->second.size();
    bytes_ -= first->second.size() + kResultBytes;
    forget_stored(id, first->first);
    entry.results.erase(first);
  }
}

void Sessions::remember(SessionId id, RequestNumber number, std::string reply) {
  Entry& entry = existing(id);
  HOLDFAST_CHECK(number >= entry.session.answered_below, "an old number is remembered again");
  entry.result_bytes += reply.size();
  bytes_ += reply.size() + kResultBytes;
  const bool is_new = entry.results.emplace(number, std::move(reply)).second;
  HOLDFAST_CHECK(is_new, "request " + to_string(number) + " was answered twice");
  changed_results_.emplace(id, number);
}

// A result that came after the last write of the image is not in it, and needs no removal.
void Sessions::forget_stored(SessionId id, RequestNumber number) {
  const auto [place, is_stored] = changed_results_.emplace(id, number);
  if (!is_stored) changed_results_.erase(place);
}

std::vector<Write> Sessions::take_writes() {
  std::vector<Write> writes;
  for (const SessionId id : changed_) {
    const Entry* entry = find(id);
    writes.push_back(
        {.key = session_key(id),
         .value = entry == nullptr ? std::nullopt : std::optional(encode_session(entry->session))});
  }
  for (const auto& [id, number] : changed_results_) {
    const Entry* entry = find(id);
    const bool kept = entry != nullptr && entry->results.contains(number);
    writes.push_back({.key = result_key(id, number),
                      .value = kept ? std::optional(entry->results.at(number)) : std::nullopt});
  }
  changed_.clear();
  changed_results_.clear();
  return writes;
}

std::vector<Write> Sessions::all_writes() const {
  std::vector<Write> writes;
  for (const auto& [id, entry] : sessions_) {
    writes.push_back({.key = session_key(id), .value = encode_session(entry.session)});
    for (const auto& [number, reply] : entry.results) {
      writes.push_back({.key = result_key(id, number), .value = reply});
    }
  }
  return writes;
}

Status Sessions::load_session(Session session) {
  const SessionId id = session.id;
  if (sessions_.contains(id) || by_secret_.contains(session.secret)) {
    return corrupt(id, "is there twice, or its secret is");
  }
  open(std::move(session));
  changed_.clear();
  return {};
}

Status Sessions::load_result(SessionId id, RequestNumber number, std::string_view reply) {
  const Entry* entry = find(id);
  if (entry == nullptr) return corrupt(id, "has a result but is missing");
  if (number < entry->session.answered_below || entry->results.contains(number)) {
    return corrupt(id, "has a result of a wrong number");
  }
  remember(id, number, std::string(reply));
  changed_results_.clear();
  return {};
}

Status Sessions::audit() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, entry] : sessions_) {
    std::uint64_t result_bytes = 0;
    for (const auto& [number, reply] : entry.results) result_bytes += reply.size();
    if (result_bytes != entry.result_bytes) return corrupt(id, "has a wrong sum of its results");
    if (id.is_none() || id != entry.session.id) return corrupt(id, "has a wrong id");
    if (find_by_secret(entry.session.secret) != id)
      return corrupt(id, "is not found by its secret");
    bytes += bytes_of(entry.session) + result_bytes + entry.results.size() * kResultBytes;
  }
  if (bytes != bytes_ || by_secret_.size() != sessions_.size()) {
    return {StatusCode::kCorrupt, "The sums kept over the sessions are wrong."};
  }
  return {};
}

}  // namespace holdfast::state
