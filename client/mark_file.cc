#include "client/mark_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace holdfast::client {
namespace {

// Written anew when it has so many more lines than marks.
constexpr std::size_t kSpareLines = 10'000;
constexpr mode_t kMode = 0644;
constexpr std::size_t kNumberDigits = 16;

Status failure(const std::string& what, const std::string& path) {
  const int error = errno;
  const StatusCode code =
      error == ENOSPC || error == EDQUOT ? StatusCode::kNoSpace : StatusCode::kIo;
  return {code, path + ": " + what + ": " + std::generic_category().message(error)};
}

std::string hex(std::uint64_t number) {
  char digits[kNumberDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return digits;
}

std::string to_line(const HighWater& mark) {
  return hex(mark.cell_prefix) + " " + hex(mark.generation.value) + " " + mark.path + "\n";
}

std::optional<std::uint64_t> take_number(std::string_view& line) {
  if (line.size() <= kNumberDigits || line[kNumberDigits] != ' ') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + kNumberDigits, number, 16);
  if (error != std::errc() || end != line.data() + kNumberDigits) return std::nullopt;
  line.remove_prefix(kNumberDigits + 1);
  return number;
}

std::optional<HighWater> parse_line(std::string_view line) {
  const auto prefix = take_number(line);
  const auto generation = prefix ? take_number(line) : std::nullopt;
  if (!generation || !line.starts_with('/')) return std::nullopt;
  return HighWater{
      .cell_prefix = *prefix, .path = std::string(line), .generation = Zxid(*generation)};
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The name of a file is safe when its folder is.
bool sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path();
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool is_safe = ::fsync(opened) == 0;
  ::close(opened);
  return is_safe;
}

Result<std::string> contents_of(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  if (file < 0) return failure("cannot be opened", path);
  std::string contents;
  char piece[65'536];
  ssize_t count = 0;
  while ((count = ::read(file, piece, sizeof piece)) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const Status status = failure("cannot be read", path);
      ::close(file);
      return status;
    }
    contents.append(piece, static_cast<std::size_t>(count));
  }
  ::close(file);
  return contents;
}

}  // namespace

Result<std::unique_ptr<MarkFile>> MarkFile::open(std::string path) {
  std::unique_ptr<MarkFile> made(new MarkFile(std::move(path)));
  for (Status (MarkFile::*const step)() :
       {&MarkFile::lock, &MarkFile::read, &MarkFile::open_for_writing}) {
    if (Status status = (made.get()->*step)(); !status.ok()) return status;
  }
  return made;
}

MarkFile::~MarkFile() {
  close_file();
  if (lock_ >= 0) ::close(lock_);
}

std::vector<HighWater> MarkFile::load() {
  std::vector<HighWater> all;
  for (const auto& [lock, generation] : marks_) {
    all.push_back({.cell_prefix = lock.first, .path = lock.second, .generation = generation});
  }
  return all;
}

Status MarkFile::save(const HighWater& mark) {
  if (file_ < 0) {
    if (Status status = open_for_writing(); !status.ok()) return status;
  }
  const std::string line = to_line(mark);
  if (!write_all(file_, line) || ::fdatasync(file_) != 0) {
    // After a failed sync nobody knows what the disk has: the next opening cuts it off.
    Status status = failure("a mark cannot be written", path_);
    close_file();
    return status;
  }
  good_bytes_ += line.size();
  ++lines_;
  Zxid& highest = marks_[{mark.cell_prefix, mark.path}];
  highest = std::max(highest, mark.generation);
  if (lines_ > std::max(rewrite_after_, 2 * marks_.size() + kSpareLines)) rewrite();
  return {};
}

Status MarkFile::lock() {
  const std::string name = path_ + ".lock";
  lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if (lock_ < 0) return failure("cannot be opened", name);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return {StatusCode::kUnavailable, path_ + ": another process keeps its marks there"};
  }
  return {};
}

Status MarkFile::read() {
  const Result<std::string> contents = contents_of(path_);
  if (!contents.ok()) return contents.status();
  good_bytes_ = contents->rfind('\n') + 1;
  std::string_view left = std::string_view(*contents).substr(0, good_bytes_);
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    const std::optional<HighWater> mark = parse_line(left.substr(0, end));
    ++lines_;
    if (!mark) {
      return {StatusCode::kCorrupt,
              path_ + ":" + std::to_string(lines_) + ": not a mark; is this the right file?"};
    }
    Zxid& highest = marks_[{mark->cell_prefix, mark->path}];
    highest = std::max(highest, mark->generation);
    left.remove_prefix(end + 1);
  }
  return {};
}

// What is behind the good bytes was never accepted.
Status MarkFile::open_for_writing() {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kMode);
  if (file_ < 0) return failure("cannot be opened", path_);
  const auto end = static_cast<off_t>(good_bytes_);
  const bool is_safe = ::ftruncate(file_, end) == 0 && ::lseek(file_, end, SEEK_SET) == end &&
                       ::fsync(file_) == 0 && sync_folder_of(path_);
  if (is_safe) return {};
  Status status = failure("cannot be made safe", path_);
  close_file();
  return status;
}

void MarkFile::close_file() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

// A failure leaves the old file as it is: it is tried again when as many lines have come again.
void MarkFile::rewrite() {
  const std::string fresh = path_ + ".new";
  rewrite_after_ = lines_ + kSpareLines;
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (file < 0) return;
  std::string lines;
  for (const HighWater& mark : load()) lines += to_line(mark);
  if (!write_all(file, lines) || ::fsync(file) != 0 ||
      ::rename(fresh.c_str(), path_.c_str()) != 0) {
    ::close(file);
    ::unlink(fresh.c_str());
    return;
  }
  close_file();
  file_ = file;
  rewrite_after_ = 0;
  good_bytes_ = lines.size();
  lines_ = marks_.size();
  // Marks that follow go into the new file: whichever of the two a crash leaves, it must be this.
  if (!sync_folder_of(path_)) close_file();
}

}  // namespace holdfast::client
