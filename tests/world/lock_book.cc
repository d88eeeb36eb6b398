#include "tests/world/lock_book.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace holdfast::world {
namespace {

LockBook::End why_ended(const state::Op& op) {
  using End = LockBook::End;
  if (std::holds_alternative<state::ExpireSession>(op)) return End::kExpired;
  const bool is_operators = std::holds_alternative<state::BreakLock>(op) ||
                            std::holds_alternative<state::KillSession>(op);
  if (is_operators) return End::kByOperator;
  const bool takes_nodes =
      std::holds_alternative<state::Remove>(op) || std::holds_alternative<state::Multi>(op);
  return takes_nodes ? End::kWithNode : End::kByHolder;
}

SessionId ender_of(const state::Command& command) {
  const auto* expired = std::get_if<state::ExpireSession>(&command.op);
  return expired != nullptr ? expired->session : command.session;
}

}  // namespace

void LockBook::on_committed(const Committed& entry, const state::Command& command,
                            const Applied& effects) {
  changed_.clear();
  ended_.clear();
  expired_.clear();
  const End why = why_ended(command.op);
  if (const auto* killed = std::get_if<state::KillSession>(&command.op)) {
    killed_.insert(killed->session);
  }
  for (const state::Write& write : effects.writes) {
    const char kind = write.key.empty() ? '?' : write.key.front();
    if (kind != 'q' && kind != 's' && kind != 'n') continue;
    const Result<state::ImageKey> key = state::parse_key(write.key);
    if (!key.ok()) return verdict_.fail("IMAGE-FORMAT", key.status().message());
    if (const auto* request = std::get_if<state::RequestKey>(&*key)) {
      on_request(entry, *request, write, {.why = why, .ender = ender_of(command)});
    } else if (const auto* session = std::get_if<state::SessionKey>(&*key)) {
      on_session(*session, write);
    } else if (const auto* node = std::get_if<state::NodeKey>(&*key)) {
      on_node(*node, write);
    }
  }
  if (design_.mistake == Mistake::kHeldByTwo && !changed_.empty() && entry.zxid.counter() > 300) {
    auto& standing = paths_[changed_.front()];
    if (standing.standing.size() == 1) {
      standing.all.push_back(standing.all.back());
      standing.standing[Zxid(1)] = standing.all.size() - 1;
    }
  }
  for (const std::string& path : changed_) check_exclusion(entry, path);
  if (!ended_.empty()) check_ended_sessions(entry);
  if (std::holds_alternative<state::ExpireSession>(command.op)) {
    for (const SessionId session : ended_) {
      if (!killed_.contains(session)) expired_.push_back(session);
    }
    if (!expired_.empty()) story_.count("session expired");
  }
}

void LockBook::on_request(const Committed& entry, const state::RequestKey& key,
                          const state::Write& write, const Cause& cause) {
  Path& path = paths_[key.path];
  const std::pair place(key.path, key.asked);
  const auto standing = path.standing.find(key.asked);
  if (!write.value) {
    if (auto asked = asked_by_.extract(place); !asked.empty()) {
      requests_[asked.mapped()].erase(place);
    }
    if (standing == path.standing.end()) return;
    Acquisition& ended = path.all[standing->second];
    ended.ended = entry.zxid;
    // The end of an ephemeral node takes the locks of others on it along.
    const bool is_anothers = cause.why == End::kByHolder || cause.why == End::kExpired
                                 ? cause.ender != ended.session
                                 : false;
    ended.end = is_anothers ? End::kWithNode : cause.why;
    if (cause.why == End::kExpired && killed_.contains(ended.session)) {
      ended.end = End::kByOperator;
    }
    path.standing.erase(standing);
    changed_.push_back(key.path);
    return;
  }
  const Result<state::LockRequest> request = state::decode_request(key.asked, *write.value);
  if (!request.ok()) return verdict_.fail("IMAGE-FORMAT", request.status().message());
  asked_by_[place] = request->party.session;
  requests_[request->party.session].insert(place);
  if (request->acquisition.is_none() || standing != path.standing.end()) return;
  path.standing[key.asked] = path.all.size();
  path.all.push_back({.path = key.path,
                      .session = request->party.session,
                      .owner = request->party.owner,
                      .mode = request->mode,
                      .granted = request->acquisition,
                      .ended = Zxid()});
  changed_.push_back(key.path);
  verdict_.require(request->acquisition == entry.zxid, "SEQUENCER-GROWTH", [&] {
    return "the acquisition " + to_string(request->acquisition) + " of " + key.path +
           " appears with the entry " + to_string(entry.zxid);
  });
}

