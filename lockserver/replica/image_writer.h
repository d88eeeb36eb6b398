#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lockserver/state/state_machine.h"
#include "lockserver/storage/store.h"
#include "zab/base/ids.h"

namespace holdfast::replica {

// Decides when what applied entries changed goes to the image on disk, as a batch, and when the
// image is to be synced; the replica carries it out. The changes stand in the state until then, so
// of several changes of a record only the latest reaches the image. One batch and one sync are on
// their way at a time: what is applied meanwhile goes into the next batch, which so grows with the
// load.
class ImageWriter {
 public:
  struct Pace {
    Ticks flush_ms = 0;           // A batch is due when its oldest entry is so old,
    std::size_t flush_bytes = 0;  // or when its entries have so many bytes.
    Ticks sync_ms =
        0;  // A sync is due so long after the last one, when there is something to sync.
  };
  struct Image {
    std::uint64_t generation = 0;
    Zxid applied;
  };

  ImageWriter(Pace pace, Image image, Ticks now) : pace_(pace) { restart(image, now); }
  // Another image, with another state, has taken the place of the old one.
  void restart(Image image, Ticks now);

  // An entry of so many bytes has been applied.
  void add(Zxid zxid, std::size_t bytes, Ticks now);
  // The log is too long: a sync is wanted without delay, as far as it helps.
  void hurry() { hurried_ = true; }
  // Whether a batch is due now.
  bool is_due(Ticks now) const;
  // What the entries added changed, out of the state to which they have been applied; nothing when
  // there were none. It counts as on its way from then on.
  std::optional<storage::ImageBatch> take_batch(state::StateMachine& state);
  bool take_sync(Ticks now);

  // These answer take_batch and take_sync. Those of an image since replaced may come late.
  void on_written(Zxid applied);
  void on_synced(Zxid applied, Ticks now);

  Zxid written() const { return written_; }
  Zxid synced() const { return synced_; }

 private:
  Pace pace_;
  std::uint64_t generation_ = 0;

  Zxid collected_;  // Entries through here have been added.
  std::size_t bytes_ = 0;
  std::optional<Ticks> oldest_;  // When the first entry of the batch came.

  bool writing_ = false;
  bool syncing_ = false;
  bool hurried_ = false;
  Zxid written_;
  Zxid synced_;
  Ticks last_sync_ = 0;
};

// How much of the log is below which entry, so that a purge leaves about the wanted bytes for
// learners that were away. The log on disk is known by its size alone; what has been applied in
// this run, by its payloads.
class LogMeter {
 public:
  LogMeter(Zxid start, std::uint64_t bytes_max);
  void restart(Zxid start);

  void add(Zxid zxid, std::size_t payload_bytes);
  // The log has `log_bytes` on disk: through where it should be purged so that about half the
  // maximum stays; nothing while it is not too long, or when that would purge nothing.
  std::optional<Zxid> wanted_purge(std::uint64_t log_bytes) const;
  void on_purged(Zxid through);

 private:
  struct Mark {
    Zxid zxid;
    std::uint64_t bytes = 0;  // Of payloads through it, counted from the start.
  };

  std::uint64_t bytes_max_;
  std::uint64_t total_ = 0;
  std::vector<Mark> marks_;  // Ascending.
  Zxid purged_;
};

}  // namespace holdfast::replica
