#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lockserver/storage/disk_env.h"
#include "lockserver/storage/store.h"

// The files of a replica's directory (docs/format.md):
//
//   IDENTITY        whose it is; written last by init, so a directory without it is no replica's
//   LOCK            held by the daemon that uses it
//   log/            LevelDB: epochs, base, entries
//   image-<g>/      LevelDB: the state; the log says which generation g is live
//   ballast         the reserve of disk space

namespace holdfast::storage {

std::string identity_path(const std::string& directory);
std::string log_path(const std::string& directory);
std::string image_path(const std::string& directory, std::uint64_t generation);
// Generations of which a directory exists, ascending.
Result<std::vector<std::uint64_t>> image_generations(DiskEnv& disk, const std::string& directory);

// Creates the directory and those above it where they are missing, durably. kInvalid when it holds
// anything.
Status make_empty_directory(DiskEnv& disk, const std::string& directory);
// kNotFound (with what to do) when the directory is no replica's.
Result<Identity> read_identity(DiskEnv& disk, const std::string& directory);

// Taken by one process at a time; released when this goes.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(std::shared_ptr<DiskEnv> disk,
                                                     const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  DirectoryLock(std::shared_ptr<DiskEnv> disk, leveldb::FileLock* lock)
      : disk_(std::move(disk)), lock_(lock) {}
  std::shared_ptr<DiskEnv> disk_;
  leveldb::FileLock* lock_;
};

// Removes an image's directory file by file, one call a file; true when there is more to do.
Result<bool> remove_one_file(DiskEnv& disk, const std::string& directory);

}  // namespace holdfast::storage
