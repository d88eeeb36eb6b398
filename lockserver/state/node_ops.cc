#include "lockserver/state/node_ops.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "lockserver/state/errors.h"
#include "lockserver/state/lock_views.h"
#include "thrift/path.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

constexpr std::size_t kSequenceDigits = 10;

std::optional<Error> judge_path(std::string_view path) {
  const Status valid = check_path(path);
  return valid.ok() ? std::nullopt : std::optional(bad_path(valid, path));
}

std::optional<Error> judge_contents(const Rooms& rooms, const std::string& contents) {
  const std::uint64_t max = rooms.limits.content_bytes_max;
  if (contents.size() <= max) return std::nullopt;
  return too_large({.name = "content_bytes_max", .limit = max, .actual = contents.size()});
}

std::optional<Error> judge_conditions(std::string_view path, const Node& node,
                                      const Conditions& conditions) {
  if (conditions.instance && *conditions.instance != node.meta.instance) {
    return stale_instance(path, node.meta.instance);
  }
  if (conditions.content_generation &&
      *conditions.content_generation != node.meta.content_generation) {
    return bad_generation(path, node.meta.content_generation);
  }
  return std::nullopt;
}

struct BytesOf {
  std::size_t operator()(const Create& op) const { return op.path.size() + op.contents.size(); }
  std::size_t operator()(const Remove& op) const { return op.path.size(); }
  std::size_t operator()(const SetContents& op) const {
    return op.path.size() + op.contents.size();
  }
  std::size_t operator()(const Check& op) const { return op.path.size(); }
  std::size_t operator()(const CheckHeld& op) const { return op.sequencer.path.size(); }
};

std::optional<Error> judge_size(const Multi& multi) {
  if (multi.ops.size() > limits::kMultiOpsMax) {
    return limit_reached(
        {.name = "multi_ops_max", .limit = limits::kMultiOpsMax, .actual = multi.ops.size()});
  }
  std::size_t bytes = 0;
  for (const MultiOp& op : multi.ops) bytes += std::visit(BytesOf{}, op);
  if (bytes > limits::kMultiBytesMax) {
    return too_large({.name = "multi_bytes_max", .limit = limits::kMultiBytesMax, .actual = bytes});
  }
  return std::nullopt;
}

}  // namespace

void NodeOps::begin() {
  rooms_.nodes.begin();
  events_before_ = turn_.effects.events.size();
  created_.clear();
  removed_.clear();
}

void NodeOps::keep() {
  rooms_.nodes.keep();
  for (const std::string& path : removed_) turn_.unsettled.emplace(parent_path(path));
  turn_.removed.merge(removed_);
}

void NodeOps::undo() {
  rooms_.nodes.undo();
  turn_.effects.events.resize(events_before_);
}

template <typename Op>
Reply NodeOps::apply_single(const Op& op) {
  begin();
  Outcome outcome = run(op);
  if (auto* error = std::get_if<Error>(&outcome)) {
    undo();
    return std::move(*error);
  }
  keep();
  return std::visit(
      [](auto& result) -> Reply {
        // A check stands only in a multi, and is never run alone.
        if constexpr (std::is_same_v<std::decay_t<decltype(result)>, Checked>) {
          return Done{};
        } else {
          return std::move(result);
        }
      },
      std::get<MultiOpResult>(outcome));
}

Reply NodeOps::apply(const Create& op) {
  return apply_single(op);
}
Reply NodeOps::apply(const Remove& op) {
  return apply_single(op);
}
Reply NodeOps::apply(const SetContents& op) {
  return apply_single(op);
}

Reply NodeOps::apply(const Multi& op) {
  if (auto error = judge_size(op)) return *error;
  MultiDone done;
  begin();
  for (const MultiOp& one : op.ops) {
    Outcome outcome = std::visit([this](const auto& each) { return run(each); }, one);
    if (auto* error = std::get_if<Error>(&outcome)) {
      undo();
      return MultiFailed{.index = static_cast<std::uint32_t>(done.results.size()),
                         .error = std::move(*error)};
    }
    done.results.push_back(std::get<MultiOpResult>(std::move(outcome)));
  }
  keep();
  return done;
}

