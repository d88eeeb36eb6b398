#include "lockserver/state/node_tree.h"

#include "lockserver/state/image_codec.h"
#include "thrift/path.h"
#include "zab/base/check.h"
#include "zab/base/hash.h"

namespace holdfast::state {
namespace {

std::uint64_t checksum(std::string_view contents) {
  return hash_bytes(contents, kHashSeed);
}

std::uint64_t bytes_of(std::string_view path, const Node& node) {
  return kNodeBytes + path_name(path).size() + node.contents.size();
}

// Takes the next component off the front of a path in the short form, without its leading slash.
std::string_view take_component(std::string_view& rest) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view component = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return component;
}

Status corrupt(std::string_view path, const std::string& what) {
  return {StatusCode::kCorrupt, "The image's node " + std::string(path) + " " + what + "."};
}

// Calls visit(path, node) for the node and all below it, parents first, children by name.
template <typename Visit>
void walk(const std::string& path, const Node& node, Visit& visit) {
  visit(path, node);
  if (!node.children) return;
  for (const auto& [name, child] : *node.children) {
    walk(child_path(path, name), child, visit);
  }
}

void append_node(std::vector<Write>& writes, std::string_view path, const Node& node) {
  writes.push_back({.key = node_key(path), .value = encode_node(node.meta)});
}

}  // namespace

Stat Node::stat() const {
  return {.instance = meta.instance,
          .content_generation = meta.content_generation,
          .child_generation = meta.child_generation,
          .lock_generation = meta.lock_generation,
          .created_zxid = meta.instance,
          .modified_zxid = meta.modified_zxid,
          .created_wall_ms = meta.created_wall_ms,
          .modified_wall_ms = meta.modified_wall_ms,
          .contents_length = contents.size(),
          .contents_checksum = meta.contents_checksum,
          .children = child_count(),
          .ephemeral_owner = meta.ephemeral_owner,
          .kind = meta.kind};
}

NodeTree::NodeTree() {
  root_.meta.contents_checksum = checksum("");
  changed_.insert("/");  // The first batch of writes brings the root into the image.
}

const Node* NodeTree::find(std::string_view path) const {
  if (!path.starts_with('/')) return nullptr;
  const Node* node = &root_;
  std::string_view rest = path.substr(1);
  while (!rest.empty()) {
    if (!node->children) return nullptr;
    const auto child = node->children->find(take_component(rest));
    if (child == node->children->end()) return nullptr;
    node = &child->second;
  }
  return node;
}

Node* NodeTree::find_mutable(std::string_view path) {
  return const_cast<Node*>(std::as_const(*this).find(path));
}

Node& NodeTree::find_existing(std::string_view path) {
  Node* node = find_mutable(path);
  HOLDFAST_CHECK(node != nullptr, "no node at " + std::string(path));
  return *node;
}

const std::set<std::string, std::less<>>& NodeTree::ephemerals_of(SessionId session) const {
  static const std::set<std::string, std::less<>> kNone;
  const auto found = ephemerals_.find(session);
  return found == ephemerals_.end() ? kNone : found->second;
}

std::vector<SessionId> NodeTree::ephemeral_owners() const {
  std::vector<SessionId> owners;
  for (const auto& [session, paths] : ephemerals_) owners.push_back(session);
  return owners;
}

void NodeTree::mark(std::string_view path, bool contents) {
  changed_.emplace(path);
  if (contents) contents_changed_.emplace(path);
}

void NodeTree::note_meta(std::string_view path, const NodeMeta& before) {
  mark(path, false);
  if (open_) {
    journal_.push_back({.path = std::string(path), .meta = before, .contents = std::nullopt});
  }
}

void NodeTree::put_raw(std::string_view path, const NodeMeta& meta, std::string contents) {
  Node& parent = find_existing(parent_path(path));
  if (!parent.children) parent.children = std::make_unique<Children>();
  const auto [place, is_new] = parent.children->try_emplace(std::string(path_name(path)));
  HOLDFAST_CHECK(is_new, "there is a node at " + std::string(path));
  Node& node = place->second;
  node.meta = meta;
  contents.shrink_to_fit();
  node.contents = std::move(contents);
  node_count_ += 1;
  bytes_ += bytes_of(path, node);
  if (!meta.ephemeral_owner.is_none()) ephemerals_[meta.ephemeral_owner].emplace(path);
  mark(path, !node.contents.empty());
}

