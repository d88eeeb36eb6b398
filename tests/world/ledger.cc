#include "tests/world/ledger.h"

#include <algorithm>

#include "lockserver/state/command_codec.h"

namespace holdfast::world {
namespace {

std::uint64_t record_hash(const std::string& key, std::string_view value) {
  return quick_hash(key) * 3 + quick_hash(value);
}

}  // namespace

void ImageSum::put(const std::string& key, std::string_view value) {
  std::uint64_t& hash = records_[key];
  sum_ -= hash;
  hash = record_hash(key, value);
  sum_ += hash;
}

void ImageSum::remove(const std::string& key) {
  const auto found = records_.find(key);
  if (found == records_.end()) return;
  sum_ -= found->second;
  records_.erase(found);
}

void ImageSum::apply(const std::vector<state::Write>& writes) {
  for (const state::Write& write : writes) {
    if (write.value) {
      put(write.key, *write.value);
    } else {
      remove(write.key);
    }
  }
}

void ImageSum::clear() {
  records_.clear();
  sum_ = 0;
}

Ledger::Ledger(const state::StateLimits& limits, const std::string& cell_prefix,
               const Scheduler& time, Verdict& verdict)
    : time_(time), verdict_(verdict), state_(limits, cell_prefix) {}

const Committed* Ledger::find(Zxid zxid) const {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), zxid,
                       [](const Committed& entry, Zxid wanted) { return entry.zxid < wanted; });
  return found == entries_.end() || found->zxid != zxid ? nullptr : &*found;
}

std::optional<std::uint64_t> Ledger::image_hash(Zxid zxid) const {
  if (zxid.is_none()) return 0;
  const Committed* entry = find(zxid);
  return entry == nullptr ? std::nullopt : std::optional(entry->image_hash);
}

void Ledger::on_applied(const zab::Entry& entry, Zxid applied_before, const std::string& who) {
  const auto facts = [&](const char* what) {
    return who + " applies " + to_string(entry.zxid) + " after " + to_string(applied_before) +
           ", " + what;
  };
  verdict_.require(entry.prev == applied_before, "TOTAL-ORDER",
                   [&] { return facts("which is not what it follows"); });
  if (entry.zxid <= last()) {
    const Committed* known = find(entry.zxid);
    verdict_.require(known != nullptr && known->payload == entry.payload, "AGREEMENT",
                     [&] { return facts("which is not what others applied"); });
    return;
  }
  verdict_.require(entry.prev == last(), "AGREEMENT",
                   [&] { return facts("but others had applied through ") + to_string(last()); });
  if (!verdict_.violation()) extend(entry);
}

void Ledger::extend(const zab::Entry& entry) {
  const Result<state::Command> command = state::decode_command(entry.payload.view());
  if (!command.ok()) {
    return verdict_.fail("INTEGRITY",
                         to_string(entry.zxid) + " is no command: " + command.status().message());
  }
  Applied effects{state_.apply(entry.zxid, *command), state_.take_writes()};
  sum_.apply(effects.writes);
  entries_.push_back({.zxid = entry.zxid,
                      .payload = entry.payload,
                      .image_hash = sum_.value(),
                      .at = time_.now()});
  for (HistoryWitness* witness : witnesses_) {
    witness->on_committed(entries_.back(), *command, effects);
  }
}

}  // namespace holdfast::world
