#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "client/cli/context.h"

namespace {

constexpr const char* kDefaultEndpoints = "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103";
constexpr const char* kFooter =
    R"(Exit codes: 0 done; 1 refused by the cell; 64 usage; 69 the cell cannot be reached;
70 the machine refused. lock run: the command's own code, 128+N when signal N ended it, 75 lock
not acquired, 76 lock lost, 127 command not found. sequencer check: 0 valid, 1 stale, 2 unknown.)";

// Endpoints come from the option, else HOLDFAST_ENDPOINTS, else the config file, else the ports of
// ./dev run: the order that CLI11 gives an option with an environment name.
struct Globals {
  std::string endpoints = kDefaultEndpoints;
  std::string timeout = "10s";
  std::string output = "table";
};

std::string default_config() {
  const char* home = std::getenv("HOME");
  return home != nullptr ? std::string(home) + "/.config/holdfast.conf" : std::string();
}

void add_globals(CLI::App& app, Globals& globals) {
  app.set_config("--config", default_config(), "Read options from this file (name = value)");
  app.add_option("--endpoints", globals.endpoints, "Replicas: host:port,host:port,…")
      ->envname("HOLDFAST_ENDPOINTS")
      ->capture_default_str();
  app.add_option("--timeout", globals.timeout, "How long a call may take: 500ms, 10s, 2m")
      ->envname("HOLDFAST_TIMEOUT")
      ->capture_default_str()
      ->check(holdfast::cli::check_duration);
  app.add_option("--output,-o", globals.output, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"holdfast: locks, small files and watches in a Holdfast cell"};
  app.footer(kFooter);
  app.set_version_flag("--version", "0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  Globals globals;
  holdfast::cli::Action action;
  add_globals(app, globals);
  holdfast::cli::add_lock_commands(app, action);
  holdfast::cli::add_data_commands(app, action);
  holdfast::cli::add_watch_command(app, action);
  holdfast::cli::add_session_commands(app, action);
  holdfast::cli::add_cell_commands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? holdfast::cli::kOk : holdfast::cli::kUsage;
  }
  holdfast::cli::Context context;
  context.endpoints = holdfast::cli::split_endpoints(globals.endpoints);
  context.timeout = holdfast::cli::parse_duration(globals.timeout).value();
  context.json = globals.output == "json";
  if (context.endpoints.empty()) return holdfast::cli::usage_error("--endpoints names no replica");
  return action(context);
}
