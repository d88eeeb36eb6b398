#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/context.h"

namespace holdfast::cli {

std::string child_of(const std::string& parent, const std::string& name);

// All children, page by page.
client::Outcome<std::vector<client::Child>> all_children(client::CellClient& cell,
                                                         const Context& context, client::List list);

// Visits a node and all below it, parents first, children by name, until a visit answers an error.
// What is removed meanwhile is left out.
using Visit = std::function<std::optional<client::Error>(const std::string& path, int depth)>;
std::optional<client::Error> walk(client::CellClient& cell, const Context& context,
                                  const std::string& path, const Visit& visit);

}  // namespace holdfast::cli
