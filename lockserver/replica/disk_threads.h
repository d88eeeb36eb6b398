#pragma once

#include <functional>
#include <memory>

#include "lockserver/replica/disk.h"
#include "lockserver/storage/store.h"

namespace holdfast::replica {

// The disk of holdfastd: a Store driven by two threads, so that neither the strand nor an append
// ever waits for the image.
//
// The log thread takes all that is queued at one time down as one synced batch and answers it by
// one on_persisted; it waits, without failing, while the disk has no room. The image thread joins
// queued image batches into one, answers by the last of them, and removes garbage in small steps
// with pauses between them.
//
// After the first failure on_disk_failed is posted once, and nothing is carried out or answered any
// more.
class DiskThreads : public Disk {
 public:
  // Runs the function on the strand, later: not before it returns.
  using Post = std::function<void(std::function<void()>)>;

  // `store` must outlive this; `events` must outlive whatever was posted.
  DiskThreads(storage::Store& store, DiskEvents& events, Post post);
  ~DiskThreads() override;  // stop()

  // Carries out and answers all that was asked for before, and ends both threads; later requests
  // are ignored. What waits for room on a full disk is given up, and garbage left for the next
  // start. Idempotent.
  void stop();

  void persist(std::vector<zab::Persist> ops) override;
  void read_log(const zab::ReadLog& read) override;
  void write_image(storage::ImageBatch batch) override;
  void sync_image() override;
  void open_image(std::uint64_t transfer) override;
  void read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) override;
  void close_image(std::uint64_t transfer) override;
  void load_image() override;
  void remove_garbage() override;
  std::uint64_t log_bytes() const override;
  std::uint64_t free_bytes() const override;

 private:
  class Answers;
  class LogThread;
  class ImageThread;

  storage::Store& store_;
  std::unique_ptr<Answers> answers_;
  std::unique_ptr<LogThread> log_;
  std::unique_ptr<ImageThread> image_;
};

}  // namespace holdfast::replica
