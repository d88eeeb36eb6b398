#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/error.h"
#include "client/options.h"
#include "client/values.h"

namespace holdfast::client {

// For a server that does work on behalf of holders of locks: it refuses whoever comes with a
// sequencer that has been overtaken. Needs no session.
//
// Two checks. `kLocal` compares with the highest generation seen so far of that lock, in memory: a
// lower one is stale, for certain. It needs no cell, and protects exclusive locks as soon as the
// next holder has come once. `kCell` asks the cell, linearizably: it knows also that a lock was
// released and nobody has come since, and it tells shared holders apart.
//
//   SequencerChecker checker({.endpoints = {…}, .cell_id = id});
//   auto verdict = checker.check(request.sequencer, SequencerCheck::kLocal, {});
//   if (!verdict || verdict->state != SequencerState::kValid) return refuse();

enum class SequencerCheck {
  kLocal,
  kCell,  // After the local one, which may already refuse.
};

struct Verdict {
  SequencerState state = SequencerState::kMalformed;
  bool confirmed = false;  // The cell said so; else it is only not refuted by what was seen here.
};

// The highest generation that was seen of one lock.
struct HighWater {
  std::uint64_t cell_prefix = 0;  // First 8 bytes of the cell id.
  std::string path{};
  Zxid generation{};

  bool operator==(const HighWater&) const = default;
};

struct SequencerCheckerOptions {
  // As those of a session; may be empty if the cell is never asked.
  std::vector<std::string> endpoints{};
  std::vector<std::string> dns_servers{};
  // 16 bytes: sequencers of other cells are kOtherCell. Absent: of any cell, each for itself.
  std::optional<std::string> cell_id{};
  std::size_t connections = 2;
  // At most so many locks are remembered; for a further one check() answers LIMIT.
  std::size_t locks_max = 1'000'000;
  // Keeps the marks over restarts: `load` is called once, by the constructor; `save` before a
  // sequencer that raises a mark is accepted, and returns whether the mark is safe: if not, the
  // answer is NO_SPACE and the mark stays. Called by one thread at a time. Both may be empty.
  std::function<std::vector<HighWater>()> load{};
  std::function<bool(const HighWater&)> save{};
  std::shared_ptr<const UserExecutor> executor{};
};

// All members may be used from any thread at any time. Answers of the cell are never cached.
class SequencerChecker {
 public:
  explicit SequencerChecker(SequencerCheckerOptions options);
  SequencerChecker(SequencerChecker&&) noexcept;
  SequencerChecker& operator=(SequencerChecker&&) noexcept;
  ~SequencerChecker();

  // An error says that there is no verdict: the cell could not be asked in time (default 10 s), or
  // the mark could not be kept. Who needs safety refuses then.
  Outcome<Verdict> check(const std::string& sequencer, SequencerCheck check,
                         const CallOptions& options);
  void check(const std::string& sequencer, SequencerCheck check, const CallOptions& options,
             std::function<void(Outcome<Verdict>)> done);

  // The highest generation seen of that lock; none if it was never seen.
  Zxid high_water(std::uint64_t cell_prefix, const std::string& path) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::client
