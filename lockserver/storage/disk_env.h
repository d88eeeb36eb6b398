#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <leveldb/env.h>

#include "zab/base/status.h"

namespace holdfast::storage {

// A file that is written at any place, as pwrite does. Closed by deleting it, without a sync.
class PlacedFile {
 public:
  PlacedFile() = default;
  PlacedFile(const PlacedFile&) = delete;
  PlacedFile& operator=(const PlacedFile&) = delete;
  virtual ~PlacedFile() = default;

  virtual leveldb::Status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  virtual leveldb::Status truncate(std::uint64_t size) = 0;
  // Makes content and size durable.
  virtual leveldb::Status sync() = 0;
};

// A file system: LevelDB's Env and what it lacks. The storage code touches no file but through one
// of these, so that tests can give it a disk that loses power.
class DiskEnv : public leveldb::EnvWrapper {
 public:
  using leveldb::EnvWrapper::EnvWrapper;

  // Makes the names in the directory durable: creations, removals and renames.
  virtual leveldb::Status sync_directory(const std::string& directory) = 0;
  // Creates the file, or empties it.
  virtual leveldb::Status new_placed_file(const std::string& path,
                                          std::unique_ptr<PlacedFile>* file) = 0;
  // Cuts the file to `size` bytes, durably.
  virtual leveldb::Status truncate_file(const std::string& path, std::uint64_t size) = 0;
  // Creates the file if need be, and gives it `size` bytes for which the disk has set blocks aside.
  virtual leveldb::Status allocate_file(const std::string& path, std::uint64_t size) = 0;
  // What an unprivileged writer may still fill.
  virtual Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
};

// The machine's own. Reads tables by pread, not through a mapping: a bad sector is then a failed
// read with the file's name and not a SIGBUS.
std::unique_ptr<DiskEnv> make_machine_env();

// "/" and "." for paths directly in them.
std::string parent_directory(const std::string& path);

// Whether the failure is that of a full disk.
bool is_lack_of_space(const leveldb::Status& status);

// LevelDB's verdict in our terms; `doing` begins the sentence: "reading /data/log".
Status from_leveldb(const leveldb::Status& status, std::string_view doing);

// Whole small files.
Result<std::string> read_file(DiskEnv& disk, const std::string& path);
// Under a temporary name, synced, renamed, the directory synced: after a crash the file is whole or
// not there.
Status write_file_durably(DiskEnv& disk, const std::string& path, std::string_view bytes);

}  // namespace holdfast::storage
