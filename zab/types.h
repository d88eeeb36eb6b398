#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "zab/base/bytes.h"
#include "zab/base/ids.h"

namespace holdfast::zab {

// One command in the history. `prev` is the zxid of the entry before it ((0,0) for the first):
// every append checks it (R17).
struct Entry {
  Zxid zxid;
  Zxid prev;
  SharedBytes payload;

  bool operator==(const Entry&) const = default;
};

// The last counter that a log holds of one epoch.
struct EpochEnd {
  Epoch epoch;
  std::uint32_t last_counter = 0;

  auto operator<=>(const EpochEnd&) const = default;
};

// The shape of a log: for each epoch of its entries, ascending, the last counter. The log's base
// stands in it too, as its first element (and (0,0) for a log from the beginning of time), so it is
// never empty. Within an epoch a log holds the counters 1..last without holes, down to its base.
using EpochVector = std::vector<EpochEnd>;

// What a replica proposes in an election. The order is lexicographic: epoch, then zxid, then server
// (ZOOKEEPER-1419). The minimum vote (all zero) is that of observers and of replicas that may not
// be counted.
struct Vote {
  Epoch epoch;  // The voter's currentEpoch; of an established replica: the epoch that it follows.
  Zxid zxid;    // Last zxid in the candidate's log.
  ServerId leader;  // The candidate.

  auto operator<=>(const Vote&) const = default;
};

enum class Role { kLooking, kFollowing, kLeading, kObserving };
enum class Phase { kElection, kDiscovery, kSynchronization, kBroadcast };

// The replicas of a cell. `version` is the zxid of the entry that made this configuration; (0,0)
// for the first.
struct Config {
  Zxid version;
  std::vector<ServerId> voters;     // Ascending, 1 to kVotersMax.
  std::vector<ServerId> observers;  // Ascending, disjoint from voters.

  bool is_voter(ServerId id) const;
  bool is_member(ServerId id) const;
  bool operator==(const Config&) const = default;
};

// Whether this replica's disk may be relied upon by a quorum (R8).
enum class Membership {
  kProvisioned,  // It has accepted an epoch at some time and has its disk since.
  kFresh,        // First start of the cell: counts only when all voters are fresh and take part.
  kRejoining  // Its disk was lost: counts nowhere until a leader established without it has brought
              // it up to date.
};

// What the store recovered at start.
struct DurableState {
  Membership membership = Membership::kFresh;
  Epoch accepted;      // Highest epoch for which this replica answered LEADERINFO.
  Epoch current;       // Last epoch whose initial history it fully holds.
  Zxid base;           // The log holds the entries after it.
  EpochVector epochs;  // Shape of the log, with its base.
  Zxid applied;        // The image is exactly the state after this entry; base <= applied <= last.
  std::vector<Entry>
      tail;  // The newest entries of the log, contiguous to its end; may be empty or all of it.
};

// All times in Ticks (milliseconds).
struct Options {
  ServerId self;
  Incarnation incarnation;
  Config config;
  std::uint64_t seed = 1;
  Ticks heartbeat = 100;
  Ticks failure_timeout =
      1000;  // Silence after which a peer counts as lost; also the leader's bound for its quorum.
  Ticks init_timeout =
      5000;  // Discovery and synchronization: bound on silence, reset by each message of progress.
  Ticks finalize = 50;  // Wait for better votes after a quorum has agreed.
  Ticks resend_min =
      50;  // Notifications are repeated after this, doubled up to resend_max, with jitter.
  Ticks resend_max = 2000;
  std::uint32_t counter_max =
      0xffffffffU;  // R1: the leader resigns while counter_reserve below it.
  std::uint32_t counter_reserve = 1U << 16U;
  std::uint32_t epoch_max =
      0xfffffff0U;  // An epoch above it is refused; the core stops (Fatal) rather than wrap.
  std::size_t log_window_bytes = 32U << 20U;
  std::size_t proposal_run_bytes = 1U << 20U;
  std::size_t learner_in_flight_bytes = 64U << 20U;
  std::size_t in_flight_entries =
      100'000;  // Proposed and not committed; beyond it proposals are refused.
  std::size_t in_flight_bytes = 64U << 20U;
  std::size_t snap_chunk_bytes = 512U << 10U;
  std::size_t snap_chunks_in_flight = 4;
  // SNAP replaces a DIFF of more than this share of the image's size, in percent; 0 = never for
  // cost alone.
  std::uint32_t snap_percent = 33;
};

std::string to_string(Role role);
std::string to_string(Phase phase);
std::string to_string(Membership membership);
std::string to_string(const EpochVector& epochs);               // "[1:8 2:3]"
std::string to_string(const Vote& vote);                        // "(epoch=2 zxid=2.3 leader=1)"
std::string describe_range(const std::vector<Entry>& entries);  // "2.4..2.9", "2.4" or "nothing"

}  // namespace holdfast::zab
