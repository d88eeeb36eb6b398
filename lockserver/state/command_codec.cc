#include "lockserver/state/command_codec.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/state/record_codec.h"

namespace holdfast::state {
namespace {

using holdfast::state::from_record;
using holdfast::state::to_record;

record::Conditions to_record(const Conditions& conditions) {
  record::Conditions out;
  if (conditions.instance) out.__set_instance(to_i64(conditions.instance->value));
  if (conditions.content_generation) {
    out.__set_content_generation(to_i64(*conditions.content_generation));
  }
  return out;
}

Conditions from_record(const record::Conditions& conditions) {
  Conditions out;
  if (conditions.__isset.instance) out.instance = Zxid(to_u64(conditions.instance));
  if (conditions.__isset.content_generation) {
    out.content_generation = to_u64(conditions.content_generation);
  }
  return out;
}

record::LockCreate::type to_record(LockCreate create) {
  switch (create) {
    case LockCreate::kPersistent:
      return record::LockCreate::PERSISTENT;
    case LockCreate::kUntilFree:
      return record::LockCreate::UNTIL_FREE;
    case LockCreate::kNo:
      break;
  }
  return record::LockCreate::NO;
}

LockCreate from_record(record::LockCreate::type create) {
  switch (create) {
    case record::LockCreate::PERSISTENT:
      return LockCreate::kPersistent;
    case record::LockCreate::UNTIL_FREE:
      return LockCreate::kUntilFree;
    case record::LockCreate::NO:
      break;
  }
  return LockCreate::kNo;
}

record::OpenSession to_record(const OpenSession& op) {
  record::OpenSession out;
  out.secret = op.secret.bytes;
  out.lease_ms = op.lease_ms;
  out.client_name = op.client_name;
  out.host = op.host;
  out.instance_name = op.instance_name;
  if (op.previous) {
    record::PreviousSession previous;
    previous.instance_name = op.previous->instance_name;
    previous.secret = op.previous->secret.bytes;
    out.__set_previous(previous);
  }
  return out;
}

OpenSession from_record(const record::OpenSession& op) {
  OpenSession out{.secret = {op.secret},
                  .lease_ms = op.lease_ms,
                  .client_name = op.client_name,
                  .host = op.host,
                  .instance_name = op.instance_name,
                  .previous = std::nullopt};
  if (op.__isset.previous) {
    out.previous =
        PreviousSession{.instance_name = op.previous.instance_name, .secret = {op.previous.secret}};
  }
  return out;
}

record::CloseSession to_record(const CloseSession&) {
  return {};
}
CloseSession from_record(const record::CloseSession&) {
  return {};
}

record::ExpireSession to_record(const ExpireSession& op) {
  record::ExpireSession out;
  out.session = to_i64(op.session.value);
  return out;
}

ExpireSession from_record(const record::ExpireSession& op) {
  return {.session = SessionId(to_u64(op.session))};
}

record::KillSession to_record(const KillSession& op) {
  record::KillSession out;
  out.session = to_i64(op.session.value);
  out.reason = op.reason;
  out.who = op.who;
  out.now = op.now;
  return out;
}

KillSession from_record(const record::KillSession& op) {
  return {
      .session = SessionId(to_u64(op.session)), .reason = op.reason, .who = op.who, .now = op.now};
}

record::Acquire to_record(const Acquire& op) {
  record::Acquire out;
  out.path = op.path;
  out.mode = to_record(op.mode);
  out.wait_ms = op.wait_ms;
  out.lock_delay_ms = op.lock_delay_ms;
  out.owner = to_i64(op.owner.value);
  out.description = op.description;
  out.create = to_record(op.create);
  return out;
}

Acquire from_record(const record::Acquire& op) {
  return {.path = op.path,
          .mode = from_record(op.mode),
          .wait_ms = op.wait_ms,
          .lock_delay_ms = op.lock_delay_ms,
          .owner = OwnerId(to_u64(op.owner)),
          .description = op.description,
          .create = from_record(op.create)};
}

record::CancelWait to_record(const CancelWait& op) {
  record::CancelWait out;
  out.path = op.path;
  out.owner = to_i64(op.owner.value);
  out.why = op.why == CancelWait::Why::kTimedOut ? record::WaitEnd::TIMED_OUT
                                                 : record::WaitEnd::CANCELLED;
  out.session = to_i64(op.session.value);
  out.waiter = to_i64(op.waiter.value);
  return out;
}

CancelWait from_record(const record::CancelWait& op) {
  return {.path = op.path,
          .owner = OwnerId(to_u64(op.owner)),
          .why = op.why == record::WaitEnd::TIMED_OUT ? CancelWait::Why::kTimedOut
                                                      : CancelWait::Why::kCancelled,
          .session = SessionId(to_u64(op.session)),
          .waiter = RequestNumber(to_u64(op.waiter))};
}

record::Release to_record(const Release& op) {
  record::Release out;
  out.path = op.path;
  out.owner = to_i64(op.owner.value);
  return out;
}

Release from_record(const record::Release& op) {
  return {.path = op.path, .owner = OwnerId(to_u64(op.owner))};
}

record::BreakLock to_record(const BreakLock& op) {
  record::BreakLock out;
  out.path = op.path;
  out.acquisition = to_i64(op.acquisition.value);
  out.reason = op.reason;
  out.who = op.who;
  out.now = op.now;
  return out;
}

BreakLock from_record(const record::BreakLock& op) {
  return {.path = op.path,
          .acquisition = Zxid(to_u64(op.acquisition)),
          .reason = op.reason,
          .who = op.who,
          .now = op.now};
}

record::EndLockDelay to_record(const EndLockDelay& op) {
  record::EndLockDelay out;
  out.path = op.path;
  out.since = to_i64(op.since.value);
  out.acknowledged_by = to_i64(op.acknowledged_by.value);
  return out;
}

EndLockDelay from_record(const record::EndLockDelay& op) {
  return {.path = op.path,
          .since = Zxid(to_u64(op.since)),
          .acknowledged_by = SessionId(to_u64(op.acknowledged_by))};
}

record::EpochBegun to_record(const EpochBegun& op) {
  record::EpochBegun out;
  out.leader = to_i64(op.leader.value);
  return out;
}

EpochBegun from_record(const record::EpochBegun& op) {
  return {.leader = ServerId(to_u64(op.leader))};
}

record::Create to_record(const Create& op) {
  record::Create out;
  out.path = op.path;
  out.contents = op.contents;
  out.kind = to_record(op.kind);
  out.sequential = op.sequential;
  out.create_parents = op.create_parents;
  return out;
}

Create from_record(const record::Create& op) {
  return {.path = op.path,
          .contents = op.contents,
          .kind = from_record(op.kind),
          .sequential = op.sequential,
          .create_parents = op.create_parents};
}

record::Remove to_record(const Remove& op) {
  record::Remove out;
  out.path = op.path;
  out.conditions = to_record(op.conditions);
  out.owner = to_i64(op.owner.value);
  return out;
}

Remove from_record(const record::Remove& op) {
  return {.path = op.path,
          .conditions = from_record(op.conditions),
          .owner = OwnerId(to_u64(op.owner))};
}

record::SetContents to_record(const SetContents& op) {
  record::SetContents out;
  out.path = op.path;
  out.contents = op.contents;
  out.conditions = to_record(op.conditions);
  return out;
}

SetContents from_record(const record::SetContents& op) {
  return {.path = op.path, .contents = op.contents, .conditions = from_record(op.conditions)};
}

record::Check to_record(const Check& op) {
  record::Check out;
  out.path = op.path;
  out.must_exist = op.must_exist;
  out.conditions = to_record(op.conditions);
  return out;
}

Check from_record(const record::Check& op) {
  return {.path = op.path, .must_exist = op.must_exist, .conditions = from_record(op.conditions)};
}

// Which field of the record an operation goes into.
struct MultiOpField {
  record::MultiOp& out;
  void operator()(const Create& op) const { out.__set_create(to_record(op)); }
  void operator()(const Remove& op) const { out.__set_remove(to_record(op)); }
  void operator()(const SetContents& op) const { out.__set_set_contents(to_record(op)); }
  void operator()(const Check& op) const { out.__set_check(to_record(op)); }
  void operator()(const CheckHeld& op) const { out.__set_check_held(to_record(op.sequencer)); }
};

record::Multi to_record(const Multi& multi) {
  record::Multi out;
  out.ops.reserve(multi.ops.size());
  for (const MultiOp& op : multi.ops) {
    std::visit(MultiOpField{out.ops.emplace_back()}, op);
  }
  return out;
}

// A record without any operation becomes some operation, which is not encoded as it was.
MultiOp from_record(const record::MultiOp& op) {
  if (op.__isset.create) return from_record(op.create);
  if (op.__isset.remove) return from_record(op.remove);
  if (op.__isset.set_contents) return from_record(op.set_contents);
  if (op.__isset.check) return from_record(op.check);
  return CheckHeld{.sequencer = from_record(op.check_held)};
}

Multi from_record(const record::Multi& multi) {
  Multi out;
  out.ops.reserve(multi.ops.size());
  for (const record::MultiOp& op : multi.ops) out.ops.push_back(from_record(op));
  return out;
}

struct OpField {
  record::Command& out;
  void operator()(const OpenSession& op) const { out.__set_open_session(to_record(op)); }
  void operator()(const CloseSession& op) const { out.__set_close_session(to_record(op)); }
  void operator()(const ExpireSession& op) const { out.__set_expire_session(to_record(op)); }
  void operator()(const KillSession& op) const { out.__set_kill_session(to_record(op)); }
  void operator()(const Acquire& op) const { out.__set_acquire(to_record(op)); }
  void operator()(const CancelWait& op) const { out.__set_cancel_wait(to_record(op)); }
  void operator()(const Release& op) const { out.__set_release(to_record(op)); }
  void operator()(const BreakLock& op) const { out.__set_break_lock(to_record(op)); }
  void operator()(const EndLockDelay& op) const { out.__set_end_lock_delay(to_record(op)); }
  void operator()(const EpochBegun& op) const { out.__set_epoch_begun(to_record(op)); }
  void operator()(const Create& op) const { out.__set_create(to_record(op)); }
  void operator()(const Remove& op) const { out.__set_remove(to_record(op)); }
  void operator()(const SetContents& op) const { out.__set_set_contents(to_record(op)); }
  void operator()(const Multi& op) const { out.__set_multi(to_record(op)); }
};

// A record without any operation becomes some operation, which is not encoded as it was.
Op op_from_record(const record::Command& command) {
  const auto& is = command.__isset;
  if (is.open_session) return from_record(command.open_session);
  if (is.close_session) return from_record(command.close_session);
  if (is.expire_session) return from_record(command.expire_session);
  if (is.kill_session) return from_record(command.kill_session);
  if (is.acquire) return from_record(command.acquire);
  if (is.cancel_wait) return from_record(command.cancel_wait);
  if (is.release) return from_record(command.release);
  if (is.break_lock) return from_record(command.break_lock);
  if (is.end_lock_delay) return from_record(command.end_lock_delay);
  if (is.epoch_begun) return from_record(command.epoch_begun);
  if (is.create) return from_record(command.create);
  if (is.remove) return from_record(command.remove);
  if (is.set_contents) return from_record(command.set_contents);
  return from_record(command.multi);
}

Command from_record(const record::Command& command) {
  Command out;
  out.version = static_cast<std::uint32_t>(command.version);
  out.stamp = from_record(command.stamp);
  out.origin = {.server = ServerId(to_u64(command.origin.server)),
                .incarnation = Incarnation(to_u64(command.origin.incarnation)),
                .call = to_u64(command.origin.call)};
  out.session = SessionId(to_u64(command.session));
  out.request = RequestNumber(to_u64(command.request));
  out.answered_below = RequestNumber(to_u64(command.answered_below));
  if (command.__isset.guard) out.guard = from_record(command.guard);
  out.op = op_from_record(command);
  return out;
}

}  // namespace

std::string encode_command(const Command& command) {
  record::Command out;
  out.version = static_cast<std::int32_t>(command.version);
  out.stamp = to_record(command.stamp);
  out.origin.server = to_i64(command.origin.server.value);
  out.origin.incarnation = to_i64(command.origin.incarnation.value);
  out.origin.call = to_i64(command.origin.call);
  out.session = to_i64(command.session.value);
  out.request = to_i64(command.request.value);
  out.answered_below = to_i64(command.answered_below.value);
  if (command.guard) out.__set_guard(to_record(*command.guard));
  std::visit(OpField{out}, command.op);
  return encode_compact(out);
}

Result<Command> decode_command(std::string_view bytes) {
  const Result<record::Command> record = decode_compact<record::Command>(bytes);
  if (!record.ok()) return record.status();
  // A later version may have fields that this program does not know, so it is told apart first.
  if (record->version < 1) {
    return Status(StatusCode::kInvalid, "A command of the log without a version.");
  }
  if (record->version > static_cast<std::int32_t>(kStateMachineVersion)) {
    return Status(StatusCode::kUnavailable, "A command of the log is of version " +
                                                std::to_string(record->version) +
                                                " of the rules; this program knows up to " +
                                                std::to_string(kStateMachineVersion) + ".");
  }
  Command command = from_record(*record);
  if (encode_command(command) != bytes) {
    return Status(StatusCode::kInvalid, "Malformed bytes: no command as this program writes it.");
  }
  return command;
}

}  // namespace holdfast::state
