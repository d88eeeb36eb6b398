#include "lockserver/replica/disk_threads.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

#include <glog/logging.h>

#include "zab/base/check.h"

namespace holdfast::replica {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSpaceCheckPeriod(
    100);  // free_bytes() is at most a heartbeat old.
constexpr std::chrono::milliseconds kGarbagePause(20);
constexpr std::size_t kPersistBytesMax = 16U << 20U;
constexpr std::size_t kImageBytesMax = 4U << 20U;

std::size_t bytes_of(const zab::PersistOp& op) {
  constexpr std::size_t kRecordBytes = 64;
  std::size_t bytes = kRecordBytes;
  if (const auto* append = std::get_if<zab::Append>(&op)) {
    for (const zab::Entry& entry : append->entries) bytes += entry.payload.size() + kRecordBytes;
  }
  if (const auto* chunk = std::get_if<zab::StageChunk>(&op)) bytes += chunk->bytes.size();
  return bytes;
}

std::size_t bytes_of(const storage::ImageBatch& batch) {
  std::size_t bytes = 0;
  for (const state::Write& write : batch.writes) {
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  }
  return bytes;
}

// What one thread is asked to do.
template <typename Item>
class Inbox {
 public:
  void put(std::vector<Item> items) {
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return;
      for (Item& item : items) items_.push_back(std::move(item));
    }
    wake_.notify_one();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    wake_.notify_one();
  }
  struct Taken {
    std::deque<Item> items;
    bool is_over = false;  // Closed, and everything has been taken.
  };
  // All there is, or nothing after `patience`.
  Taken take(SteadyClock::duration patience) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, patience, [this] { return is_closed_ || !items_.empty(); });
    Taken taken{.items = std::move(items_)};
    items_.clear();
    taken.is_over = is_closed_ && taken.items.empty();
    return taken;
  }
  // Waits for `patience`, but no longer than until close(). True when it is closed.
  bool pause(SteadyClock::duration patience) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, patience, [this] { return is_closed_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> items_;
  bool is_closed_ = false;
};

}  // namespace

// The way back to the strand. Ends with the first failure.
class DiskThreads::Answers {
 public:
  Answers(DiskEvents& events, Post post) : events_(events), post_(std::move(post)) {}

  template <typename Answer>
  void give(Answer answer) {
    const std::lock_guard lock(mutex_);
    if (has_failed_) return;
    post_([&events = events_, answer = std::move(answer)]() mutable { answer(events); });
  }

  void fail(const Status& status) {
    const std::lock_guard lock(mutex_);
    if (has_failed_.exchange(true)) return;
    post_([&events = events_, status] { events.on_disk_failed(status); });
  }

  bool has_failed() const { return has_failed_; }

 private:
  DiskEvents& events_;
  const Post post_;
  std::mutex mutex_;
  std::atomic<bool> has_failed_{false};
};

class DiskThreads::LogThread {
 public:
  LogThread(storage::Store& store, Answers& answers) : store_(store), answers_(answers) {
    check_space();
    thread_ = std::thread([this] { run(); });
  }

  using Item = std::variant<zab::Persist, zab::ReadLog>;
  void ask(std::vector<Item> items) { inbox_.put(std::move(items)); }
  void stop() {
    inbox_.close();
    if (thread_.joinable()) thread_.join();
  }
  std::uint64_t free_bytes() const { return free_bytes_; }

 private:
  // Persist operations that go down together.
  struct Run {
    std::vector<zab::PersistOp> ops;
    Token through;
    std::size_t bytes = 0;
  };

  void run() {
    while (true) {
      auto taken = inbox_.take(kSpaceCheckPeriod);
      if (taken.is_over) return;
      if (SteadyClock::now() - space_checked_ >= kSpaceCheckPeriod) check_space();
      Run run;
      for (Item& item : taken.items) {
        if (auto* persist = std::get_if<zab::Persist>(&item)) {
          run.bytes += bytes_of(persist->op);
          run.through = persist->token;
          run.ops.push_back(std::move(persist->op));
          if (run.bytes >= kPersistBytesMax) carry_out(std::exchange(run, {}));
        } else {
          carry_out(std::exchange(run, {}));
          carry_out(std::get<zab::ReadLog>(item));
        }
      }
      carry_out(std::move(run));
    }
  }

  void carry_out(const Run& run) {
    if (run.ops.empty() || answers_.has_failed() || !wait_for_room(run.bytes)) return;
    const Status status = store_.persist(run.ops);
    if (!status.ok()) return answers_.fail(status);
    answers_.give([through = run.through](DiskEvents& events) { events.on_persisted(through); });
  }

