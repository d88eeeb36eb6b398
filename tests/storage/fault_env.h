#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lockserver/storage/disk_env.h"
#include "zab/base/random.h"

namespace holdfast::storage {

// A disk in memory that can lose power, fill up and fail. It promises no more than POSIX does: the
// bytes of a file last from its sync on, a name from the sync of its directory on, each without the
// other.
class FaultEnv : public DiskEnv {
 public:
  FaultEnv();

  enum class Op {
    kCreate,
    kAppend,
    kSync,
    kSyncDirectory,
    kRename,
    kRemove,
    kTruncate,
    kAllocate,
    kCreateDirectory
  };
  // Asked before each change; a failure stands for the operation's own.
  using Judge = std::function<leveldb::Status(Op op, const std::string& path)>;
  void set_judge(Judge judge);

  // What becomes of changes that were not synced.
  enum class Loss {
    kAll,      // All are lost.
    kNothing,  // All reached the disk by themselves.
    kTails,   // Of each file some of the unsynced bytes are left, of the changes to names the first
              // ones.
    kPages,   // As kTails, and sectors of 512 bytes of what is left are as they were before, or
              // zeros.
    kGarbage  // As kTails, and what is left ends in bytes that nobody wrote.
  };
  // Power goes and comes back. No file may be open.
  void crash(Loss loss, Random& dice);

  std::vector<std::string> files() const;  // Without directories.
  std::string content(const std::string& path) const;
  void set_content(const std::string& path, const std::string& bytes);  // Durable at once.
  void remove(const std::string& path);                                 // Durable at once.
  void set_free_bytes(std::uint64_t free_bytes);

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** logger) override;
  leveldb::Status sync_directory(const std::string& directory) override;
  leveldb::Status new_placed_file(const std::string& path,
                                  std::unique_ptr<PlacedFile>* file) override;
  leveldb::Status truncate_file(const std::string& path, std::uint64_t size) override;
  leveldb::Status allocate_file(const std::string& path, std::uint64_t size) override;
  Result<std::uint64_t> free_bytes(const std::string& directory) override;

 private:
  struct Node {
    bool is_directory = false;
    std::string bytes;
    std::string synced;  // What it held at its last sync.
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  // One change to the names of one directory: a path gets a node, or none.
  struct NameChange {
    std::string directory;
    std::vector<std::pair<std::string, std::shared_ptr<Node>>> names;
  };
  class Reader;
  class Writer;
  class PlacedWriter;

  leveldb::Status judged(Op op, const std::string& path);
  void change(NameChange change);
  static void apply(const NameChange& change, Names& names);
  std::shared_ptr<Node> find(const std::string& path) const;
  leveldb::Status create(const std::string& path, std::shared_ptr<Node>* node);
  static void lose(Node& node, Loss loss, Random& dice);

  mutable std::mutex mutex_;
  Judge judge_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_changes_;
  std::set<std::string> locked_;
  std::optional<std::uint64_t> free_bytes_;
};

}  // namespace holdfast::storage