Node NodeTree::erase_raw(std::string_view path) {
  Node& parent = find_existing(parent_path(path));
  HOLDFAST_CHECK(parent.children, "no children at " + std::string(parent_path(path)));
  const auto place = parent.children->find(path_name(path));
  HOLDFAST_CHECK(place != parent.children->end(), "no node at " + std::string(path));
  Node node = std::move(place->second);
  HOLDFAST_CHECK(node.child_count() == 0, "children at " + std::string(path));
  parent.children->erase(place);
  if (parent.children->empty()) parent.children.reset();
  node_count_ -= 1;
  bytes_ -= bytes_of(path, node);
  if (const auto owned = ephemerals_.find(node.meta.ephemeral_owner); owned != ephemerals_.end()) {
    owned->second.erase(owned->second.find(path));
    if (owned->second.empty()) ephemerals_.erase(owned);
  }
  mark(path, !node.contents.empty());
  return node;
}

void NodeTree::insert(std::string_view path, NewNode node) {
  NodeMeta& parent = find_existing(parent_path(path)).meta;
  note_meta(parent_path(path), parent);
  parent.child_generation += 1;
  if (open_) {
    journal_.push_back({.path = std::string(path), .meta = std::nullopt, .contents = std::nullopt});
  }
  NodeMeta meta;
  meta.instance = node.zxid;
  meta.modified_zxid = node.zxid;
  meta.created_wall_ms = node.wall_ms;
  meta.modified_wall_ms = node.wall_ms;
  meta.contents_checksum = checksum(node.contents);
  meta.ephemeral_owner = node.ephemeral_owner;
  meta.kind = node.kind;
  put_raw(path, meta, std::move(node.contents));
}

void NodeTree::erase(std::string_view path) {
  NodeMeta& parent = find_existing(parent_path(path)).meta;
  note_meta(parent_path(path), parent);
  parent.child_generation += 1;
  Node node = erase_raw(path);
  if (open_) {
    journal_.push_back(
        {.path = std::string(path), .meta = node.meta, .contents = std::move(node.contents)});
  }
}

void NodeTree::set_contents(std::string_view path, NewContents contents) {
  Node& node = find_existing(path);
  mark(path, !node.contents.empty() || !contents.contents.empty());
  const NodeMeta before = node.meta;
  bytes_ += contents.contents.size();
  bytes_ -= node.contents.size();
  contents.contents.shrink_to_fit();
  std::swap(node.contents, contents.contents);
  node.meta.content_generation += 1;
  node.meta.modified_zxid = contents.zxid;
  node.meta.modified_wall_ms = contents.wall_ms;
  node.meta.contents_checksum = checksum(node.contents);
  if (open_) {
    journal_.push_back(
        {.path = std::string(path), .meta = before, .contents = std::move(contents.contents)});
  }
}

void NodeTree::set_lock_generation(std::string_view path, Zxid generation) {
  NodeMeta& meta = find_existing(path).meta;
  note_meta(path, meta);
  meta.lock_generation = generation;
}

void NodeTree::set_next_sequence(std::string_view path, std::uint64_t next) {
  NodeMeta& meta = find_existing(path).meta;
  note_meta(path, meta);
  meta.next_sequence = next;
}

void NodeTree::begin() {
  HOLDFAST_CHECK(!open_ && journal_.empty(), "an earlier begin() is still open");
  open_ = true;
}

void NodeTree::keep() {
  HOLDFAST_CHECK(open_, "keep() without begin()");
  open_ = false;
  journal_.clear();
}

void NodeTree::undo() {
  HOLDFAST_CHECK(open_, "undo() without begin()");
  open_ = false;
  while (!journal_.empty()) {
    undo_one(std::move(journal_.back()));
    journal_.pop_back();
  }
}

void NodeTree::undo_one(Before before) {
  Node* node = find_mutable(before.path);
  if (!before.meta) {
    erase_raw(before.path);
  } else if (node == nullptr) {
    put_raw(before.path, *before.meta, std::move(before.contents).value());
  } else {
    node->meta = *before.meta;
    if (before.contents) {
      bytes_ += before.contents->size();
      bytes_ -= node->contents.size();
      node->contents = std::move(*before.contents);
    }
  }
}

