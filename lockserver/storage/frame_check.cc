#include "lockserver/storage/frame_check.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>

#include "lockserver/storage/crc32c.h"
#include "lockserver/storage/filled_file.h"

namespace holdfast::storage {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kFrameHeaderBytes = 7;
enum FrameType : std::uint8_t { kWholeRecord = 1, kFirstPart = 2, kMiddlePart = 3, kLastPart = 4 };

struct Frame {
  std::uint8_t type = 0;
  std::size_t end = 0;
};

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The frame that begins at `at`, if one with a matching checksum does.
std::optional<Frame> frame_at(std::string_view content, std::size_t at) {
  const std::size_t block_end = std::min(content.size(), (at / kBlockBytes + 1) * kBlockBytes);
  if (block_end - at < kFrameHeaderBytes) return std::nullopt;
  const std::uint32_t type = byte_at(content, at + 6);
  if (type < kWholeRecord || type > kLastPart) return std::nullopt;
  const std::size_t length = byte_at(content, at + 4) | byte_at(content, at + 5) << 8U;
  if (length > block_end - at - kFrameHeaderBytes) return std::nullopt;
  const std::uint32_t stored = byte_at(content, at) | byte_at(content, at + 1) << 8U |
                               byte_at(content, at + 2) << 16U | byte_at(content, at + 3) << 24U;
  // The checksum covers the type byte and the data behind it.
  if (stored != masked_crc(crc32c(content.substr(at + 6, 1 + length), 0))) return std::nullopt;
  return Frame{.type = static_cast<std::uint8_t>(type), .end = at + kFrameHeaderBytes + length};
}

std::size_t skip_padding(std::string_view content, std::size_t at) {
  const std::size_t left_in_block = kBlockBytes - at % kBlockBytes;
  return left_in_block < kFrameHeaderBytes ? std::min(content.size(), at + left_in_block) : at;
}

// Every offset is tried: the length of the bad frame may be what is wrong, and it is the only way
// to the next one.
bool a_record_begins_behind(std::string_view content, std::size_t flaw) {
  for (std::size_t at = flaw + 1; at + kFrameHeaderBytes <= content.size(); ++at) {
    const std::uint32_t type = byte_at(content, at + 6);
    if (type != kWholeRecord && type != kFirstPart) continue;
    if (frame_at(content, at)) return true;
  }
  return false;
}

// What of the file may have been written as part of a record: all, but for zeros at its end that
// may be space filled ahead.
std::size_t written_bytes(std::string_view content) {
  if (content.size() % kFillBytes != 0) return content.size();
  return content.find_last_not_of('\0') + 1;
}

std::optional<std::uint64_t> log_number(const std::string& name) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec != std::errc() || std::string_view(parsed.ptr) != ".log") return std::nullopt;
  return number;
}

Result<std::map<std::uint64_t, std::string>> logs_of(DiskEnv& disk, const std::string& directory) {
  std::vector<std::string> names;
  const leveldb::Status status = disk.GetChildren(directory, &names);
  if (!status.ok()) return from_leveldb(status, "listing " + directory);
  std::map<std::uint64_t, std::string> logs;
  for (const std::string& name : names) {
    if (const auto number = log_number(name)) logs.emplace(*number, directory + "/" + name);
  }
  return logs;
}

Status damaged(const std::string& path, std::uint64_t at, const std::string& why) {
  return Status(StatusCode::kCorrupt,
                "the file " + path + " is damaged at byte " + std::to_string(at) + ": " + why);
}

struct FileRule {
  TailRule tail = TailRule::kEachRecordSynced;
  bool is_newest = false;  // Only the newest may end in a torn tail: the others were synced before
                           // they were left.
};

Result<std::uint64_t> check_and_cut(DiskEnv& disk, const std::string& path,
                                    const std::string& content, FileRule rule) {
  const FrameCheck check = check_frames(content);
  if (check.verdict == FrameCheck::Verdict::kWhole) return std::uint64_t{0};
  if (!rule.is_newest) return damaged(path, check.whole_bytes, "newer records lie in a later file");
  if (check.verdict == FrameCheck::Verdict::kDamaged && rule.tail == TailRule::kEachRecordSynced) {
    return damaged(path, check.whole_bytes, "valid records lie behind a bad one");
  }
  const leveldb::Status cut = disk.truncate_file(path, check.whole_bytes);
  if (!cut.ok()) return from_leveldb(cut, "cutting the torn tail of " + path);
  return check.torn_bytes;
}

