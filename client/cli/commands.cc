#include "client/cli/commands.h"

#include <utility>

namespace holdfast::cli {
namespace {

// For CLI11: "" or what is wrong.
std::string check_duration(const std::string& text) {
  return parse_duration(text) ? std::string()
                              : "'" + text + "' is no duration like 250ms, 10s, 5m or 1h";
}

}  // namespace

CLI::App* add_group(CLI::App& app, const char* name, const char* summary, const char* group) {
  // "lock" has commands from two files.
  const auto existing =
      app.get_subcommands([name](CLI::App* there) { return there->get_name() == name; });
  if (!existing.empty()) return existing.front();
  CLI::App* out = app.add_subcommand(name, summary);
  out->group(group);
  out->require_subcommand(1);
  return out;
}

CLI::App* add_command(CLI::App& parent, Action& action, const Description& description,
                      Action run) {
  CLI::App* out = parent.add_subcommand(description.name, description.summary);
  out->footer(description.notes);
  out->callback([&action, run = std::move(run)] { action = run; });
  return out;
}

CLI::Option* add_duration(CLI::App* command, const std::string& name, std::string& variable,
                          const std::string& text) {
  return command->add_option(name, variable, text)->type_name("DURATION")->check(check_duration);
}

}  // namespace holdfast::cli
