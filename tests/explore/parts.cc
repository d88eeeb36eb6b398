#include "tests/explore/parts.h"

#include <utility>
#include <variant>

#include "zab/state_hash.h"

namespace holdfast::explore {
namespace {

std::vector<std::uint8_t> torn_of(const sim::Disk& disk) {
  std::vector<std::uint8_t> out;
  for (const zab::Persist& persist : disk.queued()) {
    const auto* append = std::get_if<zab::Append>(&persist.op);
    const std::size_t entries = append == nullptr ? 1 : append->entries.size();
    out.push_back(static_cast<std::uint8_t>(entries - 1));
  }
  return out;
}

Nodes::Facts facts_of(const Node& node) {
  Nodes::Facts facts;
  facts.queued = static_cast<std::uint8_t>(node.disk().queued().size());
  facts.torn = torn_of(node.disk());
  facts.runs = node.is_running();
  if (!facts.runs) return facts;
  const zab::CoreView& view = node.view();
  facts.looks = view.role == zab::Role::kLooking;
  facts.leads = view.role == zab::Role::kLeading;
  facts.is_established = facts.leads && view.established;
  facts.serves = view.serving;
  facts.has_unsynced = node.state().applied > node.disk().contents().image.applied;
  return facts;
}

}  // namespace

NodeId Nodes::intern(const Node& node) {
  const std::uint64_t hash = node.hash(kAllNames[0]);
  const auto [at, is_new] = ids_.try_emplace(hash, static_cast<NodeId>(known_.size()));
  if (!is_new) return at->second;
  Facts facts = facts_of(node);
  facts.hash[0] = hash;
  for (std::size_t i = 1; i < exchanges_; ++i) facts.hash[i] = node.hash(kAllNames[i]);
  zab::StateHash disk(0);
  node.disk().hash_contents_into(disk);
  facts.disk =
      disks_.try_emplace(disk.value(), static_cast<std::uint32_t>(disks_.size())).first->second;
  known_.push_back({node, std::move(facts)});
  return at->second;
}

std::uint64_t Minds::hash_of(const sim::Checkers& checkers, const Names& names) {
  zab::Sight sight;
  for (std::uint8_t i = 0; i < kVoters; ++i) {
    sight.servers.emplace_back(ServerId(i + 1U), names[i] + 1U);
  }
  zab::StateHash hash(0, sight);
  checkers.hash_into(hash);
  return hash.value();
}

MindId Minds::intern(sim::Checkers checkers) {
  Hashes hashes{hash_of(checkers, kAllNames[0])};
  const auto [at, is_new] = ids_.try_emplace(hashes[0], static_cast<MindId>(known_.size()));
  if (!is_new) return at->second;
  for (std::size_t i = 1; i < exchanges_; ++i) hashes[i] = hash_of(checkers, kAllNames[i]);
  known_.push_back({std::move(checkers), hashes});
  return at->second;
}

}  // namespace holdfast::explore
