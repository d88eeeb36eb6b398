#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lockserver/state/effects.h"
#include "zab/base/status.h"
#include "zab/output.h"
#include "zab/types.h"

namespace holdfast::storage {

// What `holdfastd init` writes and every start checks.
struct Identity {
  std::string cell_name;
  std::string cell_id;  // 32 hex digits.
  ServerId id;
  std::string members;  // The configuration given at init, as text (config.h); opaque here.
  bool operator==(const Identity&) const = default;
};

// What a start recovered, for the core and for the line that the daemon prints.
struct Recovered {
  zab::DurableState durable;
  std::uint64_t log_entries = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t image_records = 0;
  std::uint64_t image_bytes = 0;
  std::uint64_t torn_bytes_cut = 0;  // A torn tail that no one was told of (R7).
};

// A batch for the image: the effects of the entries through `applied`, atomically with that zxid.
struct ImageBatch {
  // Of the image it belongs to; a batch for an image since replaced is dropped.
  std::uint64_t generation = 0;
  Zxid applied;
  std::vector<state::Write> writes;
};

// A consistent view of the image on disk at one zxid, read chunk by chunk while the image goes on
// changing.
class ImageReader {
 public:
  virtual ~ImageReader() = default;
  virtual Zxid zxid() const = 0;
  virtual std::uint64_t approximate_bytes() const = 0;
  struct Chunk {
    std::string bytes;  // Whole records; the format that Store::persist takes in StageChunk.
    bool is_last = false;
  };
  virtual Result<Chunk> next(std::size_t max_bytes) = 0;
};

// A replica's disk. Every failure of a write or a sync is final: the caller ends the process and
// never tries again (R6).
//
// Threads: persist and read_log are called by the log thread, write_image, sync_image, open_image
// and remove_garbage by the image thread, both at the same time; load_image by either while the
// other writes no image.
class Store {
 public:
  virtual ~Store() = default;

  // Carries the operations out in order, in one atomic synced batch (image staging apart: staged
  // bytes are synced no later than the batch that installs them). When it returns ok all of it is
  // durable.
  virtual Status persist(std::span<const zab::PersistOp> ops) = 0;

  // Entries after `after`, at most through `through`, at least one, up to about max_bytes. Verifies
  // checksums and the chain of prev (R17).
  virtual Result<std::vector<zab::Entry>> read_log(Zxid after, Zxid through,
                                                   std::size_t max_bytes) = 0;

  // Writes without sync.
  virtual Status write_image(const ImageBatch& batch) = 0;
  // Makes everything written to the image durable and tells through which zxid that is.
  virtual Result<Zxid> sync_image() = 0;
  virtual Result<std::unique_ptr<ImageReader>> open_image() = 0;
  // Every record of the live image but its bookkeeping; then the zxid of which it is the state.
  // `generation` names it in later ImageBatches.
  struct LoadedImage {
    Zxid applied;
    std::uint64_t generation = 0;
  };
  virtual Result<LoadedImage> load_image(
      const std::function<Status(std::string_view key, std::string_view value)>& take) = 0;

  // Deletes, in a small step, entries below the base and images no longer live. True when there is
  // more to do.
  virtual Result<bool> remove_garbage() = 0;

  // Estimate of the live log on disk. Any thread.
  virtual std::uint64_t log_bytes() const = 0;
  // Of the file system, beyond the reserve (LOCKS.md §7); 0 = the reserve is touched. Any thread.
  virtual Result<std::uint64_t> free_bytes() const = 0;
  // Whether the disk can take so many more bytes, the reserve included. While it cannot, the log
  // thread waits: a replica without room stops acknowledging rather than failing. Any thread.
  virtual Result<bool> has_room_for(std::uint64_t bytes) const = 0;
};

}  // namespace holdfast::storage
