#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/core_io.h"
#include "tests/world/lock_book.h"
#include "tests/world/registers.h"

namespace holdfast::world {

// A call of a client's program, with what decides whether its answer can be right.
struct Asked {
  std::string method;  // For people, and for the counts.
  std::string path;
  std::vector<std::string> tokens;  // Contents that this call writes; each stands for one effect.
  bool changes = false;
  bool is_stale_read = false;
  std::optional<std::uint64_t> if_generation;
  std::optional<Sequencer> guard;     // It is carried out only while that stands.
  std::vector<Sequencer> sequencers;  // Of a check.
  // Filled in by CallCheck.
  std::uint64_t order = 0;
  Zxid floor;  // The end of the committed history when it was made.
  Zxid seen;   // What its client had been shown by then.
  SimTime at = 0;
};

// The answers that one client gets, against the one history: each reply names the zxid as of which
// it is true, so every value can be compared exactly. What a call was answered must be the state at
// that point; the point must not lie before what was committed when the call was made (nor, of a
// stale read, before what its client had seen), nor before what the same client's earlier calls
// were answered; a write took effect once, after it was asked for, or never, when it was refused.
class CallCheck {
 public:
  struct World {
    const Scheduler& time;
    const Ledger& ledger;
    const LockBook& locks;
    Registers& registers;
    Story& story;
    Verdict& verdict;
  };
  CallCheck(const World& world, std::string who) : world_(world), who_(std::move(who)) {}

  void on_asked(client::CallId call, Asked asked);
  // The zxid as of which the answer is true; none when it does not say.
  Zxid on_answered(client::CallId call, const client::Outcome<client::CallValue>& outcome);
  std::size_t open() const { return open_.size(); }
  // The oldest open call: since when, and which (there must be one).
  std::optional<SimTime> oldest() const;
  const Asked& oldest_call() const { return open_.begin()->second; }
  const Asked* find(client::CallId call) const;

 private:
  void fail(const Asked& asked, const std::string& what);
  template <typename What>
  void require(bool holds, const Asked& asked, What what) {
    if (!holds) fail(asked, what());
  }
  void check_error(const Asked& asked, const client::Error& error);
  void check_order(const Asked& asked, Zxid zxid);
  void check_written(const Asked& asked, Zxid zxid);
  void check_never(const Asked& asked, bool exists);
  // One for each reply that says something that can be compared.
  void check(const Asked& asked, const client::Contents& reply);
  void check(const Asked& asked, const client::Existence& reply);
  void check(const Asked& asked, const client::Children& reply);
  void check(const Asked& asked, const client::Written& reply);
  void check(const Asked& asked, const client::Created& reply);
  void check(const Asked& asked, const client::Removed& reply);
  void check(const Asked& asked, const client::MultiDone& reply);
  void check(const Asked& asked, const client::SequencerStates& reply);
  void check(const Asked& asked, const client::LockInfoReply& reply);
  template <typename Reply>
  void check(const Asked&, const Reply&) {}
  void check_stat(const Asked& asked, const client::Stat& stat, Zxid zxid);

  World world_;
  std::string who_;
  std::uint64_t calls_ = 0;
  Zxid seen_;
  std::map<client::CallId, Asked> open_;
  std::vector<std::pair<std::uint64_t, Zxid>> effects_;  // Of answered writes: order and entry.
};

}  // namespace holdfast::world
