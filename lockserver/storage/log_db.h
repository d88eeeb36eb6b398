#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "lockserver/storage/durable_env.h"
#include "lockserver/storage/log_shape.h"
#include "lockserver/storage/record_codec.h"

namespace holdfast::storage {

// What a scan of the whole log found.
struct LogRecovery {
  LogState state;
  zab::EpochVector epochs;
  Zxid last;
  std::string identity;          // As stored under kLogIdentityKey.
  std::vector<zab::Entry> tail;  // The newest entries, up to about the bound asked for.
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

// The database `log`: epochs, base, entries. Changes are gathered in memory and in one LevelDB
// batch by the calls below and go to the disk in commit(); after a failed commit the object is good
// for nothing.
//
// Threads: one thread changes, commits and reads; another may call remove_garbage at the same time;
// bytes() is for any.
class LogDb {
 public:
  // A new database with the record of epochs and the identity, durable.
  static Status create(std::shared_ptr<DurableEnv> env, const std::string& directory,
                       const LogState& state, const std::string& identity);
  static Result<std::unique_ptr<LogDb>> open(std::shared_ptr<DurableEnv> env,
                                             const std::string& directory,
                                             std::size_t buffer_bytes);

  // Reads every entry, checks its checksum and that it follows the one before it, down to the base
  // (R17). To be called once, first.
  Result<LogRecovery> recover(std::size_t tail_bytes_max);

  const LogState& state() const { return state_; }
  const LogShape& shape() const { return shape_; }

  void set_accepted(Epoch epoch);
  void set_current(Epoch epoch);
  void set_provisioned();
  void append(const zab::Entry& entry);  // Aborts unless it follows the last one.
  void truncate(Zxid to);                // Aborts unless `to` is held.
  void purge(Zxid through);              // Aborts unless `through` is held.
  void install(Zxid base, std::uint64_t generation);

  // One synced batch, which also takes along removals of entries below the base. Checks R2 first.
  Status commit();

  // Entries after `after`, as Store::read_log.
  Result<std::vector<zab::Entry>> read(Zxid after, Zxid through, std::size_t max_bytes);

  // Removes up to `count_max` entries below the base, unless a commit has removed some since the
  // last call; true when there may be more. Compacts the range once enough has gone.
  Result<bool> remove_garbage(std::size_t count_max);

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Scanner;

  LogDb(std::shared_ptr<DurableEnv> env, std::string directory, std::unique_ptr<leveldb::DB> db);
  Status failure(const leveldb::Status& status, const std::string& doing) const;
  Status corrupt(const std::string& why) const;
  // Adds removals of up to `count_max` entries below the base to the batch; false when there were
  // none.
  bool take_garbage(std::size_t count_max, leveldb::WriteBatch& batch);

  const std::shared_ptr<DurableEnv> env_;
  const std::string directory_;
  const std::unique_ptr<leveldb::DB> db_;

  LogState state_;
  LogShape shape_{Zxid()};
  LogSize size_;
  std::atomic<std::uint64_t> bytes_{0};

  // Not yet committed.
  leveldb::WriteBatch batch_;
  std::string record_;  // Of an entry; here for its memory.
  std::size_t batch_appends_ = 0;
  bool is_state_changed_ = false;
  bool is_batch_empty_ = true;
  std::vector<ZxidRange>
      garbage_to_come_;  // Below the base as soon as the batch is durable, not before.

  std::atomic<bool> commits_remove_{false};
  std::mutex removal_mutex_;  // Held while a removal is under way; an install waits for it.
  std::mutex garbage_mutex_;  // Guards what follows; held for moments only.
  std::deque<ZxidRange> garbage_;
  Zxid removed_through_;
  std::uint64_t removed_since_compaction_ = 0;
};

}  // namespace holdfast::storage