NodeOps::Outcome NodeOps::run(const Create& op) {
  if (auto error = judge_path(op.path)) return *error;
  if (auto error = judge_contents(rooms_, op.contents)) return *error;
  if (op.path == "/") return node_exists(op.path);
  if (op.create_parents) {
    if (auto error = create_parents(op.path)) return *error;
  }
  if (rooms_.nodes.find(parent_path(op.path)) == nullptr) return no_node(parent_path(op.path));
  const std::string path = op.sequential ? take_sequential_path(op.path) : op.path;
  if (auto error = judge_path(path)) return *error;
  if (auto error = insert(path, new_node(op.kind, op.contents))) return *error;
  return Created{.path = path, .stat = rooms_.nodes.find(path)->stat()};
}

NodeOps::Outcome NodeOps::run(const Remove& op) {
  if (auto error = judge_path(op.path)) return *error;
  if (op.path == "/") return bad_argument("The root cannot be removed.");
  const Node* node = rooms_.nodes.find(op.path);
  if (node == nullptr) return no_node(op.path);
  if (auto error = judge_conditions(op.path, *node, op.conditions)) return *error;
  if (node->child_count() > 0) return not_empty(op.path);
  if (auto error = judge_lock(op)) return *error;
  if (const Lock* lock = rooms_.locks.find(op.path)) {
    for (const auto& [asked, holder] : lock->holders) {
      turn_.emit(lock_event(rooms_, EventKind::kLockReleased, op.path, holder));
    }
  }
  erase(op.path);
  return Removed{};
}

NodeOps::Outcome NodeOps::run(const SetContents& op) {
  if (auto error = judge_path(op.path)) return *error;
  if (auto error = judge_contents(rooms_, op.contents)) return *error;
  const Node* node = rooms_.nodes.find(op.path);
  if (node == nullptr) return no_node(op.path);
  if (auto error = judge_conditions(op.path, *node, op.conditions)) return *error;
  const std::size_t before = node->contents.size();
  if (op.contents.size() > before) {
    auto error = check_space(rooms_, Growth::kData, op.contents.size() - before);
    if (error) return *error;
  }
  rooms_.nodes.set_contents(
      op.path, {.zxid = turn_.zxid, .wall_ms = turn_.stamp.wall_ms, .contents = op.contents});
  Event event;
  event.kind = EventKind::kContentsChanged;
  event.path = op.path;
  event.instance = node->meta.instance;
  event.content_generation = node->meta.content_generation;
  turn_.emit(std::move(event));
  return ContentsSet{.stat = node->stat()};
}

NodeOps::Outcome NodeOps::run(const Check& op) {
  if (auto error = judge_path(op.path)) return *error;
  const Node* node = rooms_.nodes.find(op.path);
  if (!op.must_exist) {
    if (node != nullptr) return node_exists(op.path);
    return Checked{.stat = std::nullopt};
  }
  if (node == nullptr) return no_node(op.path);
  if (auto error = judge_conditions(op.path, *node, op.conditions)) return *error;
  return Checked{.stat = node->stat()};
}

NodeOps::Outcome NodeOps::run(const CheckHeld& op) {
  if (auto error = judge_sequencer(rooms_, op.sequencer)) return *error;
  return Checked{.stat = std::nullopt};
}

// A lock on the node hinders its removal, unless nobody has it but he who removes.
std::optional<Error> NodeOps::judge_lock(const Remove& op) const {
  const Lock* lock = rooms_.locks.find(op.path);
  if (lock == nullptr) return std::nullopt;
  const Party remover = turn_.party(op.owner);
  const bool others =
      std::any_of(lock->holders.begin(), lock->holders.end(),
                  [&remover](const auto& holder) { return holder.second.party != remover; });
  if (others) return lock_held(rooms_, op.path);
  if (lock->is_delayed()) return lock_delayed(rooms_, op.path);
  return std::nullopt;
}

