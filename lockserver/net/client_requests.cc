#include <algorithm>
#include <array>
#include <utility>

#include <openssl/evp.h>

#include "lockserver/net/client_codec.h"
#include "lockserver/state/error_code.h"
#include "thrift/path.h"
#include "thrift/sequencer.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::net {
namespace {

using state::ErrorCode;

constexpr std::size_t kSecretBytes = 16;

state::Error bad(std::string message) {
  return make_error(ErrorCode::kBadArgument, std::move(message));
}

// A limit as docs/operations.md names it.
struct TextLimit {
  const char* name;
  std::size_t bytes;
};
constexpr TextLimit kNameLimit{"client_name_bytes_max", limits::kClientNameBytesMax};
constexpr TextLimit kReasonLimit{"reason_bytes_max", limits::kReasonBytesMax};
constexpr TextLimit kDescriptionLimit{"description_bytes_max", limits::kDescriptionBytesMax};

std::optional<state::Error> check_text(const char* field, const std::string& text,
                                       const TextLimit& limit) {
  if (text.size() <= limit.bytes) return std::nullopt;
  state::Error error =
      make_error(ErrorCode::kTooLarge, std::string(field) + " has " + std::to_string(text.size()) +
                                           " bytes; the limit " + limit.name + " is " +
                                           std::to_string(limit.bytes));
  error.limit_name = limit.name;
  error.limit = limit.bytes;
  error.actual = text.size();
  return error;
}

std::optional<state::Error> check_required(const char* field, const std::string& text,
                                           const TextLimit& limit) {
  if (text.empty()) return bad(std::string(field) + " must not be empty");
  return check_text(field, text, limit);
}

state::SecretHash hash_of(const std::string& secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const int ok =
      EVP_Digest(secret.data(), secret.size(), digest.data(), &length, EVP_sha256(), nullptr);
  HOLDFAST_CHECK(ok == 1 && length == 32, "SHA-256 of a secret failed");
  return {.bytes = std::string(digest.begin(), digest.begin() + length)};
}

template <typename Request>
state::Conditions conditions_of(const Request& request) {
  state::Conditions out;
  if (request.__isset.if_instance) out.instance = Zxid(to_u64(request.if_instance));
  if (request.__isset.if_content_generation) {
    out.content_generation = to_u64(request.if_content_generation);
  }
  return out;
}

std::optional<state::NodeKind> kind_of(api::NodeKind::type kind) {
  switch (kind) {
    case api::NodeKind::PERSISTENT:
      return state::NodeKind::kPersistent;
    case api::NodeKind::EPHEMERAL:
      return state::NodeKind::kEphemeral;
    case api::NodeKind::UNTIL_FREE:
      return state::NodeKind::kUntilFree;
  }
  return std::nullopt;
}

std::optional<state::LockCreate> create_of(api::CreateMode::type mode) {
  switch (mode) {
    case api::CreateMode::NO_CREATE:
      return state::LockCreate::kNo;
    case api::CreateMode::PERSISTENT:
      return state::LockCreate::kPersistent;
    case api::CreateMode::UNTIL_FREE:
      return state::LockCreate::kUntilFree;
  }
  return std::nullopt;
}

std::optional<LockMode> mode_of(api::LockMode::type mode) {
  switch (mode) {
    case api::LockMode::EXCLUSIVE:
      return LockMode::kExclusive;
    case api::LockMode::SHARED:
      return LockMode::kShared;
  }
  return std::nullopt;
}

// The state machine judges by its own limit, which is not higher. What is beyond this one is not
// even carried to the leader: many such requests at once would take its memory.
std::optional<state::Error> check_contents(const std::string& contents) {
  return check_text("contents", contents, {"content_bytes_max", limits::kContentBytesMax});
}

// CreateRequest and CreateOp have the same fields.
template <typename Request>
Parsed<state::Create> create_from(const Request& request, const CellNames& cell) {
  if (auto error = check_contents(request.contents)) return *std::move(error);
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  const auto kind = kind_of(request.kind);
  if (!kind) return bad("unknown kind of node " + std::to_string(static_cast<int>(request.kind)));
  return state::Create{.path = std::get<std::string>(std::move(path)),
                       .contents = request.contents,
                       .kind = *kind,
                       .sequential = request.sequential,
                       .create_parents = request.create_parents};
}

template <typename Request>
Parsed<state::Remove> remove_from(const Request& request, const CellNames& cell) {
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  return state::Remove{.path = std::get<std::string>(std::move(path)),
                       .conditions = conditions_of(request),
                       .owner = state::OwnerId(to_u64(request.owner))};
}

template <typename Request>
Parsed<state::SetContents> set_from(const Request& request, const CellNames& cell) {
  if (auto error = check_contents(request.contents)) return *std::move(error);
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  return state::SetContents{.path = std::get<std::string>(std::move(path)),
                            .contents = request.contents,
                            .conditions = conditions_of(request)};
}

// A parsed operation as the wider variant `To`.
template <typename To, typename From>
Parsed<To> widen(Parsed<From> parsed) {
  if (auto* error = std::get_if<state::Error>(&parsed)) return std::move(*error);
  return To(std::get<From>(std::move(parsed)));
}

Parsed<state::MultiOp> parse_check(const api::Op& op, const CellNames& cell) {
  if (op.__isset.check_sequencer) {
    Parsed<Sequencer> sequencer = parse_client_sequencer(op.check_sequencer.sequencer, cell);
    if (auto* error = std::get_if<state::Error>(&sequencer)) return std::move(*error);
    return state::MultiOp(state::CheckHeld{.sequencer = std::get<Sequencer>(std::move(sequencer))});
  }
  const bool must_exist = op.__isset.check_node;
  Parsed<std::string> path =
      parse_client_path(must_exist ? op.check_node.path : op.check_absent.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  state::Check check{.path = std::get<std::string>(std::move(path)), .must_exist = must_exist};
  if (must_exist) check.conditions = conditions_of(op.check_node);
  return state::MultiOp(std::move(check));
}

Parsed<state::MultiOp> parse_multi_op(const api::Op& op, const CellNames& cell) {
  const auto& set = op.__isset;
  const int count = int(set.create) + int(set.set_contents) + int(set.remove) +
                    int(set.check_node) + int(set.check_absent) + int(set.check_sequencer);
  if (count != 1) return bad("an operation of a multi must be exactly one of its kinds");
  if (set.create) return widen<state::MultiOp>(create_from(op.create, cell));
  if (set.set_contents) return widen<state::MultiOp>(set_from(op.set_contents, cell));
  if (set.remove) return widen<state::MultiOp>(remove_from(op.remove, cell));
  return parse_check(op, cell);
}

std::optional<state::EventKind> event_kind_of(api::EventKind::type kind) {
  switch (kind) {
    case api::EventKind::CONTENTS_CHANGED:
      return state::EventKind::kContentsChanged;
    case api::EventKind::CHILD_ADDED:
      return state::EventKind::kChildAdded;
    case api::EventKind::CHILD_REMOVED:
      return state::EventKind::kChildRemoved;
    case api::EventKind::NODE_DELETED:
      return state::EventKind::kNodeDeleted;
    case api::EventKind::NODE_CREATED:
      return state::EventKind::kNodeCreated;
    case api::EventKind::LOCK_ACQUIRED:
      return state::EventKind::kLockAcquired;
    case api::EventKind::LOCK_RELEASED:
      return state::EventKind::kLockReleased;
    case api::EventKind::LOCK_LOST:
      return state::EventKind::kLockLost;
    case api::EventKind::LOCK_CONFLICT:
      return state::EventKind::kLockConflict;
    case api::EventKind::LEADER_CHANGED:
      return state::EventKind::kLeaderChanged;
    case api::EventKind::EVENTS_LOST:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

state::Error make_error(ErrorCode code, std::string message) {
  state::Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

Parsed<replica::Terms> parse_terms(const api::RequestHeader& header, const CellNames& cell) {
  if ((header.__isset.cell_name && header.cell_name != cell.name) ||
      (header.__isset.cell_id && header.cell_id != cell.id)) {
    return make_error(ErrorCode::kWrongCell,
                      "this replica belongs to cell " + cell.name + ", which is another");
  }
  replica::Terms terms{.session = SessionId(to_u64(header.session_id)),
                       .request = state::RequestNumber(to_u64(header.request_number)),
                       .answered_below = state::RequestNumber(to_u64(header.answered_below)),
                       .last_seen = Zxid(to_u64(header.last_seen_zxid))};
  if (header.__isset.timeout_ms && header.timeout_ms != 0) {
    if (header.timeout_ms < 0) return bad("timeout_ms must not be negative");
    terms.timeout_ms = header.timeout_ms;
  }
  if (header.__isset.guard) {
    Parsed<Sequencer> guard = parse_client_sequencer(header.guard, cell);
    if (auto* error = std::get_if<state::Error>(&guard)) return std::move(*error);
    terms.guard = std::get<Sequencer>(std::move(guard));
  }
  return terms;
}

Parsed<std::string> parse_client_path(const std::string& path, const CellNames& cell) {
  Result<std::string> parsed = parse_path(path, cell.name);
  if (parsed.ok()) return std::move(parsed).value();
  const Status status = parsed.status();
  if (status.code() == StatusCode::kWrongCell) {
    return make_error(ErrorCode::kWrongCell, status.message());
  }
  if (status.code() == StatusCode::kTooLarge) {
    state::Error error = make_error(ErrorCode::kTooLarge, status.message());
    const bool whole = path.size() > limits::kPathBytesMax;
    error.limit_name = whole ? "path_bytes_max" : "component_bytes_max";
    error.limit = whole ? limits::kPathBytesMax : limits::kComponentBytesMax;
    error.actual = path.size();
    return error;
  }
  return bad(status.message());
}

Parsed<Sequencer> parse_client_sequencer(const std::string& text, const CellNames& cell) {
  Result<Sequencer> parsed = parse_sequencer(text);
  if (!parsed.ok()) return bad(parsed.status().message());
  if (parsed->cell_prefix != cell.sequencer_prefix) {
    return make_error(ErrorCode::kWrongCell, "the sequencer is of another cell than " + cell.name);
  }
  return std::move(parsed).value();
}

Parsed<state::SecretHash> parse_secret(const std::string& secret) {
  if (secret.size() != kSecretBytes) {
    return bad("a session's secret has " + std::to_string(kSecretBytes) + " bytes, not " +
               std::to_string(secret.size()));
  }
  return hash_of(secret);
}

Parsed<state::OpenSession> parse_open(const api::OpenSessionRequest& request) {
  if (request.header.session_id != 0) return bad("session_id must be 0 to open a session");
  if (auto error = check_text("client_name", request.client_name, kNameLimit)) return *error;
  if (auto error = check_text("host", request.host, kNameLimit)) return *error;
  if (auto error = check_text("instance_name", request.instance_name, kNameLimit)) return *error;
  if (request.lease_ms < 0) return bad("lease_ms must not be negative");
  Parsed<state::SecretHash> secret = parse_secret(request.secret);
  if (auto* error = std::get_if<state::Error>(&secret)) return std::move(*error);
  state::OpenSession op{.secret = std::get<state::SecretHash>(std::move(secret)),
                        .lease_ms = request.lease_ms,
                        .client_name = request.client_name,
                        .host = request.host,
                        .instance_name = request.instance_name};
  if (request.__isset.previous) {
    Parsed<state::SecretHash> previous = parse_secret(request.previous.secret);
    if (auto* error = std::get_if<state::Error>(&previous)) return std::move(*error);
    op.previous = {.instance_name = request.previous.instance_name,
                   .secret = std::get<state::SecretHash>(std::move(previous))};
  }
  return op;
}

Parsed<state::Op> parse_acquire(const api::AcquireRequest& request, const CellNames& cell) {
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  const auto mode = mode_of(request.mode);
  const auto create = create_of(request.create);
  if (!mode) return bad("unknown lock mode " + std::to_string(static_cast<int>(request.mode)));
  if (!create)
    return bad("unknown create mode " + std::to_string(static_cast<int>(request.create)));
  if (request.wait_ms < -1) return bad("wait_ms is 0, -1 for no limit, or positive");
  if (request.lock_delay_ms < 0 || request.lock_delay_ms > limits::kLockDelayMaxMs) {
    return bad("lock_delay_ms is from 0 to " + std::to_string(limits::kLockDelayMaxMs));
  }
  if (auto error = check_text("description", request.description, kDescriptionLimit)) {
    return *error;
  }
  return state::Op(state::Acquire{.path = std::get<std::string>(std::move(path)),
                                  .mode = *mode,
                                  .wait_ms = request.wait_ms,
                                  .lock_delay_ms = request.lock_delay_ms,
                                  .owner = state::OwnerId(to_u64(request.owner)),
                                  .description = request.description,
                                  .create = *create});
}

Parsed<state::Op> parse_kill(const api::KillSessionRequest& request) {
  if (auto error = check_required("reason", request.reason, kReasonLimit)) return *error;
  if (auto error = check_required("operator_name", request.operator_name, kNameLimit)) {
    return *error;
  }
  return state::Op(state::KillSession{.session = SessionId(to_u64(request.session_id)),
                                      .reason = request.reason,
                                      .who = request.operator_name,
                                      .now = request.now});
}

Parsed<state::Op> parse_break(const api::BreakLockRequest& request, const CellNames& cell) {
  if (auto error = check_required("reason", request.reason, kReasonLimit)) return *error;
  if (auto error = check_required("operator_name", request.operator_name, kNameLimit)) {
    return *error;
  }
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  return state::Op(state::BreakLock{.path = std::get<std::string>(std::move(path)),
                                    .acquisition = Zxid(to_u64(request.acquisition)),
                                    .reason = request.reason,
                                    .who = request.operator_name,
                                    .now = request.now});
}

Parsed<state::Op> parse_create(const api::CreateRequest& request, const CellNames& cell) {
  return widen<state::Op>(create_from(request, cell));
}

Parsed<state::Op> parse_remove(const api::RemoveRequest& request, const CellNames& cell) {
  return widen<state::Op>(remove_from(request, cell));
}

Parsed<state::Op> parse_set(const api::SetContentsRequest& request, const CellNames& cell) {
  return widen<state::Op>(set_from(request, cell));
}

Parsed<state::Op> parse_multi(const api::MultiRequest& request, const CellNames& cell) {
  if (request.ops.size() > limits::kMultiOpsMax) {
    state::Error error =
        make_error(ErrorCode::kLimit,
                   "a multi has at most " + std::to_string(limits::kMultiOpsMax) + " operations");
    error.limit_name = "multi_ops_max";
    error.limit = limits::kMultiOpsMax;
    error.actual = request.ops.size();
    return error;
  }
  state::Multi multi;
  multi.ops.reserve(request.ops.size());
  for (std::size_t i = 0; i < request.ops.size(); ++i) {
    Parsed<state::MultiOp> op = parse_multi_op(request.ops[i], cell);
    if (auto* error = std::get_if<state::Error>(&op)) {
      error->message = "operation " + std::to_string(i) + ": " + error->message;
      return std::move(*error);
    }
    multi.ops.push_back(std::get<state::MultiOp>(std::move(op)));
  }
  return state::Op(std::move(multi));
}

Parsed<replica::Watch> parse_watch(const api::WatchRequest& request, const CellNames& cell) {
  Parsed<std::string> path = parse_client_path(request.path, cell);
  if (auto* error = std::get_if<state::Error>(&path)) return std::move(*error);
  if (request.watch_id <= 0) return bad("watch_id must be greater than 0");
  if (request.kinds.empty()) return bad("a watch needs at least one kind of events");
  replica::Watch watch{.id = to_u64(request.watch_id),
                       .path = std::get<std::string>(std::move(path)),
                       .recursive = request.recursive};
  for (const api::EventKind::type kind : request.kinds) {
    // EVENTS_LOST comes in any case, so to ask for it changes nothing.
    if (kind == api::EventKind::EVENTS_LOST) continue;
    const auto ours = event_kind_of(kind);
    if (!ours) return bad("unknown kind of event " + std::to_string(static_cast<int>(kind)));
    watch.kinds.insert(*ours);
  }
  if (request.__isset.after) watch.after = parse_event_name(request.after);
  return watch;
}

state::EventName parse_event_name(const api::EventName& name) {
  return {.zxid = Zxid(to_u64(name.zxid)), .index = static_cast<std::uint32_t>(name.index)};
}

}  // namespace holdfast::net
