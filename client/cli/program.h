#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/cli/context.h"
#include "command_line/page.h"

namespace CLI {
class App;
}

namespace holdfast::cli {

// The program `holdfast` with all its commands. One carries out one command line.
class Program {
 public:
  Program();
  // Inside the shell: what `outer` says holds where the line says nothing else, and there is no
  // second shell.
  explicit Program(const Context& outer);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The words after the program's name. Answers the exit code.
  int run(const std::vector<std::string>& words);
  command_line::Page page() const;

 private:
  struct Globals;

  void add_globals();
  void add_commands();
  void add_own_commands();
  void add_environment(std::vector<std::string>& reversed) const;
  int refuse(const std::vector<std::string>& words, const std::string& why) const;

  bool is_inner_;
  std::unique_ptr<Globals> globals_;
  std::unique_ptr<CLI::App> app_;
};

}  // namespace holdfast::cli
