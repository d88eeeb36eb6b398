#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/replica/disk.h"
#include "lockserver/storage/mem_store.h"
#include "tests/world/scheduler.h"
#include "tests/world/story.h"
#include "zab/base/random.h"

namespace holdfast::world {

// How quick and how well a disk is; the faults change it while it works.
struct DiskTemper {
  SimTime log_min = 0;
  SimTime log_max = 0;
  std::uint32_t stall_per_mille = 0;  // Of all batches of the log.
  SimTime stall_max = 0;
  SimTime image_max = 0;
  std::size_t batch_max = 1;  // Calls of persist() that go down together.

  SimTime slower_by = 0;  // Of every operation, while a disk is slow.
  bool stalled = false;   // Nothing is completed.
  bool has_room = true;   // Without room the log waits.
  std::uint64_t free_bytes = 1ULL << 40U;
  bool fails_next_sync = false;
  bool fails_next_read = false;
  // Mistakes for tests of the checkers.
  bool lies = false;  // Says "done" and forgets at a crash.
  bool rots = false;  // Changes what is written to the image.
};

// Who is told what is on the disk from now on.
class DiskWitness {
 public:
  virtual void on_logged(const zab::PersistOp& op) = 0;
  virtual void on_image_written(const storage::ImageBatch& batch) = 0;

 protected:
  ~DiskWitness() = default;
};

// The disk of one process: the store's work takes time here. It dies with the process; the store
// stays.
class SimDisk final : public replica::Disk {
 public:
  enum class Queue { kLog, kImage };
  // The owner is to call finish() when the time given has passed.
  using Begin = std::function<void(Queue queue, SimTime takes)>;
  struct Place {
    storage::MemStore& store;
    DiskTemper& temper;
    Story& story;
    DiskWitness& witness;
  };

  SimDisk(const Place& place, Random dice, Begin begin)
      : store_(place.store),
        temper_(place.temper),
        story_(place.story),
        witness_(place.witness),
        dice_(dice),
        begin_(std::move(begin)) {}

  // The work begun is done. Goes on with what came meanwhile.
  void finish(Queue queue, replica::DiskEvents& events);
  // After the temper got better.
  void go_on();
  // The process dies: of what was under way to the disk a part gets there, whole or torn.
  void die();

  void persist(std::vector<zab::Persist> ops) override;
  void read_log(const zab::ReadLog& read) override;
  void write_image(storage::ImageBatch batch) override;
  void sync_image() override;
  void open_image(std::uint64_t transfer) override;
  void read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) override;
  void close_image(std::uint64_t transfer) override;
  void load_image() override;
  void remove_garbage() override;
  std::uint64_t log_bytes() const override { return store_.log_bytes(); }
  std::uint64_t free_bytes() const override { return temper_.free_bytes; }

 private:
  using LogItem = std::variant<std::vector<zab::Persist>, zab::ReadLog>;
  using ImageJob = std::function<void(replica::DiskEvents&)>;

  void begin_log();
  void begin_image();
  SimTime log_time();
  void finish_persist(std::size_t items, replica::DiskEvents& events);
  void finish_read(const zab::ReadLog& read, replica::DiskEvents& events);
  void fail_sync(const std::vector<zab::PersistOp>& ops, replica::DiskEvents& events);
  Status put_down(const std::vector<zab::PersistOp>& ops);
  void tell_the_truth();
  void add_image_job(ImageJob job);

  storage::MemStore& store_;
  DiskTemper& temper_;
  Story& story_;
  DiskWitness& witness_;
  Random dice_;
  Begin begin_;
  std::deque<LogItem> log_;
  std::size_t log_working_ = 0;  // Of the first items; 0: idle.
  std::deque<ImageJob> image_;
  bool image_working_ = false;
  std::vector<zab::PersistOp> lied_;  // Reported as done.
  std::map<std::uint64_t, std::unique_ptr<storage::ImageReader>> readers_;
};

}  // namespace holdfast::world
