#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "client/core_io.h"
#include "client/wire.h"

namespace holdfast::client {

// A call that is not over.
struct Call {
  // Who is to hear of it.
  enum class Kind {
    kData,        // The program.
    kAcquire,     // The program; see Acquiring.
    kRelease,     // The program.
    kVerify,      // The core: is this guard's acquisition still standing?
    kBackground,  // Nobody: withdrawals, and releases of what nobody wants any more.
  };
  enum class Stage {
    kUnsent,   // To be sent on the present connection, or the next.
    kSent,     // Open on the present connection.
    kPausing,  // To be sent again at retry_at.
    kHeld,     // Answered; the answer waits for events.
  };
  static constexpr std::uint64_t kNoPlace = ~std::uint64_t{0};
  // More of an acquire.
  struct Acquiring {
    enum class Withdrawn { kNo, kWaitIsOver, kByProgram, kAbandoned };
    bool has_wait = false;          // It may stand in the queue.
    std::optional<Ticks> wait_end;  // By the client's own clock.
    bool lost_at_jeopardy = false;
    Withdrawn withdrawn = Withdrawn::kNo;
    bool is_doubtful = false;  // Events were lost since it was made.
    Zxid lost_acquisition;     // A LOCK_LOST that overtook the answer.
    Zxid released;             // This owner has released the lock since; earlier grants are over.
    Loss loss;
    GuardId guard;  // Stage kHeld, if it was granted.
  };

  wire::Request request;
  Kind kind = Kind::kData;
  Stage stage = Stage::kUnsent;
  bool is_mutating = false;
  std::uint64_t number = 0;        // Of a mutating one that was sent.
  bool was_sent = false;           // On any connection.
  std::uint64_t place = kNoPlace;  // In the order in which calls were sent for the first time.
  bool has_copies = false;         // It was sent before, and what became of that is not known.
  bool is_abandoned = false;  // The program was told TIMEOUT; its outcome is still to be learnt.
  std::optional<Ticks> deadline;
  Ticks retry_at = 0;
  int retries = 0;
  GuardId guard;  // kVerify.
  std::optional<Acquiring> acquiring;
};

// The open calls in the order in which they were made, the numbers of those that change something,
// and when each has to be looked at.
//
// An acquire is not sent while an ending of the same owner's hold is open: a release, a
// cancellation, or an acquire that was withdrawn. It could be given what is about to be given back,
// and its guard would go on to say held().
class CallTable {
 public:
  // The results of so many numbers may be kept for a session at once; we stay far below.
  static constexpr std::uint64_t kWindow = 512;

  Call& add(CallId id, Call call);
  Call* find(CallId id);
  void erase(CallId id);
  std::size_t size() const { return calls_.size(); }
  std::map<CallId, Call>& all() { return calls_; }
  void clear();

  // The first call that is to be sent: those that were sent before come first, in their old order,
  // then the others in the order in which they were made. None when there is none, or when it must
  // not be sent before others are answered.
  std::optional<CallId> next_to_send() const;
  // Gives a mutating call its number with its first sending.
  void on_sent(CallId id);
  void on_stage(CallId id, Call::Stage stage);
  // The acquire is to be asked for anew, as if it had never been sent.
  void renew(CallId id);
  // The acquire is an ending from now on.
  void on_withdrawn(CallId id);
  bool is_releasing(const std::string& path, OwnerId owner) const;
  // The cell does not have to keep the result of this number (any more).
  void unpin(CallId id);
  // Every number below this one is answered.
  std::uint64_t answered_below() const;
  // The connection is gone: what was open on it is to be sent again.
  void on_connection_lost();

  // Replaces the call's alarm; none for no alarm.
  void set_alarm(CallId id, std::optional<Ticks> at);
  std::optional<Ticks> first_alarm() const;
  // A call whose alarm has come; its alarm is gone.
  std::optional<CallId> take_alarm(Ticks now);

 private:
  using Hold = std::pair<std::string, OwnerId>;
  static std::optional<Hold> hold_of(const wire::Request& request);
  bool has_ending(const Hold& hold) const;
  bool must_wait(const Call& call) const;

  std::map<CallId, Call> calls_;
  std::set<std::pair<Hold, CallId>> endings_;
  std::set<std::pair<std::uint64_t, CallId>> unsent_;  // By place.
  std::uint64_t last_place_ = 0;
  std::uint64_t last_number_ = 0;
  std::set<std::uint64_t> pinned_;
  std::map<CallId, Ticks> alarm_of_;
  std::set<std::pair<Ticks, CallId>> alarms_;
};

}  // namespace holdfast::client
