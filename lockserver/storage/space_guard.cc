#include "lockserver/storage/space_guard.h"

#include <utility>

#include <glog/logging.h>

namespace holdfast::storage {

SpaceGuard::SpaceGuard(std::shared_ptr<DiskEnv> disk, std::string directory,
                       std::uint64_t reserve_bytes)
    : disk_(std::move(disk)),
      directory_(std::move(directory)),
      path_(directory_ + "/ballast"),
      reserve_bytes_(reserve_bytes) {
  std::uint64_t size = 0;
  is_whole_ =
      reserve_bytes_ == 0 || (disk_->GetFileSize(path_, &size).ok() && size >= reserve_bytes_);
}

Result<std::uint64_t> SpaceGuard::free_bytes() {
  const std::lock_guard lock(mutex_);
  return free_bytes_locked();
}

Result<std::uint64_t> SpaceGuard::free_bytes_locked() {
  const Result<std::uint64_t> available = disk_->free_bytes(directory_);
  if (!available.ok()) return available;
  if (is_whole_ && *available > margin_bytes()) return *available - margin_bytes();
  if (is_whole_ && reserve_bytes_ > 0) {
    is_whole_ = false;
    const leveldb::Status given_back = disk_->truncate_file(path_, 0);
    LOG(WARNING) << "storage: the disk of " << directory_ << " is full; gave back the reserve of "
                 << reserve_bytes_ << " bytes: " << given_back.ToString();
    return std::uint64_t{0};
  }
  if (!is_whole_ && set_up(*available)) return *available - reserve_bytes_ - margin_bytes();
  return std::uint64_t{0};
}

// Only with room to spare beside it: a reserve that is given back and set up again in turns would
// be none.
bool SpaceGuard::set_up(std::uint64_t available) {
  if (available <= 2 * reserve_bytes_) return false;
  const leveldb::Status status = disk_->allocate_file(path_, reserve_bytes_);
  is_whole_ = status.ok();
  if (!is_whole_) {
    LOG(WARNING) << "storage: no reserve could be set up in " << path_ << ": " << status.ToString();
  }
  return is_whole_;
}

Result<bool> SpaceGuard::has_room_for(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const Result<std::uint64_t> beyond = free_bytes_locked();
  if (!beyond.ok()) return beyond.status();
  if (is_whole_ && *beyond >= bytes) return true;
  // The reserve may have been given back just now.
  const Result<std::uint64_t> available = disk_->free_bytes(directory_);
  if (!available.ok()) return available.status();
  return *available >= bytes + margin_bytes();
}

}  // namespace holdfast::storage
