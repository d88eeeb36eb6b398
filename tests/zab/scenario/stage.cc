#include "tests/zab/scenario/stage.h"

#include <algorithm>
#include <array>

#include "tests/zab/scenario/verbs.h"
#include "zab/base/check.h"

namespace holdfast::scenario {
namespace {

Detail parse_detail(const std::string& text) {
  if (text == "full") return Detail::kFull;
  if (text == "roles") return Detail::kRoles;
  HOLDFAST_CHECK(text == "none", "detail= is full, roles or none");
  return Detail::kNone;
}

// What changes the standing of a replica, and how it was synchronized.
bool is_about_roles(const std::string& line) {
  constexpr std::array kMarks = {"-> role=",      "-> serve", "-> stop", "-> fatal", "-> close",
                                 "-> read ready", "] DIFF",   "] TRUNC", "] SNAP e", "] NEWLEADER",
                                 "] UPTODATE",    "starts",   "crashes"};
  return std::any_of(kMarks.begin(), kMarks.end(),
                     [&](const char* mark) { return line.find(mark) != std::string::npos; });
}

}  // namespace

const std::map<std::string, Stage::Entry>& Stage::verbs() {
  static const std::map<std::string, Entry> kVerbs = {{"cell", {scenario::cell, Detail::kNone}},
                                                      {"elect", {elect, Detail::kRoles}},
                                                      {"notify", {notify, Detail::kFull}},
                                                      {"propose", {propose, Detail::kFull}},
                                                      {"read", {read, Detail::kFull}},
                                                      {"forward", {forward, Detail::kFull}},
                                                      {"persist", {persist, Detail::kFull}},
                                                      {"apply", {apply, Detail::kFull}},
                                                      {"sync-image", {sync_image, Detail::kFull}},
                                                      {"purge", {purge, Detail::kFull}},
                                                      {"queue", {queue, Detail::kNone}},
                                                      {"connect", {connect, Detail::kFull}},
                                                      {"deliver", {deliver, Detail::kFull}},
                                                      {"lose", {lose, Detail::kFull}},
                                                      {"answer", {answer, Detail::kFull}},
                                                      {"drop", {drop, Detail::kFull}},
                                                      {"break", {break_connection, Detail::kRoles}},
                                                      {"isolate", {isolate, Detail::kFull}},
                                                      {"heal", {heal, Detail::kFull}},
                                                      {"crash", {crash, Detail::kFull}},
                                                      {"restart", {restart, Detail::kRoles}},
                                                      {"wipe", {wipe, Detail::kFull}},
                                                      {"resign", {resign, Detail::kRoles}},
                                                      {"tick", {tick, Detail::kFull}},
                                                      {"run", {run, Detail::kRoles}},
                                                      {"stabilize", {stabilize, Detail::kRoles}},
                                                      {"state", {state, Detail::kNone}},
                                                      {"log", {log, Detail::kNone}}};
  return kVerbs;
}

std::string Stage::perform(const std::string& line) {
  const Result<Command> command = parse_command(line);
  if (!command.ok()) return command.status().message() + "\n";
  const auto found = verbs().find(command->verb);
  if (found == verbs().end()) return "no such verb: " + command->verb + "\n";
  if (command->verb != "cell" && !has_cell()) return "there is no cell yet\n";
  const std::string answer = found->second.verb(*this, *command);
  const Detail detail =
      command->has("detail") ? parse_detail(command->values.at("detail")) : found->second.detail;
  std::string out = take_story(detail) + answer;
  if (const auto& violation = cell_->checkers().violation()) {
    out += "VIOLATION " + violation->invariant + ": " + violation->facts + "\n";
  }
  return out.empty() ? "nothing\n" : out;
}

std::string Stage::take_story(Detail detail) {
  std::string out;
  for (const std::string& line : cell_->trace().take_lines()) {
    if (detail == Detail::kNone || (detail == Detail::kRoles && !is_about_roles(line))) continue;
    out += line.substr(line.find("  ") + 2) + "\n";
  }
  return out;
}

void Stage::build(const sim::Cluster::Design& design) {
  cell_ = std::make_unique<sim::Cluster>(design);
}

sim::Cluster& Stage::cell() {
  return *cell_;
}

std::vector<ServerId> Stage::servers_or_all(const Command& command, const std::string& name) {
  if (command.has(name)) return command.servers(name);
  std::vector<ServerId> out;
  for (const auto& replica : cell_->replicas()) {
    if (replica->is_running()) out.push_back(replica->id());
  }
  return out;
}

void Stage::settle(const std::vector<ServerId>& only) {
  for (const auto& replica : cell_->replicas()) {
    const bool named = std::find(only.begin(), only.end(), replica->id()) != only.end();
    // What is on its way to a process that does not run is lost as usual.
    if (!named && replica->is_running()) cell_->pause(replica->id());
  }
  // A dial over a cut link is given up only when its time has come.
  for (auto next = cell_->next_event(); next && next->at <= cell_->now();
       next = cell_->next_event()) {
    cell_->run(*next);
  }
  for (const auto& replica : cell_->replicas()) cell_->resume(replica->id());
}

ConnId Stage::connection(ServerId at, ServerId other) {
  ConnId newest;
  for (const auto& [id, end] : cell_->network().ends()) {
    if (end.owner == at && end.other == other && end.announced) newest = id;
  }
  return newest;
}

ConnId Stage::connection(const Command& command, ServerId at, ServerId other) {
  const std::string line = command.text_or("line", "");
  if (line.empty()) return connection(at, other);
  const std::size_t dot = line.find('.');
  HOLDFAST_CHECK(dot != std::string::npos, "line= is dialled.1 or accepted.1");
  const bool dialled = line.substr(0, dot) == "dialled";
  std::uint64_t age = std::stoull(line.substr(dot + 1));
  for (const auto& [id, end] : cell_->network().ends()) {
    // Who dials has its end before the other has.
    const bool fits = end.owner == at && end.other == other && (id < end.peer) == dialled;
    if (fits && end.announced && --age == 0) return id;
  }
  return ConnId();
}

}  // namespace holdfast::scenario
