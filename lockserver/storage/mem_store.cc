#include "lockserver/storage/mem_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

std::uint64_t stored_bytes(const zab::Entry& entry) {
  return entry.payload.size() + 32;
}

std::uint64_t bytes_of(const ImageBatch& batch) {
  std::uint64_t bytes = 0;
  for (const state::Write& write : batch.writes) {
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  return bytes;
}

}  // namespace

class MemStore::Reader : public ImageReader {
 public:
  Reader(Records records, Zxid zxid) : records_(std::move(records)), zxid_(zxid) {
    for (const auto& [key, value] : records_) bytes_ += key.size() + value.size();
  }

  Zxid zxid() const override { return zxid_; }
  std::uint64_t approximate_bytes() const override { return bytes_; }
  Result<Chunk> next(std::size_t max_bytes) override {
    ChunkWriter chunk;
    for (bool is_first = true; next_ != records_.end(); ++next_, is_first = false) {
      const auto& [key, value] = *next_;
      if (!is_first && chunk.size() + key.size() + value.size() > max_bytes) break;
      chunk.add(key, value);
    }
    return Chunk{.bytes = chunk.finish(), .is_last = next_ == records_.end()};
  }

 private:
  const Records records_;
  const Zxid zxid_;
  std::uint64_t bytes_ = 0;
  Records::const_iterator next_ = records_.begin();
};

MemStore::MemStore() {
  state_.generation = 1;
}

Result<Recovered> MemStore::recover(OpenOptions::Start start, std::size_t tail_bytes_max) {
  const std::lock_guard lock(mutex_);
  failure_ = Status();
  staging_.reset();
  settle_image();
  if (applied_ < state_.base || applied_ > shape_.last() || state_.accepted < state_.current ||
      state_.accepted < shape_.last().epoch()) {
    return Status(StatusCode::kCorrupt, "log and image contradict each other: image of " +
                                            to_string(applied_) + ", " + shape_.describe());
  }
  Recovered found;
  const bool is_used = !state_.accepted.is_none() || !shape_.last().is_none();
  found.durable.membership = zab::Membership::kFresh;
  if (is_used || start == OpenOptions::Start::kRejoin) {
    found.durable.membership = zab::Membership::kRejoining;
  }
  if (state_.provisioned) found.durable.membership = zab::Membership::kProvisioned;
  found.durable.accepted = state_.accepted;
  found.durable.current = state_.current;
  found.durable.base = state_.base;
  found.durable.epochs = shape_.epochs();
  found.durable.applied = applied_;
  std::size_t tail_bytes = 0;
  for (auto it = log_.rbegin(); it != log_.rend(); ++it) {
    tail_bytes += stored_bytes(it->second);
    if (tail_bytes > tail_bytes_max && !found.durable.tail.empty()) break;
    found.durable.tail.push_back(it->second);
  }
  std::reverse(found.durable.tail.begin(), found.durable.tail.end());
  found.log_entries = log_.size();
  found.log_bytes = log_bytes_;
  found.image_records = records_.size();
  for (const auto& [key, value] : records_) found.image_bytes += key.size() + value.size();
  found.torn_bytes_cut = std::exchange(torn_bytes_, 0);
  return found;
}

void MemStore::crash(Loss loss, Random& dice) {
  const std::lock_guard lock(mutex_);
  failure_ = Status();
  std::size_t kept = unsynced_.size();
  if (loss == Loss::kAll) kept = 0;
  if (loss == Loss::kPrefix) kept = dice.below(unsynced_.size() + 1);
  if (loss == Loss::kAnyOfThem) {
    kept = 0;
    while (kept < unsynced_.size() && dice.chance(2, 3)) ++kept;
    for (std::size_t i = kept + 1; i < unsynced_.size(); ++i) {
      if (dice.chance(1, 2)) torn_bytes_ += bytes_of(unsynced_[i]);
    }
  }
  unsynced_.resize(kept);
  records_ = durable_records_;
  applied_ = durable_applied_;
  for (const ImageBatch& batch : unsynced_) apply(batch);
  settle_image();
  staging_.reset();
}

void MemStore::settle_image() {
  unsynced_.clear();
  durable_records_ = records_;
  durable_applied_ = applied_;
}

void MemStore::fail_with(Status failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
}

void MemStore::set_free_bytes(std::uint64_t free_bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = free_bytes;
}

std::map<std::string, std::string> MemStore::image_records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<zab::Entry> MemStore::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<zab::Entry> entries;
  for (const auto& [zxid, entry] : log_) entries.push_back(entry);
  return entries;
}

LogState MemStore::log_state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

Status MemStore::persist(std::span<const zab::PersistOp> ops) {
  const std::lock_guard lock(mutex_);
  for (const zab::PersistOp& op : ops) {
    if (!failure_.ok()) return failure_;
    std::visit([this](const auto& o) { carry_out(o); }, op);
  }
  HOLDFAST_CHECK(state_.accepted >= state_.current && state_.accepted >= shape_.last().epoch(),
                 "R2 is broken: accepted=" + to_string(state_.accepted) +
                     " current=" + to_string(state_.current) + " " + shape_.describe());
  return failure_;
}

void MemStore::carry_out(const zab::SetAcceptedEpoch& op) {
  HOLDFAST_CHECK(op.epoch >= state_.accepted,
                 "accepted epoch " + to_string(op.epoch) + " after " + to_string(state_.accepted));
  state_.accepted = op.epoch;
  state_.provisioned = state_.provisioned || op.provisions;
}

