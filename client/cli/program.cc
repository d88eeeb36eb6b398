#include "client/cli/program.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "client/cli/completion.h"
#include "client/cli/shell.h"
#include "client/endpoint.h"
#include "command_line/help.h"
#include "command_line/manual.h"
#include "command_line/suggestion.h"

namespace holdfast::cli {
namespace {

constexpr const char* kVersion = "0.1.0";
constexpr const char* kDefaultEndpoints = "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103";
constexpr const char* kNotes =
    R"(Paths are absolute: /config/mode. A lock is the lock of a node, so it has a path too, and
`jobs/nightly` is short for `/jobs/nightly` where a lock is meant. Durations are 250ms, 10s, 5m,
1h or a number of seconds. With --output json every command prints what docs/command_line.md
describes.

Endpoints say where replicas are, and may be mixed: 10.0.0.1:7101 or [fd00::1]:7101; a name with a
port, cell.example.com:7101, all of whose addresses are replicas; or srv:main.example.com, the DNS
records of type SRV of _holdfast._tcp.main.example.com. Names are looked up again whenever a
connection is made.

Examples:
  export HOLDFAST_ENDPOINTS=10.0.0.1:7101,10.0.0.2:7101,10.0.0.3:7101
  holdfast cell status
  holdfast lock run /jobs/nightly -- ./backup.sh
  holdfast lock info /jobs/nightly
  holdfast create /config/mode blue
  holdfast watch /config --recursive
  holdfast help lock run

Exit codes:
  0    done
  1    refused by the cell; the error's name and a sentence are on standard error
  64   the command line is wrong
  69   the cell cannot be reached in time
  70   the machine refused something
  Those of lock run, lock hold, elect and sequencer check are told in their own help.

Files:
  ~/.config/holdfast.conf   options (endpoints = "…"), if --config names no other
  ~/.holdfast_history       lines of holdfast shell; HOLDFAST_HISTORY names another file, or none)";

constexpr Description kHelp = {"help", "Print what a command does and takes",
                               R"(Examples:
  holdfast help
  holdfast help lock run)"};
constexpr Description kCompletion = {
    "completion", "Print the script that makes a shell complete commands, options and paths",
    R"text(Paths come from the cell, from the memory of whatever replica answers within a second.

Examples:
  eval "$(holdfast completion bash)"     # in ~/.bashrc
  eval "$(holdfast completion zsh)"      # in ~/.zshrc, after compinit)text"};
constexpr Description kMan = {"man", "Write the manual pages of all commands into a folder",
                              R"(Their text is that of --help.

Examples:
  holdfast man ~/.local/share/man/man1 && man holdfast-lock-run)"};
constexpr Description kShell = {
    "shell", "Explore the cell: all commands without `holdfast`, with history and completion",
    R"(Paths may be relative to a current node, which cd changes and pwd prints; . and .. are
followed. Ctrl-C ends the command that runs, Ctrl-D or exit the shell. Words may be quoted; #
begins a comment. From a pipe or file the lines are carried out one after the other, without a
prompt; the exit code is that of the last command.

Examples:
  holdfast shell
  printf 'cd /config\nget mode\n' | holdfast shell)"};

std::string default_config() {
  const char* home = std::getenv("HOME");
  return home != nullptr ? std::string(home) + "/.config/holdfast.conf" : std::string();
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

}  // namespace

// What is not said on the command line comes from the environment, else from the config file, else
// it is this.
struct Program::Globals {
  std::string endpoints = kDefaultEndpoints;
  std::string dns_servers;
  std::string timeout = "10s";
  std::string output = "table";
  std::string directory;
  Action action;
};

Program::Program()
    : is_inner_(false),
      globals_(std::make_unique<Globals>()),
      app_(std::make_unique<CLI::App>(
          "Locks, small files and watches in a Holdfast cell, from the command line", "holdfast")) {
  app_->set_version_flag("--version", kVersion, "Print the version and exit");
  app_->set_config("--config", default_config(), "Read options from this file (name = value)")
      ->type_name("FILE");
  add_globals();
  add_commands();
}

Program::Program(const Context& outer)
    : is_inner_(true),
      globals_(std::make_unique<Globals>()),
      app_(std::make_unique<CLI::App>("What can be said in the shell, besides cd, pwd and exit",
                                      "holdfast")) {
  globals_->endpoints = joined(outer.endpoints);
  globals_->dns_servers = joined(outer.dns_servers);
  globals_->timeout = std::to_string(outer.timeout.count()) + "ms";
  globals_->output = outer.json ? "json" : "table";
  globals_->directory = outer.directory;
  add_globals();
  add_commands();
}

Program::~Program() = default;

void Program::add_globals() {
  app_->footer(kNotes);
  app_->set_help_flag("-h,--help", "Print this help and exit");
  app_->require_subcommand(1);
  app_->fallthrough();
  app_->formatter_fn([](const CLI::App* app, const std::string&, CLI::AppFormatMode) {
    return command_line::help_text(command_line::page_of(*app), command_line::help_columns());
  });
  CLI::Option* endpoints = app_->add_option("--endpoints", globals_->endpoints,
                                            "Replicas: host:port,host:port,… or srv:domain")
                               ->type_name("LIST")
                               ->capture_default_str();
  CLI::Option* dns_servers =
      app_->add_option("--dns-servers", globals_->dns_servers,
                       "DNS servers instead of the machine's: address:port,…")
          ->type_name("LIST");
  CLI::Option* timeout =
      add_duration(app_.get(), "--timeout", globals_->timeout, "How long a call may take")
          ->capture_default_str();
  for (CLI::Option* option : {endpoints, dns_servers, timeout}) option->take_last();
  if (!is_inner_) {
    endpoints->envname("HOLDFAST_ENDPOINTS");
    dns_servers->envname("HOLDFAST_DNS_SERVERS");
    timeout->envname("HOLDFAST_TIMEOUT");
  }
  app_->add_option("-o,--output", globals_->output, "For people or for programs")
      ->type_name("table|json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
}

void Program::add_commands() {
  Action& action = globals_->action;
  add_lock_commands(*app_, action);
  add_look_commands(*app_, action);
  add_data_commands(*app_, action);
  add_watch_command(*app_, action);
  add_transfer_commands(*app_, action);
  add_session_commands(*app_, action);
  add_cell_commands(*app_, action);
  add_own_commands();
}

void Program::add_own_commands() {
  Action& action = globals_->action;
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = add_command(*app_, action, kHelp, [this, words](const Context&) {
    command_line::Page page = this->page();
    for (const std::string& word : *words) {
      const command_line::Page* below = page.command(word);
      if (below == nullptr) return refuse(*words, "there is no such command");
      page = command_line::Page(*below);
    }
    std::printf("%s", command_line::help_text(page, command_line::help_columns()).c_str());
    return static_cast<int>(kOk);
  });
  help->group(kHelpGroup);
  help->add_option("name", *words, "The words of a command")->type_name("NAME");
  if (is_inner_) return;
  add_command(*app_, action, kShell, run_shell)->group(kHelpGroup);
  const auto word = std::make_shared<std::string>();
  CLI::App* completion = add_command(*app_, action, kCompletion, [word](const Context&) {
    std::printf("%s", completion_script(*word));
    return static_cast<int>(kOk);
  });
  completion->group(kHelpGroup);
  completion->add_option("shell", *word, "Whose")
      ->type_name("bash|zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  CLI::App* man = add_command(*app_, action, kMan, [this, word](const Context&) {
    const bool is_written = command_line::write_manual(
        page(), {.section = 1, .version = kVersion, .title = "Holdfast"}, *word);
    return static_cast<int>(is_written ? kOk : kInternal);
  });
  man->group(kHelpGroup);
  man->add_option("folder", *word, "It is made if it is not there")
      ->type_name("DIRECTORY")
      ->required();
  CLI::App* complete = add_command(
      *app_, action, {"complete", "For the scripts of completion", ""},
      [this, word](const Context& context) { return print_candidates(page(), context, *word); });
  complete->group("");
  complete->add_option("line", *word)->required();
}

int Program::refuse(const std::vector<std::string>& words, const std::string& why) const {
  std::string sentence = command_line::explain_unknown(page(), words);
  if (sentence.empty()) sentence = why;
  usage_error(sentence + (is_inner_ ? " (see help)" : " (see holdfast --help)"));
  return kUsage;
}

// CLI11 would let the config file win over the environment, so that is made part of the line.
void Program::add_environment(std::vector<std::string>& reversed) const {
  for (const CLI::Option* option : app_->get_options()) {
    const std::string name = option->get_envname();
    const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
    if (value != nullptr && *value != '\0')
      reversed.push_back("--" + option->get_lnames().front() + "=" + value);
  }
}

int Program::run(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(command_line::help_text(page(), command_line::help_columns()).c_str(), stderr);
    return kUsage;
  }
  try {
    // CLI11 takes them from the end.
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    add_environment(reversed);
    app_->parse(reversed);
  } catch (const CLI::Success& done) {  // --help and --version.
    return app_->exit(done);
  } catch (const CLI::ParseError& error) {
    return refuse(words, error.what());
  }
  Context context;
  context.endpoints = split_list(globals_->endpoints);
  context.dns_servers = split_list(globals_->dns_servers);
  context.timeout = parse_duration(globals_->timeout).value();
  context.json = globals_->output == "json";
  context.directory = globals_->directory;
  if (context.endpoints.empty()) return usage_error("--endpoints names no replica");
  const Status endpoints = client::check_endpoints(context.endpoints);
  if (!endpoints.ok()) return usage_error("--endpoints: " + endpoints.message());
  const Status dns_servers = client::check_dns_servers(context.dns_servers);
  if (!dns_servers.ok()) return usage_error("--dns-servers: " + dns_servers.message());
  return globals_->action(context);
}

command_line::Page Program::page() const {
  return command_line::page_of(*app_);
}

}  // namespace holdfast::cli
