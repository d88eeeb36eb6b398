#include "lockserver/storage/durable_env.h"

#include "lockserver/storage/filled_file.h"

namespace holdfast::storage {
namespace {

bool is_log(const std::string& path) {
  return path.ends_with(".log");
}

class DurableFile : public leveldb::WritableFile {
 public:
  DurableFile(DurableEnv& env, std::string path, std::unique_ptr<leveldb::WritableFile> file)
      : env_(env), path_(std::move(path)), is_log_(is_log(path_)), file_(std::move(file)) {}

  // LevelDB closes a log by deleting it, where no failure can be told; DurableEnv::failure() tells
  // it to the next write.
  ~DurableFile() override {
    if (!closed_) static_cast<void>(Close());
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    if (const leveldb::Status earlier = env_.failure(); !earlier.ok()) return earlier;
    is_dirty_ = true;
    return env_.judged(file_->Append(data));
  }

  leveldb::Status Flush() override { return env_.judged(file_->Flush()); }

  leveldb::Status Sync() override {
    if (const leveldb::Status earlier = env_.failure(); !earlier.ok()) return earlier;
    leveldb::Status status = file_->Sync();
    if (status.ok() && !is_name_durable_)
      status = env_.disk().sync_directory(parent_directory(path_));
    is_name_durable_ = is_name_durable_ || status.ok();
    is_dirty_ = is_dirty_ && !status.ok();
    return env_.judged(status);
  }

  leveldb::Status Close() override {
    closed_ = true;
    leveldb::Status status;
    if (is_log_ && is_dirty_) status = Sync();
    const leveldb::Status closed = env_.judged(file_->Close());
    return status.ok() ? closed : status;
  }

 private:
  DurableEnv& env_;
  const std::string path_;
  const bool is_log_;
  std::unique_ptr<leveldb::WritableFile> file_;
  bool is_dirty_ = false;
  bool is_name_durable_ = false;
  bool closed_ = false;
};

}  // namespace

DurableEnv::DurableEnv(std::shared_ptr<DiskEnv> disk, Logs logs)
    : leveldb::EnvWrapper(disk.get()), disk_(std::move(disk)), logs_(logs) {}

DurableEnv::~DurableEnv() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (background_.joinable()) background_.join();
}

leveldb::Status DurableEnv::wrapped(leveldb::Status opened, const std::string& path,
                                    leveldb::WritableFile** file) {
  if (!opened.ok()) {
    *file = nullptr;
    return judged(opened);
  }
  *file = new DurableFile(*this, path, std::unique_ptr<leveldb::WritableFile>(*file));
  return opened;
}

leveldb::Status DurableEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  if (logs_ == Logs::kPlain || !is_log(path)) {
    return wrapped(disk_->NewWritableFile(path, file), path, file);
  }
  std::unique_ptr<PlacedFile> placed;
  const leveldb::Status opened = disk_->new_placed_file(path, &placed);
  *file = opened.ok() ? new FilledFile(std::move(placed)) : nullptr;
  return wrapped(opened, path, file);
}

leveldb::Status DurableEnv::NewAppendableFile(const std::string& path,
                                              leveldb::WritableFile** file) {
  return wrapped(disk_->NewAppendableFile(path, file), path, file);
}

leveldb::Status DurableEnv::RenameFile(const std::string& from, const std::string& to) {
  // LevelDB moves its information log aside at each start and takes the failure for "there was
  // none".
  if (to.ends_with("/LOG.old")) return disk_->RenameFile(from, to);
  if (const leveldb::Status earlier = failure(); !earlier.ok()) return earlier;
  leveldb::Status status = disk_->RenameFile(from, to);
  if (status.ok()) status = disk_->sync_directory(parent_directory(to));
  return judged(status);
}

leveldb::Status DurableEnv::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

leveldb::Status DurableEnv::judged(const leveldb::Status& status) {
  if (!status.ok()) {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }
  return status;
}

void DurableEnv::Schedule(void (*function)(void*), void* argument) {
  {
    const std::lock_guard lock(mutex_);
    work_.emplace_back(function, argument);
    if (!background_.joinable()) background_ = std::thread([this] { run_background(); });
  }
  wake_.notify_one();
}

void DurableEnv::run_background() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (work_.empty()) return;
    const auto [function, argument] = work_.front();
    work_.pop_front();
    lock.unlock();
    function(argument);
    lock.lock();
  }
}

}  // namespace holdfast::storage
