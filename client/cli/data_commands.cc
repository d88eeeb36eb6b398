#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "client/cli/commands.h"
#include "client/cli/contents.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/tree_walk.h"

namespace holdfast::cli {
namespace {

using client::Outcome;

struct DataArguments {
  std::string path = ".";  // In the shell the directory, elsewhere the root.
  std::string contents;
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

// "-" stands for standard input.
std::string contents_of(const DataArguments& arguments) {
  if (arguments.contents != "-") return arguments.contents;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
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
    add_contents(out, "contents", got->contents);
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

int run_tree(const Context& context, const DataArguments& arguments) {
  client::CellClient cell = context.cell_client();
  Json paths = Json::array();
  const auto error =
      walk(cell, context, arguments.path,
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

constexpr Description kLs = {
    "ls", "List a node's children",
    R"(Names only, one a line; with --long a table, with --output json what each is.

Examples:
  holdfast ls /config
  holdfast ls -l /config)"};
constexpr Description kGet = {
    "get", "Print a node's contents",
    R"(The bytes as they are; on a terminal a line's end is added where it is missing.

Examples:
  holdfast get /config/mode
  holdfast get /config/tls.pem > tls.pem)"};
constexpr Description kStat = {
    "stat", "Show the facts of a node: kind, generations, times",
    R"(The content generation is what --if-generation of set and rm compares with.

Examples:
  holdfast stat /config/mode)"};
constexpr Description kCreate = {"create", "Create a node",
                                 R"(Refused with NODE_EXISTS if it is there already.

Examples:
  holdfast create /config/mode blue
  holdfast create --parents /config/tls.pem - < tls.pem
  holdfast create /queue/item- --sequential "first")"};
constexpr Description kSet = {
    "set", "Replace a node's contents",
    R"(With --if-generation nothing is lost when others write too: read the generation with stat,
and begin anew when the write is refused with BAD_GENERATION.

Examples:
  holdfast set /config/mode green
  holdfast set /config/mode green --if-generation 4
  holdfast set /data/total 17 --guard "$HOLDFAST_SEQUENCER")"};
constexpr Description kRm = {
    "rm", "Remove a node",
    R"(Refused with NOT_EMPTY if it has children and --recursive is not given, and with LOCK_HELD
while somebody holds its lock. With --recursive the nodes go one by one, children first.

Examples:
  holdfast rm /config/mode
  holdfast rm --recursive /queue)"};
constexpr Description kTree = {"tree", "Print all paths below a node",
                               R"(Examples:
  holdfast tree
  holdfast tree /config --output json)"};

using Run = int (*)(const Context&, const DataArguments&);

// Adds the commands, which share their arguments: only one of them is given at a time.
class DataCommands {
 public:
  DataCommands(CLI::App& app, Action& action) : app_(app), action_(action) {}

  void add_all() {
    add_reads();
    add_writes();
  }

 private:
  CLI::App* add(Run run, const Description& description) {
    const auto arguments = arguments_;
    CLI::App* command =
        add_command(app_, action_, description, [arguments, run](const Context& context) {
          DataArguments given = *arguments;
          given.path = context.path(given.path);
          return run(context, given);
        });
    command->group(kNodeGroup);
    return command;
  }

  CLI::Option* add_path(CLI::App* command) {
    return command->add_option("path", arguments_->path, "The node's path")->type_name("PATH");
  }

  void add_reads() {
    DataArguments& a = *arguments_;
    CLI::App* ls = add(run_ls, kLs);
    add_path(ls)->default_str("/");
    ls->add_flag("-l,--long", a.with_stats, "With the facts of each child");
    CLI::App* tree = add(run_tree, kTree);
    add_path(tree)->default_str("/");
    CLI::App* get = add(run_get, kGet);
    add_path(get)->required();
    CLI::App* stat = add(run_stat, kStat);
    add_path(stat)->required();
    for (CLI::App* command : {ls, get, stat}) {
      command->add_flag("--stale", a.stale, "From the memory of whatever replica answers, at once");
    }
  }

  void add_writes() {
    DataArguments& a = *arguments_;
    CLI::App* create = add(run_create, kCreate);
    add_path(create)->required();
    create->add_option("contents", a.contents, "Contents; - reads standard input");
    create->add_flag("--sequential", a.sequential,
                     "Add a number to the name, greater than any before");
    create->add_flag("--until-free", a.until_free,
                     "It goes when nobody holds or waits for its lock");
    create->add_flag("-p,--parents", a.parents, "Create missing parents");
    CLI::App* set = add(run_set, kSet);
    add_path(set)->required();
    set->add_option("contents", a.contents, "Contents; - reads standard input")->required();
    set->add_flag("--create", a.create, "Create the node and its parents if it does not exist");
    CLI::App* rm = add(run_rm, kRm);
    add_path(rm)->required();
    rm->add_flag("-r,--recursive", a.recursive, "And everything below it");
    for (CLI::App* command : {set, rm}) {
      command->add_option("--if-generation", a.if_generation,
                          "Only if the contents have this generation (holdfast stat)");
    }
    for (CLI::App* command : {create, set, rm}) {
      command
          ->add_option("--guard", a.guard,
                       "Only while this sequencer is valid, judged where the change is made")
          ->type_name("SEQUENCER");
    }
  }

  CLI::App& app_;
  Action& action_;
  std::shared_ptr<DataArguments> arguments_ = std::make_shared<DataArguments>();
};

}  // namespace

void add_data_commands(CLI::App& app, Action& action) {
  DataCommands(app, action).add_all();
}

}  // namespace holdfast::cli