  void carry_out(const zab::ReadLog& read) {
    if (answers_.has_failed() || has_given_up_) return;
    Result<std::vector<zab::Entry>> entries =
        store_.read_log(read.after, read.through, read.max_bytes);
    if (!entries.ok()) return answers_.fail(entries.status());
    answers_.give([id = read.read, entries = std::move(entries).value()](
                      DiskEvents& events) mutable { events.on_log_read(id, std::move(entries)); });
  }

  // A batch needs its own size in the write-ahead log and once more in a table. After giving up
  // one, later ones must not be written either: they would follow a hole.
  bool wait_for_room(std::size_t bytes) {
    bool has_warned = false;
    while (!has_given_up_) {
      const Result<bool> has_room = store_.has_room_for(2 * std::uint64_t{bytes});
      if (!has_room.ok()) {
        answers_.fail(has_room.status());
        return false;
      }
      if (*has_room) {
        LOG_IF(WARNING, has_warned) << "disk: there is room again, writing goes on";
        return true;
      }
      LOG_IF(WARNING, !has_warned) << "disk: no room for " << bytes << " bytes, writing waits";
      has_warned = true;
      check_space();
      has_given_up_ = answers_.has_failed() || inbox_.pause(kSpaceCheckPeriod);
    }
    return false;
  }

  void check_space() {
    if (answers_.has_failed()) return;
    space_checked_ = SteadyClock::now();
    const Result<std::uint64_t> free = store_.free_bytes();
    if (!free.ok()) return answers_.fail(free.status());
    free_bytes_ = *free;
  }

  storage::Store& store_;
  Answers& answers_;
  Inbox<Item> inbox_;
  std::atomic<std::uint64_t> free_bytes_{0};
  SteadyClock::time_point space_checked_;
  bool has_given_up_ = false;
  std::thread thread_;
};

class DiskThreads::ImageThread {
 public:
  ImageThread(storage::Store& store, Answers& answers)
      : store_(store), answers_(answers), thread_([this] { run(); }) {}

  struct Sync {};
  struct Open {
    std::uint64_t transfer = 0;
  };
  struct ReadChunk {
    std::uint64_t transfer = 0;
    std::size_t max_bytes = 0;
  };
  struct Close {
    std::uint64_t transfer = 0;
  };
  struct Load {};
  struct RemoveGarbage {};
  using Item = std::variant<storage::ImageBatch, Sync, Open, ReadChunk, Close, Load, RemoveGarbage>;

  void ask(Item item) {
    std::vector<Item> items;
    items.push_back(std::move(item));
    inbox_.put(std::move(items));
  }
  void stop() {
    inbox_.close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    while (true) {
      auto taken =
          inbox_.take(has_garbage_ ? SteadyClock::duration(kGarbagePause) : std::chrono::hours(1));
      if (taken.is_over) break;
      for (Item& item : taken.items) {
        if (answers_.has_failed()) break;
        if (auto* batch = std::get_if<storage::ImageBatch>(&item)) {
          gather(std::move(*batch));
        } else {
          write_gathered();
          std::visit([this](const auto& request) { carry_out(request); }, item);
        }
      }
      write_gathered();
      if (has_garbage_ && SteadyClock::now() >= next_garbage_step_) garbage_step();
    }
    readers_.clear();
  }

  void gather(storage::ImageBatch batch) {
    if (gathered_.generation != batch.generation || gathered_bytes_ >= kImageBytesMax)
      write_gathered();
    gathered_.generation = batch.generation;
    gathered_.applied = batch.applied;
    gathered_bytes_ += bytes_of(batch);
    for (state::Write& write : batch.writes) gathered_.writes.push_back(std::move(write));
    is_gathering_ = true;
  }

  void write_gathered() {
    if (!std::exchange(is_gathering_, false) || answers_.has_failed()) return;
    const storage::ImageBatch batch = std::exchange(gathered_, {});
    gathered_bytes_ = 0;
    const Status status = store_.write_image(batch);
    if (!status.ok()) return answers_.fail(status);
    answers_.give(
        [applied = batch.applied](DiskEvents& events) { events.on_image_written(applied); });
  }

  void carry_out(const storage::ImageBatch&) {
    HOLDFAST_CHECK(false, "image batches are gathered first");
  }

  void carry_out(const Sync&) {
    const Result<Zxid> durable = store_.sync_image();
    if (!durable.ok()) return answers_.fail(durable.status());
    answers_.give([zxid = *durable](DiskEvents& events) { events.on_image_synced(zxid); });
  }

