#include "client/cli/child_process.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/exit_code.h"

namespace holdfast::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, number);
  return set;
}

// Between fork and exec only what is safe there: no allocation.
[[noreturn]] void become(char* const* argv, pid_t parent, bool takes_terminal) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kNotRunnable);  // It died before the line above.
  if (takes_terminal) {
    // Not in the foreground yet, so the terminal would stop us for taking it.
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpgrp());
    signal(SIGTTOU, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(argv[0], argv);
  const char* why = strerror(errno);
  const char* const parts[] = {"holdfast: cannot run ", argv[0], ": ", why, "\n"};
  for (const char* part : parts) {
    if (write(STDERR_FILENO, part, strlen(part)) < 0) break;
  }
  _exit(kNotRunnable);
}

}  // namespace

std::optional<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                                const std::vector<Variable>& environment) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  for (const Variable& variable : environment)
    setenv(variable.name.c_str(), variable.value.c_str(), 1);
  const bool takes_terminal = isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp();
  const pid_t parent = getpid();
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) return std::nullopt;
  if (pid == 0) become(argv.data(), parent, takes_terminal);
  setpgid(pid, pid);  // Whoever of the two is first: afterwards signal() reaches the group.
  return ChildProcess(pid, takes_terminal);
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) kill(-pid_, number);
}

std::optional<int> ChildProcess::poll() {
  if (exit_code_) return exit_code_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_code_;
}

void ChildProcess::restore_terminal() const {
  if (!has_terminal_) return;
  ::signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(STDIN_FILENO, getpgrp());
  ::signal(SIGTTOU, SIG_DFL);
}

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::optional<int> next_signal(int wait_ms) {
  const sigset_t set = stop_signals();
  const timespec wait{.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1'000'000L};
  const int number = sigtimedwait(&set, nullptr, &wait);
  if (number < 0) return std::nullopt;
  return number;
}

}  // namespace holdfast::cli
