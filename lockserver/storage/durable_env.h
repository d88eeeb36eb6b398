#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <leveldb/env.h>

#include "lockserver/storage/disk_env.h"

namespace holdfast::storage {

// The Env that LevelDB runs on. It closes the gaps between what LevelDB asks of a disk and what
// LOCKS.md §7 promises:
//
// - A write-ahead log is synced before it is closed. LevelDB switches to a new one without that,
//   and a power cut could then take a middle part of the unsynced batches.
// - The first sync of a new file syncs its directory too, and a rename does: no file whose content
//   is durable can lose its name.
// - After the first failed write, sync or rename every later one fails (R6): a second fsync may
//   report success for pages that the kernel has dropped.
// - Write-ahead logs whose every record is synced are written into space that is there already
//   (FilledFile), which makes their syncs quicker.
// - Compactions run on a thread of this Env, so that those of the image never wait in front of
//   those of the log.
//
// Must outlive the databases that use it.
class DurableEnv : public leveldb::EnvWrapper {
 public:
  // How the databases that run on it write their write-ahead logs.
  enum class Logs {
    kPlain,
    kFilled  // Only for databases that sync each of their writes.
  };
  explicit DurableEnv(std::shared_ptr<DiskEnv> disk, Logs logs = Logs::kPlain);
  ~DurableEnv() override;

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  void Schedule(void (*function)(void*), void* argument) override;

  DiskEnv& disk() { return *disk_; }
  // The failure of the first write, sync or rename that failed. Any thread.
  leveldb::Status failure() const;
  // Remembers the first failure, and gives back what the caller is to return: a failure stays one.
  leveldb::Status judged(const leveldb::Status& status);

 private:
  leveldb::Status wrapped(leveldb::Status opened, const std::string& path,
                          leveldb::WritableFile** file);
  void run_background();

  std::shared_ptr<DiskEnv> disk_;
  const Logs logs_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  leveldb::Status failure_;
  std::deque<std::pair<void (*)(void*), void*>> work_;
  bool stopping_ = false;
  std::thread background_;
};

}  // namespace holdfast::storage
