#pragma once

#include <cstddef>
#include <cstdint>

// Every limit of the service stands here, and in docs/operations.md. A limit that a client can meet
// is answered with an error that names it; one that a peer breaks closes that peer's connection.

namespace holdfast::limits {

// Names and data.
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kComponentBytesMax = 255;
inline constexpr std::size_t kContentBytesMax = 256 * 1024;
inline constexpr std::size_t kMultiOpsMax = 1024;
inline constexpr std::size_t kMultiBytesMax = 1024 * 1024;
inline constexpr std::size_t kListPageMax = 10'000;
inline constexpr std::size_t kListPageBytesMax = 1024 * 1024;
inline constexpr std::size_t kDescriptionBytesMax = 1024;
inline constexpr std::size_t kClientNameBytesMax = 255;
inline constexpr std::size_t kReasonBytesMax = 1024;
inline constexpr std::size_t kSequencersPerCheckMax = 256;
inline constexpr std::uint64_t kStateBytesMax = 1024ULL * 1024 * 1024;

// Sessions.
inline constexpr std::int64_t kLeaseDefaultMs = 12'000;
inline constexpr std::int64_t kLeaseMinMs = 1'000;
inline constexpr std::int64_t kLeaseMaxMs = 600'000;
inline constexpr std::int64_t kGraceDefaultMs = 45'000;
inline constexpr std::size_t kSessionsMax = 100'000;
inline constexpr std::size_t kResultsPerSessionMax = 1024;
inline constexpr std::size_t kResultBytesPerSessionMax = 1024 * 1024;
inline constexpr std::size_t kEphemeralsPerSessionMax = 10'000;
inline constexpr std::size_t kLocksPerSessionMax = 10'000;
inline constexpr std::size_t kWatchesPerSessionMax = 10'000;
inline constexpr std::size_t kPendingPerSessionMax = 2'048;
inline constexpr std::size_t kWatchesPerReplicaMax = 1'000'000;
inline constexpr std::size_t kSessionsPerConnectionMax = 1'024;

// Locks.
inline constexpr std::int64_t kLockDelayMaxMs = 60'000;
inline constexpr std::size_t kWaitersPerLockMax = 10'000;

// Events: bytes of history kept by every replica, and entries of one keep-alive reply.
inline constexpr std::size_t kEventHistoryBytes = 16 * 1024 * 1024;
inline constexpr std::size_t kEventsPerReplyMax = 1'000;
inline constexpr std::size_t kEventsPerReplyBytesMax = 1024 * 1024;

// The client edge.
inline constexpr std::size_t kClientFrameBytesMax = 2 * 1024 * 1024;
inline constexpr std::size_t kClientConnectionsMax = 50'000;
inline constexpr std::size_t kConnectionPendingMax = 4'096;
inline constexpr std::size_t kConnectionOutBytesMax = 16 * 1024 * 1024;

// Between replicas.
inline constexpr std::size_t kPeerFrameBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kVotersMax = 9;
inline constexpr std::size_t kObserversMax = 64;
inline constexpr std::size_t kProposalBytesMax = 2 * 1024 * 1024;   // one entry
inline constexpr std::size_t kProposalRunBytesMax = 1024 * 1024;    // entries put into one message
inline constexpr std::size_t kInFlightBytesMax = 64 * 1024 * 1024;  // proposed, not yet committed
inline constexpr std::size_t kInFlightEntriesMax = 100'000;
inline constexpr std::size_t kLearnerInFlightBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kSnapChunkBytes = 512 * 1024;
inline constexpr std::size_t kSnapChunksInFlight = 4;
inline constexpr std::size_t kForwardPendingMax = 100'000;

// The log.
inline constexpr std::size_t kLogWindowBytes = 32 * 1024 * 1024;  // newest entries kept in memory
inline constexpr std::uint64_t kLogBytesMax =
    256ULL * 1024 * 1024;                                    // on disk, before old entries go
inline constexpr std::uint32_t kCounterReserve = 1U << 16U;  // R1

static_assert(kContentBytesMax < kMultiBytesMax);
static_assert(kMultiBytesMax < kProposalBytesMax);
static_assert(kProposalBytesMax + kProposalRunBytesMax < kPeerFrameBytesMax);
static_assert(kSnapChunkBytes < kPeerFrameBytesMax);
static_assert(kMultiBytesMax < kClientFrameBytesMax);

}  // namespace holdfast::limits
