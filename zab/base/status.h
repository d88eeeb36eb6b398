#pragma once

#include <string>
#include <utility>
#include <variant>

#include "zab/base/check.h"

namespace holdfast {

// Why something in the environment (a disk, a socket, bytes from elsewhere) failed. Outcomes of the
// lock service itself
// ("held by another") are cases of reply types and never a Status.
enum class StatusCode {
  kOk,
  kInvalid,     // Bytes or arguments that break their format or a limit.
  kNotFound,    // The named thing does not exist.
  kCorrupt,     // Stored bytes contradict their checksum or each other.
  kIo,          // The operating system refused a read, a write or a sync.
  kNoSpace,     // The disk is full.
  kTooLarge,    // A limit in bytes or entries is exceeded.
  kWrongCell,   // It belongs to another cell or another replica.
  kUnavailable  // Cannot be done now; may be tried again.
};

// Success, or a code with a sentence that names the path, the limit or the zxid concerned.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {
    HOLDFAST_CHECK(code != StatusCode::kOk, "a failure needs a code: " + message_);
  }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  bool operator==(const Status&) const = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A value, or the Status that says why there is none. Reading the value of a failure aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}        // NOLINT(google-explicit-constructor)
  Result(Status status) : state_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    HOLDFAST_CHECK(!std::get<Status>(state_).ok(), "a Result without value needs a failure");
  }

  bool ok() const { return std::holds_alternative<T>(state_); }
  // The failure; a Status that is ok() when there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  const T& value() const& {
    HOLDFAST_CHECK(ok(), std::get<Status>(state_).message());
    return std::get<T>(state_);
  }
  T&& value() && {
    HOLDFAST_CHECK(ok(), std::get<Status>(state_).message());
    return std::get<T>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace holdfast
