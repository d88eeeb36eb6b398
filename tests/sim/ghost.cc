#include "tests/sim/ghost.h"

#include <algorithm>

#include "zab/base/check.h"

namespace holdfast::sim {

bool Ghost::propose(const zab::Entry& entry, ServerId proposer) {
  const auto before = chain_at(entry.prev);
  if (!before.has_value()) return false;
  return known_
      .emplace(entry.zxid,
               Known{.entry = entry, .chain = chain_hash(*before, entry), .proposer = proposer})
      .second;
}

const Ghost::Known* Ghost::find(Zxid zxid) const {
  const auto found = known_.find(zxid);
  return found == known_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> Ghost::chain_at(Zxid zxid) const {
  if (zxid.is_none()) return kHashSeed;
  const Known* known = find(zxid);
  if (known == nullptr) return std::nullopt;
  return known->chain;
}

bool Ghost::is_prefix(Zxid ancestor, Zxid descendant) const {
  while (descendant > ancestor) {
    const Known* known = find(descendant);
    if (known == nullptr) return false;
    descendant = known->entry.prev;
  }
  return descendant == ancestor;
}

bool Ghost::is_committed(Zxid zxid) const {
  return zxid.is_none() || std::binary_search(committed_.begin(), committed_.end(), zxid);
}

Zxid Ghost::committed_last() const {
  return committed_.empty() ? Zxid() : committed_.back();
}

bool Ghost::extend_committed(Zxid zxid) {
  std::vector<Zxid> added;
  while (zxid > committed_last()) {
    const Known* known = find(zxid);
    if (known == nullptr) return false;
    added.push_back(zxid);
    zxid = known->entry.prev;
  }
  if (zxid != committed_last()) return false;
  committed_.insert(committed_.end(), added.rbegin(), added.rend());
  return true;
}

Zxid Ghost::committed_after(Zxid zxid) const {
  const auto next = std::upper_bound(committed_.begin(), committed_.end(), zxid);
  HOLDFAST_CHECK(next != committed_.end(), "nothing is committed after " + to_string(zxid));
  return *next;
}

void Ghost::hash_into(zab::StateHash& hash) const {
  hash.add(known_.size());
  for (const auto& [zxid, known] : known_) {
    hash.add(zxid).add(known.entry.prev).add(known.chain).add(known.proposer);
  }
  hash.add(committed_.size()).add(committed_last()).add(reigns_.size());
  for (const auto& [epoch, reign] : reigns_) {
    hash.add(epoch).add(reign.leader).add(reign.is_over);
    hash.add(reign.initial_last).add(reign.proposed_last);
  }
}

const Ghost::Reign* Ghost::reign(Epoch epoch) const {
  const auto found = reigns_.find(epoch);
  return found == reigns_.end() ? nullptr : &found->second;
}

}  // namespace holdfast::sim
