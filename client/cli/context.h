#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cell_client.h"
#include "client/cli/exit_code.h"
#include "client/error.h"
#include "client/session.h"

namespace holdfast::cli {

using Milliseconds = std::chrono::milliseconds;

// What every command shares: the options before its name.
struct Context {
  std::vector<std::string> endpoints;
  std::vector<std::string> dns_servers;  // Empty: those of the machine.
  Milliseconds timeout{10'000};
  bool json = false;
  // The node from which `holdfast shell` takes paths that do not begin with a slash; empty outside
  // of it, where they are refused by the cell.
  std::string directory;

  std::string path(const std::string& text) const;
  // A lock's name: a path, or a word that stands for the path with a slash (in the shell: the
  // directory) before it.
  std::string lock_path(const std::string& name) const;

  client::CellClient cell_client() const;
  // `lease` 0: the cell's default.
  client::Outcome<client::Session> open_session(Milliseconds lease) const;
  client::Outcome<client::Session> open_session(Milliseconds lease,
                                                client::SessionCallbacks callbacks) const;
  client::CallOptions call_options() const { return {.timeout = timeout}; }
};

// Says the error on standard error ("holdfast: NO_NODE: …") and gives the exit code for it.
int fail(const client::Error& error);
int usage_error(const std::string& message);

// "250ms", "10s", "5m", "1h", or a number of seconds.
std::optional<Milliseconds> parse_duration(std::string_view text);
// The items of "a,b", without blanks and empty ones.
std::vector<std::string> split_list(const std::string& text);
// `text` as seen from the directory, with "." and ".." followed.
std::string resolve_path(const std::string& directory, const std::string& text);
// "user@host (pid 42)", for the operator's calls and the sessions of this program.
std::string who_am_i();

}  // namespace holdfast::cli
