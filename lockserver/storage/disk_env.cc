#include "lockserver/storage/disk_env.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace holdfast::storage {
namespace {

leveldb::Status failure(const std::string& path, int error) {
  return error == ENOENT ? leveldb::Status::NotFound(path, std::strerror(error))
                         : leveldb::Status::IOError(path, std::strerror(error));
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class PreadFile : public leveldb::RandomAccessFile {
 public:
  PreadFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  leveldb::Status Read(std::uint64_t offset, std::size_t n, leveldb::Slice* result,
                       char* scratch) const override {
    std::size_t done = 0;
    while (done < n) {
      const ssize_t got =
          ::pread(fd_.get(), scratch + done, n - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure(path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    *result = leveldb::Slice(scratch, done);
    return leveldb::Status::OK();
  }

 private:
  std::string path_;
  Descriptor fd_;
};

class PwriteFile : public PlacedFile {
 public:
  PwriteFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  leveldb::Status write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure(path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return leveldb::Status::OK();
  }
  leveldb::Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return failure(path_, errno);
    return leveldb::Status::OK();
  }
  leveldb::Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return failure(path_, errno);
    return leveldb::Status::OK();
  }

 private:
  std::string path_;
  Descriptor fd_;
};

class MachineEnv : public DiskEnv {
 public:
  MachineEnv() : DiskEnv(leveldb::Env::Default()) {}

  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override {
    *file = nullptr;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failure(path, errno);
    *file = new PreadFile(path, fd);
    return leveldb::Status::OK();
  }

  leveldb::Status sync_directory(const std::string& directory) override {
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0 || ::fsync(fd.get()) != 0) return failure(directory, errno);
    return leveldb::Status::OK();
  }

  leveldb::Status new_placed_file(const std::string& path,
                                  std::unique_ptr<PlacedFile>* file) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return failure(path, errno);
    *file = std::make_unique<PwriteFile>(path, fd);
    return leveldb::Status::OK();
  }

  leveldb::Status truncate_file(const std::string& path, std::uint64_t size) override {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0 || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fsync(fd.get()) != 0) {
      return failure(path, errno);
    }
    return leveldb::Status::OK();
  }

  leveldb::Status allocate_file(const std::string& path, std::uint64_t size) override {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (fd.get() < 0) return failure(path, errno);
    if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size)); error != 0) {
      return failure(path, error);
    }
    return leveldb::Status::OK();
  }

  Result<std::uint64_t> free_bytes(const std::string& directory) override {
    struct statvfs facts {};
    if (::statvfs(directory.c_str(), &facts) != 0) {
      return from_leveldb(failure(directory, errno), "asking for free space");
    }
    return std::uint64_t{facts.f_bavail} * facts.f_frsize;
  }
};

}  // namespace

std::unique_ptr<DiskEnv> make_machine_env() {
  return std::make_unique<MachineEnv>();
}

std::string parent_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_lack_of_space(const leveldb::Status& status) {
  return status.ToString().find(std::strerror(ENOSPC)) != std::string::npos;
}

Status from_leveldb(const leveldb::Status& status, std::string_view doing) {
  if (status.ok()) return Status();
  const std::string text = status.ToString();
  StatusCode code = StatusCode::kIo;
  if (status.IsNotFound()) code = StatusCode::kNotFound;
  if (status.IsCorruption()) code = StatusCode::kCorrupt;
  if (is_lack_of_space(status)) code = StatusCode::kNoSpace;
  return Status(code, std::string(doing) + ": " + text);
}

Result<std::string> read_file(DiskEnv& disk, const std::string& path) {
  std::string bytes;
  const leveldb::Status status = leveldb::ReadFileToString(&disk, path, &bytes);
  if (!status.ok()) return from_leveldb(status, "reading " + path);
  return bytes;
}

Status write_file_durably(DiskEnv& disk, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".new";
  leveldb::WritableFile* raw = nullptr;
  leveldb::Status status = disk.NewWritableFile(temporary, &raw);
  if (status.ok()) {
    const std::unique_ptr<leveldb::WritableFile> file(raw);
    status = file->Append(leveldb::Slice(bytes.data(), bytes.size()));
    if (status.ok()) status = file->Sync();
    if (status.ok()) status = file->Close();
  }
  if (status.ok()) status = disk.RenameFile(temporary, path);
  if (status.ok()) status = disk.sync_directory(parent_directory(path));
  return from_leveldb(status, "writing " + path);
}

}  // namespace holdfast::storage
