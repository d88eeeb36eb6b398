#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/signals.h"
#include "client/watch.h"

namespace holdfast::cli {
namespace {

constexpr Milliseconds kLookForSignals{100};

constexpr Description kWatch = {
    "watch", "Print what happens to a node, a line an event",
    R"(It goes on, without a gap and each event once, when replicas fail and leaders change; if a
gap cannot be avoided, one line events-lost stands in its place, and what is watched has to be
read again. Ends at SIGINT, SIGTERM or SIGHUP with exit code 0, or after --count events.

A line begins with the event's name, ZXID:INDEX; a later watch that is given it with --after goes
on where this one ended, as long as the cell remembers. With --output json a line is an object.

The kinds are contents-changed, child-added, child-removed, deleted, created, lock-acquired,
lock-released, lock-lost, lock-conflict and leader-changed; without --kind all.

Examples:
  holdfast watch /config --recursive
  holdfast watch /config/mode --kind contents-changed --count 1 && ./reload.sh
  holdfast watch /svc/leader --kind lock-acquired --kind lock-released --output json)"};

struct WatchArguments {
  std::string path;
  std::vector<std::string> kinds;
  std::string after;
  bool recursive = false;
  bool announces = false;
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

std::string kind_choices() {
  std::string out;
  for (const client::EventKind kind : all_kinds())
    out += (out.empty() ? "" : "|") + event_text(kind);
  return out;
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

bool read_number(std::string_view& text, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::string name_text(const client::EventName& name) {
  return to_string(name.zxid) + ":" + std::to_string(name.index);
}

// "7.41:0"
std::optional<client::EventName> event_name(std::string_view text) {
  std::uint32_t epoch = 0;
  std::uint32_t counter = 0;
  client::EventName out;
  const auto skip = [&text](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  const bool is_name = read_number(text, epoch) && skip('.') && read_number(text, counter) &&
                       skip(':') && read_number(text, out.index) && text.empty();
  if (!is_name) return std::nullopt;
  out.zxid = Zxid((std::uint64_t{epoch} << 32U) | counter);
  return out;
}

void print_event(const Context& context, const client::Event& event) {
  if (context.json) return print_json_line(to_json(event));
  std::string line = name_text(event.name) + "  " + event_text(event.kind) + "  " + event.path;
  const auto add = [&line](const char* what, const std::string& fact) {
    line += "  " + std::string(what) + clean_text(fact);
  };
  if (!event.child.empty()) add("child ", event.child);
  if (event.content_generation != 0) add("generation ", std::to_string(event.content_generation));
  if (event.mode) add("", mode_text(*event.mode));
  if (!event.session.is_none()) add("session ", to_string(event.session));
  if (!event.reason.empty()) add("", event.reason);
  if (event.kind == client::EventKind::kEventsLost) add("", "read again what is watched");
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void announce(const Context& context, const std::string& path, Zxid from) {
  if (context.json) {
    return print_json_line({{"kind", "watching"}, {"path", path}, {"zxid", to_string(from)}});
  }
  std::printf("watching  %s  from %s\n", path.c_str(), to_string(from).c_str());
  std::fflush(stdout);
}

// What becomes of the connection, for people only.
client::SessionCallbacks connection_notes() {
  if (isatty(STDERR_FILENO) != 1) return {};
  client::SessionCallbacks out;
  out.on_jeopardy = [] { std::fputs("holdfast: the cell does not answer; waiting\n", stderr); };
  out.on_safe = [] { std::fputs("holdfast: the cell answers again\n", stderr); };
  return out;
}

int run_watch(const Context& context, const WatchArguments& arguments) {
  const auto kinds = kinds_of(arguments.kinds);
  if (!kinds) return usage_error("unknown kind of event; see holdfast watch --help");
  client::WatchOptions options;
  options.path = context.path(arguments.path);
  options.recursive = arguments.recursive;
  options.kinds = *kinds;
  if (!arguments.after.empty()) {
    options.after = event_name(arguments.after);
    if (!options.after) return usage_error("--after is no name of an event like 7.41:0");
  }
  const SignalQueue signals(kStopSignals);
  auto session = context.open_session(Milliseconds(0), connection_notes());
  if (!session) return fail(session.error());
  auto watch = session->watch(options, {});
  if (!watch) return fail(watch.error());
  if (arguments.announces) announce(context, options.path, watch->active_from());
  for (std::uint64_t seen = 0; arguments.count == 0 || seen < arguments.count;) {
    const auto event = watch->next({.timeout = kLookForSignals});
    if (event) {
      print_event(context, *event);
      ++seen;
    } else if (event.error().code != client::ErrorCode::kTimeout) {
      return fail(event.error());
    }
    if (signals.next(0)) return kOk;
  }
  return kOk;
}

}  // namespace

void add_watch_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<WatchArguments>();
  CLI::App* command = add_command(app, action, kWatch, [arguments](const Context& context) {
    return run_watch(context, *arguments);
  });
  command->group(kNodeGroup);
  command->add_option("path", arguments->path, "The node's path; it need not exist yet")
      ->type_name("PATH")
      ->required();
  command->add_flag("-r,--recursive", arguments->recursive, "Also everything below it");
  command->add_option("--kind", arguments->kinds, "Only events of this kind; may be repeated")
      ->type_name(kind_choices())
      ->allow_extra_args(false);
  command->add_option("--after", arguments->after, "Begin with the first event after this one")
      ->type_name("EVENT");
  command->add_option("--count", arguments->count, "End after so many events; 0 for never")
      ->type_name("N");
  command->add_flag(
      "--announce", arguments->announces,
      "First print a line \"watching\" with the zxid from which on nothing is missed");
}

}  // namespace holdfast::cli