  void carry_out(const Open& request) {
    Result<std::unique_ptr<storage::ImageReader>> opened = store_.open_image();
    if (!opened.ok()) return answers_.fail(opened.status());
    std::unique_ptr<storage::ImageReader>& reader = readers_[request.transfer];
    reader = std::move(opened).value();
    answers_.give([transfer = request.transfer, zxid = reader->zxid(),
                   bytes = reader->approximate_bytes()](DiskEvents& events) {
      events.on_image_opened(transfer, zxid, bytes);
    });
  }

  void carry_out(const ReadChunk& request) {
    const auto reader = readers_.find(request.transfer);
    HOLDFAST_CHECK(
        reader != readers_.end(),
        "a chunk of transfer " + std::to_string(request.transfer) + ", which is not open");
    Result<storage::ImageReader::Chunk> chunk = reader->second->next(request.max_bytes);
    if (!chunk.ok()) return answers_.fail(chunk.status());
    answers_.give([transfer = request.transfer,
                   chunk = std::move(chunk).value()](DiskEvents& events) mutable {
      events.on_image_chunk(transfer, std::move(chunk.bytes), chunk.is_last);
    });
  }

  void carry_out(const Close& request) { readers_.erase(request.transfer); }

  void carry_out(const Load&) {
    ImageRecords image;
    const Result<storage::Store::LoadedImage> loaded =
        store_.load_image([&](std::string_view key, std::string_view value) {
          image.records.push_back({.key = std::string(key), .value = std::string(value)});
          return Status();
        });
    if (!loaded.ok()) return answers_.fail(loaded.status());
    image.applied = loaded->applied;
    image.generation = loaded->generation;
    answers_.give([image = std::move(image)](DiskEvents& events) mutable {
      events.on_image_loaded(std::move(image));
    });
  }

  void carry_out(const RemoveGarbage&) { has_garbage_ = true; }

  void garbage_step() {
    if (answers_.has_failed()) return;
    const Result<bool> more = store_.remove_garbage();
    if (!more.ok()) return answers_.fail(more.status());
    has_garbage_ = *more;
    next_garbage_step_ = SteadyClock::now() + kGarbagePause;
  }

  storage::Store& store_;
  Answers& answers_;
  Inbox<Item> inbox_;
  std::map<std::uint64_t, std::unique_ptr<storage::ImageReader>> readers_;
  storage::ImageBatch gathered_;
  std::size_t gathered_bytes_ = 0;
  bool is_gathering_ = false;
  bool has_garbage_ = false;
  SteadyClock::time_point next_garbage_step_;
  std::thread thread_;
};

DiskThreads::DiskThreads(storage::Store& store, DiskEvents& events, Post post)
    : store_(store),
      answers_(std::make_unique<Answers>(events, std::move(post))),
      log_(std::make_unique<LogThread>(store, *answers_)),
      image_(std::make_unique<ImageThread>(store, *answers_)) {}

DiskThreads::~DiskThreads() {
  stop();
}

void DiskThreads::stop() {
  log_->stop();
  image_->stop();
}

void DiskThreads::persist(std::vector<zab::Persist> ops) {
  std::vector<LogThread::Item> items;
  items.reserve(ops.size());
  for (zab::Persist& op : ops) items.emplace_back(std::move(op));
  log_->ask(std::move(items));
}

void DiskThreads::read_log(const zab::ReadLog& read) {
  log_->ask({read});
}
void DiskThreads::write_image(storage::ImageBatch batch) {
  image_->ask(std::move(batch));
}
void DiskThreads::sync_image() {
  image_->ask(ImageThread::Sync{});
}
void DiskThreads::open_image(std::uint64_t transfer) {
  image_->ask(ImageThread::Open{transfer});
}
void DiskThreads::read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) {
  image_->ask(ImageThread::ReadChunk{.transfer = transfer, .max_bytes = max_bytes});
}
void DiskThreads::close_image(std::uint64_t transfer) {
  image_->ask(ImageThread::Close{transfer});
}
void DiskThreads::load_image() {
  image_->ask(ImageThread::Load{});
}
void DiskThreads::remove_garbage() {
  image_->ask(ImageThread::RemoveGarbage{});
}
std::uint64_t DiskThreads::log_bytes() const {
  return store_.log_bytes();
}
std::uint64_t DiskThreads::free_bytes() const {
  return log_->free_bytes();
}

}  // namespace holdfast::replica
