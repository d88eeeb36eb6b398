#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

namespace holdfast::bench {

// What a generator is to do: the same words for each system that is measured.
struct Plan {
  std::string workload;
  // Connection i goes to endpoint i modulo their number.
  std::vector<std::string> endpoints;
  std::vector<pid_t> servers;  // Whose CPU time is measured.
  std::size_t outstanding = 1;
  std::size_t connections = 16;  // At most; fewer if there is less outstanding.
  std::size_t clients = 1;       // Each on its own connection.
  std::size_t count = 1'000;     // Sessions, holders, watchers, watches or nodes.
  std::size_t sets = 20;         // Of a fan-out.
  std::size_t value_bytes = 100;
  double rate = 1'000;  // Of an open loop, per second.
  double warm_up_s = 1;
  double seconds = 5;
  double interval_s = 10;  // Of a long run, between its lines.
  double limit_s = 60;     // Of what is waited for.
  pid_t victim = 0;        // Gets `signal` after so many seconds.
  int signal = 9;
  double signal_after_s = 3;
  std::string path;  // That is read.

  // Ends the process with a word if the command line is wrong.
  static Plan from_command_line(int count, char** arguments,
                                const std::vector<std::string>& workloads);
};

// `bytes` bytes that can be told from those of other names.
std::string value_for(const std::string& name, std::size_t bytes);

// W8: where the nodes are, and the one with this number.
inline const std::string kNodesPath = "/d";
std::string node_path(std::size_t number);

}  // namespace holdfast::bench
