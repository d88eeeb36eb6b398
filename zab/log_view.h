#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "zab/state_hash.h"
#include "zab/types.h"

namespace holdfast::zab {

// True for a vector that a log can have: not empty, epochs strictly ascending, and every epoch
// after the first with at least one entry. Epoch 0 has none.
bool is_well_formed(const EpochVector& epochs);

// The zxid that such a log ends with.
Zxid last_of(const EpochVector& epochs);

// The log as memory sees it: what is on disk plus what is queued for it (R4). Its end, shape and
// durable prefix are exact; the payloads of older entries may be on disk only.
class LogView {
 public:
  // `start` as recovered; checks that the tail is contiguous to the end of `epochs`.
  LogView(const DurableState& start, std::size_t window_bytes);

  Zxid base() const { return base_; }  // The entries after it are held.
  Zxid last() const;                   // base() for an empty log.
  // Longest prefix known to be on disk; >= base(). A base that was installed counts from install()
  // on: what depends on the image itself must wait for the token of its installation.
  Zxid durable() const { return durable_; }
  const EpochVector& epochs() const { return epochs_; }
  // True for every entry of this log and for its base.
  bool holds(Zxid zxid) const;
  // The entry after `zxid`, which must be held and not last().
  Zxid next_after(Zxid zxid) const;

  // Appends to the end. Aborts unless entry.prev == last() and the zxid follows: next counter of
  // the same epoch, or counter 1 of a later epoch (R17). The persist queue names the append by
  // `token`, which several entries of one operation share; tokens never decrease.
  void append(const Entry& entry, Token token);
  // Forgets the entries after `to`, which must be held (R15).
  void truncate(Zxid to, Token token);
  // Becomes empty with this base (R5).
  void install(Zxid base, Token token);
  // Forgets entries up to and including `through`, which must be held and durable; it becomes the
  // base.
  void purge(Zxid through);
  // The persist queue has completed through `token`.
  void on_persisted(Token through);

  // The entries after `after` through `through` as far as about max_bytes (at least one), when
  // memory has the first of them; nothing when they must be read from disk. `after` must be held
  // and before `through` <= last().
  std::optional<std::vector<Entry>> slice(Zxid after, Zxid through, std::size_t max_bytes) const;
  // Bytes of payload of the entries after `after`, which must be held, as far as memory knows them;
  // older ones count with the window's average, and with nothing while the window is empty.
  std::size_t bytes_after(Zxid after) const;
  // What the entries that are not durable yet take in memory.
  std::uint64_t unsaved_bytes() const;
  // Lets go of the oldest payloads beyond the window. Entries that are not durable, or not yet
  // delivered, stay. An entry costs its payload and what it takes to hold it.
  void trim(Zxid delivered);

  void hash_into(StateHash& hash) const;
  std::string describe() const;  // "base=1.3 last=2.7 durable=2.5 epochs=[1:8 2:7]"

 private:
  // The log is durable through `last` once the persist queue has completed `token`. A later
  // truncation lowers it. Both grow strictly along the queue, and `last` lies beyond durable_.
  struct PendingAppend {
    Token token;
    Zxid last;
  };
  // Payload bytes of all entries that ever stood in the window up to and including this one, less
  // those truncated: differences between two slots are what counts.
  struct Slot {
    Entry entry;
    std::uint64_t bytes_through = 0;
  };

  std::deque<Slot>::const_iterator first_after(Zxid zxid) const;
  std::uint64_t window_payload_bytes() const;
  std::uint64_t entries_between(Zxid after, Zxid through) const;
  void check_next(const Entry& entry) const;
  void note_token(Token token);
  void push(const Entry& entry);

  Zxid base_;
  EpochVector epochs_;
  Zxid durable_;
  std::deque<PendingAppend> pending_;
  std::deque<Slot> window_;                // The newest entries, contiguous to last().
  std::uint64_t bytes_before_window_ = 0;  // Slot::bytes_through of the slot before the first.
  std::size_t window_bytes_max_ = 0;
  Token newest_token_;  // For the check of their order alone.
  Token completed_;     // What on_persisted said last.
};

}  // namespace holdfast::zab
