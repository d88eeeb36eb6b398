#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace holdfast::cli {

// A command in a process group of its own, so that it and what it starts can be stopped together.
// It dies with this program, by SIGKILL, however this program ends.
class ChildProcess {
 public:
  struct Variable {
    std::string name;
    std::string value;
  };
  // Nothing when the machine cannot make a process. A command that cannot be run exits with 127.
  static std::optional<ChildProcess> start(const std::vector<std::string>& command,
                                           const std::vector<Variable>& environment);

  // To the whole group.
  void signal(int number) const;
  // The exit code if it has ended: its own, or 128 + the number of the signal that ended it. Does
  // not wait.
  std::optional<int> poll();
  // Takes the terminal back from the command, if it had it.
  void restore_terminal() const;

 private:
  ChildProcess(pid_t pid, bool has_terminal) : pid_(pid), has_terminal_(has_terminal) {}

  pid_t pid_;
  bool has_terminal_;
  std::optional<int> exit_code_;
};

// Signals that ask this program to stop, and the end of a child, are taken one by one by
// next_signal() from now on, in every thread that is made later. Children get them as usual.
void block_stop_signals();
// The next of them within the time, or none.
std::optional<int> next_signal(int wait_ms);

}  // namespace holdfast::cli
