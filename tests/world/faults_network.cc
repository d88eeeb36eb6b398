// Links that are cut and connections that break.

#include "tests/world/faults.h"

namespace holdfast::world {

void Faults::break_connection(Random& dice) {
  const std::vector<EndId> connections = world_.network().connections();
  if (connections.empty()) return;
  const EndId end = connections[dice.below(connections.size())];
  note(Fault::kBreak, "a connection of machine " + to_string(world_.network().owner(end)));
  world_.network().break_connection(end);
}

void Faults::cut_both(MachineId a, MachineId b) {
  if (a == b) return;
  world_.network().cut({.from = a, .to = b});
  world_.network().cut({.from = b, .to = a});
}

void Faults::isolate(Random& dice) {
  Host& host = *world_.hosts()[dice.below(world_.hosts().size())];
  const bool from_clients = dice.chance(1, 2);
  note(Fault::kIsolate, host.name() + (from_clients ? " from all" : " from the replicas"));
  for (const auto& other : world_.hosts()) cut_both(host.machine(), other->machine());
  if (from_clients) {
    for (const auto& client : world_.clients()) cut_both(host.machine(), client->machine());
  }
  later(design_.faults.cut_max, dice, kHealNetwork, 0);
}

void Faults::halves(Random& dice) {
  std::vector<MachineId> left;
  std::vector<MachineId> right;
  for (const auto& host : world_.hosts()) {
    (dice.chance(1, 2) ? left : right).push_back(host->machine());
  }
  for (const auto& client : world_.clients()) {
    (dice.chance(1, 2) ? left : right).push_back(client->machine());
  }
  note(Fault::kHalves, std::to_string(left.size()) + " and " + std::to_string(right.size()));
  for (const MachineId a : left) {
    for (const MachineId b : right) cut_both(a, b);
  }
  later(design_.faults.cut_max, dice, kHealNetwork, 0);
}

void Faults::one_way(Random& dice) {
  const auto& hosts = world_.hosts();
  const auto machines = static_cast<std::uint32_t>(hosts.size() + world_.clients().size());
  const MachineId from(static_cast<std::uint32_t>(1 + dice.below(hosts.size())));
  MachineId to(
      static_cast<std::uint32_t>(1 + dice.below(dice.chance(1, 3) ? machines : hosts.size())));
  if (from == to) return;
  const bool turned = dice.chance(1, 2);
  note(Fault::kOneWay,
       "machine " + to_string(turned ? to : from) + " to machine " + to_string(turned ? from : to));
  world_.network().cut(turned ? Network::Link{.from = to, .to = from}
                              : Network::Link{.from = from, .to = to});
  later(design_.faults.cut_max, dice, kHealNetwork, 0);
}

void Faults::hub(Random& dice) {
  const auto& hosts = world_.hosts();
  const std::size_t middle = dice.below(hosts.size());
  note(Fault::kHub, hosts[middle]->name() + " in the middle");
  for (std::size_t a = 0; a < hosts.size(); ++a) {
    for (std::size_t b = a + 1; b < hosts.size(); ++b) {
      if (a != middle && b != middle) cut_both(hosts[a]->machine(), hosts[b]->machine());
    }
  }
  later(design_.faults.cut_max, dice, kHealNetwork, 0);
}

void Faults::cut_client(Random& dice) {
  Client* client = pick_client(dice);
  if (client == nullptr) return;
  const bool from_all = dice.chance(1, 2);
  note(Fault::kClientCut, client->name() + (from_all ? " from all replicas" : " from one replica"));
  const auto& hosts = world_.hosts();
  const std::size_t one = dice.below(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (from_all || i == one) cut_both(client->machine(), hosts[i]->machine());
  }
  later(design_.faults.cut_max, dice, kHealNetwork, 0);
}

void Faults::slow_network(Random& dice) {
  note(Fault::kSlowNetwork, "for a while");
  Network::Timing slow = design_.network;
  slow.delay_max += static_cast<SimTime>(dice.below(100 * kMillisecond));
  slow.slow_per_mille = 100;
  slow.slow_max = 300 * kMillisecond;
  world_.network().set_timing(slow);
  later(design_.faults.slow_max, dice, kNetworkBack, 0);
}

}  // namespace holdfast::world
