#include <cstdio>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/lock_run.h"
#include "client/cli/output.h"

namespace holdfast::cli {
namespace {

struct LookArguments {
  std::string path = "/";
  std::string reason;
  bool now = false;
  bool stale = false;
};

std::string holder_text(const client::LockInfo& lock) {
  if (lock.holders.empty()) return "-";
  const client::LockParty& first = lock.holders.front();
  std::string text = first.client_name + " on " + first.host;
  if (lock.holders.size() > 1) text += " and " + std::to_string(lock.holders.size() - 1) + " more";
  return text;
}

int run_ls(const Context& context, const LookArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::ListLocks list;
  list.prefix = arguments.path;
  list.stale_ok = arguments.stale;
  std::vector<client::LockInfo> locks;
  while (true) {
    const auto page = cell.call(list, context.call_options());
    if (!page) return fail(page.error());
    locks.insert(locks.end(), page->locks.begin(), page->locks.end());
    if (!page->more || locks.empty()) break;
    list.after = locks.back().path;
  }
  if (context.json) {
    Json out = Json::array();
    for (const client::LockInfo& lock : locks) out.push_back(to_json(lock));
    print_json(out);
    return kOk;
  }
  Table table({"LOCK", "STATE", "MODE", "GENERATION", "WAITERS", "HOLDER"});
  for (const client::LockInfo& lock : locks) {
    table.add({lock.path, state_text(lock.state),
               lock.holders.empty() ? "-" : mode_text(lock.holders.front().mode),
               to_string(lock.generation), std::to_string(lock.waiter_count), holder_text(lock)});
  }
  table.print();
  return kOk;
}

void print_parties(const char* what, const std::vector<client::LockParty>& parties) {
  if (parties.empty()) return;
  std::printf("\n%s\n", what);
  Table table({"SESSION", "OWNER", "MODE", "SINCE", "LOCK-DELAY", "CLIENT", "HOST", "DESCRIPTION"});
  for (const client::LockParty& party : parties) {
    table.add({to_string(party.session), to_string(party.owner), mode_text(party.mode),
               time_text(party.since_wall_ms), std::to_string(party.lock_delay_ms) + "ms",
               party.client_name, party.host, party.description});
  }
  table.print();
}

int run_info(const Context& context, const LookArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::GetLockInfo get;
  get.path = lock_path(arguments.path);
  get.stale_ok = arguments.stale;
  const auto reply = cell.call(std::move(get), context.call_options());
  if (!reply) return fail(reply.error());
  const client::LockInfo& lock = reply->lock;
  if (context.json) {
    print_json(to_json(lock));
    return kOk;
  }
  std::printf("%s is %s, generation %s\n", lock.path.c_str(), state_text(lock.state).c_str(),
              to_string(lock.generation).c_str());
  if (lock.state == client::LockState::kDelayed) {
    std::printf("closed for %lld ms more at most\n",
                static_cast<long long>(lock.delay_remaining_ms));
    if (lock.previous_holder) print_parties("held before by", {*lock.previous_holder});
  }
  print_parties("held by", lock.holders);
  print_parties("waiting", lock.waiters);
  if (lock.waiter_count > lock.waiters.size()) {
    std::printf("and %zu more\n", lock.waiter_count - lock.waiters.size());
  }
  return kOk;
}

int run_break(const Context& context, const LookArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::GetLockInfo get;
  get.path = lock_path(arguments.path);
  const auto info = cell.call(get, context.call_options());
  if (!info) return fail(info.error());
  client::BreakLock command;
  command.path = lock_path(arguments.path);
  // To name the holder that was seen keeps a repeated command from hitting the next one.
  if (info->lock.holders.size() == 1) command.acquisition = info->lock.holders.front().zxid;
  command.reason = arguments.reason;
  command.operator_name = who_am_i();
  command.now = arguments.now;
  const auto broken = cell.call(std::move(command), context.call_options());
  if (!broken) return fail(broken.error());
  if (context.json) {
    Json out = {{"broken", Json::array()}, {"delay_ms", broken->delay_ms}};
    for (const client::LockParty& party : broken->broken) out["broken"].push_back(to_json(party));
    print_json(out);
    return kOk;
  }
  print_parties("has lost it", broken->broken);
  std::printf("the lock passes on within %lld ms\n", static_cast<long long>(broken->delay_ms));
  return kOk;
}

struct CheckArguments {
  std::string sequencer;
};

// 0 valid, 1 stale, 2 whenever nothing is known: a caller that takes 0 for the only yes is always
// right.
int run_check(const Context& context, const CheckArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::CheckSequencers check;
  check.sequencers = {arguments.sequencer};
  const auto reply = cell.call(std::move(check), context.call_options());
  std::string text = "unknown";
  int code = kUnknown;
  if (!reply) {
    fail(reply.error());
  } else if (reply->states.size() == 1) {
    switch (reply->states.front()) {
      case client::SequencerState::kValid:
        text = "valid";
        code = kOk;
        break;
      case client::SequencerState::kStale:
        text = "stale";
        code = kRefused;
        break;
      case client::SequencerState::kMalformed:
        text = "malformed";
        break;
      case client::SequencerState::kOtherCell:
        text = "of another cell";
        break;
    }
  }
  if (context.json) {
    print_json({{"state", text}});
  } else {
    std::printf("%s\n", text.c_str());
  }
  return code;
}

void add_lock_options(CLI::App* command, LockArguments& arguments) {
  command->add_option("name", arguments.name, "The lock's path; created if it does not exist")
      ->required();
  command->add_flag("--shared", arguments.shared, "Together with other shared holders");
  command
      ->add_option("--wait", arguments.wait,
                   "How long to wait: 0 to only try; default: until it is had")
      ->check(check_duration);
  command->add_option("--lease", arguments.lease, "The session's lease, 1s to 10m; default 12s")
      ->check(check_duration);
  command
      ->add_option("--lock-delay", arguments.lock_delay,
                   "How long the lock stays closed to others if this program dies, 0 to 60s")
      ->check(check_duration);
  command->add_option("--description", arguments.description, "For people who look at the lock");
}

using Look = int (*)(const Context&, const LookArguments&);

CLI::App* add_look(CLI::App* lock, Action& action, Look look,
                   const std::pair<const char*, const char*>& name_and_help) {
  const auto arguments = std::make_shared<LookArguments>();
  CLI::App* command = lock->add_subcommand(name_and_help.first, name_and_help.second);
  CLI::Option* path = command->add_option("path", arguments->path, "The lock's path");
  if (look == run_ls) {
    path->capture_default_str();
  } else {
    path->required();
  }
  if (look == run_break) {
    command->add_option("--reason", arguments->reason, "Why, for the log and for the holder")
        ->required();
    command->add_flag(
        "--now", arguments->now,
        "Pass the lock on at once: two clients may then both believe that they hold it");
  } else {
    command->add_flag("--stale", arguments->stale, "From the memory of whatever replica answers");
  }
  command->callback([&action, arguments, look] {
    action = [arguments, look](const Context& context) { return look(context, *arguments); };
  });
  return command;
}

}  // namespace

std::string check_duration(const std::string& text) {
  return parse_duration(text) ? std::string()
                              : "'" + text + "' is no duration like 250ms, 10s, 5m or 1h";
}

void add_lock_commands(CLI::App& app, Action& action) {
  CLI::App* lock = app.add_subcommand("lock", "Locks");
  lock->require_subcommand(1);
  const auto arguments = std::make_shared<LockArguments>();
  CLI::App* run = lock->add_subcommand(
      "run", "Run a command while the lock is held: lock run NAME -- COMMAND ARGUMENTS…");
  add_lock_options(run, *arguments);
  run->add_option("command", arguments->command, "The command, after --")->required();
  run->fallthrough(false);
  run->callback([&action, arguments] {
    // CLI11 hands the separator over together with what follows it.
    if (arguments->command.front() == "--") arguments->command.erase(arguments->command.begin());
    if (arguments->command.empty()) throw CLI::RequiredError("A command after --");
    action = [arguments](const Context& context) { return lock_run(context, *arguments); };
  });
  CLI::App* hold = lock->add_subcommand("hold", "Hold the lock until Ctrl-C, a line an event");
  add_lock_options(hold, *arguments);
  hold->add_flag("--json", arguments->json, "Each line an object of JSON");
  hold->callback([&action, arguments] {
    action = [arguments](const Context& context) { return lock_hold(context, *arguments); };
  });
  add_look(lock, action, run_ls, {"ls", "List locks that are held, waited for or delayed"});
  add_look(lock, action, run_info, {"info", "Who holds a lock and who waits for it"});
  add_look(lock, action, run_break, {"break", "Take a lock from its holder"});

  CLI::App* sequencer = app.add_subcommand("sequencer", "Sequencers");
  sequencer->require_subcommand(1);
  const auto check = std::make_shared<CheckArguments>();
  CLI::App* check_command = sequencer->add_subcommand(
      "check", "0 when it is valid, 1 when stale, 2 when nothing is known");
  check_command->add_option("sequencer", check->sequencer, "The string given to the holder")
      ->required();
  check_command->callback([&action, check] {
    action = [check](const Context& context) { return run_check(context, *check); };
  });
}

}  // namespace holdfast::cli
