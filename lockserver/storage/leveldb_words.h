#pragma once

#include <string_view>

#include <leveldb/options.h>
#include <leveldb/slice.h>

// What both databases of a store say to LevelDB.

namespace holdfast::storage {

// What is read is checked, and read once.
inline leveldb::ReadOptions checked_read() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

inline leveldb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

inline std::string_view view(const leveldb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace holdfast::storage
