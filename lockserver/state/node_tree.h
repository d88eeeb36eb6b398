#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lockserver/state/effects.h"
#include "lockserver/state/records.h"
#include "lockserver/state/reply.h"
#include "zab/base/status.h"

namespace holdfast::state {

struct Node;
using Children = std::map<std::string, Node, std::less<>>;  // By name.

// A node of 100 bytes of contents takes about 350 bytes of memory.
struct Node {
  NodeMeta meta;
  std::string contents;
  std::unique_ptr<Children> children;  // Null when there are none.

  std::size_t child_count() const { return children ? children->size() : 0; }
  Stat stat() const;
};

// The namespace: a tree of nodes below "/", which is always there. Knows nothing of locks and
// sessions and judges nothing: callers have seen that paths are valid and that what they ask is
// possible.
//
// Changes between begin() and keep() can be taken back by undo(). What was changed is noted, and
// take_writes() gives it as changes of the image.
class NodeTree {
 public:
  NodeTree();

  const Node* find(std::string_view path) const;  // Null when there is no such node.
  std::uint64_t node_count() const { return node_count_; }
  std::uint64_t bytes() const { return bytes_; }  // As counted against state_bytes_max.
  // Paths of the ephemeral nodes of a session, ascending.
  const std::set<std::string, std::less<>>& ephemerals_of(SessionId session) const;

  std::vector<SessionId> ephemeral_owners() const;

  // Changes. The parent's child_generation grows by insert and erase.
  struct NewNode {
    Zxid zxid;
    std::int64_t wall_ms = 0;
    NodeKind kind = NodeKind::kPersistent;
    SessionId ephemeral_owner;
    std::string contents;
  };
  void insert(std::string_view path, NewNode node);  // The parent exists, the node does not.
  void erase(std::string_view path);                 // The node exists and has no children.
  struct NewContents {
    Zxid zxid;
    std::int64_t wall_ms = 0;
    std::string contents;
  };
  void set_contents(std::string_view path, NewContents contents);
  void set_lock_generation(std::string_view path, Zxid generation);
  // The number of the next sequential child becomes `next`.
  void set_next_sequence(std::string_view path, std::uint64_t next);

  void begin();  // Not while another begin() is open.
  void keep();
  void undo();

  // The changes since the last call. The image had everything before them.
  std::vector<Write> take_writes();
  // Everything.
  std::vector<Write> all_writes() const;

  // Records of an image, in any order; then finish_load, which is kCorrupt when they are not whole.
  Status load_node(std::string_view path, const NodeMeta& meta);
  Status load_contents(std::string_view path, std::string_view contents);
  Status finish_load();

  // kCorrupt if it contradicts itself; O(n).
  Status audit() const;

 private:
  // What a node was before a change: absent, or with this meta and, if those changed, these
  // contents.
  struct Before {
    std::string path;
    std::optional<NodeMeta> meta;
    std::optional<std::string> contents;
  };

  Node* find_mutable(std::string_view path);
  Node& find_existing(std::string_view path);
  Node& load_place(std::string_view path);
  void note_meta(std::string_view path, const NodeMeta& before);
  void put_raw(std::string_view path, const NodeMeta& meta, std::string contents);
  Node erase_raw(std::string_view path);
  void undo_one(Before before);
  void mark(std::string_view path, bool contents);

  Node root_;
  std::uint64_t node_count_ = 1;
  std::uint64_t bytes_ = kNodeBytes;
  std::map<SessionId, std::set<std::string, std::less<>>> ephemerals_;
  bool open_ = false;
  std::vector<Before> journal_;
  std::set<std::string, std::less<>> changed_;
  std::set<std::string, std::less<>> contents_changed_;
  std::set<std::string, std::less<>> unread_;  // While loading: nodes known only by another record.
};

}  // namespace holdfast::state