void LockBook::on_session(const state::SessionKey& key, const state::Write& write) {
  if (write.value) {
    sessions_.insert(key.session);
  } else {
    sessions_.erase(key.session);
    ended_.push_back(key.session);
  }
}

void LockBook::on_node(const state::NodeKey& key, const state::Write& write) {
  if (auto owner = ephemeral_owner_.find(key.path); owner != ephemeral_owner_.end()) {
    if (write.value) return;
    if (design_.mistake != Mistake::kEphemeralStays) ephemerals_[owner->second].erase(key.path);
    ephemeral_owner_.erase(owner);
    return;
  }
  if (!write.value) return;
  const Result<state::NodeMeta> meta = state::decode_node(*write.value);
  if (!meta.ok()) return verdict_.fail("IMAGE-FORMAT", meta.status().message());
  if (meta->ephemeral_owner.is_none()) return;
  ephemeral_owner_[key.path] = meta->ephemeral_owner;
  ephemerals_[meta->ephemeral_owner].insert(key.path);
  story_.count("ephemeral node");
}

void LockBook::check_exclusion(const Committed& entry, const std::string& path) {
  const Path& it = paths_[path];
  std::size_t exclusive = 0;
  for (const auto& [asked, index] : it.standing) {
    if (it.all[index].mode == LockMode::kExclusive) ++exclusive;
  }
  verdict_.require(exclusive == 0 || it.standing.size() == 1, "MUTUAL-EXCLUSION", [&] {
    return path + " has " + std::to_string(it.standing.size()) + " holders after " +
           to_string(entry.zxid) + ", " + std::to_string(exclusive) + " of them exclusive";
  });
}

void LockBook::check_ended_sessions(const Committed& entry) {
  for (const SessionId session : ended_) {
    const auto facts = [&](const std::string& what) {
      return what + " of session " + to_string(Zxid(session.value)) + " has outlived it at " +
             to_string(entry.zxid);
    };
    if (const auto nodes = ephemerals_.find(session); nodes != ephemerals_.end()) {
      verdict_.require(nodes->second.empty(), "EPHEMERALS",
                       [&] { return facts("the node " + *nodes->second.begin()); });
    }
    if (const auto asked = requests_.find(session); asked != requests_.end()) {
      verdict_.require(asked->second.empty(), "LOCKS-OF-SESSIONS",
                       [&] { return facts("a request for " + asked->second.begin()->first); });
    }
    ephemerals_.erase(session);
    requests_.erase(session);
  }
}

const LockBook::Acquisition* LockBook::find(const std::string& path, Zxid acquisition,
                                            SessionId session, std::uint64_t owner) const {
  const auto found = paths_.find(path);
  if (found == paths_.end()) return nullptr;
  for (auto it = found->second.all.rbegin(); it != found->second.all.rend(); ++it) {
    if (it->granted < acquisition) break;
    if (it->granted == acquisition && it->session == session && it->owner.value == owner) {
      return &*it;
    }
  }
  return nullptr;
}

std::vector<const LockBook::Acquisition*> LockBook::holders(const std::string& path) const {
  std::vector<const Acquisition*> found;
  const auto at = paths_.find(path);
  if (at == paths_.end()) return found;
  for (const auto& [asked, index] : at->second.standing) found.push_back(&at->second.all[index]);
  return found;
}

std::vector<const LockBook::Acquisition*> LockBook::holders_at(const std::string& path,
                                                               Zxid zxid) const {
  std::vector<const Acquisition*> found;
  const auto at = paths_.find(path);
  if (at == paths_.end()) return found;
  for (const Acquisition& each : at->second.all) {
    const bool stood = each.granted <= zxid && (each.ended.is_none() || zxid < each.ended);
    if (stood) found.push_back(&each);
  }
  return found;
}

bool LockBook::stood(const std::string& path, Zxid acquisition, LockMode mode, Zxid at) const {
  for (const Acquisition* each : holders_at(path, at)) {
    if (each->granted == acquisition && each->mode == mode) return true;
  }
  return false;
}

}  // namespace holdfast::world
