#include "client/example/storage/file_store.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holdfast::example {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameBytesMax = 200;
constexpr mode_t kMode = 0644;

Status failure(const std::string& what, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {is_full ? StatusCode::kNoSpace : StatusCode::kIo,
          what + ": " + std::generic_category().message(error)};
}

// Closes what it was given.
class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, kMode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What was renamed or made in a folder stays there over a loss of power.
Status sync_folder(const std::string& folder) {
  const File opened(folder, O_RDONLY | O_DIRECTORY);
  if (!opened.is_open() || ::fsync(opened.fd()) != 0) return failure(folder, errno);
  return {};
}

// Makes the folders that are missing below `root`, each on the disk before the next.
Status make_folders(const std::string& root, const std::string& folder) {
  std::string done = root;
  for (const fs::path& part : fs::path(folder).lexically_relative(root)) {
    if (part == ".") continue;
    const std::string next = done + "/" + part.string();
    if (::mkdir(next.c_str(), 0755) != 0 && errno != EEXIST) return failure(next, errno);
    if (Status status = sync_folder(done); !status.ok()) return status;
    done = next;
  }
  return {};
}

bool is_name(const std::string& name) {
  const bool has_other = std::any_of(name.begin(), name.end(), [](char one) {
    const auto byte = static_cast<unsigned char>(one);
    return byte < 0x20 || byte == 0x7f || one == '/';
  });
  return !name.empty() && name.size() <= kNameBytesMax && !has_other;
}

}  // namespace

Result<std::unique_ptr<FileStore>> FileStore::open(std::string folder) {
  std::unique_ptr<FileStore> made(new FileStore(std::move(folder)));
  if (Status status = made->prepare(); !status.ok()) return status;
  return made;
}

FileStore::~FileStore() {
  if (lock_ >= 0) ::close(lock_);
}

Status FileStore::prepare() {
  std::error_code error;
  fs::create_directories(folder_ + "/files", error);
  if (error) return failure(folder_, error.value());
  lock_ = ::open((folder_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (lock_ < 0) return failure(folder_ + "/lock", errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return {StatusCode::kUnavailable, folder_ + ": another process keeps its files there"};
  }
  // What was being written when the last process ended was never answered.
  fs::remove_all(folder_ + "/new", error);
  if (!error) fs::create_directory(folder_ + "/new", error);
  if (error) return failure(folder_ + "/new", error.value());
  return sync_folder(folder_);
}

// "/svc/a" is files/v.svc/v.a, and its file "x" is f.x in there: no volume can be taken for a file.
Result<std::string> FileStore::folder_of(const std::string& volume) const {
  std::string folder = folder_ + "/files";
  for (std::size_t begin = 1; begin < volume.size();) {
    const std::size_t end = std::min(volume.find('/', begin), volume.size());
    const std::string part = volume.substr(begin, end - begin);
    if (!is_name(part)) return Status(StatusCode::kInvalid, "not the name of a volume: " + volume);
    folder += "/v." + part;
    begin = end + 1;
  }
  return folder;
}

Result<std::string> FileStore::path_of(const std::string& volume, const std::string& file) const {
  const Result<std::string> folder = folder_of(volume);
  if (!folder.ok()) return folder.status();
  if (!is_name(file)) {
    return Status(StatusCode::kInvalid, "the name of a file has 1 to " +
                                            std::to_string(kNameBytesMax) +
                                            " bytes, and no '/' or control character");
  }
  return *folder + "/f." + file;
}

Status FileStore::put(const std::string& volume, const std::string& file,
                      const std::string& contents) {
  const Result<std::string> path = path_of(volume, file);
  if (!path.ok()) return path.status();
  const std::string folder = fs::path(*path).parent_path();
  if (Status status = make_folders(folder_ + "/files", folder); !status.ok()) return status;
  const std::string fresh = folder_ + "/new/" + std::to_string(next_new_++);
  int error = 0;
  {
    const File made(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    const bool is_safe =
        made.is_open() && write_all(made.fd(), contents) && ::fsync(made.fd()) == 0;
    if (!is_safe) error = errno;
  }
  if (error == 0 && ::rename(fresh.c_str(), path->c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(fresh.c_str());
    return failure("the file " + file + " of " + volume, error);
  }
  return sync_folder(folder);
}

Result<std::string> FileStore::get(const std::string& volume, const std::string& file) {
  const Result<std::string> path = path_of(volume, file);
  if (!path.ok()) return path.status();
  const File opened(*path, O_RDONLY);
  if (!opened.is_open() && errno == ENOENT) {
    return Status(StatusCode::kNotFound, "there is no file " + file + " in " + volume);
  }
  if (!opened.is_open()) return failure("the file " + file + " of " + volume, errno);
  const off_t size = ::lseek(opened.fd(), 0, SEEK_END);
  if (size < 0) return failure("the file " + file + " of " + volume, errno);
  std::string contents(static_cast<std::size_t>(size), '\0');
  std::size_t got = 0;
  while (got < contents.size()) {
    const ssize_t count =
        ::pread(opened.fd(), contents.data() + got, contents.size() - got, static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failure("the file " + file + " of " + volume, count < 0 ? errno : EIO);
    got += static_cast<std::size_t>(count);
  }
  return contents;
}

Status FileStore::remove(const std::string& volume, const std::string& file) {
  const Result<std::string> path = path_of(volume, file);
  if (!path.ok()) return path.status();
  if (::unlink(path->c_str()) != 0) {
    if (errno != ENOENT) return failure("the file " + file + " of " + volume, errno);
    return {StatusCode::kNotFound, "there is no file " + file + " in " + volume};
  }
  return sync_folder(fs::path(*path).parent_path());
}

}  // namespace holdfast::example
