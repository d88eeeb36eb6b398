#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <leveldb/env.h>

#include "lockserver/storage/disk_env.h"

namespace holdfast::storage {

// So far does a FilledFile write zeros ahead, up to a multiple of this many bytes.
inline constexpr std::uint64_t kFillBytes = 256 * 1024;

// A write-ahead log of which every record is synced. It writes zeros ahead of its records: a sync
// of bytes that replace others leaves the file's size and blocks as they are, so that the file
// system has nothing but these bytes to write (docs/decisions/0019). Close() cuts off the zeros
// that are left; after a crash the file ends in them, its size a multiple of kFillBytes.
//
// What is appended stays in memory until Sync() or until there is much of it, and Close() drops it:
// a file of which not every record is synced is not for this class. After a failure it writes
// nothing more, and Close() only closes. Where there is no room for zeros it does without them.
class FilledFile : public leveldb::WritableFile {
 public:
  explicit FilledFile(std::unique_ptr<PlacedFile> file);  // The file is empty.

  leveldb::Status Append(const leveldb::Slice& data) override;
  leveldb::Status Flush() override { return failure_; }
  leveldb::Status Sync() override;
  leveldb::Status Close() override;

 private:
  leveldb::Status write_out();
  leveldb::Status fill();

  std::unique_ptr<PlacedFile> file_;
  std::string gathered_;  // Not yet written.
  std::uint64_t at_ = 0;  // Where it will be.
  std::uint64_t synced_ = 0;
  std::uint64_t filled_ = 0;  // The file's size.
  bool was_small_ = true;     // What the last sync had to write.
  bool has_room_ = true;      // For zeros.
  leveldb::Status failure_;
};

}  // namespace holdfast::storage
