#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "lockserver/storage/data_dir.h"
#include "lockserver/storage/space_guard.h"
#include "lockserver/storage/store_parts.h"
#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

constexpr std::size_t kRemovalsPerStep = 1000;

class LevelDbStore : public Store {
 public:
  explicit LevelDbStore(StoreParts parts)
      : parts_(std::move(parts)),
        space_(parts_.disk, parts_.directory, parts_.reserve_bytes),
        image_(std::move(parts_.image)) {
    for (const std::uint64_t generation : parts_.dead_generations) {
      dead_images_.push_back({.generation = generation, .image = nullptr});
    }
  }

  Status persist(std::span<const zab::PersistOp> ops) override;
  Result<std::vector<zab::Entry>> read_log(Zxid after, Zxid through,
                                           std::size_t max_bytes) override {
    return parts_.log->read(after, through, max_bytes);
  }
  Status write_image(const ImageBatch& batch) override;
  Result<Zxid> sync_image() override { return image()->sync(); }
  Result<std::unique_ptr<ImageReader>> open_image() override { return image()->reader(); }
  Result<LoadedImage> load_image(
      const std::function<Status(std::string_view, std::string_view)>& take) override;
  Result<bool> remove_garbage() override;
  std::uint64_t log_bytes() const override { return parts_.log->bytes(); }
  Result<std::uint64_t> free_bytes() const override { return space_.free_bytes(); }
  Result<bool> has_room_for(std::uint64_t bytes) const override {
    return space_.has_room_for(bytes);
  }

 private:
  // An image that is not live: its database as long as someone may read it, then its directory.
  struct DeadImage {
    std::uint64_t generation = 0;
    std::shared_ptr<ImageDb> image;
  };

  std::shared_ptr<ImageDb> image() const {
    const std::lock_guard lock(mutex_);
    return image_;
  }

  Status carry_out(const zab::SetAcceptedEpoch& op);
  Status carry_out(const zab::SetCurrentEpoch& op);
  Status carry_out(const zab::Append& op);
  Status carry_out(const zab::TruncateTo& op);
  Status carry_out(const zab::BeginImage& op);
  Status carry_out(const zab::StageChunk& op);
  Status carry_out(const zab::InstallImage& op);
  Status carry_out(const zab::Purge& op);
  Status persist_all(std::span<const zab::PersistOp> ops);
  void bury(std::shared_ptr<ImageDb> image);

  StoreParts parts_;
  mutable SpaceGuard space_;

  // The log thread's.
  Status failed_;
  std::shared_ptr<ImageDb> staging_;
  Status staging_damage_;
  std::shared_ptr<ImageDb> installed_;  // Goes live with the batch under way.

  mutable std::mutex mutex_;
  std::shared_ptr<ImageDb> image_;
  std::deque<DeadImage> dead_images_;
};

// After a failure nothing more is tried: what a failed write has left on the disk is not known
// before the next start (R6).
Status LevelDbStore::persist(std::span<const zab::PersistOp> ops) {
  if (failed_.ok()) failed_ = persist_all(ops);
  return failed_;
}

Status LevelDbStore::persist_all(std::span<const zab::PersistOp> ops) {
  for (const zab::PersistOp& op : ops) {
    const Status status = std::visit([this](const auto& o) { return carry_out(o); }, op);
    if (!status.ok()) return status;
  }
  const Status status = parts_.log->commit();
  if (!status.ok() || !installed_) return status;
  std::shared_ptr<ImageDb> old = std::move(installed_);
  installed_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::swap(old, image_);
  }
  bury(std::move(old));
  return status;
}

Status LevelDbStore::carry_out(const zab::SetAcceptedEpoch& op) {
  parts_.log->set_accepted(op.epoch);
  if (op.provisions) parts_.log->set_provisioned();
  return Status();
}

Status LevelDbStore::carry_out(const zab::SetCurrentEpoch& op) {
  parts_.log->set_current(op.epoch);
  if (op.provisions) parts_.log->set_provisioned();
  return Status();
}

Status LevelDbStore::carry_out(const zab::Append& op) {
  HOLDFAST_CHECK(!op.entries.empty(), "an append without entries");
  for (const zab::Entry& entry : op.entries) parts_.log->append(entry);
  return Status();
}