void MemStore::carry_out(const zab::SetCurrentEpoch& op) {
  HOLDFAST_CHECK(op.epoch >= state_.current,
                 "current epoch " + to_string(op.epoch) + " after " + to_string(state_.current));
  state_.current = op.epoch;
  state_.provisioned = state_.provisioned || op.provisions;
}

void MemStore::carry_out(const zab::Append& op) {
  HOLDFAST_CHECK(!op.entries.empty(), "an append without entries");
  for (const zab::Entry& entry : op.entries) {
    shape_.append(entry);
    log_.emplace(entry.zxid, entry);
    log_bytes_ += stored_bytes(entry);
  }
}

void MemStore::drop(const std::vector<ZxidRange>& gone) {
  for (const ZxidRange& range : gone) {
    const auto first = log_.find(Zxid(range.epoch, range.first));
    const auto last = log_.find(Zxid(range.epoch, range.last));
    HOLDFAST_CHECK(first != log_.end() && last != log_.end(), "the log lacks what its shape has");
    for (auto it = first; it != std::next(last); ++it) log_bytes_ -= stored_bytes(it->second);
    log_.erase(first, std::next(last));
  }
}

void MemStore::carry_out(const zab::TruncateTo& op) {
  HOLDFAST_CHECK(op.last >= applied_, "truncation to " + to_string(op.last) +
                                          " below the image, which is the state after " +
                                          to_string(applied_));
  drop(shape_.truncate(op.last));
}

void MemStore::carry_out(const zab::BeginImage&) {
  staging_.emplace();
}

void MemStore::carry_out(const zab::StageChunk& op) {
  HOLDFAST_CHECK(staging_.has_value(), "a chunk without BeginImage");
  const Status status =
      decode_chunk(op.bytes.view(), [&](std::string_view key, std::string_view value) {
        staging_->records[std::string(key)] = std::string(value);
      });
  if (!status.ok()) staging_->damage = status;
}

void MemStore::carry_out(const zab::InstallImage& op) {
  HOLDFAST_CHECK(staging_.has_value(), "an installation without BeginImage");
  if (!staging_->damage.ok()) {
    failure_ =
        Status(StatusCode::kCorrupt, "the received image of " + to_string(op.zxid) +
                                         " cannot be installed: " + staging_->damage.message());
    return;
  }
  drop(shape_.install(op.zxid));
  records_ = std::move(staging_->records);
  applied_ = op.zxid;
  settle_image();
  staging_.reset();
  state_.base = op.zxid;
  ++state_.generation;
}

void MemStore::carry_out(const zab::Purge& op) {
  HOLDFAST_CHECK(op.through <= durable_applied_, "purge through " + to_string(op.through) +
                                                     " beyond the durable image of " +
                                                     to_string(durable_applied_));
  if (op.through <= state_.base) return;
  drop(shape_.purge(op.through));
  state_.base = op.through;
}

Result<std::vector<zab::Entry>> MemStore::read_log(Zxid after, Zxid through,
                                                   std::size_t max_bytes) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (!shape_.holds(after) || through <= after || through > shape_.last()) {
    return Status(StatusCode::kInvalid, "the log with " + shape_.describe() +
                                            " has no entries after " + to_string(after) +
                                            " through " + to_string(through));
  }
  std::vector<zab::Entry> entries;
  std::size_t bytes = 0;
  for (auto it = log_.upper_bound(after); it != log_.end() && it->first <= through; ++it) {
    bytes += stored_bytes(it->second);
    if (!entries.empty() && bytes > max_bytes) break;
    entries.push_back(it->second);
  }
  return entries;
}

void MemStore::apply(const ImageBatch& batch) {
  for (const state::Write& write : batch.writes) {
    if (write.value) {
      records_[write.key] = *write.value;
    } else {
      records_.erase(write.key);
    }
  }
  applied_ = batch.applied;
}

Status MemStore::write_image(const ImageBatch& batch) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (batch.generation != state_.generation) return Status();
  HOLDFAST_CHECK(batch.applied >= applied_,
                 "image batch of " + to_string(batch.applied) + " after " + to_string(applied_));
  unsynced_.push_back(batch);
  apply(batch);
  return Status();
}

Result<Zxid> MemStore::sync_image() {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  if (!unsynced_.empty()) settle_image();
  return applied_;
}

Result<std::unique_ptr<ImageReader>> MemStore::open_image() {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  return std::unique_ptr<ImageReader>(std::make_unique<Reader>(records_, applied_));
}

Result<Store::LoadedImage> MemStore::load_image(
    const std::function<Status(std::string_view, std::string_view)>& take) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  for (const auto& [key, value] : records_) {
    const Status taken = take(key, value);
    if (!taken.ok()) return taken;
  }
  return LoadedImage{.applied = applied_, .generation = state_.generation};
}

Result<bool> MemStore::remove_garbage() {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return failure_;
  return false;
}

std::uint64_t MemStore::log_bytes() const {
  const std::lock_guard lock(mutex_);
  return log_bytes_;
}

Result<std::uint64_t> MemStore::free_bytes() const {
  const std::lock_guard lock(mutex_);
  return free_bytes_.value_or(std::numeric_limits<std::uint64_t>::max());
}

// The simulated disk has a reserve that is never used up.
Result<bool> MemStore::has_room_for(std::uint64_t) const {
  return true;
}

}  // namespace holdfast::storage
