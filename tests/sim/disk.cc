#include "tests/sim/disk.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "zab/base/check.h"

namespace holdfast::sim {

using zab::Entry;

namespace {

void add_entries(zab::StateHash& hash, const std::vector<Entry>& entries) {
  hash.add(entries.size());
  for (const Entry& entry : entries) hash.add(entry.zxid).add(entry.payload.view());
}

}  // namespace

Zxid Disk::last() const {
  return contents_.entries.empty() ? contents_.base : contents_.entries.back().zxid;
}

bool Disk::holds(Zxid zxid) const {
  if (zxid == contents_.base) return true;
  const auto found = std::lower_bound(contents_.entries.begin(), contents_.entries.end(), zxid,
                                      [](const Entry& e, Zxid z) { return e.zxid < z; });
  return found != contents_.entries.end() && found->zxid == zxid;
}

zab::EpochVector Disk::epochs() const {
  zab::EpochVector epochs = {{contents_.base.epoch(), contents_.base.counter()}};
  for (const Entry& entry : contents_.entries) {
    if (epochs.back().epoch == entry.zxid.epoch()) {
      epochs.back().last_counter = entry.zxid.counter();
    } else {
      epochs.push_back({entry.zxid.epoch(), entry.zxid.counter()});
    }
  }
  return epochs;
}

std::vector<Entry> Disk::read(Zxid after, Zxid through, std::size_t max_bytes) const {
  std::vector<Entry> out;
  if (!holds(after)) return out;
  std::size_t bytes = 0;
  for (const Entry& entry : contents_.entries) {
    if (entry.zxid <= after) continue;
    if (entry.zxid > through) break;
    bytes += entry.payload.size();
    if (!out.empty() && bytes > max_bytes) break;
    out.push_back(entry);
  }
  return out;
}

zab::Persist Disk::complete_one() {
  HOLDFAST_CHECK(!queue_.empty(), "nothing is queued");
  zab::Persist persist = std::move(queue_.front());
  queue_.pop_front();
  std::visit([this](const auto& op) { carry_out(op); }, persist.op);
  return persist;
}

void Disk::sync_image(const ChainState& state, std::uint64_t image_number) {
  if (image_number != contents_.image_number) return;
  HOLDFAST_CHECK(state.applied >= contents_.image.applied, "an image went back");
  contents_.image = state;
}

void Disk::tear_append(std::size_t entries) {
  HOLDFAST_CHECK(!queue_.empty(), "nothing is queued");
  auto* append = std::get_if<zab::Append>(&queue_.front().op);
  HOLDFAST_CHECK(append != nullptr, "only an append can be torn");
  append->entries.resize(std::min(entries, append->entries.size()));
  if (!append->entries.empty()) carry_out(*append);
}

void Disk::wipe() {
  const std::uint64_t image_number = contents_.image_number + 1;
  contents_ = Contents();
  contents_.image_number = image_number;
  staging_.clear();
  queue_.clear();
}

void Disk::forget_entries(std::size_t count) {
  while (count > 0 && !contents_.entries.empty() && last() > contents_.image.applied) {
    contents_.entries.pop_back();
    --count;
  }
}

zab::DurableState Disk::recover(zab::Membership unprovisioned, std::size_t tail_entries) const {
  zab::DurableState state;
  state.membership = contents_.provisioned ? zab::Membership::kProvisioned : unprovisioned;
  state.accepted = contents_.accepted;
  state.current = contents_.current;
  state.base = contents_.base;
  state.epochs = epochs();
  state.applied = contents_.image.applied;
  const std::size_t tail = std::min(tail_entries, contents_.entries.size());
  state.tail.assign(contents_.entries.end() - static_cast<std::ptrdiff_t>(tail),
                    contents_.entries.end());
  return state;
}

void Disk::provision(Epoch accepted) {
  contents_.provisioned = true;
  contents_.accepted = accepted;
}

void Disk::carry_out(const zab::SetAcceptedEpoch& op) {
  contents_.accepted = op.epoch;
  contents_.provisioned = contents_.provisioned || op.provisions;
}

void Disk::carry_out(const zab::SetCurrentEpoch& op) {
  contents_.current = op.epoch;
  contents_.provisioned = contents_.provisioned || op.provisions;
}

void Disk::carry_out(const zab::Append& op) {
  for (const Entry& entry : op.entries) {
    HOLDFAST_CHECK(entry.prev == last() && entry.zxid > last(),
                   "hole on disk: " + to_string(entry.zxid) + " comes after " + to_string(last()));
    contents_.entries.push_back(entry);
  }
}

void Disk::carry_out(const zab::TruncateTo& op) {
  HOLDFAST_CHECK(holds(op.last), "truncation to " + to_string(op.last) + ", which is not held");
  while (last() > op.last) contents_.entries.pop_back();
}

void Disk::carry_out(const zab::BeginImage& op) {
  staging_zxid_ = op.zxid;
  staging_.clear();
}

void Disk::carry_out(const zab::StageChunk& op) {
  staging_ += op.bytes.view();
}

void Disk::carry_out(const zab::InstallImage& op) {
  const auto image = decode_image(staging_);
  HOLDFAST_CHECK(image.has_value() && staging_zxid_ == op.zxid && image->applied == op.zxid,
                 "installed image is not the one staged");
  contents_.image = *image;
  ++contents_.image_number;
  contents_.base = op.zxid;
  contents_.entries.clear();
  staging_.clear();
}

void Disk::carry_out(const zab::Purge& op) {
  HOLDFAST_CHECK(op.through <= contents_.image.applied,
                 "purge through " + to_string(op.through) + " past the synced image");
  if (op.through <= contents_.base) return;
  HOLDFAST_CHECK(holds(op.through), "purge through " + to_string(op.through) + ", not held");
  std::erase_if(contents_.entries, [&](const Entry& e) { return e.zxid <= op.through; });
  contents_.base = op.through;
}

void Disk::hash_contents_into(zab::StateHash& hash) const {
  hash.add(contents_.provisioned).add(contents_.accepted).add(contents_.current);
  hash.add(contents_.base).add(contents_.image.applied).add(contents_.image.hash);
  add_entries(hash, contents_.entries);
}

void Disk::hash_into(zab::StateHash& hash) const {
  hash_contents_into(hash);
  hash.add(staging_zxid_).add(std::string_view(staging_)).add(queue_.size());
  for (const zab::Persist& persist : queue_) {
    hash.add(persist.op.index());
    std::visit(
        [&hash](const auto& op) {
          if constexpr (requires { op.epoch; }) hash.add(op.epoch).add(op.provisions);
          if constexpr (requires { op.entries; }) add_entries(hash, op.entries);
          if constexpr (requires { op.last; }) hash.add(op.last);
          if constexpr (requires { op.zxid; }) hash.add(op.zxid);
          if constexpr (requires { op.bytes; }) hash.add(op.bytes.view());
          if constexpr (requires { op.through; }) hash.add(op.through);
        },
        persist.op);
  }
}

}  // namespace holdfast::sim
