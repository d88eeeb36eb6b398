#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lockserver/storage/leveldb_store.h"
#include "lockserver/storage/log_shape.h"
#include "lockserver/storage/record_codec.h"
#include "lockserver/storage/store.h"
#include "zab/base/random.h"

namespace holdfast::storage {

// A Store in memory, with the same contract, for simulators and for tests of what stands above
// storage. The object is the disk: it outlives the replica's process, which ends in crash() or by
// being dropped, and recover() is the next start.
//
// persist() is atomic and durable when it returns, as the contract says; whoever simulates a crash
// in the midst of a queue persists the part of the queue that is to survive. What writes to the
// image leave unsynced, crash() may take.
class MemStore : public Store {
 public:
  MemStore();

  // What a start finds. Refuses what open() refuses.
  Result<Recovered> recover(OpenOptions::Start start, std::size_t tail_bytes_max);

  // How a crash treats the batches that were written to the image and not synced.
  enum class Loss {
    kNothing,  // The process ended, the machine did not.
    kAll,
    kPrefix,    // A random number of the newest are lost.
    kAnyOfThem  // Each may be lost by itself; what lies behind the first lost one is then cut by
                // the next start, and counted.
  };
  void crash(Loss loss, Random& dice);

  // Every later write, sync and read fails with this, until the next crash() or recover().
  void fail_with(Status failure);
  void set_free_bytes(
      std::uint64_t free_bytes);  // Of the next free_bytes(); unlimited before the first call.

  // All the state that a start would see, for comparisons in tests.
  std::map<std::string, std::string> image_records() const;
  std::vector<zab::Entry> entries() const;
  LogState log_state() const;

  Status persist(std::span<const zab::PersistOp> ops) override;
  Result<std::vector<zab::Entry>> read_log(Zxid after, Zxid through,
                                           std::size_t max_bytes) override;
  Status write_image(const ImageBatch& batch) override;
  Result<Zxid> sync_image() override;
  Result<std::unique_ptr<ImageReader>> open_image() override;
  Result<LoadedImage> load_image(
      const std::function<Status(std::string_view, std::string_view)>& take) override;
  Result<bool> remove_garbage() override;
  std::uint64_t log_bytes() const override;
  Result<std::uint64_t> free_bytes() const override;
  Result<bool> has_room_for(std::uint64_t bytes) const override;

 private:
  using Records = std::map<std::string, std::string>;
  class Reader;

  void carry_out(const zab::SetAcceptedEpoch& op);
  void carry_out(const zab::SetCurrentEpoch& op);
  void carry_out(const zab::Append& op);
  void carry_out(const zab::TruncateTo& op);
  void carry_out(const zab::BeginImage& op);
  void carry_out(const zab::StageChunk& op);
  void carry_out(const zab::InstallImage& op);
  void carry_out(const zab::Purge& op);
  void drop(const std::vector<ZxidRange>& gone);
  void apply(const ImageBatch& batch);
  void settle_image();  // The image as written becomes the durable one.

  mutable std::mutex mutex_;
  Status failure_;
  std::optional<std::uint64_t> free_bytes_;

  LogState state_;
  LogShape shape_{Zxid()};
  std::map<Zxid, zab::Entry> log_;
  std::uint64_t log_bytes_ = 0;

  Records durable_records_;
  Zxid durable_applied_;
  std::vector<ImageBatch> unsynced_;  // Written over the durable image, in order.
  Records records_;                   // Both together: the image as the process sees it.
  Zxid applied_;
  std::uint64_t torn_bytes_ = 0;  // Kept by the last crash behind a hole.

  struct Staging {
    Records records;
    Status damage;
  };
  std::optional<Staging> staging_;
};

}  // namespace holdfast::storage
