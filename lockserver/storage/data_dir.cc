#include "lockserver/storage/data_dir.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "lockserver/storage/record_codec.h"

namespace holdfast::storage {
namespace {

constexpr std::string_view kImagePrefix = "image-";

Result<std::vector<std::string>> children(DiskEnv& disk, const std::string& directory) {
  std::vector<std::string> names;
  const leveldb::Status status = disk.GetChildren(directory, &names);
  if (!status.ok()) return from_leveldb(status, "listing " + directory);
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string identity_path(const std::string& directory) {
  return directory + "/IDENTITY";
}
std::string log_path(const std::string& directory) {
  return directory + "/log";
}
std::string image_path(const std::string& directory, std::uint64_t generation) {
  return directory + "/" + std::string(kImagePrefix) + std::to_string(generation);
}

Result<std::vector<std::uint64_t>> image_generations(DiskEnv& disk, const std::string& directory) {
  const Result<std::vector<std::string>> names = children(disk, directory);
  if (!names.ok()) return names.status();
  std::vector<std::uint64_t> generations;
  for (const std::string& name : *names) {
    if (!name.starts_with(kImagePrefix)) continue;
    std::uint64_t generation = 0;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kImagePrefix.size(), end, generation);
    if (parsed.ec == std::errc() && parsed.ptr == end) generations.push_back(generation);
  }
  std::sort(generations.begin(), generations.end());
  return generations;
}

Status make_empty_directory(DiskEnv& disk, const std::string& directory) {
  for (std::size_t at = directory.find('/', 1); true; at = directory.find('/', at + 1)) {
    const std::string part = directory.substr(0, at);
    if (!disk.FileExists(part)) {
      const leveldb::Status made = disk.CreateDir(part);
      if (!made.ok()) return from_leveldb(made, "creating " + part);
      const leveldb::Status synced = disk.sync_directory(parent_directory(part));
      if (!synced.ok()) return from_leveldb(synced, "creating " + part);
    }
    if (at == std::string::npos) break;
  }
  if (disk.FileExists(identity_path(directory))) {
    return Status(StatusCode::kInvalid, directory + " is a replica's directory already");
  }
  const Result<std::vector<std::string>> names = children(disk, directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name == "lost+found") continue;  // The root of a file system of its own.
    return Status(StatusCode::kInvalid,
                  directory + " is not empty: it holds " + name +
                      " (an interrupted init leaves such files; remove them and run it again)");
  }
  return Status();
}

Result<Identity> read_identity(DiskEnv& disk, const std::string& directory) {
  const std::string path = identity_path(directory);
  if (!disk.FileExists(path)) {
    return Status(
        StatusCode::kNotFound,
        directory +
            " is no replica's directory (it has no file IDENTITY); make one with: holdfastd init");
  }
  const Result<std::string> text = read_file(disk, path);
  if (!text.ok()) return text.status();
  Result<Identity> identity = decode_identity(*text);
  if (!identity.ok())
    return Status(identity.status().code(),
                  "the file " + path + ": " + identity.status().message());
  return identity;
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(std::shared_ptr<DiskEnv> disk,
                                                           const std::string& directory) {
  leveldb::FileLock* lock = nullptr;
  const leveldb::Status status = disk->LockFile(directory + "/LOCK", &lock);
  if (!status.ok()) {
    return Status(StatusCode::kUnavailable,
                  directory +
                      " is in use by another holdfastd, or its file LOCK cannot be locked: " +
                      status.ToString());
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(std::move(disk), lock));
}

DirectoryLock::~DirectoryLock() {
  static_cast<void>(disk_->UnlockFile(lock_));
}

Result<bool> remove_one_file(DiskEnv& disk, const std::string& directory) {
  if (!disk.FileExists(directory)) return false;
  const Result<std::vector<std::string>> names = children(disk, directory);
  if (!names.ok()) return names.status();
  const leveldb::Status status = names->empty() ? disk.RemoveDir(directory)
                                                : disk.RemoveFile(directory + "/" + names->front());
  if (!status.ok()) return from_leveldb(status, "removing " + directory);
  return !names->empty();
}

}  // namespace holdfast::storage
