#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lockserver/storage/data_dir.h"
#include "lockserver/storage/image_db.h"
#include "lockserver/storage/log_db.h"

namespace holdfast::storage {

// What open() has gathered and checked, and a store is made of. Databases come after what they run
// on, so that they are closed first.
struct StoreParts {
  std::string directory;
  std::shared_ptr<DiskEnv> disk;
  std::shared_ptr<DurableEnv> image_env;
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<LogDb> log;
  std::shared_ptr<ImageDb> image;
  std::vector<std::uint64_t> dead_generations;  // Of which there are directories to be removed.
  std::uint64_t next_generation = 0;  // Of the next image to be staged; never used before.
  std::uint64_t reserve_bytes = 0;
  std::size_t image_buffer_bytes = 0;
};

std::unique_ptr<Store> make_leveldb_store(StoreParts parts);

}  // namespace holdfast::storage
