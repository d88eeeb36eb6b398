#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/values.h"
#include "zab/base/check.h"

namespace holdfast::client {

// Why a call was refused or failed. A closed set; the numbers are those of ErrorCode in
// thrift/lockservice.thrift, where each is described.
enum class ErrorCode : std::int32_t {
  kBadArgument = 1,
  kNoNode = 2,
  kNodeExists = 3,
  kNotEmpty = 4,
  kBadGeneration = 5,
  kStaleInstance = 6,
  kNoChildrenForEphemerals = 7,
  kLockHeld = 10,
  kLockDelayed = 11,
  kNotHeld = 12,
  kStaleSequencer = 13,
  kDeadlock = 14,
  kCancelled = 15,
  kTimeout = 20,
  kSessionExpired = 30,
  kWrongSecret = 31,
  kSessionNotBound = 32,
  // No replica with a quorum behind it was reached in the time given, and the request was never
  // forwarded: it was not carried out and will not be. Also what a program hears that cannot reach
  // the cell at all.
  kNoQuorum = 40,
  kBehind = 41,
  kTooLarge = 50,
  kLimit = 51,
  kNoSpace = 52,
  kWrongCell = 60,
};

// "LOCK_HELD"; "UNKNOWN" for a number that this release does not know.
std::string_view error_name(ErrorCode code);

// A code, a sentence, and the facts that belong to the code. Facts that do not concern the code are
// empty.
struct Error {
  ErrorCode code = ErrorCode::kBadArgument;
  std::string message{};   // For people; names the path, the limit or the endpoint concerned.
  bool retryable = false;  // The same call may succeed later, with nothing else done.

  // TIMEOUT: the request may have been carried out, or may be yet. The library goes on with its
  // number until that is known, so a later call of the same session never overtakes it unseen.
  bool outcome_pending = false;
  std::string path{};                          // The path concerned, in the short form.
  std::vector<LockParty> holders{};            // LOCK_HELD, and TIMEOUT of an acquire.
  std::optional<std::int64_t> remaining_ms{};  // LOCK_DELAYED.
  std::optional<LockParty> previous_holder{};  // LOCK_DELAYED.
  std::string limit_name{};                    // LIMIT, TOO_LARGE.
  std::optional<std::int64_t> limit{};         // LIMIT, TOO_LARGE.
  std::optional<std::uint64_t> actual{};       // LIMIT, TOO_LARGE, BAD_GENERATION, STALE_INSTANCE.
  std::string leader{};                        // NO_QUORUM, BEHIND: its client endpoint, if known.
  std::vector<WaitEdge> cycle{};               // DEADLOCK.
  std::optional<std::int32_t> op_index{};      // multi: which operation was refused, from 0.
  Zxid zxid{};  // As of which the cell refused; none if it has not said so.

  bool operator==(const Error&) const = default;
};

// "LOCK_HELD: The lock /a is held by …"
std::string to_string(const Error& error);

// What a call came to: its value, or the Error that says why there is none. Asking for the one that
// is not there aborts.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Outcome(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    HOLDFAST_CHECK(ok(), to_string(std::get<1>(state_)));
    return std::get<0>(state_);
  }
  T& value() & {
    HOLDFAST_CHECK(ok(), to_string(std::get<1>(state_)));
    return std::get<0>(state_);
  }
  T&& value() && {
    HOLDFAST_CHECK(ok(), to_string(std::get<1>(state_)));
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const& {
    HOLDFAST_CHECK(!ok(), "an outcome with a value has no error");
    return std::get<1>(state_);
  }
  Error&& error() && {
    HOLDFAST_CHECK(!ok(), "an outcome with a value has no error");
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace holdfast::client
