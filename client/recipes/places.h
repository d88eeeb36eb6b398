#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "client/session_ref.h"

// What the recipes share that keep places in line below a node.

namespace holdfast::client::detail {

std::string child_path(const std::string& parent, std::string_view name);
std::string name_of(const std::string& path);  // The last component.

// Makes the node, with its parents, or finds it there with the same contents: those who share a
// recipe agree so on its number. BAD_ARGUMENT if it holds something else.
void agree_on(const SessionRef& session, const std::string& path, const std::string& contents,
              std::function<void(Outcome<Contents>)> done);

// Removes a place that is not wanted any more, for as long as the session lives: one whose lock was
// broken can be removed when the cell knows that its holder has heard of it.
void give_up(const SessionRef& session, const std::string& place, OwnerId owner);

}  // namespace holdfast::client::detail
