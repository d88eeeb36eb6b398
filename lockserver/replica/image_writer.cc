#include "lockserver/replica/image_writer.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::replica {

namespace {

// Positions kept per maximal length of the log: finer ones would not make a purge better.
constexpr std::uint64_t kMarksPerLog = 64;
// What an entry costs on disk besides its payload, roughly.
constexpr std::size_t kEntryOverheadBytes = 48;

}  // namespace

void ImageWriter::restart(Image image, Ticks now) {
  generation_ = image.generation;
  collected_ = written_ = synced_ = image.applied;
  bytes_ = 0;
  oldest_.reset();
  writing_ = syncing_ = hurried_ = false;
  last_sync_ = now;
}

void ImageWriter::add(Zxid zxid, std::size_t bytes, Ticks now) {
  HOLDFAST_CHECK(zxid > collected_, to_string(zxid) + " after " + to_string(collected_));
  collected_ = zxid;
  bytes_ += bytes;
  if (!oldest_) {
    oldest_ = now;
  }
}

bool ImageWriter::is_due(Ticks now) const {
  return !writing_ && oldest_ &&
         (hurried_ || bytes_ >= pace_.flush_bytes || now - *oldest_ >= pace_.flush_ms);
}

std::optional<storage::ImageBatch> ImageWriter::take_batch(state::StateMachine& state) {
  if (!oldest_) {
    return std::nullopt;
  }
  HOLDFAST_CHECK(state.applied() == collected_,
                 to_string(state.applied()) + " is not " + to_string(collected_));
  bytes_ = 0;
  oldest_.reset();
  writing_ = true;
  return storage::ImageBatch{
      .generation = generation_, .applied = collected_, .writes = state.take_writes()};
}

bool ImageWriter::take_sync(Ticks now) {
  const bool is_due = hurried_ || now - last_sync_ >= pace_.sync_ms;
  // A batch on its way is waited for: the sync covers it then.
  if (syncing_ || writing_ || !is_due || written_ <= synced_) {
    return false;
  }
  syncing_ = true;
  hurried_ = false;
  return true;
}

void ImageWriter::on_written(Zxid applied) {
  if (!writing_ || applied < written_) {
    return;
  }
  writing_ = false;
  written_ = applied;
}

void ImageWriter::on_synced(Zxid applied, Ticks now) {
  if (!syncing_) {
    return;
  }
  syncing_ = false;
  last_sync_ = now;
  synced_ = std::max(synced_, std::min(applied, written_));
}

LogMeter::LogMeter(Zxid start, std::uint64_t bytes_max) : bytes_max_(bytes_max) {
  restart(start);
}

void LogMeter::restart(Zxid start) {
  total_ = 0;
  marks_.assign(1, Mark{start, 0});
  purged_ = Zxid();
}

void LogMeter::add(Zxid zxid, std::size_t payload_bytes) {
  total_ += payload_bytes + kEntryOverheadBytes;
  const std::uint64_t step = std::max<std::uint64_t>(1, bytes_max_ / kMarksPerLog);
  if (total_ - marks_.back().bytes >= step) {
    marks_.push_back(Mark{zxid, total_});
  }
}

std::optional<Zxid> LogMeter::wanted_purge(std::uint64_t log_bytes) const {
  if (log_bytes <= bytes_max_) {
    return std::nullopt;
  }
  // The oldest mark that leaves no more than half.
  auto mark = std::find_if(marks_.begin(), marks_.end(),
                           [&](const Mark& m) { return total_ - m.bytes <= bytes_max_ / 2; });
  if (mark == marks_.end()) {
    mark = std::prev(marks_.end());
  }
  return mark->zxid > purged_ ? std::optional(mark->zxid) : std::nullopt;
}

void LogMeter::on_purged(Zxid through) {
  purged_ = through;
  // Marks below are of no more use; one stays so that there always is a last one.
  const auto keep = std::find_if(marks_.begin(), std::prev(marks_.end()),
                                 [&](const Mark& m) { return m.zxid >= through; });
  marks_.erase(marks_.begin(), keep);
}

}  // namespace holdfast::replica