std::optional<Error> NodeOps::create_for_lock(const Acquire& op) {
  if (auto error = create_parents(op.path)) return error;
  const NodeKind kind =
      op.create == LockCreate::kUntilFree ? NodeKind::kUntilFree : NodeKind::kPersistent;
  return insert(op.path, new_node(kind, {}));
}

// Parents that are missing, from the root downwards. The path itself is not created.
std::optional<Error> NodeOps::create_parents(std::string_view path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    const std::string_view parent = path.substr(0, slash);
    if (rooms_.nodes.find(parent) != nullptr) continue;
    if (auto error = insert(parent, new_node(NodeKind::kPersistent, {}))) return error;
  }
  return std::nullopt;
}

NodeTree::NewNode NodeOps::new_node(NodeKind kind, std::string contents) const {
  return {.zxid = turn_.zxid,
          .wall_ms = turn_.stamp.wall_ms,
          .kind = kind,
          .ephemeral_owner = kind == NodeKind::kEphemeral ? turn_.command.session : SessionId(),
          .contents = std::move(contents)};
}

std::optional<Error> NodeOps::judge_insert(std::string_view path,
                                           const NodeTree::NewNode& node) const {
  if (rooms_.nodes.find(path) != nullptr) return node_exists(path);
  // Else two nodes of one path could have the same instance.
  if (created_.contains(path) || removed_.contains(path)) {
    return bad_argument("A multi creates a path at most once, and does not remove it before: " +
                        std::string(path) + ".");
  }
  const std::string_view parent = parent_path(path);
  if (rooms_.nodes.find(parent)->meta.kind == NodeKind::kEphemeral) {
    return no_children_for_ephemerals(parent);
  }
  if (node.kind == NodeKind::kEphemeral) {
    const std::size_t count = rooms_.nodes.ephemerals_of(node.ephemeral_owner).size();
    if (count >= limits::kEphemeralsPerSessionMax) {
      return limit_reached({.name = "ephemerals_per_session_max",
                            .limit = limits::kEphemeralsPerSessionMax,
                            .actual = count + 1});
    }
  }
  return check_space(rooms_, Growth::kData,
                     kNodeBytes + path_name(path).size() + node.contents.size());
}

std::optional<Error> NodeOps::insert(std::string_view path, NodeTree::NewNode node) {
  if (auto error = judge_insert(path, node)) return error;
  rooms_.nodes.insert(path, std::move(node));
  created_.emplace(path);
  Event created;
  created.kind = EventKind::kNodeCreated;
  created.path = path;
  created.instance = turn_.zxid;
  turn_.emit(std::move(created));
  Event added;
  added.kind = EventKind::kChildAdded;
  added.path = parent_path(path);
  added.child = path_name(path);
  added.instance = rooms_.nodes.find(added.path)->meta.instance;
  turn_.emit(std::move(added));
  return std::nullopt;
}

void NodeOps::erase(std::string_view path) {
  const std::string parent(parent_path(path));
  Event deleted;
  deleted.kind = EventKind::kNodeDeleted;
  deleted.path = path;
  deleted.instance = rooms_.nodes.find(path)->meta.instance;
  rooms_.nodes.erase(path);
  removed_.emplace(path);
  turn_.emit(std::move(deleted));
  Event removed;
  removed.kind = EventKind::kChildRemoved;
  removed.path = parent;
  removed.child = path_name(path);
  removed.instance = rooms_.nodes.find(parent)->meta.instance;
  turn_.emit(std::move(removed));
}

// The numbers of a parent's sequential children grow, and skip names that were taken by hand.
std::string NodeOps::take_sequential_path(std::string_view path) {
  const std::string parent(parent_path(path));
  std::uint64_t number = rooms_.nodes.find(parent)->meta.next_sequence;
  std::string sequential;
  do {
    const std::string digits = std::to_string(number++);
    sequential = path;
    sequential.append(kSequenceDigits - std::min(kSequenceDigits, digits.size()), '0');
    sequential += digits;
  } while (rooms_.nodes.find(sequential) != nullptr);
  rooms_.nodes.set_next_sequence(parent, number);
  return sequential;
}

}  // namespace holdfast::state