Result<std::uint64_t> check_manifest(DiskEnv& disk, const std::string& directory) {
  Result<std::string> current = read_file(disk, directory + "/CURRENT");
  if (!current.ok() || !current->starts_with("MANIFEST-") || !current->ends_with('\n')) {
    return Status(StatusCode::kCorrupt, "the file " + directory + "/CURRENT is missing or damaged");
  }
  const std::string path = directory + "/" + current->substr(0, current->size() - 1);
  const Result<std::string> content = read_file(disk, path);
  if (!content.ok()) {
    return Status(StatusCode::kCorrupt,
                  "the file " + path + " cannot be read: " + content.status().message());
  }
  return check_and_cut(disk, path, *content,
                       {.tail = TailRule::kEachRecordSynced, .is_newest = true});
}

}  // namespace

FrameCheck check_frames(std::string_view content) {
  FrameCheck check;
  const std::size_t written = written_bytes(content);
  std::size_t at = 0;
  bool in_record = false;
  while (at < content.size()) {
    const std::size_t start = skip_padding(content, at);
    if (start == content.size() || (!in_record && start >= written)) break;
    const std::optional<Frame> frame = frame_at(content, start);
    const bool begins = frame && (frame->type == kWholeRecord || frame->type == kFirstPart);
    if (!frame || begins == in_record) {
      const bool behind = begins || a_record_begins_behind(content, start);
      check.verdict = behind ? FrameCheck::Verdict::kDamaged : FrameCheck::Verdict::kTorn;
      break;
    }
    in_record = frame->type == kFirstPart || frame->type == kMiddlePart;
    at = frame->end;
    if (!in_record) check.whole_bytes = at;
  }
  if (in_record && check.verdict == FrameCheck::Verdict::kWhole) {
    check.verdict = FrameCheck::Verdict::kTorn;
  }
  if (check.verdict != FrameCheck::Verdict::kWhole) {
    check.torn_bytes = std::max<std::uint64_t>(written, check.whole_bytes) - check.whole_bytes;
  } else if (written == content.size()) {
    check.whole_bytes = written;
  }
  return check;
}

Result<std::uint64_t> check_and_cut_logs(DiskEnv& disk, const std::string& directory,
                                         TailRule rule) {
  Result<std::uint64_t> cut_manifest = check_manifest(disk, directory);
  if (!cut_manifest.ok()) return cut_manifest;
  const Result<std::map<std::uint64_t, std::string>> logs = logs_of(disk, directory);
  if (!logs.ok()) return logs.status();
  if (logs->empty()) {
    return Status(StatusCode::kCorrupt,
                  "the write-ahead log (*.log) of " + directory + " is missing");
  }
  std::uint64_t bytes_cut = *cut_manifest;
  bool is_newest = true;
  for (auto log = logs->rbegin(); log != logs->rend(); ++log) {
    const Result<std::string> content = read_file(disk, log->second);
    if (!content.ok()) return content.status();
    const Result<std::uint64_t> cut =
        check_and_cut(disk, log->second, *content, {.tail = rule, .is_newest = is_newest});
    if (!cut.ok()) return cut;
    bytes_cut += *cut;
    // A new log that is still empty may stand beside the one whose tail a crash tore.
    is_newest = is_newest && content->empty();
  }
  return bytes_cut;
}

std::string find_damaged_table(DiskEnv& disk, const std::string& directory) {
  std::vector<std::string> names;
  if (!disk.GetChildren(directory, &names).ok()) return {};
  std::sort(names.begin(), names.end());
  leveldb::Options options;
  options.env = &disk;
  options.paranoid_checks = true;
  leveldb::ReadOptions read;
  read.verify_checksums = true;
  read.fill_cache = false;
  for (const std::string& name : names) {
    if (!name.ends_with(".ldb") && !name.ends_with(".sst")) continue;
    const std::string path = directory + "/" + name;
    std::uint64_t size = 0;
    leveldb::RandomAccessFile* raw_file = nullptr;
    if (!disk.GetFileSize(path, &size).ok() || !disk.NewRandomAccessFile(path, &raw_file).ok()) {
      return path;
    }
    const std::unique_ptr<leveldb::RandomAccessFile> file(raw_file);
    leveldb::Table* raw_table = nullptr;
    if (!leveldb::Table::Open(options, file.get(), size, &raw_table).ok()) return path;
    const std::unique_ptr<leveldb::Table> table(raw_table);
    const std::unique_ptr<leveldb::Iterator> it(table->NewIterator(read));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
    }
    if (!it->status().ok()) return path;
  }
  return {};
}

}  // namespace holdfast::storage
