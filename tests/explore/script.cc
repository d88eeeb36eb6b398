#include "tests/explore/script.h"

#include <algorithm>

namespace holdfast::explore {
namespace {

std::string id(std::uint8_t index) {
  return std::to_string(index + 1);
}

// What the scenario has to be told apart, because here it is done at once.
class Chores : public sim::Witness {
 public:
  bool applies = false;
  bool reads = false;

  void on_input(const sim::Subject&) override {}
  void on_output(const sim::Subject&, const zab::Output& output) override {
    applies = applies || std::holds_alternative<zab::Deliver>(output) ||
              std::holds_alternative<zab::ImageInstalled>(output);
    reads = reads || std::holds_alternative<zab::ReadLog>(output) ||
            std::holds_alternative<zab::OpenImage>(output);
  }
  void on_message(const sim::Subject&, ConnId, const zab::Message&) override {}
  void on_disk(const sim::Subject&, const zab::PersistOp&) override {}
  void on_proposed(const sim::Subject&, const zab::Entry&) override {}
  void on_barrier(const sim::Subject&, std::uint64_t) override {}
  void on_applied(const sim::Subject&) override {}
  void on_start(const sim::Subject&) override {}
};

std::string line_of(const Action& action) {
  return std::string(" line=") + (action.line.dialled ? "dialled." : "accepted.") +
         std::to_string(action.line.rank + 1);
}

std::vector<std::string> commands_of(const World& world, const Cell& cell, const Action& action) {
  const std::string at = id(action.at);
  const std::string peer = id(action.line.peer);
  switch (action.kind) {
    case Kind::kLead:
      return {"tick ms=2 at=" + at, "elect leader=" + at + " quorum=" + at};
    case Kind::kFollow:
      return {"tick ms=2 at=" + at, "elect leader=" + peer + " quorum=" + at,
              "connect from=" + at + " to=" + peer};
    case Kind::kDeliver:
      return {"deliver from=" + peer + " to=" + at + " count=1" + line_of(action)};
    case Kind::kNotice:
      return {"lose at=" + at + " from=" + peer + line_of(action)};
    case Kind::kPersist:
      return {"persist at=" + at + " ops=1"};
    case Kind::kPropose:
      return {"propose at=" + at};
    case Kind::kCrash:
      return {"crash " + at + " keep=" + std::to_string(action.keep) +
              " torn=" + std::to_string(action.torn)};
    case Kind::kRestart:
      return {"restart " + at};
    case Kind::kTimeout:
      return {"resign " + at};
    case Kind::kPing:
      return {"tick ms=100 at=" + at};
    case Kind::kRead:
      return {"read at=" + at + " tag=" + std::to_string(cell.budget.left(Kind::kRead))};
    case Kind::kImage: {
      const Zxid applied = world.nodes().at(cell.nodes[action.at]).state().applied;
      return {"sync-image at=" + at, "purge at=" + at + " through=" + to_string(applied)};
    }
    case Kind::kAccept:
      break;
  }
  return {};
}

std::string cell_command(const Preset& preset) {
  std::string command = "cell voters=3 explored accepted=";
  for (std::uint8_t i = 0; i < kVoters; ++i) {
    command += (i == 0 ? "" : ",") + id(i) + ":" + std::to_string(preset.accepted[i]);
  }
  return command + (preset.reads_from_disk ? " window_bytes=0" : "");
}

}  // namespace

std::vector<ScriptBlock> script_of(World& world, const Preset& preset,
                                   const std::vector<Action>& actions) {
  std::vector<ScriptBlock> script = {{"Every replica starts.", {cell_command(preset)}}};
  Cell cell = world.down(preset.accepted);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    cell.budget = Budget::unlimited();
    ScriptBlock block{describe(actions[i]) + ".", commands_of(world, cell, actions[i])};
    Chores chores;
    cell = world.perform(cell, actions[i], &chores);
    if (i < kVoters) continue;  // The command `cell` has started them all.
    const std::string at = " at=" + id(actions[i].at);
    if (chores.reads) block.commands.push_back("answer" + at);
    if (chores.applies) block.commands.push_back("apply" + at);
    script.push_back(std::move(block));
  }
  script.push_back({"The end.", {"state", "log"}});
  return script;
}

std::string to_text(const std::vector<ScriptBlock>& script) {
  std::string out = "# Written by ./dev explore. REWRITE=1 fills in what is expected.\n";
  for (const ScriptBlock& block : script) {
    out += "\n# " + block.comment + "\n";
    for (const std::string& command : block.commands) out += command + "\n----\n\n";
  }
  return out;
}

}  // namespace holdfast::explore
