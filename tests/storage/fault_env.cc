#include "tests/storage/fault_env.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

using leveldb::Slice;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

leveldb::Status missing(const std::string& path) {
  return leveldb::Status::NotFound(path, "not there");
}

class Lock : public leveldb::FileLock {
 public:
  explicit Lock(std::string of) : path(std::move(of)) {}
  const std::string path;
};

// Puts back what stood in [from, to); zeros where nothing did.
void restore(std::string& after, const std::string& before, std::size_t from, std::size_t to) {
  for (; from < to; ++from) after[from] = from < before.size() ? before[from] : '\0';
}

class SilentLogger : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

}  // namespace

class FaultEnv::Reader : public leveldb::SequentialFile, public leveldb::RandomAccessFile {
 public:
  Reader(FaultEnv& env, std::shared_ptr<Node> node) : env_(env), node_(std::move(node)) {}

  leveldb::Status Read(std::size_t n, Slice* result, char* scratch) override {
    const leveldb::Status status = Read(at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  leveldb::Status Skip(std::uint64_t n) override {
    at_ += n;
    return leveldb::Status::OK();
  }
  leveldb::Status Read(std::uint64_t offset, std::size_t n, Slice* result,
                       char* scratch) const override {
    const std::lock_guard lock(env_.mutex_);
    const std::size_t from = std::min<std::size_t>(offset, node_->bytes.size());
    const std::size_t count = node_->bytes.copy(scratch, n, from);
    *result = Slice(scratch, count);
    return leveldb::Status::OK();
  }

 private:
  FaultEnv& env_;
  const std::shared_ptr<Node> node_;
  std::uint64_t at_ = 0;
};

class FaultEnv::Writer : public leveldb::WritableFile {
 public:
  Writer(FaultEnv& env, std::string path, std::shared_ptr<Node> node)
      : env_(env), path_(std::move(path)), node_(std::move(node)) {}

  leveldb::Status Append(const Slice& data) override {
    const std::lock_guard lock(env_.mutex_);
    leveldb::Status status = env_.judged(Op::kAppend, path_);
    if (status.ok()) node_->bytes.append(data.data(), data.size());
    return status;
  }
  leveldb::Status Sync() override {
    const std::lock_guard lock(env_.mutex_);
    leveldb::Status status = env_.judged(Op::kSync, path_);
    if (status.ok()) node_->synced = node_->bytes;
    return status;
  }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Close() override { return leveldb::Status::OK(); }

 private:
  FaultEnv& env_;
  const std::string path_;
  const std::shared_ptr<Node> node_;
};

class FaultEnv::PlacedWriter : public PlacedFile {
 public:
  PlacedWriter(FaultEnv& env, std::string path, std::shared_ptr<Node> node)
      : env_(env), path_(std::move(path)), node_(std::move(node)) {}

  leveldb::Status write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(env_.mutex_);
    leveldb::Status status = env_.judged(Op::kAppend, path_);
    if (!status.ok()) return status;
    std::string& content = node_->bytes;
    content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
    content.replace(offset, bytes.size(), bytes);
    return status;
  }
  leveldb::Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(env_.mutex_);
    leveldb::Status status = env_.judged(Op::kTruncate, path_);
    if (status.ok()) node_->bytes.resize(size);
    return status;
  }
  leveldb::Status sync() override {
    const std::lock_guard lock(env_.mutex_);
    leveldb::Status status = env_.judged(Op::kSync, path_);
    if (status.ok()) node_->synced = node_->bytes;
    return status;
  }

 private:
  FaultEnv& env_;
  const std::string path_;
  const std::shared_ptr<Node> node_;
};

FaultEnv::FaultEnv() : DiskEnv(leveldb::Env::Default()) {
  names_["/"] = std::make_shared<Node>(Node{.is_directory = true, .bytes = {}, .synced = {}});
  durable_names_ = names_;
}

void FaultEnv::set_judge(Judge judge) {
  const std::lock_guard lock(mutex_);
  judge_ = std::move(judge);
}

leveldb::Status FaultEnv::judged(Op op, const std::string& path) {
  return judge_ ? judge_(op, path) : leveldb::Status::OK();
}

void FaultEnv::apply(const NameChange& change, Names& names) {
  for (const auto& [path, node] : change.names) {
    if (node) {
      names[path] = node;
    } else {
      names.erase(path);
    }
  }
}

void FaultEnv::change(NameChange change) {
  apply(change, names_);
  unsynced_changes_.push_back(std::move(change));
}

