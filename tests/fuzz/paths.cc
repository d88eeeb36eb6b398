#include <algorithm>
#include <string>

#include "tests/fuzz/target.h"
#include "thrift/path.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

// What a client writes as a path: what is accepted is in the short form, and stays so.

namespace holdfast::fuzz {

namespace {

void check_short_form(const std::string& path) {
  HOLDFAST_CHECK(check_path(path).ok(), "a path that is accepted is one: " + path);
  HOLDFAST_CHECK(path.size() <= limits::kPathBytesMax, path);
  const Result<std::string> again = parse_path(path, "test");
  HOLDFAST_CHECK(again.ok() && *again == path, "the short form is its own short form: " + path);
  const Result<std::string> long_form = parse_path("/ls/local" + (path == "/" ? "" : path), "test");
  // The long form has a limit of its own on what a client may write.
  HOLDFAST_CHECK(!long_form.ok() || *long_form == path, "long and short form differ: " + path);
}

void check_parts(const std::string& path) {
  std::string joined = "/";
  for (const std::string_view part : path_components(path)) {
    HOLDFAST_CHECK(!part.empty() && part.size() <= limits::kComponentBytesMax, path);
    joined = child_path(joined, part);
  }
  HOLDFAST_CHECK(joined == path, "its components make the path: " + path);
  if (path == "/") return;
  HOLDFAST_CHECK(is_ancestor(parent_path(path), path), path);
  HOLDFAST_CHECK(check_path(parent_path(path)).ok(), "the parent of a path is a path: " + path);
  HOLDFAST_CHECK(child_path(parent_path(path), path_name(path)) == path, path);
}

}  // namespace

void run(std::string_view input) {
  const Result<std::string> parsed = parse_path(input, "test");
  if (!parsed.ok()) {
    const std::string words = parsed.status().message();
    const bool is_shown = std::none_of(words.begin(), words.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    HOLDFAST_CHECK(!words.empty() && is_shown, "a refusal has words that a terminal can show");
  } else {
    check_short_form(*parsed);
    check_parts(*parsed);
  }
  if (check_path(input).ok()) check_parts(std::string(input));
  if (check_cell_name(input).ok()) {
    const Result<std::string> root = parse_path("/ls/" + std::string(input), input);
    HOLDFAST_CHECK(root.ok() && *root == "/", "the long form of the root");
  }
}

}  // namespace holdfast::fuzz
