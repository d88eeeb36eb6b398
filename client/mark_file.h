#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/mark_store.h"
#include "zab/base/status.h"

namespace holdfast::client {

// High-water marks in a file: one line for each mark that was raised, "<cell prefix> <generation>
// <path>", the numbers in hexadecimal. The Python package reads and writes the same. A mark is on
// the disk (fdatasync) before save() answers. A line that was cut off by a crash was never
// accepted, and is removed by the next opening. The file is written anew when it has become long.
//
//   auto marks = MarkFile::open("/var/lib/storage/marks");
//   if (!marks.ok()) return fail(marks.status());
//   SequencerChecker checker({.endpoints = {…}, .store = std::move(marks).value()});
class MarkFile final : public MarkStore {
 public:
  // For one process at a time: kUnavailable if another one has it (a lock on "<path>.lock", which
  // stays). kCorrupt if the file has a line that is no mark; kIo.
  static Result<std::unique_ptr<MarkFile>> open(std::string path);
  ~MarkFile() override;

  std::vector<HighWater> load() override;
  Status save(const HighWater& mark) override;

 private:
  explicit MarkFile(std::string path) : path_(std::move(path)) {}

  Status lock();
  Status read();
  Status open_for_writing();
  void close_file();
  void rewrite();

  const std::string path_;
  int lock_ = -1;
  int file_ = -1;  // Not open after a failure, until a save succeeds in opening it again.
  std::size_t good_bytes_ = 0;
  std::size_t lines_ = 0;
  std::size_t rewrite_after_ = 0;  // Not before it has so many lines.
  std::map<std::pair<std::uint64_t, std::string>, Zxid> marks_;
};

}  // namespace holdfast::client