std::shared_ptr<FaultEnv::Node> FaultEnv::find(const std::string& path) const {
  const auto at = names_.find(path);
  return at == names_.end() ? nullptr : at->second;
}

void FaultEnv::lose(Node& node, Loss loss, Random& dice) {
  const std::string& before = node.synced;
  std::string& after = node.bytes;
  if (loss == Loss::kAll) after = before;
  if (loss == Loss::kAll || loss == Loss::kNothing || after == before) return;
  if (before.starts_with(after)) {  // It was cut, and that is on the disk or it is not.
    if (dice.chance(1, 2)) after = before;
    return;
  }
  std::size_t size = after.size();
  if (size > before.size()) size = before.size() + dice.below(size - before.size() + 1);
  if (size < before.size() && dice.chance(1, 2)) size = before.size();
  after.resize(size);
  const auto [changed, unused] =
      std::mismatch(after.begin(), after.end(), before.begin(), before.end());
  const auto first = static_cast<std::size_t>(changed - after.begin());
  const std::size_t end = std::min(size, first + dice.below(size - first + 1));
  restore(after, before, end, size);
  if (loss == Loss::kPages) {
    constexpr std::size_t kSector = 512;
    for (std::size_t from = first; from < size;) {
      const std::size_t to = std::min(size, (from / kSector + 1) * kSector);
      if (dice.chance(1, 3)) restore(after, before, from, to);
      from = to;
    }
  }
  if (loss == Loss::kGarbage) {
    const std::size_t count = dice.below(600);
    after.resize(std::max(after.size(), end + count));
    for (std::size_t at = end; at < end + count; ++at) {
      after[at] = static_cast<char>(dice.below(256));
    }
  }
}

void FaultEnv::crash(Loss loss, Random& dice) {
  const std::lock_guard lock(mutex_);
  HOLDFAST_CHECK(locked_.empty(), "a crash while " + *locked_.begin() + " is locked");
  std::size_t kept = loss == Loss::kNothing ? unsynced_changes_.size() : 0;
  if (loss != Loss::kNothing && loss != Loss::kAll) kept = dice.below(unsynced_changes_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) apply(unsynced_changes_[i], durable_names_);
  unsynced_changes_.clear();
  std::erase_if(durable_names_, [&](const auto& name) {
    for (std::string path = name.first; path != "/";) {
      path = directory_of(path);
      if (!durable_names_.contains(path)) return true;
    }
    return false;
  });
  names_ = durable_names_;
  for (const auto& [path, node] : names_) {
    lose(*node, loss, dice);
    node->synced = node->bytes;
  }
}

std::vector<std::string> FaultEnv::files() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : names_) {
    if (!node->is_directory) paths.push_back(path);
  }
  return paths;
}

std::string FaultEnv::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(path);
  return node ? node->bytes : std::string();
}

void FaultEnv::set_content(const std::string& path, const std::string& bytes) {
  const std::lock_guard lock(mutex_);
  names_[path] =
      std::make_shared<Node>(Node{.is_directory = false, .bytes = bytes, .synced = bytes});
  durable_names_[path] = names_[path];
}

void FaultEnv::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  names_.erase(path);
  durable_names_.erase(path);
}

void FaultEnv::set_free_bytes(std::uint64_t free_bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = free_bytes;
}

leveldb::Status FaultEnv::NewSequentialFile(const std::string& path,
                                            leveldb::SequentialFile** file) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(path);
  *file = node ? new Reader(*this, node) : nullptr;
  return node ? leveldb::Status::OK() : missing(path);
}

leveldb::Status FaultEnv::NewRandomAccessFile(const std::string& path,
                                              leveldb::RandomAccessFile** file) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(path);
  *file = node ? new Reader(*this, node) : nullptr;
  return node ? leveldb::Status::OK() : missing(path);
}

leveldb::Status FaultEnv::create(const std::string& path, std::shared_ptr<Node>* node) {
  leveldb::Status status = judged(Op::kCreate, path);
  if (status.ok() && !find(directory_of(path))) status = missing(directory_of(path));
  if (!status.ok()) return status;
  *node = std::make_shared<Node>();
  change({.directory = directory_of(path), .names = {{path, *node}}});
  return status;
}

leveldb::Status FaultEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  leveldb::Status status = create(path, &node);
  *file = node ? new Writer(*this, path, node) : nullptr;
  return status;
}

