#include "client/cli/tree_walk.h"

#include <utility>

namespace holdfast::cli {
namespace {

std::optional<client::Error> walk_below(client::CellClient& cell, const Context& context,
                                        const std::string& path, int depth, const Visit& visit) {
  if (auto error = visit(path, depth)) return error;
  client::List list;
  list.path = path;
  const auto children = all_children(cell, context, std::move(list));
  // A node that was removed meanwhile has no children any more.
  if (!children && children.error().code == client::ErrorCode::kNoNode && depth > 0) return {};
  if (!children) return children.error();
  for (const client::Child& child : *children) {
    if (auto error = walk_below(cell, context, child_of(path, child.name), depth + 1, visit))
      return error;
  }
  return std::nullopt;
}

}  // namespace

std::string child_of(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

client::Outcome<std::vector<client::Child>> all_children(client::CellClient& cell,
                                                         const Context& context,
                                                         client::List list) {
  std::vector<client::Child> out;
  while (true) {
    client::Outcome<client::Children> page = cell.call(list, context.call_options());
    if (!page) return page.error();
    for (client::Child& child : page->children) out.push_back(std::move(child));
    if (!page->more || out.empty()) return out;
    list.after = out.back().name;
  }
}

std::optional<client::Error> walk(client::CellClient& cell, const Context& context,
                                  const std::string& path, const Visit& visit) {
  return walk_below(cell, context, path, 0, visit);
}

}  // namespace holdfast::cli
