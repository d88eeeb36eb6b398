#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "lockserver/storage/disk_env.h"
#include "zab/base/status.h"

namespace holdfast::storage {

// Keeps a reserve of disk space, as a file of zeros for which the file system has set blocks aside
// (`ballast`). While the reserve is whole, free_bytes() tells what may be used beside it. When
// other files have used all of that up, the ballast is given back, so that releases, expiry and
// compactions can still be written while the leader refuses new data (LOCKS.md §7); free_bytes() is
// 0 until there is room to set it up again. All calls from any thread.
class SpaceGuard {
 public:
  // `reserve_bytes` 0: no reserve is kept.
  SpaceGuard(std::shared_ptr<DiskEnv> disk, std::string directory, std::uint64_t reserve_bytes);

  // Beyond the reserve; 0 = the reserve is touched.
  Result<std::uint64_t> free_bytes();
  // Whether so many more bytes can be written, the reserve and what compactions need beside them
  // included.
  Result<bool> has_room_for(std::uint64_t bytes);

 private:
  std::uint64_t margin_bytes() const { return reserve_bytes_ / 4; }
  Result<std::uint64_t> free_bytes_locked();
  bool set_up(std::uint64_t available);

  const std::shared_ptr<DiskEnv> disk_;
  const std::string directory_;
  const std::string path_;
  const std::uint64_t reserve_bytes_;
  std::mutex mutex_;
  bool is_whole_ = false;
};

}  // namespace holdfast::storage
