#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lockserver/storage/disk_env.h"
#include "zab/base/status.h"

// LevelDB's own reader of its logs either drops a bad region in silence or refuses a merely torn
// tail. So the record frames of its logs are checked before it opens a database (R7). The format is
// LevelDB's: blocks of 32 KiB; frames of masked CRC-32C (4 bytes), length (2), type (1: whole, 2:
// first, 3: middle, 4: last part of a record), data; a frame does not cross a block; what is left
// of a block below 7 bytes is padding. A file whose size is a multiple of kFillBytes may end in
// zeros that were written ahead of the records (FilledFile); LevelDB's reader skips them.

namespace holdfast::storage {

struct FrameCheck {
  enum class Verdict {
    kWhole,   // Complete records, behind which there is nothing but space filled ahead, if any.
    kTorn,    // It ends in bytes that are no complete record, and no record begins behind them.
    kDamaged  // Bytes that are no complete record, and a record that begins behind them.
  };
  Verdict verdict = Verdict::kWhole;
  std::uint64_t whole_bytes = 0;  // End of the last complete record before the first flaw.
  std::uint64_t torn_bytes = 0;   // Behind it, without space filled ahead; 0 when kWhole.
};

// The content of a write-ahead log or a MANIFEST.
FrameCheck check_frames(std::string_view content);

// What a bad tail may mean.
enum class TailRule {
  // Each record was synced before the next was written: a record behind a flaw proves that the flaw
  // was durable once, so
  // that it is damage and perhaps an acknowledged entry. Refused.
  kEachRecordSynced,
  // Records are written without sync and pages may reach the disk in any order: the records before
  // the first flaw count,
  // whatever lies behind. Used where losing a tail loses nothing (the image).
  kUnsyncedRecords
};

// Checks every write-ahead log of the database in `directory` and the MANIFEST that its CURRENT
// names; cuts a torn tail off durably. Returns the bytes cut. kCorrupt names the damaged or missing
// file.
Result<std::uint64_t> check_and_cut_logs(DiskEnv& disk, const std::string& directory,
                                         TailRule rule);

// Names the first table of the database whose blocks do not all match their checksums; empty when
// all do. For a message only: LevelDB reports a bad block without its file.
std::string find_damaged_table(DiskEnv& disk, const std::string& directory);

}  // namespace holdfast::storage