Status LevelDbStore::carry_out(const zab::TruncateTo& op) {
  const Zxid applied = installed_ ? installed_->applied() : image()->applied();
  HOLDFAST_CHECK(op.last >= applied, "truncation to " + to_string(op.last) +
                                         " below the image, which is the state after " +
                                         to_string(applied));
  parts_.log->truncate(op.last);
  return Status();
}

Status LevelDbStore::carry_out(const zab::BeginImage&) {
  if (staging_) bury(std::move(staging_));
  staging_ = nullptr;
  staging_damage_ = Status();
  const std::uint64_t generation = parts_.next_generation++;
  Result<std::shared_ptr<ImageDb>> created =
      ImageDb::create(parts_.image_env, {.directory = image_path(parts_.directory, generation),
                                         .generation = generation,
                                         .buffer_bytes = parts_.image_buffer_bytes});
  if (!created.ok()) return created.status();
  staging_ = std::move(created).value();
  return Status();
}

// A chunk that a peer or the network has spoilt is no failure of this disk: the transfer's own
// checksum will refuse it before the installation. If it does not, the installation fails.
Status LevelDbStore::carry_out(const zab::StageChunk& op) {
  HOLDFAST_CHECK(staging_ != nullptr, "a chunk without BeginImage");
  const Status status = staging_->stage(op.bytes.view());
  if (status.code() != StatusCode::kCorrupt) return status;
  staging_damage_ = status;
  return Status();
}

Status LevelDbStore::carry_out(const zab::InstallImage& op) {
  HOLDFAST_CHECK(staging_ != nullptr, "an installation without BeginImage");
  if (!staging_damage_.ok()) {
    return Status(StatusCode::kCorrupt, "the received image of " + to_string(op.zxid) +
                                            " cannot be installed: " + staging_damage_.message());
  }
  const Status finished = staging_->finish(op.zxid);
  if (!finished.ok()) return finished;
  if (installed_) bury(std::move(installed_));
  installed_ = std::move(staging_);
  staging_ = nullptr;
  parts_.log->install(op.zxid, installed_->generation());
  return Status();
}

Status LevelDbStore::carry_out(const zab::Purge& op) {
  const Zxid durable = installed_ ? installed_->durable() : image()->durable();
  HOLDFAST_CHECK(op.through <= durable, "purge through " + to_string(op.through) +
                                            " beyond the durable image of " + to_string(durable));
  parts_.log->purge(op.through);
  return Status();
}

// Closing a database waits for its compactions, so it is left to the image thread.
void LevelDbStore::bury(std::shared_ptr<ImageDb> image) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t generation = image->generation();
  dead_images_.push_back({.generation = generation, .image = std::move(image)});
}

Status LevelDbStore::write_image(const ImageBatch& batch) {
  const std::shared_ptr<ImageDb> live = image();
  if (batch.generation != live->generation()) return Status();
  return live->write(batch.applied, batch.writes);
}

Result<Store::LoadedImage> LevelDbStore::load_image(
    const std::function<Status(std::string_view, std::string_view)>& take) {
  const std::shared_ptr<ImageDb> live = image();
  const Result<ImageDb::Extent> extent = live->for_each(take);
  if (!extent.ok()) return extent.status();
  return LoadedImage{.applied = live->applied(), .generation = live->generation()};
}

Result<bool> LevelDbStore::remove_garbage() {
  DeadImage dead;
  {
    const std::lock_guard lock(mutex_);
    // With more references than the list's own a reader is still under way; a later call will find
    // it done.
    const auto at = std::find_if(dead_images_.begin(), dead_images_.end(), [](const DeadImage& d) {
      return d.image == nullptr || d.image.use_count() == 1;
    });
    if (at != dead_images_.end()) {
      dead = std::move(*at);
      dead_images_.erase(at);
    }
  }
  if (dead.generation == 0) return parts_.log->remove_garbage(kRemovalsPerStep);
  dead.image.reset();
  const Result<bool> more =
      remove_one_file(*parts_.disk, image_path(parts_.directory, dead.generation));
  if (!more.ok()) return more;
  if (*more) {
    const std::lock_guard lock(mutex_);
    dead_images_.push_front({.generation = dead.generation, .image = nullptr});
  }
  return true;
}

}  // namespace

std::unique_ptr<Store> make_leveldb_store(StoreParts parts) {
  return std::make_unique<LevelDbStore>(std::move(parts));
}

}  // namespace holdfast::storage
