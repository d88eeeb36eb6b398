#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "client/cli/context.h"

namespace holdfast::cli {

// What a parsed command does; answers the exit code.
using Action = std::function<int(const Context&)>;

// What --help and the man page say about a command.
struct Description {
  const char* name;
  const char* summary;  // Begins with a capital letter, without a full stop.
  const char* notes;    // See command_line::Page::notes.
};

// The headings under which `holdfast --help` lists the commands.
inline constexpr const char* kLockGroup = "Locks";
inline constexpr const char* kNodeGroup = "Nodes";
inline constexpr const char* kCellGroup = "The cell and its sessions";
inline constexpr const char* kHelpGroup = "Help and convenience";

CLI::App* add_group(CLI::App& app, const char* name, const char* summary, const char* group);
// `action` becomes `run` when the command is given.
CLI::App* add_command(CLI::App& parent, Action& action, const Description& description, Action run);

// Each adds its commands to the program; when one of them was given, it sets `action`.
void add_lock_commands(CLI::App& app, Action& action);      // lock run, hold; elect
void add_look_commands(CLI::App& app, Action& action);      // lock ls, info, break; sequencer check
void add_data_commands(CLI::App& app, Action& action);      // ls, get, set, create, rm, stat, tree
void add_transfer_commands(CLI::App& app, Action& action);  // export, import
void add_watch_command(CLI::App& app, Action& action);      // watch
void add_session_commands(CLI::App& app, Action& action);   // session ls, kill
void add_cell_commands(CLI::App& app, Action& action);      // cell status, new-id

// An option that takes a duration.
CLI::Option* add_duration(CLI::App* command, const std::string& name, std::string& variable,
                          const std::string& text);

}  // namespace holdfast::cli
