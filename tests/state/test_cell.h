#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "lockserver/state/state_machine.h"
#include "zab/base/ids.h"

namespace holdfast::state {

inline constexpr std::string_view kCellPrefix = "00112233445566ff";

// 32 bytes that stand for the hash of a secret of this name.
SecretHash secret_of(std::string_view name);

// One line for a failure message.
std::string describe(const Reply& reply);
// The error of a reply, also of a failed multi; BAD_ARGUMENT's number and a test failure when there
// is none.
Error error_of(const Reply& reply);
ErrorCode code_of(const Reply& reply);

// The alternative that a reply must be; a default one and a test failure when it is another.
template <typename T>
T as(const Reply& reply) {
  if (const auto* found = std::get_if<T>(&reply)) return *found;
  ADD_FAILURE() << "unexpected reply: " << describe(reply);
  return T{};
}

// A state machine with what a test needs around it: it gives zxids, stamps and request numbers, and
// after every command checks that the state is sound, that events are named in order, and that the
// writes so far, replayed, are the image.
class TestCell {
 public:
  explicit TestCell(const StateLimits& limits = StateLimits::defaults());

  const StateMachine& state() const { return machine_; }
  // Replaces the machine by one built from the image so far, given in reverse order of keys.
  void reload();

  Reply apply(Command command);
  // The next numbered request of a session.
  Reply ask(SessionId session, Op op);
  Reply ask_guarded(SessionId session, Op op, const Sequencer& guard);
  // A request with this number; `answered_below` as given.
  struct Numbered {
    std::uint64_t number = 0;
    std::uint64_t answered_below = 0;
  };
  Reply ask_numbered(SessionId session, const Numbered& numbered, Op op);
  // A command of no session: the leader's or an operator's.
  Reply lead(Op op);

  SessionId open(std::string_view name);
  Granted acquire(SessionId session, Acquire acquire);  // Must be granted.
  void create(SessionId session, std::string_view path);

  void pass_ms(std::int64_t ms) { now_ms_ += ms; }
  void begin_epoch();
  std::int64_t now_ms() const { return now_ms_; }
  Zxid zxid() const { return zxid_; }
  std::uint64_t last_number(SessionId session) const { return numbers_.at(session); }
  const Effects& last() const { return last_; }
  const std::vector<Write>& last_writes() const { return last_writes_; }
  std::vector<Event> last_events(EventKind kind) const;
  // The only outcome of the last command.
  Reply last_outcome() const;

  // Sessions of those who hold and await a lock, in their order.
  std::vector<SessionId> holders(std::string_view path) const;
  std::vector<SessionId> waiters(std::string_view path) const;
  bool is_delayed(std::string_view path) const;

 private:
  void check();

  StateLimits limits_;
  StateMachine machine_;
  std::map<std::string, std::string> image_;
  Zxid zxid_{Epoch(1), 0};
  std::int64_t now_ms_ = 1000;
  std::map<SessionId, std::uint64_t> numbers_;
  Effects last_;
  std::vector<Write> last_writes_;
};

inline Acquire exclusive(std::string path) {
  Acquire acquire;
  acquire.path = std::move(path);
  acquire.wait_ms = -1;
  return acquire;
}

inline Acquire shared(std::string path) {
  Acquire acquire = exclusive(std::move(path));
  acquire.mode = LockMode::kShared;
  return acquire;
}

inline Acquire try_exclusive(std::string path) {
  Acquire acquire = exclusive(std::move(path));
  acquire.wait_ms = 0;
  return acquire;
}

inline Acquire owned_by(std::uint64_t owner, Acquire acquire) {
  acquire.owner = OwnerId(owner);
  return acquire;
}

inline Acquire with_delay(std::int64_t ms, Acquire acquire) {
  acquire.lock_delay_ms = ms;
  return acquire;
}

inline Acquire creating(LockCreate create, Acquire acquire) {
  acquire.create = create;
  return acquire;
}

inline Create node(std::string path) {
  Create create;
  create.path = std::move(path);
  return create;
}

inline Create node_of_kind(NodeKind kind, std::string path) {
  Create create = node(std::move(path));
  create.kind = kind;
  return create;
}

inline Remove removal(std::string path) {
  Remove remove;
  remove.path = std::move(path);
  return remove;
}

inline SetContents contents(std::string path, std::string bytes) {
  SetContents set;
  set.path = std::move(path);
  set.contents = std::move(bytes);
  return set;
}

inline Release release(std::string path) {
  Release op;
  op.path = std::move(path);
  return op;
}

inline CancelWait cancel(std::string path) {
  CancelWait op;
  op.path = std::move(path);
  return op;
}

inline BreakLock breaking(std::string path) {
  BreakLock op;
  op.path = std::move(path);
  op.reason = "it hangs";
  op.who = "operator";
  return op;
}

inline KillSession killing(SessionId session) {
  KillSession op;
  op.session = session;
  op.reason = "it hangs";
  op.who = "operator";
  return op;
}

inline EndLockDelay end_of_delay(std::string path, Zxid since) {
  EndLockDelay op;
  op.path = std::move(path);
  op.since = since;
  return op;
}

}  // namespace holdfast::state
