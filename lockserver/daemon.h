#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lockserver/config.h"
#include "zab/base/ids.h"
#include "zab/base/limits.h"

// The two things that holdfastd does, with everything wired. Each answers the exit code of the
// process and has said on standard error what went wrong.

namespace holdfast {

// holdfastd init: makes a replica's directory.
struct InitOptions {
  std::string data_dir;
  std::string cell_name;
  std::string cell_id;
  std::uint64_t id = 0;
  std::string voters;
  std::string observers;
};
int init_replica(const InitOptions& options);

// holdfastd run: a replica, until SIGTERM or SIGINT.
struct RunOptions {
  std::string data_dir;
  Endpoint client_listen;
  std::optional<Endpoint> peer_listen;  // Default: the replica's own address among the members.
  std::optional<Endpoint>
      client_advertise;  // Where clients are told to find it; default: client_listen.
  bool rejoin = false;
  Ticks failure_timeout_ms = 1000;
  Ticks heartbeat_ms = 100;
  std::uint64_t log_bytes_max = limits::kLogBytesMax;
  std::uint64_t state_bytes_max = limits::kStateBytesMax;
  std::uint64_t event_history_bytes = limits::kEventHistoryBytes;
};
int run_replica(const RunOptions& options);

}  // namespace holdfast
