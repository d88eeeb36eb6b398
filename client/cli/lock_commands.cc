#include <memory>

#include "client/cli/commands.h"
#include "client/cli/elect.h"
#include "client/cli/lock_hold.h"
#include "client/cli/lock_run.h"

namespace holdfast::cli {
namespace {

constexpr Description kRun = {
    "run", "Run a command while a lock is held",
    R"(The command runs in a process group of its own with HOLDFAST_LOCK, HOLDFAST_SEQUENCER and
HOLDFAST_GENERATION in its environment. A server that is asked to act for the holder can check the
sequencer.

When the lease cannot be confirmed the command gets SIGTERM while a quarter of the lease is left,
and its whole group SIGKILL while a twelfth is: it has ended before the cell could give the lock
to anybody else. That holds also when this program is stopped or killed. What the command leaves
running in the background when it ends by itself runs on without the lock.

SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP and SIGCONT are passed on to
the command's group. In a terminal the command is in the foreground. Ctrl-Z stops it together with
this program, which then keeps nothing alive: fg lets it go on if its lock is still held; after
the lease it is killed.

Exit codes:
  the command's own
  128+N   signal N ended the command, or this program while it waited for the lock
  64      the command line is wrong
  69      the cell could not be reached
  70      the machine refused to make a process
  75      the lock was not had in the time given, or would have been a deadlock
  76      the lock was lost: the command was stopped before that
  127     the command could not be run
  1       the cell refused; the error is on standard error

Examples:
  holdfast lock run /jobs/nightly -- ./backup.sh --full
  holdfast lock run /jobs/nightly --wait 0 -- ./backup.sh || echo "somebody else does it"
  holdfast lock run reports --shared --wait 30s -- sh -c 'echo "$HOLDFAST_SEQUENCER"')"};

constexpr Description kHold = {
    "hold", "Hold a lock until Ctrl-C, and print a line at each event",
    R"(The events are waiting, acquired, jeopardy (the lease ran out unconfirmed: do not rely on
the lock now), safe (it is confirmed again), released and lost. It ends at SIGINT, SIGTERM or
SIGHUP, with --until-eof also when standard input ends, and gives the lock back; or when the lock
is lost.

With --json each line is an object with the member "event". A program that starts this one reads
the sequencer from the line "acquired", and closes the pipe to give the lock back.

Exit codes:
  0       it was ended, and the lock given back
  75      the lock was not had in the time given, or would have been a deadlock
  76      the lock was lost
  128+N   signal N came while it waited for the lock

Examples:
  holdfast lock hold /maintenance --description "disk swap"
  holdfast lock hold /maintenance --json --until-eof)"};

constexpr Description kElect = {
    "elect", "Stand for election; lead, or run a command, when elected",
    R"text(An election is a lock held by its leader. When elected, this program writes the value
(default: user, host and process) into the lock's node, guarded by its sequencer, prints a line
and leads until a signal ends it; events are those of `lock hold`, with elected and resigned
instead of acquired and released. With a command it runs that instead, exactly as `lock run` does,
with the same exit codes.

With --observe it does not stand: it prints a line whenever another leads, or nobody does any
more. A value counts only while the lock is held and if it was written under that tenure.

Examples:
  holdfast elect /svc/leader --value 10.0.0.5:8080 -- ./serve --primary
  holdfast elect /svc/leader --value "$(hostname)"
  holdfast elect /svc/leader --observe --output json)text"};

void add_name(CLI::App* command, LockArguments& arguments) {
  command
      ->add_option("name", arguments.name,
                   "The lock's path, or a word for the path with a slash before it; its node is "
                   "created if it does not exist")
      ->type_name("LOCK")
      ->required();
}

void add_lock_options(CLI::App* command, LockArguments& arguments) {
  add_duration(command, "--wait", arguments.wait,
               "How long to wait; 0 to only try; without it until it is had");
  add_duration(command, "--lease", arguments.lease, "The session's lease, 1s to 10m; else 12s");
  add_duration(command, "--lock-delay", arguments.lock_delay,
               "How long the lock stays closed to others if this program dies, up to 60s");
  command->add_option("--description", arguments.description, "For people who look at the lock");
}

void add_until_eof(CLI::App* command, LockArguments& arguments) {
  command->add_flag("--until-eof", arguments.ends_with_stdin,
                    "End, and give the lock back, also when standard input ends");
}

// CLI11 hands the separator over together with what follows it.
void take_separator(std::vector<std::string>& command) {
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
}

void add_command_words(CLI::App* command, LockArguments& arguments) {
  command->add_option("command", arguments.command, "The command and its arguments, after --")
      ->type_name("COMMAND");
  command->fallthrough(false);
}

void add_elect(CLI::App& app, Action& action) {
  struct All : ElectArguments {
    bool observes = false;
  };
  const auto arguments = std::make_shared<All>();
  CLI::App* command = add_command(app, action, kElect, [arguments](const Context& context) {
    take_separator(arguments->lock.command);
    if (!arguments->observes) return elect(context, *arguments);
    if (!arguments->lock.command.empty() || !arguments->value.empty()) {
      return usage_error("--observe goes neither with a command nor with --value");
    }
    return observe(context, *arguments);
  });
  command->group(kLockGroup);
  add_name(command, arguments->lock);
  command->add_option("--value", arguments->value, "What the leader says about itself");
  command->add_flag("--observe", arguments->observes, "Print who leads, at each change");
  add_lock_options(command, arguments->lock);
  add_until_eof(command, arguments->lock);
  add_command_words(command, arguments->lock);
}

}  // namespace

void add_lock_commands(CLI::App& app, Action& action) {
  CLI::App* lock = add_group(app, "lock", "Take, hold and look at locks", kLockGroup);
  const auto arguments = std::make_shared<LockArguments>();
  CLI::App* run = add_command(*lock, action, kRun, [arguments](const Context& context) {
    take_separator(arguments->command);
    if (arguments->command.empty()) return usage_error("a command is missing after --");
    return lock_run(context, *arguments);
  });
  add_name(run, *arguments);
  run->add_flag("--shared", arguments->shared, "Together with other shared holders");
  add_lock_options(run, *arguments);
  add_command_words(run, *arguments);
  run->get_option("command")->required();
  CLI::App* hold = add_command(*lock, action, kHold, [arguments](const Context& context) {
    return lock_hold(context, *arguments);
  });
  add_name(hold, *arguments);
  hold->add_flag("--shared", arguments->shared, "Together with other shared holders");
  add_lock_options(hold, *arguments);
  add_until_eof(hold, *arguments);
  hold->add_flag("--json", arguments->json, "Each line an object of JSON; as --output json");
  add_elect(app, action);
}

}  // namespace holdfast::cli
