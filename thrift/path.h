#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "zab/base/status.h"

// Paths of nodes. Inside the service a path is a string in the short form: "/", or components of 1
// to 255 bytes, each with a slash before it, 1,024 bytes in all at most. It is UTF-8, compared byte
// by byte (no normalisation). A component is neither "." nor ".." and has no control characters.
// "/ls" and "/.holdfast" and what would be below them are no paths of nodes: the first is the
// prefix of the long form, "/ls/<cell>/a/b" or "/ls/local/a/b" for "/a/b", the second belongs to
// the service.

namespace holdfast {

// The short form of what a client wrote, in the short or the long form. Failures name the path and
// the rule that it breaks: kWrongCell for another cell's long form, kTooLarge for a length,
// kInvalid for the rest.
Result<std::string> parse_path(std::string_view input, std::string_view cell_name);

// Whether a string is a path in the short form already. Fails as parse_path() does.
Status check_path(std::string_view path);

// Whether a string can be the name of a cell: 1 to 63 of a-z, 0-9 and "-", and not "local".
// kInvalid if not.
Status check_cell_name(std::string_view name);

// The functions below want a path in the short form.

// The path of the node above; the root is its own parent.
std::string_view parent_path(std::string_view path);

// The last component; empty for the root.
std::string_view path_name(std::string_view path);

// The components from the root downwards; none for the root. They point into `path`.
std::vector<std::string_view> path_components(std::string_view path);

// Whether `ancestor` is above `path`, not equal to it.
bool is_ancestor(std::string_view ancestor, std::string_view path);

// The path of a child. `name` must be a component; the length of the result is not checked.
std::string child_path(std::string_view parent, std::string_view name);

}  // namespace holdfast
