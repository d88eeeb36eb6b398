#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/contents.h"
#include "client/cli/output.h"
#include "client/cli/tree_walk.h"

namespace holdfast::cli {
namespace {

constexpr Description kExport = {
    "export", "Write a node and all below it as lines of JSON",
    R"(A line for each node, parents first: {"path": …, "kind": …, "contents": …}; contents that
are no UTF-8 stand in base64 under "contents_base64". Each node is read by itself, so writes that
go on meanwhile may be in the one and not in the other. Ephemeral nodes belong to living sessions
and are left out, with a word on standard error; locks, sessions, generations and times are not
part of it.

Examples:
  holdfast export / > cell.jsonl
  holdfast export /config | holdfast --endpoints test-1:7101 import -)"};

constexpr Description kImport = {
    "import", "Create the nodes that export wrote",
    R"(Missing parents are created. A node that exists with the same contents is left as it is; at
one that exists with other contents the import ends with NODE_EXISTS, unless --force is given.
Each line is carried out by itself: what stands before a line that is refused has been imported,
and to import the same file again goes on from there.

Examples:
  holdfast import cell.jsonl
  holdfast import --force - < cell.jsonl)"};

struct TransferArguments {
  std::string path = ".";
  std::string file;
  bool force = false;
};

int run_export(const Context& context, const TransferArguments& arguments) {
  client::CellClient cell = context.cell_client();
  std::uint64_t left_out = 0;
  const auto write = [&](const std::string& path, int) -> std::optional<client::Error> {
    const auto got = cell.call(client::Get{.path = path}, context.call_options());
    if (!got && got.error().code == client::ErrorCode::kNoNode) return std::nullopt;
    if (!got) return got.error();
    if (got->stat.kind == client::NodeKind::kEphemeral) {
      ++left_out;
      return std::nullopt;
    }
    Json line = {{"path", path}, {"kind", kind_text(got->stat.kind)}};
    add_contents(line, "contents", got->contents);
    print_json_line(line);
    return std::nullopt;
  };
  const std::string path = context.path(arguments.path);
  // walk() takes for granted that what is gone may be left out; where it begins may not be.
  const auto begin = cell.call(client::Exists{.path = path}, context.call_options());
  if (!begin) return fail(begin.error());
  if (!begin->stat) {
    return fail({.code = client::ErrorCode::kNoNode, .message = "There is no node " + path + "."});
  }
  if (const auto error = walk(cell, context, path, write)) return fail(*error);
  if (left_out > 0) {
    std::fprintf(stderr, "holdfast: %llu ephemeral nodes are left out\n",
                 static_cast<unsigned long long>(left_out));
  }
  return kOk;
}

struct Counts {
  std::uint64_t created = 0;
  std::uint64_t overwritten = 0;
  std::uint64_t unchanged = 0;
};

// One node into the cell.
std::optional<client::Error> import_node(const Context& context, client::Session& session,
                                         client::Create node, bool force, Counts& counts) {
  const std::string path = node.path;
  const std::string contents = node.contents;
  if (path != "/") {
    const auto created = session.call(std::move(node), context.call_options());
    if (created) {
      ++counts.created;
      return std::nullopt;
    }
    if (created.error().code != client::ErrorCode::kNodeExists) return created.error();
  }
  const auto there = session.call(client::Get{.path = path}, context.call_options());
  if (!there) return there.error();
  if (there->contents == contents) {
    ++counts.unchanged;
    return std::nullopt;
  }
  if (!force) {
    return client::Error{
        .code = client::ErrorCode::kNodeExists,
        .message = "The node " + path + " exists with other contents; --force overwrites it.",
        .path = path};
  }
  const auto written =
      session.call(client::Set{.path = path, .contents = contents}, context.call_options());
  if (!written) return written.error();
  ++counts.overwritten;
  return std::nullopt;
}

// What stands in a line, or nothing if export did not write it.
std::optional<client::Create> node_of(const std::string& text) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object() || !line.contains("path") || !line["path"].is_string()) return std::nullopt;
  client::Create node;
  node.path = line["path"].get<std::string>();
  node.create_parents = true;
  const bool is_until_free =
      line.contains("kind") && line["kind"] == kind_text(client::NodeKind::kUntilFree);
  if (is_until_free) node.kind = client::NodeKind::kUntilFree;
  if (!read_contents(line, "contents", node.contents)) return std::nullopt;
  return node;
}

void report(const Context& context, const Counts& counts) {
  if (context.json) {
    return print_json({{"created", counts.created},
                       {"overwritten", counts.overwritten},
                       {"unchanged", counts.unchanged}});
  }
  std::printf("%llu created, %llu overwritten, %llu unchanged\n",
              static_cast<unsigned long long>(counts.created),
              static_cast<unsigned long long>(counts.overwritten),
              static_cast<unsigned long long>(counts.unchanged));
}

int run_import(const Context& context, const TransferArguments& arguments) {
  std::ifstream file;
  if (arguments.file != "-") {
    file.open(arguments.file);
    if (!file) return usage_error("cannot read " + arguments.file);
  }
  std::istream& in = arguments.file == "-" ? std::cin : file;
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  Counts counts;
  std::uint64_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (text.empty()) continue;
    std::optional<client::Create> node = node_of(text);
    if (!node) {
      report(context, counts);
      return usage_error("line " + std::to_string(number) +
                         " is no node as `holdfast export` writes them");
    }
    const auto error = import_node(context, *session, std::move(*node), arguments.force, counts);
    if (error) {
      report(context, counts);
      return fail(*error);
    }
  }
  report(context, counts);
  return kOk;
}

}  // namespace

void add_transfer_commands(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<TransferArguments>();
  CLI::App* exporter = add_command(app, action, kExport, [arguments](const Context& context) {
    return run_export(context, *arguments);
  });
  exporter->group(kNodeGroup);
  exporter->add_option("path", arguments->path, "Where to begin")
      ->type_name("PATH")
      ->default_str("/");
  CLI::App* importer = add_command(app, action, kImport, [arguments](const Context& context) {
    return run_import(context, *arguments);
  });
  importer->group(kNodeGroup);
  importer->add_option("file", arguments->file, "File of lines; - reads standard input")
      ->type_name("FILE")
      ->required();
  importer->add_flag("--force", arguments->force, "Overwrite nodes that have other contents");
}

}  // namespace holdfast::cli
