#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lockserver/state/command.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/rooms.h"
#include "lockserver/state/turn.h"

namespace holdfast::state {

// The operations on nodes. What they remove or take a child from is noted in the turn;
// LockOps::settle does the rest.
class NodeOps {
 public:
  NodeOps(Rooms& rooms, Turn& turn) : rooms_(rooms), turn_(turn) {}

  Reply apply(const Create& op);
  Reply apply(const Remove& op);
  Reply apply(const SetContents& op);
  Reply apply(const Multi& op);

  // For an acquire that creates its node: all or nothing, together with the acquire.
  void begin();
  void keep();
  void undo();
  std::optional<Error> create_for_lock(const Acquire& op);

  // The node exists and has no children; nothing is judged.
  void erase(std::string_view path);

 private:
  using Outcome = std::variant<MultiOpResult, Error>;

  Outcome run(const Create& op);
  Outcome run(const Remove& op);
  Outcome run(const SetContents& op);
  Outcome run(const Check& op);
  Outcome run(const CheckHeld& op);

  template <typename Op>
  Reply apply_single(const Op& op);
  std::optional<Error> create_parents(std::string_view path);
  std::optional<Error> insert(std::string_view path, NodeTree::NewNode node);
  std::optional<Error> judge_insert(std::string_view path, const NodeTree::NewNode& node) const;
  std::optional<Error> judge_lock(const Remove& op) const;
  std::string take_sequential_path(std::string_view path);
  NodeTree::NewNode new_node(NodeKind kind, std::string contents) const;

  Rooms& rooms_;
  Turn& turn_;
  // Since begin().
  std::size_t events_before_ = 0;
  PathSet created_;
  PathSet removed_;
};

}  // namespace holdfast::state
