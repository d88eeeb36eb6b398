#include "tests/zab/scenario/verbs.h"
#include "zab/base/check.h"

namespace holdfast::scenario {

using sim::Network;

std::string connect(Stage& stage, const Command& command) {
  const ServerId from = command.server("from");
  const ServerId to = command.server("to");
  const Network& network = stage.cell().network();
  for (std::size_t i = 0; i < network.attempts().size(); ++i) {
    if (network.attempts()[i].from != from || network.attempts()[i].to != to) continue;
    stage.cell().arrive({.to = from, .what = Network::Dialled{.index = i, .gave_up = false}});
    for (const auto& [id, end] : network.ends()) {
      if (end.announced || end.owner != to) continue;
      stage.cell().arrive({.to = to, .what = Network::Accepted{id}});
      return "";
    }
    return "";
  }
  return "replica " + to_string(from) + " does not try\n";
}

std::string deliver(Stage& stage, const Command& command) {
  const ServerId from = command.server("from");
  const ServerId to = command.server("to");
  std::uint64_t left = command.is_all("count") ? ~std::uint64_t{0} : command.number("count");
  for (; left > 0; --left) {
    const ConnId at = stage.connection(command, to, from);
    if (at.is_none()) return "no connection\n";
    if (stage.cell().network().ends().at(at).inbox.empty()) return "";
    stage.cell().arrive({.to = to, .what = Network::Packet{at}});
  }
  return "";
}

std::string drop(Stage& stage, const Command& command) {
  const ConnId at = stage.connection(command.server("to"), command.server("from"));
  if (at.is_none()) return "no connection\n";
  stage.cell().network().break_connection(at, stage.cell().now());
  return "";
}

std::string lose(Stage& stage, const Command& command) {
  const ServerId id = command.server("at");
  const ConnId at = stage.connection(command, id, command.server("from"));
  if (at.is_none()) return "no connection\n";
  stage.cell().network().break_connection(at, stage.cell().now());
  stage.cell().arrive({.to = id, .what = Network::Lost{at}});
  return "";
}

std::string break_connection(Stage& stage, const Command& command) {
  const ServerId a = command.server_at(0);
  const ServerId b = command.server_at(1);
  const ConnId at = stage.connection(a, b);
  const ConnId other = stage.connection(b, a);
  if (at.is_none()) return "no connection\n";
  stage.cell().network().break_connection(at, stage.cell().now());
  stage.cell().arrive({.to = a, .what = Network::Lost{at}});
  if (!other.is_none()) stage.cell().arrive({.to = b, .what = Network::Lost{other}});
  return "";
}

std::string isolate(Stage& stage, const Command& command) {
  const ServerId id = command.server_at(0);
  for (const auto& replica : stage.cell().replicas()) {
    if (replica->id() == id) continue;
    for (const Network::Link link :
         {Network::Link{id, replica->id()}, Network::Link{replica->id(), id}}) {
      stage.cell().network().cut(link, sim::Channel::kLeader);
      stage.cell().network().cut(link, sim::Channel::kElection);
    }
  }
  return "";
}

std::string heal(Stage& stage, const Command&) {
  stage.cell().network().heal_all();
  return "";
}

}  // namespace holdfast::scenario