leveldb::Status FaultEnv::new_placed_file(const std::string& path,
                                          std::unique_ptr<PlacedFile>* file) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  leveldb::Status status = create(path, &node);
  if (node) *file = std::make_unique<PlacedWriter>(*this, path, node);
  return status;
}

leveldb::Status FaultEnv::NewAppendableFile(const std::string& path, leveldb::WritableFile** file) {
  {
    const std::lock_guard lock(mutex_);
    if (const std::shared_ptr<Node> node = find(path)) {
      *file = new Writer(*this, path, node);
      return leveldb::Status::OK();
    }
  }
  return NewWritableFile(path, file);
}

bool FaultEnv::FileExists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return find(path) != nullptr;
}

leveldb::Status FaultEnv::GetChildren(const std::string& directory,
                                      std::vector<std::string>* names) {
  const std::lock_guard lock(mutex_);
  names->clear();
  if (!find(directory)) return missing(directory);
  for (const auto& [path, node] : names_) {
    if (path != "/" && directory_of(path) == directory)
      names->push_back(path.substr(path.rfind('/') + 1));
  }
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::RemoveFile(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!find(path)) return missing(path);
  leveldb::Status status = judged(Op::kRemove, path);
  if (status.ok()) change({.directory = directory_of(path), .names = {{path, nullptr}}});
  return status;
}

leveldb::Status FaultEnv::CreateDir(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (find(path)) return leveldb::Status::IOError(path, "exists");
  leveldb::Status status = judged(Op::kCreateDirectory, path);
  if (!status.ok()) return status;
  const auto node = std::make_shared<Node>(Node{.is_directory = true, .bytes = {}, .synced = {}});
  change({.directory = directory_of(path), .names = {{path, node}}});
  return status;
}

leveldb::Status FaultEnv::RemoveDir(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!find(path)) return missing(path);
  const auto child = names_.upper_bound(path + "/");
  if (child != names_.end() && child->first.starts_with(path + "/")) {
    return leveldb::Status::IOError(path, "not empty");
  }
  leveldb::Status status = judged(Op::kRemove, path);
  if (status.ok()) change({.directory = directory_of(path), .names = {{path, nullptr}}});
  return status;
}

leveldb::Status FaultEnv::GetFileSize(const std::string& path, std::uint64_t* size) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(path);
  *size = node ? node->bytes.size() : 0;
  return node ? leveldb::Status::OK() : missing(path);
}

leveldb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(from);
  if (!node) return missing(from);
  leveldb::Status status = judged(Op::kRename, to);
  if (status.ok()) change({.directory = directory_of(to), .names = {{from, nullptr}, {to, node}}});
  return status;
}

leveldb::Status FaultEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  const std::lock_guard guard(mutex_);
  *lock = nullptr;
  if (!find(directory_of(path))) return missing(directory_of(path));
  if (!locked_.insert(path).second) return leveldb::Status::IOError(path, "already locked");
  *lock = new Lock(path);
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::lock_guard guard(mutex_);
  const std::unique_ptr<Lock> mine(static_cast<Lock*>(lock));
  locked_.erase(mine->path);
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::NewLogger(const std::string&, leveldb::Logger** logger) {
  *logger = new SilentLogger;
  return leveldb::Status::OK();
}

leveldb::Status FaultEnv::sync_directory(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  leveldb::Status status = judged(Op::kSyncDirectory, directory);
  if (!status.ok()) return status;
  std::erase_if(unsynced_changes_, [&](const NameChange& change) {
    if (change.directory != directory) return false;
    apply(change, durable_names_);
    return true;
  });
  return status;
}

leveldb::Status FaultEnv::truncate_file(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = find(path);
  if (!node) return missing(path);
  leveldb::Status status = judged(Op::kTruncate, path);
  if (!status.ok()) return status;
  node->bytes.resize(size);
  node->synced = node->bytes;
  return status;
}

leveldb::Status FaultEnv::allocate_file(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  leveldb::Status status = judged(Op::kAllocate, path);
  if (!status.ok()) return status;
  const auto node = std::make_shared<Node>(
      Node{.is_directory = false, .bytes = std::string(size, '\0'), .synced = {}});
  change({.directory = directory_of(path), .names = {{path, node}}});
  if (free_bytes_) *free_bytes_ -= std::min<std::uint64_t>(*free_bytes_, size);
  return status;
}

Result<std::uint64_t> FaultEnv::free_bytes(const std::string&) {
  const std::lock_guard lock(mutex_);
  return free_bytes_.value_or(1ULL << 40U);
}

}  // namespace holdfast::storage
