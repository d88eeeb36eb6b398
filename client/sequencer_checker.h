#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/error.h"
#include "client/mark_store.h"
#include "client/options.h"
#include "client/values.h"

namespace holdfast::client {

class Session;

// For a server that does work on behalf of holders of locks: it refuses whoever comes with a
// sequencer that has been overtaken. Needs no session.
//
//   SequencerChecker checker({.endpoints = {…}, .cell_id = id});
//   if (!checker.check(request.sequencer, SequencerCheck::kCell, {})) return refuse();
//
// Two things are the server's own: that the sequencer is of the lock (and mode) that guards what
// is to be written (parse_sequencer() of thrift/sequencer.h tells), and that no other write comes
// between the check and the write.

// How far a check goes. Each begins with the local one, which may already refuse.
enum class SequencerCheck {
  // Compares with the highest generation seen of that lock; asks nobody. It protects exclusive
  // locks as soon as the next holder has come once, and tells shared holders not apart.
  kLocal,
  // Asks the cell each time, linearizably: knows also that a lock was released and nobody has come
  // since.
  kCell,
  // Asks at most every `interval` about one sequencer; what was valid counts for so long from when
  // the cell was asked.
  kInterval,
  // Asks once, and again when something happened to the lock, of which a watch of `session` tells.
  // An end is noticed when its event arrives: at once in a cell that is well, at the latest when
  // the session's lease ends.
  kFollow,
};

enum class Standing {
  kValid,    // Accept.
  kStale,    // Refuse, for good.
  kUnknown,  // There is no verdict; who needs safety refuses. The reason says whether to try again.
};

enum class Reason {
  // Of kValid.
  kConfirmed,     // The cell says so: now, or as long ago as the check allows.
  kNotOvertaken,  // Nothing that was seen here speaks against it.
  // Of kStale.
  kOvertaken,  // A later generation was seen here.
  kEnded,      // The cell says that the acquisition has ended.
  // Of kUnknown.
  kMalformed,
  kOtherCell,
  kNoAnswer,  // The cell could not be asked in time; later it may be.
  kFull,      // `locks_max` locks are remembered already, and this is another.
  kNotSaved,  // The mark could not be kept; later it may be.
};
// A few words for people, "the cell says that the acquisition has ended".
std::string_view reason_text(Reason reason);

// True where a bool is wanted exactly if the sequencer is valid.
struct [[nodiscard]] Verdict {
  Standing standing = Standing::kUnknown;
  Reason reason = Reason::kMalformed;
  // Of kNoAnswer what the cell said, of kNotSaved the store, of kFull the limit.
  std::optional<Error> error{};

  explicit operator bool() const { return standing == Standing::kValid; }
};

struct SequencerCheckerOptions {
  // As those of a session; may be empty with a session, or if the cell is never asked.
  std::vector<std::string> endpoints{};
  std::vector<std::string> dns_servers{};
  // 16 bytes: sequencers of other cells are kOtherCell. Absent: of the session's cell, or of any,
  // each for itself.
  std::optional<std::string> cell_id{};
  std::size_t connections = 2;
  Milliseconds interval{1'000};  // Of kInterval.
  // Whose watches kFollow, and through which the cell is asked if there are no endpoints. The
  // checker may outlive it: what needs it is then kNoAnswer, as after its expiry.
  Session* session = nullptr;
  // At most so many locks are remembered; a further one is kFull.
  std::size_t locks_max = 1'000'000;
  // At most so many are watched; beyond that the one not asked about for longest is let go.
  std::size_t followed_max = 1'000;
  // Keeps the marks over restarts, for instance a MarkFile; without it a restart forgets what was
  // seen.
  std::unique_ptr<MarkStore> store{};
  std::shared_ptr<const UserExecutor> executor{};
};

// All members may be used from any thread at any time. After a failover of the cell nothing is
// different: marks stay, a question waits for the new leader within its time.
class SequencerChecker {
 public:
  explicit SequencerChecker(SequencerCheckerOptions options);
  SequencerChecker(SequencerChecker&&) noexcept;
  SequencerChecker& operator=(SequencerChecker&&) noexcept;
  ~SequencerChecker();

  // A question to the cell takes at most the timeout (default 10 s), and is then kUnknown. kUnknown
  // with BAD_ARGUMENT: a check for which the checker was given nobody to ask, kFollow by a session
  // of another cell than `cell_id`, or a blocking check on the dispatcher of those who answer.
  Verdict check(const std::string& sequencer, SequencerCheck check, const CallOptions& options);
  // `done` is called at once if nobody has to be asked, else on the dispatcher of the session or of
  // the checker's own connections.
  void check(const std::string& sequencer, SequencerCheck check, const CallOptions& options,
             std::function<void(Verdict)> done);

  // The highest generation seen of that lock; none if it was never seen.
  Zxid high_water(std::uint64_t cell_prefix, const std::string& path) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::client
