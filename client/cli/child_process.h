#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>
#include <termios.h>

namespace holdfast::cli {

// A command in a process group of its own, so that it and what it starts can be stopped together,
// and in the foreground of the terminal where this program was there. The command dies with this
// program, by SIGKILL, however this program ends; for what the command starts see Watchdog.
class ChildProcess {
 public:
  struct Variable {
    std::string name;
    std::string value;
  };
  // Nothing when the machine cannot make a process. A command that cannot be run exits with 127.
  static std::optional<ChildProcess> start(const std::vector<std::string>& command,
                                           const std::vector<Variable>& environment);

  pid_t group() const { return pid_; }
  // To the whole group; not any more once the command has ended.
  void signal(int number) const;
  // As signal(), also when the command itself has ended and others of its group run on.
  void kill_group() const;

  struct State {
    std::optional<int> exit_code;   // Its own, or 128 + the number of the signal that ended it.
    std::optional<int> stopped_by;  // The signal; told once for each stop.
  };
  // What has become of it. Does not wait.
  State poll();

  // Lets a stopped command go on, in the foreground if this program is there.
  void resume();
  // Takes the terminal back from the command, if it has it.
  void take_terminal() const;
  // take_terminal(), and the modes of the terminal as they were before the command.
  void restore_terminal() const;

 private:
  ChildProcess(pid_t pid, std::optional<termios> modes) : pid_(pid), modes_(modes) {}

  pid_t pid_;
  std::optional<termios> modes_;  // If this program had the terminal.
  std::optional<int> exit_code_;
};

// This program is in the foreground of the terminal that is its standard input.
bool is_in_foreground();

// Stops this program and the others of its process group, as Ctrl-Z would; returns when it is
// continued, at once if no shell is there that could do so. False when it has no terminal.
bool stop_with_terminal();

}  // namespace holdfast::cli
