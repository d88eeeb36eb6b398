#include "client/cli/shell.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <stdio_ext.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/completion.h"
#include "client/cli/line_reader.h"
#include "client/cli/program.h"
#include "client/cli/words.h"

namespace holdfast::cli {
namespace {

std::string history_file() {
  const char* told = std::getenv("HOLDFAST_HISTORY");
  if (told != nullptr) return told;
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.holdfast_history";
}

// In a terminal Ctrl-C is for the command that runs, and not for the shell.
class IgnoredInterrupt {
 public:
  IgnoredInterrupt() {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignored, &before_);
  }
  ~IgnoredInterrupt() { sigaction(SIGINT, &before_, nullptr); }
  IgnoredInterrupt(const IgnoredInterrupt&) = delete;
  IgnoredInterrupt& operator=(const IgnoredInterrupt&) = delete;

 private:
  struct sigaction before_ {};
};

// The exit code of the work, done in a process of its own: the shell itself stays without threads
// and connections, and outlives whatever happens to a command.
int in_child(const std::function<int()>& work) {
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid < 0) {
    std::perror("holdfast: cannot make a process");
    return kInternal;
  }
  if (pid == 0) {
    ::signal(SIGINT, SIG_DFL);
    const int code = work();
    std::fflush(stdout);
    _exit(code);
  }
  int status = 0;
  while (true) {
    if (waitpid(pid, &status, WUNTRACED) < 0) {
      if (errno == EINTR) continue;
      return kInternal;
    }
    if (!WIFSTOPPED(status)) break;
    // Ctrl-Z stopped the shell too, unless nobody is there who could continue it.
    kill(pid, SIGCONT);
  }
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  std::printf("\n");
  return 128 + WTERMSIG(status);
}

// All that the work writes to the descriptor it is given.
std::string output_of(const std::function<void(int)>& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const pid_t pid = fork();
  if (pid == 0) {
    work(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  std::string out;
  std::array<char, 4096> part{};
  while (pid > 0) {
    const ssize_t got = read(ends[0], part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(part.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  if (pid > 0) waitpid(pid, nullptr, 0);
  return out;
}

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = write(to, text.data(), text.size());
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

class Shell {
 public:
  explicit Shell(Context context) : context_(std::move(context)) { context_.directory = "/"; }

  int run() {
    if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {
      run_interactively();
    } else {
      for (std::string line; !has_ended_ && std::getline(std::cin, line);) carry_out(line);
    }
    return code_;
  }

 private:
  void run_interactively() {
    const IgnoredInterrupt ignored;
    LineReader reader(history_file(), [this](const std::string& line) { return words_for(line); });
    while (!has_ended_) {
      const std::optional<std::string> line = reader.read("holdfast " + context_.directory + "> ");
      if (!line) return;
      carry_out(*line);
    }
  }

  void carry_out(const std::string& line) {
    std::optional<std::vector<std::string>> words = split_words(line);
    if (!words) {
      code_ = usage_error("a quote is not closed");
      return;
    }
    if (!words->empty() && words->front() == "holdfast") words->erase(words->begin());
    if (words->empty()) return;
    const std::string& first = words->front();
    if (first == "exit" || first == "quit") {
      has_ended_ = true;
    } else if (first == "pwd") {
      std::printf("%s\n", context_.directory.c_str());
      code_ = kOk;
    } else if (first == "cd") {
      code_ = change_directory(words->size() > 1 ? (*words)[1] : "/");
    } else {
      code_ = in_child([this, &words] {
        take_stdin_away();
        return Program(context_).run(*words);
      });
    }
  }

  // Lines that come by a pipe are for the shell and for no command.
  static void take_stdin_away() {
    if (isatty(STDIN_FILENO) == 1) return;
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    __fpurge(stdin);  // What has been read ahead.
  }

  int change_directory(const std::string& where) {
    const std::string path = context_.path(where);
    const int code = in_child([this, &path] {
      client::CellClient cell = context_.cell_client();
      const auto found = cell.call(client::Exists{.path = path}, context_.call_options());
      if (!found) return fail(found.error());
      if (found->stat) return static_cast<int>(kOk);
      return fail(
          {.code = client::ErrorCode::kNoNode, .message = "There is no node " + path + "."});
    });
    if (code == kOk) context_.directory = path;
    return code;
  }

  std::vector<std::string> words_for(const std::string& line) const {
    const std::string text = output_of([this, &line](int out) {
      std::vector<std::string> words = words_to_complete(line);
      command_line::Page page = Program(context_).page();
      page.commands.push_back(own_command("cd", "PATH"));
      page.commands.push_back(own_command("pwd", ""));
      page.commands.push_back(own_command("exit", ""));
      for (const Candidate& candidate : complete(page, words, names_in(context_)).list)
        write_all(out, quoted(candidate.word) + "\n");
    });
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      out.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return out;
  }

  static command_line::Page own_command(const char* name, const char* argument) {
    command_line::Page page;
    page.words = {"holdfast", name};
    if (*argument != '\0') {
      command_line::Option option;
      option.names = {argument};
      option.value = argument;
      option.is_positional = true;
      page.options.push_back(std::move(option));
    }
    return page;
  }

  Context context_;
  int code_ = kOk;
  bool has_ended_ = false;
};

}  // namespace

int run_shell(const Context& context) {
  return Shell(context).run();
}

}  // namespace holdfast::cli
