#include <cstdio>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/table.h"

namespace holdfast::cli {
namespace {

struct KillArguments {
  std::uint64_t session = 0;
  std::string reason;
  bool now = false;
};

int run_list_sessions(const Context& context) {
  client::CellClient cell = context.cell_client();
  std::vector<client::SessionInfo> sessions;
  client::ListSessions list;
  while (true) {
    const auto page = cell.call(list, context.call_options());
    if (!page) return fail(page.error());
    sessions.insert(sessions.end(), page->sessions.begin(), page->sessions.end());
    if (!page->more || sessions.empty()) break;
    list.after = sessions.back().id;
  }
  if (context.json) {
    Json out = Json::array();
    for (const client::SessionInfo& session : sessions) out.push_back(to_json(session));
    print_json(out);
    return kOk;
  }
  Table table({"SESSION", "CLIENT", "HOST", "LEASE", "LOCKS", "WAITS", "EPHEMERALS", "OPENED"});
  for (const client::SessionInfo& session : sessions) {
    table.add({to_string(session.id), session.client_name, session.host,
               std::to_string(session.lease_ms) + "ms", std::to_string(session.locks_held),
               std::to_string(session.locks_waited_for), std::to_string(session.ephemeral_nodes),
               time_text(session.opened_wall_ms)});
  }
  table.print();
  return kOk;
}

int run_kill(const Context& context, const KillArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::KillSession kill;
  kill.session = SessionId(arguments.session);
  kill.reason = arguments.reason;
  kill.operator_name = who_am_i();
  kill.now = arguments.now;
  const auto killed = cell.call(std::move(kill), context.call_options());
  if (!killed) return fail(killed.error());
  if (context.json) {
    print_json({{"killed", killed->killed}});
  } else {
    std::printf("%s\n", killed->killed ? "killed" : "there is no such session");
  }
  return killed->killed ? kOk : kRefused;
}

constexpr Description kListSessions = {"ls", "List the living sessions",
                                       R"(Examples:
  holdfast session ls
  holdfast session ls --output json)"};

constexpr Description kKill = {
    "kill", "End somebody's session",
    R"(For operators; the cell logs who did it and why. The session's sequencers are invalid at
once. Its locks pass on and its ephemeral nodes go when its client has heard of it, or when its
lease has run out at the latest. The exit code is 1 if there is no such session.

Examples:
  holdfast session kill 4294967301 --reason "its machine is gone")"};

}  // namespace

void add_session_commands(CLI::App& app, Action& action) {
  CLI::App* session = add_group(app, "session", "Sessions of the cell", kCellGroup);
  add_command(*session, action, kListSessions, run_list_sessions);
  const auto arguments = std::make_shared<KillArguments>();
  CLI::App* kill = add_command(*session, action, kKill, [arguments](const Context& context) {
    return run_kill(context, *arguments);
  });
  kill->add_option("session", arguments->session, "Its id, as session ls shows it")
      ->type_name("SESSION")
      ->required();
  kill->add_option("--reason", arguments->reason, "Why, for the log and for its holder")
      ->required();
  kill->add_flag("--now", arguments->now,
                 "Pass its locks on at once: two clients may then both believe that they hold one");
}

}  // namespace holdfast::cli
