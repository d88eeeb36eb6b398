#include "thrift/path.h"

#include <algorithm>
#include <cstddef>

#include "thrift/printable.h"
#include "thrift/utf8.h"
#include "zab/base/limits.h"

namespace holdfast {
namespace {

constexpr std::size_t kCellNameBytesMax = 63;
constexpr std::string_view kLongPrefix = "/ls";
constexpr std::string_view kOwnPrefix = "/.holdfast";

Status refuse(StatusCode code, std::string_view path, const std::string& rule) {
  return {code, "The path " + printable(path) + " " + rule + "."};
}

bool is_at_or_below(std::string_view path, std::string_view top) {
  return path == top || is_ancestor(top, path);
}

// UTF-8 without control characters; NUL is one.
Status check_characters(std::string_view path) {
  std::size_t at = 0;
  while (at < path.size()) {
    const CodePoint point = first_code_point(path.substr(at));
    if (point.length == 0) {
      return refuse(StatusCode::kInvalid, path,
                    "is not UTF-8: byte " + std::to_string(at) + " begins no character");
    }
    if (is_control(point.value)) {
      return refuse(StatusCode::kInvalid, path,
                    "has a control character at byte " + std::to_string(at));
    }
    at += point.length;
  }
  return {};
}

Status check_component(std::string_view path, std::string_view component) {
  if (component.empty()) {
    return refuse(StatusCode::kInvalid, path, "has an empty component");
  }
  if (component == "." || component == "..") {
    return refuse(StatusCode::kInvalid, path, "has a component \".\" or \"..\"");
  }
  if (component.size() > limits::kComponentBytesMax) {
    return refuse(StatusCode::kTooLarge, path,
                  "has a component of " + std::to_string(component.size()) +
                      " bytes; the limit is " + std::to_string(limits::kComponentBytesMax));
  }
  return {};
}

// Everything but the reserved prefixes and the length of the whole.
Status check_shape(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return refuse(StatusCode::kInvalid, path, "does not begin with a slash");
  }
  if (path == "/") {
    return {};
  }
  if (Status characters = check_characters(path); !characters.ok()) {
    return characters;
  }
  for (const std::string_view component : path_components(path)) {
    if (Status component_ok = check_component(path, component); !component_ok.ok()) {
      return component_ok;
    }
  }
  return {};
}

Status check_length(std::string_view path) {
  if (path.size() > limits::kPathBytesMax) {
    return refuse(StatusCode::kTooLarge, path,
                  "has " + std::to_string(path.size()) + " bytes; the limit is " +
                      std::to_string(limits::kPathBytesMax));
  }
  return {};
}

// The short form of a well-shaped path at or below /ls. It points into `input`.
Result<std::string_view> strip_long_prefix(std::string_view input, std::string_view cell_name) {
  if (input == kLongPrefix) {
    return refuse(StatusCode::kInvalid, input,
                  "is reserved; \"/ls/local\" is the root of this cell");
  }
  const std::string_view rest = input.substr(kLongPrefix.size() + 1);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view cell = rest.substr(0, slash);
  if (cell != "local" && cell != cell_name) {
    return refuse(StatusCode::kWrongCell, input,
                  "belongs to the cell " + printable(cell) + "; this is " + printable(cell_name));
  }
  return slash == rest.size() ? std::string_view("/") : rest.substr(slash);
}

}  // namespace

Status check_path(std::string_view path) {
  // The length first, so that no more than a limit's worth of foreign bytes is looked at.
  for (const auto check : {check_length, check_shape}) {
    if (Status checked = check(path); !checked.ok()) {
      return checked;
    }
  }
  if (is_at_or_below(path, kLongPrefix)) {
    return refuse(StatusCode::kInvalid, path, "is at or below \"/ls\", which is reserved");
  }
  if (is_at_or_below(path, kOwnPrefix)) {
    return refuse(StatusCode::kInvalid, path,
                  "is at or below \"/.holdfast\", which belongs to the service itself");
  }
  return {};
}

Result<std::string> parse_path(std::string_view input, std::string_view cell_name) {
  // The longest long form is the longest path behind "/ls/<cell>".
  constexpr std::size_t kInputBytesMax =
      kLongPrefix.size() + 1 + kCellNameBytesMax + limits::kPathBytesMax;
  if (input.size() > kInputBytesMax) {
    return check_length(input);
  }
  if (!is_at_or_below(input, kLongPrefix)) {
    if (Status checked = check_path(input); !checked.ok()) {
      return checked;
    }
    return std::string(input);
  }
  if (Status shape = check_shape(input); !shape.ok()) {
    return shape;
  }
  const Result<std::string_view> path = strip_long_prefix(input, cell_name);
  if (!path.ok()) {
    return path.status();
  }
  if (Status checked = check_path(*path); !checked.ok()) {
    return checked;
  }
  return std::string(*path);
}

Status check_cell_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (name.empty() || name.size() > kCellNameBytesMax ||
      !std::all_of(name.begin(), name.end(), is_allowed)) {
    return {StatusCode::kInvalid, "The cell name " + printable(name) +
                                      " is not 1 to 63 of the characters a-z, 0-9 and \"-\"."};
  }
  if (name == "local") {
    return {StatusCode::kInvalid,
            "A cell cannot be called \"local\": that is every cell's name for itself."};
  }
  return {};
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view("/")
                                                       : path.substr(0, slash);
}

std::string_view path_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::vector<std::string_view> path_components(std::string_view path) {
  std::vector<std::string_view> components;
  if (path == "/") {
    return components;
  }
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t slash = std::min(path.find('/', start), path.size());
    components.push_back(path.substr(start, slash - start));
    start = slash + 1;
  }
  return components;
}

bool is_ancestor(std::string_view ancestor, std::string_view path) {
  if (ancestor == "/") {
    return path.size() > 1;
  }
  return path.size() > ancestor.size() && path.starts_with(ancestor) &&
         path[ancestor.size()] == '/';
}

std::string child_path(std::string_view parent, std::string_view name) {
  std::string path(parent);
  if (path != "/") {
    path.push_back('/');
  }
  path += name;
  return path;
}

}  // namespace holdfast
