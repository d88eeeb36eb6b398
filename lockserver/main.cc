#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <glog/logging.h>

#include "command_line/config_file.h"
#include "command_line/help.h"
#include "command_line/manual.h"
#include "command_line/page.h"
#include "lockserver/daemon.h"
#include "lockserver/version.h"

namespace {

// Endpoints on the command line; CLI11 reports the message of a failed validation with the flag's
// name.
std::string check_endpoint(const std::string& text) {
  const auto parsed = holdfast::parse_endpoint(text);
  return parsed.ok() ? std::string() : parsed.status().message();
}

constexpr const char* kInitNotes =
    R"(All replicas of a cell are given the same --cell, --cell-id and members. The first start of
a cell needs all its voters; from then on a majority serves.

Examples:
  holdfastd init --data /var/lib/holdfast --cell main --cell-id "$ID" --id 1 \
    --voters 1=10.0.0.1:7201,2=10.0.0.2:7201,3=10.0.0.3:7201)";

constexpr const char* kRunNotes =
    R"(It logs to standard error, a line each; a change of role is a line that begins with role=.
At SIGTERM a leader commits what is proposed and hands over, and the exit code is 0. A replica
whose disk fails or whose files are damaged stops with a message that names the file.

There is no access control and no encryption: whoever reaches the ports can do everything.

Examples:
  holdfastd run --data /var/lib/holdfast --client-listen 10.0.0.1:7101
  holdfastd run --config /etc/holdfast/holdfastd.conf)";

constexpr const char* kConfigNotes =
    R"(An option that is given stands in the file as it was given, all others are commented out
with their defaults.

Examples:
  holdfastd config --data /var/lib/holdfast/replica --client-listen 10.0.0.1:7101 > holdfastd.conf
  holdfastd run --config holdfastd.conf)";

constexpr const char* kConfigHead =
    R"(Options of holdfastd run, read by: holdfastd run --config FILE
A line is name = value; what is commented out shows the default.
Changed options take effect when the replica is restarted.)";

struct Arguments {
  std::string manual_folder;
  std::string config_file;
  holdfast::InitOptions init;
  holdfast::RunOptions run;
  std::string client_listen = "127.0.0.1:7101";
  std::string peer_listen;
  std::string client_advertise;
};

CLI::App* add_init(CLI::App& app, Arguments& arguments) {
  holdfast::InitOptions& init = arguments.init;
  CLI::App* command = app.add_subcommand("init", "Make a replica's directory, once in its life");
  command->footer(kInitNotes);
  command->add_option("--data", init.data_dir, "Directory to make")->required();
  command->add_option("--cell", init.cell_name, "Name of the cell: 1 to 63 of a-z, 0-9 and -")
      ->required();
  command
      ->add_option("--cell-id", init.cell_id,
                   "Id of the cell, the same for all its replicas: holdfast cell new-id makes one")
      ->required();
  command->add_option("--id", init.id, "Number of this replica among the members, from 1")
      ->required();
  command
      ->add_option("--voters", init.voters,
                   "Voting replicas with the addresses at which their peers reach them: "
                   "1=host:port,2=host:port,…")
      ->required();
  command->add_option("--observers", init.observers, "Replicas without a vote, in the same form");
  return command;
}

void add_addresses(CLI::App* command, Arguments& arguments) {
  command
      ->add_option("--client-listen", arguments.client_listen,
                   "host:port for clients; port 0 chooses one")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->check(check_endpoint);
  command
      ->add_option("--peer-listen", arguments.peer_listen,
                   "host:port for other replicas, if it is not the address given to init")
      ->type_name("ADDRESS")
      ->check(check_endpoint);
  command
      ->add_option("--client-advertise", arguments.client_advertise,
                   "host:port that clients are told, if it is not --client-listen")
      ->type_name("ADDRESS")
      ->check(check_endpoint);
}