std::vector<Write> NodeTree::take_writes() {
  HOLDFAST_CHECK(!open_, "changes that may yet be taken back");
  std::vector<Write> writes;
  for (const std::string& path : changed_) {
    if (const Node* node = find(path)) {
      append_node(writes, path, *node);
    } else {
      writes.push_back({.key = node_key(path), .value = std::nullopt});
    }
  }
  for (const std::string& path : contents_changed_) {
    const Node* node = find(path);
    const bool stored = node != nullptr && !node->contents.empty();
    writes.push_back({.key = contents_key(path),
                      .value = stored ? std::optional(node->contents) : std::nullopt});
  }
  changed_.clear();
  contents_changed_.clear();
  return writes;
}

std::vector<Write> NodeTree::all_writes() const {
  std::vector<Write> writes;
  auto visit = [&writes](const std::string& path, const Node& node) {
    append_node(writes, path, node);
    if (!node.contents.empty()) {
      writes.push_back({.key = contents_key(path), .value = node.contents});
    }
  };
  walk("/", root_, visit);
  return writes;
}

Node& NodeTree::load_place(std::string_view path) {
  Node* node = &root_;
  std::string_view rest = path.substr(1);
  while (!rest.empty()) {
    const std::string_view name = take_component(rest);
    if (!node->children) node->children = std::make_unique<Children>();
    const auto [child, is_new] = node->children->try_emplace(std::string(name));
    if (is_new) {
      node_count_ += 1;
      unread_.emplace(path.substr(0, static_cast<std::size_t>(name.end() - path.begin())));
    }
    node = &child->second;
  }
  return *node;
}

Status NodeTree::load_node(std::string_view path, const NodeMeta& meta) {
  Node& node = load_place(path);
  unread_.erase(std::string(path));
  node.meta = meta;
  if (!meta.ephemeral_owner.is_none()) ephemerals_[meta.ephemeral_owner].emplace(path);
  if (path == "/") changed_.clear();
  return {};
}

Status NodeTree::load_contents(std::string_view path, std::string_view contents) {
  if (contents.empty()) return corrupt(path, "has a record of empty contents");
  load_place(path).contents = contents;
  return {};
}

Status NodeTree::finish_load() {
  if (!unread_.empty())
    return corrupt(*unread_.begin(), "is missing, but something below it is not");
  if (!changed_.empty()) return corrupt("/", "is missing");
  bytes_ = 0;
  auto visit = [this](const std::string& path, const Node& node) {
    bytes_ += bytes_of(path, node);
  };
  walk("/", root_, visit);
  return audit();
}

Status NodeTree::audit() const {
  Status status;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t ephemerals = 0;
  auto visit = [&](const std::string& path, const Node& node) {
    count += 1;
    bytes += bytes_of(path, node);
    const bool ephemeral = node.meta.kind == NodeKind::kEphemeral;
    ephemerals += ephemeral ? 1 : 0;
    if (!status.ok()) return;
    if (Status valid = check_path(path); !valid.ok()) {
      status = corrupt(path, "has an invalid path");
    } else if (checksum(node.contents) != node.meta.contents_checksum) {
      status = corrupt(path, "has contents that do not fit their checksum");
    } else if (ephemeral == node.meta.ephemeral_owner.is_none()) {
      status = corrupt(path, "is ephemeral without an owner, or the reverse");
    } else if (ephemeral && node.child_count() > 0) {
      status = corrupt(path, "is ephemeral and has children");
    } else if (ephemeral && !ephemerals_of(node.meta.ephemeral_owner).contains(path)) {
      status = corrupt(path, "is not among the ephemeral nodes of its owner");
    }
  };
  walk("/", root_, visit);
  for (const auto& [session, paths] : ephemerals_) ephemerals -= paths.size();
  if (status.ok() && (count != node_count_ || bytes != bytes_ || ephemerals != 0)) {
    return {StatusCode::kCorrupt, "The sums kept over the nodes are wrong."};
  }
  return status;
}

}  // namespace holdfast::state
