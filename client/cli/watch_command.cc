#include <atomic>
#include <cstdio>
#include <map>
#include <memory>

#include <signal.h>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/watch.h"

namespace holdfast::cli {
namespace {

struct WatchArguments {
  std::string path;
  std::vector<std::string> kinds;
  bool recursive = false;
  std::uint64_t count = 0;
};

const std::vector<client::EventKind>& all_kinds() {
  static const std::vector<client::EventKind> kKinds = {
      client::EventKind::kContentsChanged, client::EventKind::kChildAdded,
      client::EventKind::kChildRemoved,    client::EventKind::kNodeDeleted,
      client::EventKind::kNodeCreated,     client::EventKind::kLockAcquired,
      client::EventKind::kLockReleased,    client::EventKind::kLockLost,
      client::EventKind::kLockConflict,    client::EventKind::kLeaderChanged};
  return kKinds;
}

std::optional<std::set<client::EventKind>> kinds_of(const std::vector<std::string>& names) {
  std::set<client::EventKind> out;
  if (names.empty()) out.insert(all_kinds().begin(), all_kinds().end());
  for (const std::string& name : names) {
    bool found = false;
    for (const client::EventKind kind : all_kinds()) {
      if (event_text(kind) != name) continue;
      out.insert(kind);
      found = true;
    }
    if (!found) return std::nullopt;
  }
  return out;
}

void print_event(const Context& context, const client::Event& event) {
  if (context.json) return print_json_line(to_json(event));
  std::string line = to_string(event.name.zxid) + "  " + event_text(event.kind) + "  " + event.path;
  if (!event.child.empty()) line += "  " + event.child;
  if (!event.session.is_none()) line += "  session " + to_string(event.session);
  if (!event.reason.empty()) line += "  " + event.reason;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int run_watch(const Context& context, const WatchArguments& arguments) {
  const auto kinds = kinds_of(arguments.kinds);
  if (!kinds) return usage_error("unknown kind of event; see holdfast watch --help");
  auto session = context.open_session(Milliseconds(0));
  if (!session) return fail(session.error());
  client::WatchOptions options;
  options.path = arguments.path;
  options.recursive = arguments.recursive;
  options.kinds = *kinds;
  auto watch = session->watch(std::move(options), {});
  if (!watch) return fail(watch.error());
  for (std::uint64_t seen = 0; arguments.count == 0 || seen < arguments.count; ++seen) {
    const auto event = watch->next();
    if (!event) return fail(event.error());
    print_event(context, *event);
  }
  return kOk;
}

}  // namespace

void add_watch_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<WatchArguments>();
  CLI::App* command =
      app.add_subcommand("watch", "Print what happens to a node, a line an event, until Ctrl-C");
  command->add_option("path", arguments->path, "The node's path; it need not exist yet")
      ->required();
  command->add_flag("-r,--recursive", arguments->recursive, "Also everything below it");
  std::string names = "Only these kinds:";
  for (const client::EventKind kind : all_kinds()) names += " " + event_text(kind);
  command->add_option("--kind", arguments->kinds, names);
  command->add_option("--count", arguments->count, "End after so many events; 0 for never");
  command->callback([&action, arguments] {
    action = [arguments](const Context& context) { return run_watch(context, *arguments); };
  });
}

}  // namespace holdfast::cli
