#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "client/cli/context.h"

namespace holdfast::cli {

// What a parsed command does; answers the exit code.
using Action = std::function<int(const Context&)>;

// Each adds its commands to the program; when one of them was given, its callback sets `action`.
void add_lock_commands(CLI::App& app,
                       Action& action);  // lock run, hold, ls, info, break; sequencer check
void add_data_commands(CLI::App& app,
                       Action& action);  // ls, get, set, create, rm, stat, tree, export, import
void add_watch_command(CLI::App& app, Action& action);     // watch
void add_session_commands(CLI::App& app, Action& action);  // session ls, kill
void add_cell_commands(CLI::App& app, Action& action);     // cell status, new-id

// For CLI11: "" or what is wrong.
std::string check_duration(const std::string& text);

}  // namespace holdfast::cli
