#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lockserver/state/state_machine.h"
#include "tests/world/scheduler.h"
#include "tests/world/verdict.h"
#include "zab/types.h"

namespace holdfast::world {

// One entry of the committed history with what it brought about.
struct Committed {
  Zxid zxid;
  SharedBytes payload;
  std::uint64_t image_hash = 0;  // Of the whole state after it, as an image.
  SimTime at = 0;                // First applied by anybody.
};

// What it did, and what it changed in the image.
struct Applied : state::Effects {
  std::vector<state::Write> writes;
};

// Who follows the one history.
class HistoryWitness {
 public:
  virtual void on_committed(const Committed& entry, const state::Command& command,
                            const Applied& effects) = 0;

 protected:
  ~HistoryWitness() = default;
};

// The sum over the records of an image, whatever their order; kept up to date record by record.
class ImageSum {
 public:
  void put(const std::string& key, std::string_view value);
  void remove(const std::string& key);
  void apply(const std::vector<state::Write>& writes);
  void clear();
  std::uint64_t value() const { return sum_; }

 private:
  std::unordered_map<std::string, std::uint64_t> records_;  // Looked up only, never walked.
  std::uint64_t sum_ = 0;
};

// The one committed history, as whichever replica was the first to apply each entry had it, and a
// state machine that applies exactly that and is no replica's.
class Ledger {
 public:
  Ledger(const state::StateLimits& limits, const std::string& cell_prefix, const Scheduler& time,
         Verdict& verdict);

  // All before the first entry.
  void add_witness(HistoryWitness& witness) { witnesses_.push_back(&witness); }

  // A replica has applied this entry, next after `applied_before`.
  void on_applied(const zab::Entry& entry, Zxid applied_before, const std::string& who);

  Zxid last() const { return entries_.empty() ? Zxid() : entries_.back().zxid; }
  const std::vector<Committed>& entries() const { return entries_; }
  const Committed* find(Zxid zxid) const;
  // The sum of the image of the state after `zxid`; (0,0) counts.
  std::optional<std::uint64_t> image_hash(Zxid zxid) const;
  const state::StateMachine& state() const { return state_; }

 private:
  void extend(const zab::Entry& entry);

  const Scheduler& time_;
  Verdict& verdict_;
  state::StateMachine state_;
  ImageSum sum_;
  std::vector<Committed> entries_;
  std::vector<HistoryWitness*> witnesses_;
};

}  // namespace holdfast::world
