#include "tests/world/disk.h"

#include <algorithm>

namespace holdfast::world {
namespace {

// The part of a batch that a crash leaves: some operations, and of an append after them some
// entries.
std::vector<zab::PersistOp> torn(std::vector<zab::PersistOp> ops, Random& dice, Story& story) {
  const std::size_t whole = dice.below(ops.size() + 1);
  std::vector<zab::PersistOp> left(ops.begin(), ops.begin() + static_cast<std::ptrdiff_t>(whole));
  if (whole == ops.size()) return left;
  story.count("crash loses queued writes");
  if (auto* append = std::get_if<zab::Append>(&ops[whole])) {
    const std::size_t entries = dice.below(append->entries.size());
    append->entries.resize(entries);
    if (entries > 0) {
      story.count("crash tears a batch");
      left.push_back(std::move(ops[whole]));
    }
  }
  return left;
}

}  // namespace

// ---- log ----------------------------------------------------------------------------------------

void SimDisk::persist(std::vector<zab::Persist> ops) {
  log_.emplace_back(std::move(ops));
  begin_log();
}

void SimDisk::read_log(const zab::ReadLog& read) {
  log_.emplace_back(read);
  begin_log();
}

SimTime SimDisk::log_time() {
  const auto below = [this](SimTime max) {
    return static_cast<SimTime>(dice_.below(static_cast<std::uint64_t>(max) + 1));
  };
  SimTime takes = temper_.log_min + below(temper_.log_max - temper_.log_min) + temper_.slower_by;
  if (temper_.stall_per_mille > 0 && dice_.chance(temper_.stall_per_mille, 1000)) {
    story_.count("disk stalls");
    takes += below(temper_.stall_max);
  }
  return takes;
}

void SimDisk::begin_log() {
  if (log_working_ > 0 || log_.empty() || temper_.stalled || !temper_.has_room) return;
  log_working_ = 1;
  if (std::holds_alternative<std::vector<zab::Persist>>(log_.front())) {
    while (log_working_ < log_.size() && log_working_ < temper_.batch_max &&
           std::holds_alternative<std::vector<zab::Persist>>(log_[log_working_])) {
      ++log_working_;
    }
  }
  begin_(Queue::kLog, log_time());
}

void SimDisk::finish(Queue queue, replica::DiskEvents& events) {
  if (queue == Queue::kLog) {
    const std::size_t items = std::exchange(log_working_, 0);
    if (items == 0) return;
    if (const auto* read = std::get_if<zab::ReadLog>(&log_.front())) {
      const zab::ReadLog asked = *read;
      log_.pop_front();
      finish_read(asked, events);
    } else {
      finish_persist(items, events);
    }
    return begin_log();
  }
  image_working_ = false;
  if (image_.empty()) return;
  const ImageJob job = std::move(image_.front());
  image_.pop_front();
  job(events);
  begin_image();
}

void SimDisk::go_on() {
  begin_log();
  begin_image();
}

Status SimDisk::put_down(const std::vector<zab::PersistOp>& ops) {
  const Status status = store_.persist(ops);
  if (!status.ok()) return status;
  for (const zab::PersistOp& op : ops) witness_.on_logged(op);
  return status;
}

void SimDisk::finish_persist(std::size_t items, replica::DiskEvents& events) {
  std::vector<zab::PersistOp> ops;
  Token through;
  for (; items > 0; --items) {
    for (zab::Persist& persist : std::get<std::vector<zab::Persist>>(log_.front())) {
      through = persist.token;
      ops.push_back(std::move(persist.op));
    }
    log_.pop_front();
  }
  if (std::exchange(temper_.fails_next_sync, false)) return fail_sync(ops, events);
  if (temper_.lies) {
    lied_.insert(lied_.end(), ops.begin(), ops.end());
  } else if (const Status status = put_down(ops); !status.ok()) {
    return events.on_disk_failed(status);
  }
  events.on_persisted(through);
}

// After a failed sync nobody knows what is on the disk.
void SimDisk::fail_sync(const std::vector<zab::PersistOp>& ops, replica::DiskEvents& events) {
  story_.count("sync fails");
  const std::vector<zab::PersistOp> left = torn(ops, dice_, story_);
  if (!left.empty()) static_cast<void>(put_down(left));
  const Status failure(StatusCode::kIo, "fdatasync of the log failed (simulated)");
  store_.fail_with(failure);
  events.on_disk_failed(failure);
}

void SimDisk::finish_read(const zab::ReadLog& read, replica::DiskEvents& events) {
  tell_the_truth();
  if (std::exchange(temper_.fails_next_read, false)) {
    story_.count("damaged entry read");
    store_.fail_with(Status(StatusCode::kCorrupt, "an entry of the log is damaged (simulated)"));
  }
  auto entries = store_.read_log(read.after, read.through, read.max_bytes);
  if (!entries.ok()) return events.on_disk_failed(entries.status());
  story_.count("log read from disk");
  events.on_log_read(read.read, std::move(entries).value());
}

void SimDisk::tell_the_truth() {
  if (!lied_.empty()) static_cast<void>(put_down(std::exchange(lied_, {})));
}

void SimDisk::die() {
  std::vector<zab::PersistOp> ops;
  for (std::size_t i = 0; i < log_working_; ++i) {
    const auto* item = std::get_if<std::vector<zab::Persist>>(&log_[i]);
    if (item == nullptr) break;
    for (const zab::Persist& persist : *item) ops.push_back(persist.op);
  }
  if (!lied_.empty()) story_.count("disk has lied");
  if (ops.empty() || !lied_.empty()) return;
  const std::vector<zab::PersistOp> left = torn(std::move(ops), dice_, story_);
  if (!left.empty()) static_cast<void>(put_down(left));
}

// ---- image --------------------------------------------------------------------------------------

void SimDisk::add_image_job(ImageJob job) {
  image_.push_back(std::move(job));
  begin_image();
}

void SimDisk::begin_image() {
  if (image_working_ || image_.empty() || temper_.stalled) return;
  image_working_ = true;
  const auto takes =
      static_cast<SimTime>(dice_.below(static_cast<std::uint64_t>(temper_.image_max) + 1));
  begin_(Queue::kImage, takes + temper_.slower_by);
}

void SimDisk::write_image(storage::ImageBatch batch) {
  if (temper_.rots && !batch.writes.empty() && batch.writes.back().value) {
    batch.writes.back().value->push_back('x');
  }
  add_image_job([this, batch = std::move(batch)](replica::DiskEvents& events) {
    tell_the_truth();
    const Status status = store_.write_image(batch);
    if (!status.ok()) return events.on_disk_failed(status);
    witness_.on_image_written(batch);
    events.on_image_written(batch.applied);
  });
}

void SimDisk::sync_image() {
  add_image_job([this](replica::DiskEvents& events) {
    const Result<Zxid> synced = store_.sync_image();
    if (!synced.ok()) return events.on_disk_failed(synced.status());
    events.on_image_synced(*synced);
  });
}

void SimDisk::open_image(std::uint64_t transfer) {
  add_image_job([this, transfer](replica::DiskEvents& events) {
    auto opened = store_.open_image();
    if (!opened.ok()) return events.on_disk_failed(opened.status());
    std::unique_ptr<storage::ImageReader>& reader = readers_[transfer];
    reader = std::move(opened).value();
    events.on_image_opened(transfer, reader->zxid(), reader->approximate_bytes());
  });
}

void SimDisk::read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) {
  add_image_job([this, transfer, max_bytes](replica::DiskEvents& events) {
    auto chunk = readers_.at(transfer)->next(max_bytes);
    if (!chunk.ok()) return events.on_disk_failed(chunk.status());
    storage::ImageReader::Chunk it = std::move(chunk).value();
    events.on_image_chunk(transfer, std::move(it.bytes), it.is_last);
  });
}

void SimDisk::close_image(std::uint64_t transfer) {
  add_image_job([this, transfer](replica::DiskEvents&) { readers_.erase(transfer); });
}

void SimDisk::load_image() {
  add_image_job([this](replica::DiskEvents& events) {
    replica::ImageRecords image;
    const auto loaded = store_.load_image([&](std::string_view key, std::string_view value) {
      image.records.push_back({.key = std::string(key), .value = std::string(value)});
      return Status();
    });
    if (!loaded.ok()) return events.on_disk_failed(loaded.status());
    image.applied = loaded->applied;
    image.generation = loaded->generation;
    events.on_image_loaded(std::move(image));
  });
}

void SimDisk::remove_garbage() {
  add_image_job([this](replica::DiskEvents& events) {
    const Result<bool> more = store_.remove_garbage();
    if (!more.ok()) return events.on_disk_failed(more.status());
    if (*more) remove_garbage();
  });
}

}  // namespace holdfast::world
