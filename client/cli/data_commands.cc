#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace holdfast::cli {
namespace {

using client::Outcome;

struct DataArguments {
  std::string path = "/";
  std::string contents;
  std::string file;
  std::string guard;
  std::uint64_t if_generation = 0;
  bool stale = false;
  bool with_stats = false;
  bool sequential = false;
  bool until_free = false;
  bool parents = false;
  bool create = false;
  bool recursive = false;
};

std::optional<std::string> optional_text(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string child_of(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

// "-" stands for standard input.
std::string contents_of(const DataArguments& arguments) {
  if (arguments.contents != "-") return arguments.contents;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

// All children, page by page.
Outcome<std::vector<client::Child>> all_children(client::CellClient& cell, const Context& context,
                                                 client::List list) {
  std::vector<client::Child> out;
  while (true) {
    Outcome<client::Children> page = cell.call(list, context.call_options());
    if (!page) return page.error();
    for (client::Child& child : page->children) out.push_back(std::move(child));
    if (!page->more || out.empty()) return out;
    list.after = out.back().name;
  }
}

int run_ls(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::List list;
  list.path = arguments.path;
  list.with_stats = arguments.with_stats;
  list.stale_ok = arguments.stale;
  const auto children = all_children(cell, context, std::move(list));
  if (!children) return fail(children.error());
  if (context.json) {
    Json out = Json::array();
    for (const client::Child& child : *children) {
      Json item = {{"name", child.name}};
      if (child.stat) item["stat"] = to_json(*child.stat);
      out.push_back(std::move(item));
    }
    print_json(out);
  } else if (arguments.with_stats) {
    Table table({"NAME", "KIND", "BYTES", "CHILDREN", "GENERATION", "MODIFIED"});
    for (const client::Child& child : *children) {
      const client::Stat stat = child.stat.value_or(client::Stat());
      table.add({child.name, kind_text(stat.kind), std::to_string(stat.content_length),
                 std::to_string(stat.children), std::to_string(stat.content_generation),
                 time_text(stat.modified_wall_ms)});
    }
    table.print();
  } else {
    for (const client::Child& child : *children) std::printf("%s\n", child.name.c_str());
  }
  return kOk;
}

int run_get(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  const auto got = cell.call(client::Get{.path = arguments.path, .stale_ok = arguments.stale},
                             context.call_options());
  if (!got) return fail(got.error());
  if (context.json) {
    Json out = {{"path", arguments.path}, {"zxid", to_string(got->zxid)}};
    add_contents(out, got->contents);
    out["stat"] = to_json(got->stat);
    print_json(out);
    return kOk;
  }
  std::fwrite(got->contents.data(), 1, got->contents.size(), stdout);
  if (isatty(STDOUT_FILENO) == 1 && !got->contents.ends_with('\n')) std::printf("\n");
  return kOk;
}

void print_stat(const std::string& path, const client::Stat& stat) {
  Table table({"path", path});
  table.add({"kind", kind_text(stat.kind)});
  table.add({"instance", to_string(stat.instance)});
  table.add({"content generation", std::to_string(stat.content_generation)});
  table.add({"child generation", std::to_string(stat.child_generation)});
  table.add({"lock generation", to_string(stat.lock_generation)});
  table.add({"created", time_text(stat.created_wall_ms)});
  table.add({"modified", time_text(stat.modified_wall_ms) + " by " + to_string(stat.modified)});
  table.add({"bytes", std::to_string(stat.content_length)});
  table.add({"checksum", std::to_string(stat.content_checksum)});
  table.add({"children", std::to_string(stat.children)});
  if (!stat.ephemeral_owner.is_none()) {
    table.add({"ephemeral of session", to_string(stat.ephemeral_owner)});
  }
  table.print();
}

int run_stat(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  const auto found = cell.call(client::Get{.path = arguments.path, .stale_ok = arguments.stale},
                               context.call_options());
  if (!found) return fail(found.error());
  if (context.json) {
    print_json({{"path", arguments.path}, {"stat", to_json(found->stat)}});
  } else {
    print_stat(arguments.path, found->stat);
  }
  return kOk;
}

int report_write(const Context& context, const std::string& path, Zxid zxid,
                 const client::Stat& stat) {
  if (context.json) {
    print_json({{"path", path}, {"zxid", to_string(zxid)}, {"stat", to_json(stat)}});
  } else {
    std::printf("%s generation %llu\n", path.c_str(),
                static_cast<unsigned long long>(stat.content_generation));
  }
  return kOk;
}

int run_create(const Context& context, const DataArguments& arguments) {
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  client::Create create;
  create.path = arguments.path;
  create.contents = contents_of(arguments);
  create.kind = arguments.until_free ? client::NodeKind::kUntilFree : client::NodeKind::kPersistent;
  create.sequential = arguments.sequential;
  create.create_parents = arguments.parents;
  create.guard = optional_text(arguments.guard);
  const auto created = session->call(std::move(create), context.call_options());
  if (!created) return fail(created.error());
  return report_write(context, created->path, created->zxid, created->stat);
}

int run_set(const Context& context, const DataArguments& arguments) {
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  client::Set set;
  set.path = arguments.path;
  set.contents = contents_of(arguments);
  if (arguments.if_generation != 0) set.if_content_generation = arguments.if_generation;
  set.guard = optional_text(arguments.guard);
  const std::string contents = set.contents;
  const auto written = session->call(std::move(set), context.call_options());
  if (written) return report_write(context, arguments.path, written->zxid, written->stat);
  if (written.error().code != client::ErrorCode::kNoNode || !arguments.create) {
    return fail(written.error());
  }
  client::Create create;
  create.path = arguments.path;
  create.contents = contents;
  create.create_parents = true;
  create.guard = optional_text(arguments.guard);
  const auto created = session->call(std::move(create), context.call_options());
  if (!created) return fail(created.error());
  return report_write(context, created->path, created->zxid, created->stat);
}

// Children before their parent.
std::optional<client::Error> remove_below(const Context& context, client::Session& session,
                                          const std::string& path, const DataArguments& arguments) {
  if (arguments.recursive) {
    while (true) {
      client::List list;
      list.path = path;
      const auto page = session.call(std::move(list), context.call_options());
      if (!page) return page.error();
      for (const client::Child& child : page->children) {
        auto error = remove_below(context, session, child_of(path, child.name), arguments);
        if (error) return error;
      }
      if (!page->more) break;
    }
  }
  client::Remove remove;
  remove.path = path;
  if (arguments.if_generation != 0) remove.if_content_generation = arguments.if_generation;
  remove.guard = optional_text(arguments.guard);
  const auto removed = session.call(std::move(remove), context.call_options());
  return removed ? std::nullopt : std::optional(removed.error());
}

int run_rm(const Context& context, const DataArguments& arguments) {
  if (arguments.recursive && arguments.if_generation != 0) {
    return usage_error("--if-generation is about one node and does not go with --recursive");
  }
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  const auto error = remove_below(context, *session, arguments.path, arguments);
  if (error) return fail(*error);
  if (context.json) print_json({{"path", arguments.path}, {"removed", true}});
  return kOk;
}

// Visits a node and all below it, parents first, children by name.
using Visit = std::function<std::optional<client::Error>(const std::string& path, int depth)>;
std::optional<client::Error> walk(client::CellClient& cell, const Context& context,
                                  const std::string& path, int depth, const Visit& visit) {
  if (auto error = visit(path, depth)) return error;
  client::List list;
  list.path = path;
  const auto children = all_children(cell, context, std::move(list));
  // A node that was removed meanwhile has no children any more.
  if (!children && children.error().code == client::ErrorCode::kNoNode && depth > 0) return {};
  if (!children) return children.error();
  for (const client::Child& child : *children) {
    if (auto error = walk(cell, context, child_of(path, child.name), depth + 1, visit))
      return error;
  }
  return std::nullopt;
}

int run_tree(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  Json paths = Json::array();
  const auto error =
      walk(cell, context, arguments.path, 0,
           [&](const std::string& path, int depth) -> std::optional<client::Error> {
             if (context.json) {
               paths.push_back(path);
             } else {
               const std::string name = depth == 0 ? path : path.substr(path.rfind('/') + 1);
               std::printf("%s%s\n", std::string(2 * static_cast<std::size_t>(depth), ' ').c_str(),
                           name.c_str());
             }
             return std::nullopt;
           });
  if (error) return fail(*error);
  if (context.json) print_json(paths);
  return kOk;
}

// One JSON object a line, parents first; ephemeral nodes belong to living sessions and are left
// out.
int run_export(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  const auto error = walk(cell, context, arguments.path, 0,
                          [&](const std::string& path, int) -> std::optional<client::Error> {
                            const auto got =
                                cell.call(client::Get{.path = path}, context.call_options());
                            if (!got) {
                              if (got.error().code == client::ErrorCode::kNoNode)
                                return std::nullopt;
                              return got.error();
                            }
                            if (got->stat.kind == client::NodeKind::kEphemeral) return std::nullopt;
                            Json line = {{"path", path}, {"kind", kind_text(got->stat.kind)}};
                            add_contents(line, got->contents);
                            print_json_line(line);
                            return std::nullopt;
                          });
  return error ? fail(*error) : kOk;
}

std::optional<client::Error> import_line(const Context& context, client::Session& session,
                                         const Json& line, std::string contents) {
  const std::string path = line["path"].get<std::string>();
  if (path == "/") return std::nullopt;
  client::Create create;
  create.path = path;
  create.contents = contents;
  create.create_parents = true;
  if (line.value("kind", "persistent") == "until-free") create.kind = client::NodeKind::kUntilFree;
  const auto created = session.call(std::move(create), context.call_options());
  if (created) return std::nullopt;
  if (created.error().code != client::ErrorCode::kNodeExists) return created.error();
  client::Set set;
  set.path = path;
  set.contents = std::move(contents);
  const auto written = session.call(std::move(set), context.call_options());
  return written ? std::nullopt : std::optional(written.error());
}

int run_import(const Context& context, const DataArguments& arguments) {
  std::ifstream file;
  if (arguments.file != "-") {
    file.open(arguments.file);
    if (!file) return usage_error("cannot read " + arguments.file);
  }
  std::istream& in = arguments.file == "-" ? std::cin : file;
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  std::string text;
  std::uint64_t number = 0;
  std::uint64_t nodes = 0;
  while (std::getline(in, text)) {
    ++number;
    if (text.empty()) continue;
    const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    std::string contents;
    if (!line.is_object() || !line.contains("path") || !line["path"].is_string() ||
        !read_contents(line, contents)) {
      return usage_error("line " + std::to_string(number) +
                         " is no node as `holdfast export` writes them");
    }
    if (const auto error = import_line(context, *session, line, std::move(contents)))
      return fail(*error);
    ++nodes;
  }
  if (context.json) {
    print_json({{"nodes", nodes}});
  } else {
    std::printf("%llu nodes\n", static_cast<unsigned long long>(nodes));
  }
  return kOk;
}

using Run = int (*)(const Context&, const DataArguments&);

CLI::App* add(CLI::App& app, Action& action, const std::shared_ptr<DataArguments>& arguments,
              Run run, const std::pair<const char*, const char*>& name_and_help) {
  CLI::App* command = app.add_subcommand(name_and_help.first, name_and_help.second);
  command->callback([&action, arguments, run] {
    action = [arguments, run](const Context& context) { return run(context, *arguments); };
  });
  return command;
}

void add_path(CLI::App* command, DataArguments& arguments) {
  command->add_option("path", arguments.path, "The node's path")->required();
}

void add_guard(CLI::App* command, DataArguments& arguments) {
  command->add_option("--guard", arguments.guard,
                      "Only while this sequencer is valid, judged where the change is made");
}

}  // namespace

void add_data_commands(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<DataArguments>();
  DataArguments& a = *arguments;
  CLI::App* ls = add(app, action, arguments, run_ls, {"ls", "List a node's children"});
  ls->add_option("path", a.path, "The node's path")->capture_default_str();
  ls->add_flag("-l,--long", a.with_stats, "With the facts of each child");
  CLI::App* get = add(app, action, arguments, run_get, {"get", "Print a node's contents"});
  CLI::App* stat = add(app, action, arguments, run_stat, {"stat", "Print the facts of a node"});
  for (CLI::App* command : {ls, get, stat}) {
    command->add_flag("--stale", a.stale, "From the memory of whatever replica answers, at once");
  }
  add_path(get, a);
  add_path(stat, a);
  CLI::App* create = add(app, action, arguments, run_create, {"create", "Create a node"});
  add_path(create, a);
  create->add_option("contents", a.contents, "Contents; - reads standard input");
  create->add_flag("--sequential", a.sequential,
                   "Add a number to the name, greater than any before");
  create->add_flag("--until-free", a.until_free, "It goes when nobody holds or waits for its lock");
  create->add_flag("-p,--parents", a.parents, "Create missing parents");
  add_guard(create, a);
  CLI::App* set = add(app, action, arguments, run_set, {"set", "Replace a node's contents"});
  add_path(set, a);
  set->add_option("contents", a.contents, "Contents; - reads standard input")->required();
  set->add_flag("--create", a.create, "Create the node and its parents if it does not exist");
  CLI::App* rm = add(app, action, arguments, run_rm, {"rm", "Remove a node"});
  add_path(rm, a);
  rm->add_flag("-r,--recursive", a.recursive, "And everything below it");
  for (CLI::App* command : {set, rm}) {
    command->add_option("--if-generation", a.if_generation,
                        "Only if the contents have this generation (holdfast stat)");
    add_guard(command, a);
  }
  CLI::App* tree = add(app, action, arguments, run_tree, {"tree", "Print all paths below a node"});
  tree->add_option("path", a.path, "Where to begin")->capture_default_str();
  CLI::App* exported =
      add(app, action, arguments, run_export, {"export", "Write a subtree as lines of JSON"});
  exported->add_option("path", a.path, "Where to begin")->capture_default_str();
  CLI::App* imported = add(app, action, arguments, run_import,
                           {"import", "Create or overwrite the nodes that export wrote"});
  imported->add_option("file", a.file, "File of lines; - reads standard input")->required();
}

}  // namespace holdfast::cli
