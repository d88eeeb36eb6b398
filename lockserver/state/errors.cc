#include "lockserver/state/errors.h"

#include "thrift/printable.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

Error make(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

Error at(ErrorCode code, std::string_view path, const std::string& message) {
  Error error = make(code, message);
  error.path = path;
  return error;
}

Error beyond(ErrorCode code, const Excess& excess, const std::string& what) {
  Error error =
      make(code, what + " " + std::string(excess.name) + " of " + std::to_string(excess.limit) +
                     ": it would be " + std::to_string(excess.actual) + ".");
  error.limit_name = excess.name;
  error.limit = excess.limit;
  error.actual = excess.actual;
  return error;
}

}  // namespace

Error bad_argument(const std::string& message) {
  return make(ErrorCode::kBadArgument, message);
}

Error bad_path(const Status& why, std::string_view path) {
  if (why.code() != StatusCode::kTooLarge) return bad_argument(why.message());
  Error error = make(ErrorCode::kTooLarge, why.message());
  const bool whole = path.size() > limits::kPathBytesMax;
  error.limit_name = whole ? "path_bytes_max" : "component_bytes_max";
  error.limit = whole ? limits::kPathBytesMax : limits::kComponentBytesMax;
  error.actual = path.size();
  return error;
}

Error no_node(std::string_view path) {
  return at(ErrorCode::kNoNode, path, "There is no node " + printable(path) + ".");
}

Error node_exists(std::string_view path) {
  return at(ErrorCode::kNodeExists, path, "There is a node " + printable(path) + " already.");
}

Error not_empty(std::string_view path) {
  return at(ErrorCode::kNotEmpty, path, "The node " + printable(path) + " has children.");
}

Error no_children_for_ephemerals(std::string_view parent) {
  return at(ErrorCode::kNoChildrenForEphemerals, parent,
            "The node " + printable(parent) + " is ephemeral and cannot have children.");
}

Error stale_instance(std::string_view path, Zxid actual) {
  Error error = at(ErrorCode::kStaleInstance, path,
                   "The node " + printable(path) +
                       " is not the one that was demanded: it was "
                       "created by " +
                       to_string(actual) + ".");
  error.actual = actual.value;
  return error;
}

Error bad_generation(std::string_view path, std::uint64_t actual) {
  Error error = at(
      ErrorCode::kBadGeneration, path,
      "The contents of " + printable(path) + " are of generation " + std::to_string(actual) + ".");
  error.actual = actual;
  return error;
}

Error not_held(std::string_view path) {
  return at(ErrorCode::kNotHeld, path, "The lock " + printable(path) + " is not so held.");
}

Error session_expired(SessionId session) {
  return make(ErrorCode::kSessionExpired, "The session " + to_string(session) + " has ended.");
}

Error cancelled(std::string_view path) {
  return at(ErrorCode::kCancelled, path,
            "The wait for the lock " + printable(path) + " was cancelled.");
}

Error wait_ended(std::string_view path) {
  return at(ErrorCode::kTimeout, path,
            "The wait for the lock " + printable(path) + " has ended without it.");
}

Error limit_reached(const Excess& excess) {
  return beyond(ErrorCode::kLimit, excess, "Not beyond");
}

Error too_large(const Excess& excess) {
  return beyond(ErrorCode::kTooLarge, excess, "More than");
}

Error no_space(const Excess& excess) {
  return beyond(ErrorCode::kNoSpace, excess, "There is no room within");
}

Status corrupt_lock(std::string_view path, const std::string& what) {
  return {StatusCode::kCorrupt, "The image's lock " + std::string(path) + " " + what + "."};
}

}  // namespace holdfast::state
