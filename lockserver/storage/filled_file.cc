#include "lockserver/storage/filled_file.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace holdfast::storage {
namespace {

constexpr std::size_t kGatheredBytesMax = 64 * 1024;
// Where a sync has more than this to write, or the one before it had, the zeros would cost more
// than they save.
constexpr std::uint64_t kFillingSyncBytesMax = kFillBytes / 4;
constexpr std::array<char, 32 * 1024> kZeros{};

std::uint64_t round_up(std::uint64_t size) {
  return (size + kFillBytes - 1) / kFillBytes * kFillBytes;
}

}  // namespace

FilledFile::FilledFile(std::unique_ptr<PlacedFile> file) : file_(std::move(file)) {}

leveldb::Status FilledFile::Append(const leveldb::Slice& data) {
  if (!failure_.ok()) return failure_;
  gathered_.append(data.data(), data.size());
  if (gathered_.size() >= kGatheredBytesMax) failure_ = write_out();
  return failure_;
}

leveldb::Status FilledFile::Sync() {
  if (failure_.ok()) failure_ = write_out();
  const bool is_small = at_ - synced_ <= kFillingSyncBytesMax;
  if (failure_.ok() && at_ == filled_ && is_small && was_small_ && has_room_) failure_ = fill();
  was_small_ = is_small;
  if (failure_.ok()) failure_ = file_->sync();
  if (failure_.ok()) synced_ = at_;
  return failure_;
}

leveldb::Status FilledFile::write_out() {
  if (gathered_.empty()) return leveldb::Status::OK();
  leveldb::Status status = file_->write_at(at_, gathered_);
  if (!status.ok()) return status;
  at_ += gathered_.size();
  filled_ = std::max(filled_, at_);
  gathered_.clear();
  return status;
}

// The write of the zeros is part of the sync that follows: one of a thousand small records pays for
// it.
leveldb::Status FilledFile::fill() {
  const std::uint64_t to = round_up(at_ + 1);
  while (filled_ < to) {
    const std::size_t count = std::min<std::uint64_t>(kZeros.size(), to - filled_);
    const leveldb::Status status = file_->write_at(filled_, std::string_view(kZeros.data(), count));
    if (!status.ok()) {
      if (!is_lack_of_space(status)) return status;
      has_room_ = false;
      filled_ = at_;
      return file_->truncate(at_);
    }
    filled_ += count;
  }
  return leveldb::Status::OK();
}

leveldb::Status FilledFile::Close() {
  if (failure_.ok() && filled_ > at_) failure_ = file_->truncate(at_);
  file_.reset();
  return failure_;
}

}  // namespace holdfast::storage
