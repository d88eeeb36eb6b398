#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/cluster.h"
#include "tests/zab/scenario/command.h"

namespace holdfast::scenario {

// How much of what happened a command prints: everything, what changes the standing of a replica,
// or nothing.
enum class Detail { kFull, kRoles, kNone };

// Where a scenario is played: a cell in which nothing happens but what a command says. The verbs
// stand in files of their own beside this one; the table in stage.cc tells how each is used.
class Stage {
 public:
  // Carries out one line; what it answers goes into the file as expected output.
  std::string perform(const std::string& line);

  // For the verbs.
  void build(const sim::Cluster::Design& design);
  sim::Cluster& cell();
  bool has_cell() const { return cell_ != nullptr; }
  // The ids named by `name`, or all running replicas.
  std::vector<ServerId> servers_or_all(const Command& command, const std::string& name);
  // Lets everything that waits happen at once, at the replicas named only, until nothing is left.
  // Time stands still.
  void settle(const std::vector<ServerId>& only);
  // The end at `at` of the newest connection with `other` that `at` knows of; none when there is
  // none.
  ConnId connection(ServerId at, ServerId other);
  // The one that the command names by line=, or the newest.
  ConnId connection(const Command& command, ServerId at, ServerId other);

 private:
  using Verb = std::string (*)(Stage&, const Command&);
  struct Entry {
    Verb verb;
    Detail detail;  // Unless the command says detail=.
  };
  static const std::map<std::string, Entry>& verbs();
  std::string take_story(Detail detail);

  std::unique_ptr<sim::Cluster> cell_;
};

}  // namespace holdfast::scenario
