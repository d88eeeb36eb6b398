#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "zab/base/status.h"

namespace holdfast::example {

// Files below one folder, each in a volume, which is named by the path of a lock. A file is
// replaced as a whole or not at all, whatever ends the process or the machine. May be used by
// several threads, each for another volume.
class FileStore {
 public:
  // Makes what is missing. kUnavailable if another process has the folder; kIo.
  static Result<std::unique_ptr<FileStore>> open(std::string folder);
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;
  ~FileStore();

  // ok when it is on the disk. kInvalid for a name that cannot be one; kNoSpace; kIo.
  Status put(const std::string& volume, const std::string& file, const std::string& contents);
  Result<std::string> get(const std::string& volume, const std::string& file);  // kNotFound
  Status remove(const std::string& volume, const std::string& file);            // kNotFound

 private:
  explicit FileStore(std::string folder) : folder_(std::move(folder)) {}

  Status prepare();
  Result<std::string> folder_of(const std::string& volume) const;
  Result<std::string> path_of(const std::string& volume, const std::string& file) const;

  const std::string folder_;
  int lock_ = -1;
  std::atomic<std::uint64_t> next_new_ = 0;
};

}  // namespace holdfast::example
