#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lockserver/storage/store.h"
#include "zab/output.h"

namespace holdfast::replica {

// What a replica wants of its disk, without waiting for it. Answers come as DiskEvents on the
// strand, in the order of the calls for each of the two queues (log: persist, read_log; image: the
// rest).
class Disk {
 public:
  virtual ~Disk() = default;

  virtual void persist(std::vector<zab::Persist> ops) = 0;  // -> on_persisted(last token); several
                                                            // calls may be answered by one.
  virtual void read_log(const zab::ReadLog& read) = 0;      // -> on_log_read
  virtual void write_image(
      storage::ImageBatch batch) = 0;  // -> on_image_written when it is in the image (not synced)
  virtual void sync_image() = 0;       // -> on_image_synced
  virtual void open_image(std::uint64_t transfer) = 0;  // -> on_image_opened
  virtual void read_image_chunk(std::uint64_t transfer,
                                std::size_t max_bytes) = 0;  // -> on_image_chunk
  virtual void close_image(std::uint64_t transfer) = 0;
  virtual void
  load_image() = 0;  // -> on_image_loaded, after every earlier image write is dropped or done
  virtual void remove_garbage() = 0;  // In the background, in small steps.
  virtual std::uint64_t log_bytes() const = 0;
  virtual std::uint64_t free_bytes() const = 0;  // Of the last check, at most a heartbeat old.
};

// All records of an image, as loaded for the strand.
struct ImageRecords {
  Zxid applied;
  std::uint64_t generation = 0;
  std::vector<state::Write> records;
};

class DiskEvents {
 public:
  virtual ~DiskEvents() = default;
  virtual void on_persisted(Token through) = 0;
  virtual void on_log_read(std::uint64_t read, std::vector<zab::Entry> entries) = 0;
  virtual void on_image_written(Zxid applied) = 0;
  virtual void on_image_synced(Zxid applied) = 0;
  virtual void on_image_opened(std::uint64_t transfer, Zxid zxid,
                               std::uint64_t approximate_bytes) = 0;
  virtual void on_image_chunk(std::uint64_t transfer, std::string bytes, bool is_last) = 0;
  virtual void on_image_loaded(ImageRecords image) = 0;
  // A write, sync or read failed. The replica ends the process with this sentence (R6).
  virtual void on_disk_failed(const Status& status) = 0;
};

}  // namespace holdfast::replica
