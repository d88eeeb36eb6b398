// Processes that end, are paused, and clocks that are wrong.

#include "tests/world/faults.h"

namespace holdfast::world {

// Any replica that runs.
Host* Faults::pick(Random& dice) {
  std::vector<Host*> running;
  for (const auto& host : world_.hosts()) {
    if (host->is_up()) running.push_back(host.get());
  }
  return running.empty() ? nullptr : running[dice.below(running.size())];
}

Client* Faults::pick_client(Random& dice) {
  auto& clients = world_.clients();
  if (clients.empty()) return nullptr;
  Client* client = clients[dice.below(clients.size())].get();
  return client->is_up() ? client : nullptr;
}

void Faults::kill(Host& host, bool power, Random& dice, SimTime down_max) {
  using Loss = storage::MemStore::Loss;
  Host::Death death;
  if (power) {
    const Loss losses[] = {Loss::kAll, Loss::kPrefix, Loss::kAnyOfThem};
    death.image = losses[dice.below(3)];
    death.network = Network::Death::kSilent;
  }
  const ServerId id = host.id();
  host.die(death);
  later(down_max, dice, kStart, id.value);
}

void Faults::crash(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr) return;
  note(Fault::kCrash, host->name());
  kill(*host, false, dice, design_.faults.down_max);
}

void Faults::lose_power(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr) return;
  note(Fault::kPowerLoss, host->name());
  kill(*host, true, dice, design_.faults.down_max);
}

void Faults::crash_all(Random& dice) {
  note(Fault::kCrashAll, "all replicas");
  const bool power = dice.chance(1, 2);
  for (const auto& host : world_.hosts()) {
    if (host->is_up()) kill(*host, power, dice, design_.faults.down_max);
  }
}

// The same few replicas again and again, each hardly up.
void Faults::storm(Random& dice) {
  note(Fault::kStorm, "restarts");
  const std::uint64_t rounds = 2 + dice.below(8);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    later(800 * kMillisecond, dice, kStormCrash, 1 + dice.below(world_.hosts().size()));
  }
}

void Faults::stop(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr || host->is_asleep()) return;
  note(Fault::kStop, host->name());
  const ServerId id = host->id();
  host->stop();
  later(design_.faults.down_max, dice, kStart, id.value);
  // It may take its time to stop; somebody looks again.
  world_.time().wake_at(world_.time().now() + 3 * kSecond, *this, kStart, id.value);
}

void Faults::pause(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr || host->is_asleep()) return;
  note(Fault::kPause, host->name());
  host->pause();
  later(design_.faults.pause_max, dice, kResume, host->id().value);
}

void Faults::pause_client(Random& dice) {
  Client* client = pick_client(dice);
  if (client == nullptr || client->is_asleep()) return;
  note(Fault::kClientPause, client->name());
  client->pause();
  later(2 * design_.faults.pause_max, dice, kClientResume, client->number());
}

void Faults::crash_client(Random& dice) {
  Client* client = pick_client(dice);
  if (client == nullptr) return;
  note(Fault::kClientCrash, client->name());
  client->crash();
  later(design_.faults.down_max, dice, kClientStart, client->number());
}

void Faults::jump_wall(Random& dice) {
  Host* host = pick(dice);
  if (host == nullptr) return;
  note(Fault::kWallJump, host->name());
  host->clock().jump_wall(static_cast<std::int64_t>(dice.below(20'000'000)) - 10'000'000);
}

void Faults::change_rate(Random& dice) {
  const auto width = static_cast<std::uint64_t>(2 * HostClock::kPpmMax + 1);
  const auto ppm = static_cast<std::int64_t>(dice.below(width)) - HostClock::kPpmMax;
  Host* host = pick(dice);
  Client* client = pick_client(dice);
  if (dice.chance(1, 2) && client != nullptr) {
    note(Fault::kClockRate, client->name() + " by " + std::to_string(ppm) + " ppm");
    client->clock().set_rate(ppm);
  } else if (host != nullptr) {
    note(Fault::kClockRate, host->name() + " by " + std::to_string(ppm) + " ppm");
    host->clock().set_rate(ppm);
  }
}

}  // namespace holdfast::world
