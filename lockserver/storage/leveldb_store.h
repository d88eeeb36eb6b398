#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lockserver/storage/store.h"
#include "zab/base/ids.h"
#include "zab/base/limits.h"
#include "zab/base/status.h"

namespace holdfast::storage {

class DiskEnv;

// What a start demands of the directory and of the disk.
struct OpenOptions {
  // Compared with IDENTITY where given; kWrongCell when they differ.
  std::optional<std::string> cell_id;
  std::optional<ServerId> id;
  std::optional<std::string> members;
  enum class Start {
    kNormal,  // An unprovisioned disk is that of a fresh replica.
    kRejoin   // --rejoin: an unprovisioned disk replaces a lost one (R8). Says nothing about a
              // provisioned disk.
  };
  Start start = Start::kNormal;
  std::size_t tail_bytes_max = limits::kLogWindowBytes;
  std::uint64_t reserve_bytes = 64ULL << 20U;  // Of the ballast.
  // Kept in memory by each database before LevelDB turns it into a table; twice as much while it
  // does.
  std::size_t log_buffer_bytes = 8U << 20U;
  std::size_t image_buffer_bytes = 4U << 20U;
  std::shared_ptr<DiskEnv> disk;  // None: the machine's own.
};

struct Opened {
  std::unique_ptr<Store> store;
  Recovered recovered;
  Identity identity;
};

// Makes a replica's directory: an empty log and an empty image, both synced, then IDENTITY.
// kInvalid when the directory holds anything. `disk` may be none: the machine's own.
Status init(const std::string& directory, const Identity& identity, std::shared_ptr<DiskEnv> disk);

// Opens a directory that init made, checks all of it (LOCKS.md §7) and says what it found. Never
// creates a directory. Fails with kNotFound (no replica's directory), kUnavailable (another process
// has it), kWrongCell, or kCorrupt: files are damaged or contradict each other; the sentence names
// the file and the way to rebuild it from the peers.
//
// A disk that is not provisioned but holds an epoch, entries or an image is that of a rejoin which
// a crash interrupted; it is kRejoining whatever the option says, since a fresh replica's first
// accepted epoch provisions it.
Result<Opened> open(const std::string& directory, const OpenOptions& options);

}  // namespace holdfast::storage