// The options of a run. Answers that for --data, which not everybody has to give.
CLI::Option* add_run_options(CLI::App* command, Arguments& arguments) {
  holdfast::RunOptions& run = arguments.run;
  CLI::Option* data =
      command->add_option("--data", run.data_dir, "The replica's directory, made by init")
          ->type_name("DIRECTORY");
  add_addresses(command, arguments);
  command->add_flag("--rejoin", run.rejoin,
                    "This replica's disk was lost and made anew: let the others bring it up to "
                    "date before it counts again");
  command
      ->add_option("--failure-timeout-ms", run.failure_timeout_ms,
                   "Silence after which a replica counts as lost")
      ->capture_default_str()
      ->check(CLI::Range(100, 60'000));
  command
      ->add_option("--heartbeat-ms", run.heartbeat_ms,
                   "How often the leader is heard; at most a third of the failure timeout")
      ->capture_default_str()
      ->check(CLI::Range(10, 10'000));
  command
      ->add_option("--log-bytes-max", run.log_bytes_max, "Old log goes when it is larger than this")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{64} << 10U, std::uint64_t{1} << 40U));
  command
      ->add_option("--state-bytes-max", run.state_bytes_max,
                   "Largest state; the same at every replica of a cell")
      ->capture_default_str();
  command
      ->add_option("--event-history-bytes", run.event_history_bytes,
                   "Recent events kept for watches; the same at every replica of a cell")
      ->capture_default_str();
  return data;
}

CLI::App* add_run(CLI::App& app, Arguments& arguments) {
  CLI::App* command = app.add_subcommand("run", "Run a replica until SIGTERM or Ctrl-C");
  command->footer(kRunNotes);
  command
      ->add_option("--config", arguments.config_file,
                   "Read options from a file (name = value); those given here go before them")
      ->type_name("FILE")
      ->configurable(false);
  add_run_options(command, arguments)->required();
  return command;
}

CLI::App* add_config(CLI::App& app, Arguments& arguments) {
  CLI::App* command =
      app.add_subcommand("config", "Print a configuration file with all options of run");
  command->footer(kConfigNotes);
  add_run_options(command, arguments);
  return command;
}

int write_config(const CLI::App& command) {
  const std::string text = holdfast::command_line::config_file_text(command, kConfigHead);
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

CLI::App* add_manual(CLI::App& app, Arguments& arguments) {
  CLI::App* command =
      app.add_subcommand("man", "Write the manual pages of holdfastd into a folder");
  command->add_option("folder", arguments.manual_folder, "It is made if it is not there")
      ->type_name("DIRECTORY")
      ->required();
  return command;
}

int write_manual(const CLI::App& app, const Arguments& arguments) {
  const bool is_written = holdfast::command_line::write_manual(
      holdfast::command_line::page_of(app),
      {.section = 8, .version = holdfast::kVersion, .title = "Holdfast"}, arguments.manual_folder);
  return is_written ? 0 : 1;
}

int run(Arguments& arguments) {
  holdfast::RunOptions& options = arguments.run;
  if (options.heartbeat_ms * 3 > options.failure_timeout_ms) {
    options.heartbeat_ms = options.failure_timeout_ms / 3;
  }
  options.client_listen = holdfast::parse_endpoint(arguments.client_listen).value();
  if (!arguments.peer_listen.empty()) {
    options.peer_listen = holdfast::parse_endpoint(arguments.peer_listen).value();
  }
  if (!arguments.client_advertise.empty()) {
    options.client_advertise = holdfast::parse_endpoint(arguments.client_advertise).value();
  }
  return holdfast::run_replica(options);
}

}  // namespace

int main(int argc, char** argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  CLI::App app{"One replica of a Holdfast cell, a lock service", "holdfastd"};
  app.formatter_fn([](const CLI::App* shown, const std::string&, CLI::AppFormatMode) {
    return holdfast::command_line::help_text(holdfast::command_line::page_of(*shown),
                                             holdfast::command_line::help_columns());
  });
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", holdfast::kVersion, "Print the version and exit");
  app.require_subcommand(1);
  Arguments arguments;
  const CLI::App* init = add_init(app, arguments);
  add_run(app, arguments);
  const CLI::App* config = add_config(app, arguments);
  const CLI::App* manual = add_manual(app, arguments);
  holdfast::Result<std::vector<std::string>> words =
      holdfast::command_line::with_config_file({argv + 1, argv + argc});
  if (!words.ok()) {
    std::fprintf(stderr, "holdfastd: %s\n", words.status().message().c_str());
    return 1;
  }
  std::vector<std::string> reversed = std::move(words).value();  // As CLI11 takes them.
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (config->parsed()) return write_config(*config);
  if (manual->parsed()) return write_manual(app, arguments);
  return init->parsed() ? holdfast::init_replica(arguments.init) : run(arguments);
}
