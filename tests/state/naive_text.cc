#include <algorithm>
#include <sstream>

#include "tests/state/naive_model.h"

namespace holdfast::state {
namespace {

std::string text(const Stat& stat) {
  std::ostringstream out;
  out << "instance=" << stat.instance.value << " generations=" << stat.content_generation << ","
      << stat.child_generation << "," << stat.lock_generation.value
      << " length=" << stat.contents_length << " children=" << stat.children
      << " owner=" << stat.ephemeral_owner.value << " kind=" << static_cast<int>(stat.kind);
  return out.str();
}

struct Text {
  std::ostringstream& out;

  void operator()(const Error& error) const {
    out << "error " << static_cast<int>(error.code) << " remaining=" << error.remaining_ms
        << " actual=" << error.actual << " holders=";
    for (const LockParty& party : error.holders) out << party.session.value << ",";
  }
  void operator()(const SessionOpened& reply) const {
    out << "opened " << reply.session.value << " " << reply.lease_ms << reply.previous_closed;
  }
  void operator()(const Done&) const { out << "done"; }
  void operator()(const Killed& reply) const { out << "killed " << reply.killed; }
  void operator()(const Broken& reply) const {
    out << "broken delay=" << reply.delay_ms;
    for (const LockParty& party : reply.broken) {
      out << " " << party.session.value << "/" << party.owner.value;
    }
  }
  void operator()(const Granted& reply) const {
    const Sequencer& sequencer = reply.sequencer;
    out << "granted " << sequencer.path << " mode=" << static_cast<int>(sequencer.mode)
        << " generation=" << sequencer.generation.value
        << " acquisition=" << sequencer.acquisition.value
        << " instance=" << sequencer.instance.value << " delay=" << reply.lock_delay_ms;
  }
  void operator()(const Waiting& reply) const { out << "waiting behind " << reply.ahead; }
  void operator()(const WaitCancelled&) const { out << "wait cancelled"; }
  void operator()(const Created& reply) const {
    out << "created " << reply.path << " " << text(reply.stat);
  }
  void operator()(const Removed&) const { out << "removed"; }
  void operator()(const ContentsSet& reply) const { out << "set " << text(reply.stat); }
  void operator()(const Checked& reply) const {
    out << "checked " << (reply.stat ? text(*reply.stat) : "");
  }
  void operator()(const MultiDone& reply) const {
    out << "multi";
    for (const MultiOpResult& result : reply.results) {
      out << " [";
      std::visit(*this, result);
      out << "]";
    }
  }
  void operator()(const MultiFailed& reply) const {
    out << "failed at " << reply.index << ": ";
    (*this)(reply.error);
  }
};

void describe_node(const StateMachine& machine, const std::string& path,
                   std::vector<std::string>& lines) {
  const auto node = machine.get(path);
  const std::string stat = text_of(ContentsSet{.stat = node->stat});
  lines.push_back("node " + path + " " + stat + " " + std::string(node->contents));
  const auto children = machine.list(path, "", 1000);
  for (const ListedNode& child : *children) {
    describe_node(machine, (path == "/" ? "" : path) + "/" + child.name, lines);
  }
}

void describe_lock(const LockInfo& info, std::vector<std::string>& lines) {
  for (const auto* list : {&info.holders, &info.waiters}) {
    for (const LockParty& party : *list) {
      std::ostringstream out;
      out << (list == &info.holders ? "holder " : "waiter ") << info.path << " "
          << party.asked.value << " " << party.session.value << "/" << party.owner.value
          << " mode=" << static_cast<int>(party.mode) << " request=" << party.request.value
          << " acquisition=" << party.acquisition.value;
      lines.push_back(out.str());
    }
  }
  if (info.delayed) {
    lines.push_back("delayed " + info.path + " until " +
                    std::to_string(info.delay_began_cluster_ms + info.delay_ms));
  }
}

}  // namespace

std::string text_of(const Reply& reply) {
  std::ostringstream out;
  std::visit(Text{out}, reply);
  return out.str();
}

std::string text_of(const Outcome& outcome) {
  return to_string(outcome.session) + "/" + to_string(outcome.owner) + " " + outcome.path + " " +
         to_string(outcome.request) + ": " + text_of(outcome.reply);
}

std::string text_of(const Event& event) {
  std::ostringstream out;
  out << static_cast<int>(event.kind) << " " << event.path << " child=" << event.child
      << " session=" << event.session.value << "/" << event.owner.value << " to=" << event.to.value;
  return out.str();
}

std::vector<std::string> describe_state(const StateMachine& machine) {
  std::vector<std::string> lines;
  describe_node(machine, "/", lines);
  for (const LockInfo& info : machine.list_locks("/", "", 1000)) describe_lock(info, lines);
  for (const SessionInfo& info : machine.sessions(SessionId(), 1000)) {
    std::ostringstream out;
    out << "session " << info.id.value << " " << info.lease_ms << " " << info.instance_name
        << " held=" << info.locks_held << " awaited=" << info.locks_waited_for
        << " ephemerals=" << info.ephemerals << " results=" << info.results_kept
        << " killed=" << info.killed;
    lines.push_back(out.str());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace holdfast::state
