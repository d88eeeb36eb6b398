#include "client/cli/child_process.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/exit_code.h"

namespace holdfast::cli {
namespace {

// A group that is not in the foreground may move the foreground only while it does not listen to
// SIGTTOU.
void set_foreground(pid_t group) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  tcsetpgrp(STDIN_FILENO, group);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Between fork and exec only what is safe there: no allocation.
[[noreturn]] void become(char* const* argv, pid_t parent, bool takes_terminal) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kNotRunnable);  // It died before the line above.
  if (takes_terminal) set_foreground(getpgrp());
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

bool is_in_foreground() {
  return isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

bool stop_with_terminal() {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return false;
  close(terminal);
  // A shell takes a job for stopped when all its processes are: also those before and after us in
  // a pipeline, and the script that started us.
  kill(0, SIGTSTP);
  // By the signal's own way: the kernel does not stop a group that no shell could continue.
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &set, &before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

std::optional<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                                const std::vector<Variable>& environment) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  for (const Variable& variable : environment)
    setenv(variable.name.c_str(), variable.value.c_str(), 1);
  // A pager behind us needs the terminal itself: the command then gets it when it asks for it.
  const bool takes_terminal = is_in_foreground() && isatty(STDOUT_FILENO) == 1;
  std::optional<termios> modes;
  termios now{};
  if (is_in_foreground() && tcgetattr(STDIN_FILENO, &now) == 0) modes = now;
  const pid_t parent = getpid();
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) return std::nullopt;
  if (pid == 0) become(argv.data(), parent, takes_terminal);
  setpgid(pid, pid);  // Whoever of the two is first: afterwards signal() reaches the group.
  return ChildProcess(pid, modes);
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) kill(-pid_, number);
}

void ChildProcess::kill_group() const {
  kill(-pid_, SIGKILL);
}

ChildProcess::State ChildProcess::poll() {
  if (exit_code_) return {.exit_code = exit_code_, .stopped_by = {}};
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_) return {};
  if (WIFSTOPPED(status)) return {.exit_code = {}, .stopped_by = WSTOPSIG(status)};
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {.exit_code = exit_code_, .stopped_by = {}};
}

void ChildProcess::resume() {
  if (is_in_foreground()) set_foreground(pid_);
  signal(SIGCONT);
}

void ChildProcess::take_terminal() const {
  if (isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == pid_) set_foreground(getpgrp());
}

void ChildProcess::restore_terminal() const {
  take_terminal();
  if (modes_ && is_in_foreground()) tcsetattr(STDIN_FILENO, TCSADRAIN, &*modes_);
}

}  // namespace holdfast::cli
