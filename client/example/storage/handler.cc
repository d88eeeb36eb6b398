#include "client/example/storage/handler.h"

#include <functional>
#include <optional>

namespace holdfast::example {
namespace {

namespace hf = holdfast::client;
using storage::RefusalCode;
using storage::Refused;

// The library has no exceptions of its own; a handler of Thrift refuses by one.
[[noreturn]] void refuse(RefusalCode::type code, const std::string& message, bool retryable) {
  Refused refused;
  refused.code = code;
  refused.message = message;
  refused.retryable = retryable;
  throw refused;
}

void require(const hf::Verdict& verdict) {
  if (verdict) return;
  std::string message(reason_text(verdict.reason));
  if (verdict.error) message += ": " + to_string(*verdict.error);
  if (verdict.standing == hf::Standing::kStale) refuse(RefusalCode::STALE, message, false);
  const bool may_help =
      verdict.reason == hf::Reason::kNoAnswer || verdict.reason == hf::Reason::kNotSaved;
  refuse(RefusalCode::UNKNOWN, message, may_help);
}

void require(const Status& status) {
  if (status.ok()) return;
  if (status.code() == StatusCode::kInvalid) {
    refuse(RefusalCode::BAD_NAME, status.message(), false);
  }
  if (status.code() == StatusCode::kNotFound) {
    refuse(RefusalCode::NO_FILE, status.message(), false);
  }
  refuse(RefusalCode::FAILED, status.message(), true);
}

}  // namespace

// The cell is asked before the step, so that nobody waits for the answer to another, and what was
// seen here is compared within it: when a later holder has done anything here, it is refused.
void Handler::put(const storage::PutRequest& request) {
  if (request.contents.size() > options_.file_bytes_max) {
    refuse(RefusalCode::TOO_LARGE,
           "a file has at most " + std::to_string(options_.file_bytes_max) + " bytes; this one " +
               std::to_string(request.contents.size()),
           false);
  }
  check_sequencer(request.sequencer, request.volume, /*for_writing=*/true);
  const std::lock_guard one_step(step_of(request.volume));
  check_again(request.sequencer);
  require(files_.put(request.volume, request.file, request.contents));
}

void Handler::get(std::string& contents, const storage::GetRequest& request) {
  check_sequencer(request.sequencer, request.volume, /*for_writing=*/false);
  const std::lock_guard one_step(step_of(request.volume));
  check_again(request.sequencer);
  Result<std::string> got = files_.get(request.volume, request.file);
  require(got.status());
  contents = std::move(got).value();
}

void Handler::remove(const storage::RemoveRequest& request) {
  check_sequencer(request.sequencer, request.volume, /*for_writing=*/true);
  const std::lock_guard one_step(step_of(request.volume));
  check_again(request.sequencer);
  require(files_.remove(request.volume, request.file));
}

// [check_sequencer]
void Handler::check_sequencer(const std::string& text, const std::string& volume,
                              bool for_writing) {
  const Result<Sequencer> sequencer = parse_sequencer(text);
  if (!sequencer.ok()) refuse(RefusalCode::UNKNOWN, sequencer.status().message(), false);
  if (sequencer->path != volume) {
    refuse(RefusalCode::WRONG_LOCK, "the sequencer is of the lock " + sequencer->path, false);
  }
  if (for_writing && sequencer->mode != LockMode::kExclusive) {
    refuse(RefusalCode::NOT_EXCLUSIVE, "the lock " + volume + " is held with others", false);
  }
  require(checker_.check(text, options_.check, {.timeout = options_.check_timeout}));
}

void Handler::check_again(const std::string& sequencer) {
  require(checker_.check(sequencer, hf::SequencerCheck::kLocal, {}));
}
// [/check_sequencer]

std::mutex& Handler::step_of(const std::string& volume) {
  return steps_[std::hash<std::string>()(volume) % steps_.size()];
}

}  // namespace holdfast::example
