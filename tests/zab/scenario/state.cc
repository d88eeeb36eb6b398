#include "tests/zab/scenario/verbs.h"

namespace holdfast::scenario {
namespace {

std::string state_of(const sim::Replica& replica) {
  std::string out = to_string(replica.id()) + ": ";
  if (!replica.is_running()) {
    return out + (replica.has_failed() ? "ended: " + replica.failure() : "down") + "\n";
  }
  const zab::CoreView view = replica.view();
  out += zab::to_string(view.role) + " " + zab::to_string(view.phase);
  if (!view.leader.is_none()) out += " leader=" + to_string(view.leader);
  out += " accepted=" + to_string(view.accepted) + " current=" + to_string(view.current) +
         " last=" + to_string(view.last) + " durable=" + to_string(view.durable) +
         " committed=" + to_string(view.committed) + " applied=" + to_string(view.applied);
  return out + (view.serving ? " serving" : "") + "\n";
}

std::string log_of(const sim::Replica& replica) {
  const sim::Disk::Contents& disk = replica.disk().contents();
  std::string out = to_string(replica.id()) + ": accepted=" + to_string(disk.accepted) +
                    " current=" + to_string(disk.current) + " base=" + to_string(disk.base) + " [";
  for (const zab::Entry& entry : disk.entries) {
    out += (out.back() == '[' ? "" : " ") + to_string(entry.zxid);
  }
  return out + "] image=" + to_string(disk.image.applied) +
         (disk.provisioned ? "" : " not provisioned") + "\n";
}

template <typename Line>
std::string lines(Stage& stage, const Command& command, Line line) {
  const std::vector<ServerId> at = command.servers("at");
  std::string out;
  for (const auto& replica : stage.cell().replicas()) {
    const bool wanted = at.empty() || std::find(at.begin(), at.end(), replica->id()) != at.end();
    if (wanted) out += line(*replica);
  }
  return out;
}

}  // namespace

std::string state(Stage& stage, const Command& command) {
  return lines(stage, command, state_of);
}

std::string log(Stage& stage, const Command& command) {
  return lines(stage, command, log_of);
}

}  // namespace holdfast::scenario
