#include <cstdio>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/table.h"

namespace holdfast::cli {
namespace {

struct LookArguments {
  std::string path = ".";
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

int run_list_locks(const Context& context, const LookArguments& arguments) {
  client::CellClient cell = context.cell_client();
  client::ListLocks list;
  list.prefix = context.path(arguments.path);
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
  get.path = context.lock_path(arguments.path);
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
  get.path = context.lock_path(arguments.path);
  const auto info = cell.call(get, context.call_options());
  if (!info) return fail(info.error());
  client::BreakLock command;
  command.path = context.lock_path(arguments.path);
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

constexpr Description kListLocks = {"ls", "List the locks that are held, waited for or delayed",
                                    R"(Examples:
  holdfast lock ls
  holdfast lock ls /jobs --output json)"};

constexpr Description kInfo = {
    "info", "Show who holds a lock and who waits for it",
    R"(A lock is free, held, or delayed: closed for its lock-delay after its holder's session
expired.

Examples:
  holdfast lock info /jobs/nightly)"};

constexpr Description kBreak = {
    "break", "Take a lock from its holder",
    R"(For operators; the cell logs who did it and why. The holder's sequencer is invalid at once.
The lock passes on when the holder has heard of it and stopped, or its lease has run out.

Examples:
  holdfast lock break /jobs/nightly --reason "the job hangs, see the log of web-3")"};

constexpr Description kCheck = {
    "check", "Tell whether a sequencer is still valid",
    R"(It is valid exactly while the acquisition that it was given for stands.

Exit codes:
  0   valid
  1   stale: that acquisition has ended
  2   nothing is known: it is no sequencer of this cell, or the cell could not be asked

Examples:
  holdfast sequencer check "$HOLDFAST_SEQUENCER" && ./commit.sh)"};

using Look = int (*)(const Context&, const LookArguments&);

void add_look(CLI::App& lock, Action& action, Look look, const Description& description) {
  const auto arguments = std::make_shared<LookArguments>();
  CLI::App* command =
      add_command(lock, action, description,
                  [arguments, look](const Context& context) { return look(context, *arguments); });
  CLI::Option* path = command->add_option("path", arguments->path)->type_name("LOCK");
  if (look == run_list_locks) {
    path->description("Only locks at or below this path")->default_str("/");
  } else {
    path->description("The lock's path, or a word for the path with a slash before it")->required();
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
}

}  // namespace

void add_look_commands(CLI::App& app, Action& action) {
  CLI::App* lock = add_group(app, "lock", "Take, hold and look at locks", kLockGroup);
  add_look(*lock, action, run_list_locks, kListLocks);
  add_look(*lock, action, run_info, kInfo);
  add_look(*lock, action, run_break, kBreak);
  CLI::App* sequencer = add_group(app, "sequencer", "The proofs of acquisitions", kLockGroup);
  const auto check = std::make_shared<CheckArguments>();
  CLI::App* command = add_command(*sequencer, action, kCheck, [check](const Context& context) {
    return run_check(context, *check);
  });
  command->add_option("sequencer", check->sequencer, "The string that was given to the holder")
      ->type_name("SEQUENCER")
      ->required();
}

}  // namespace holdfast::cli
