#include "tests/world/faults.h"

#include <algorithm>

namespace holdfast::world {
namespace {

constexpr SimTime kLook = 20 * kMillisecond;
constexpr SimTime kStormDownMax = 60 * kMillisecond;

template <std::size_t... kIndex>
std::array<Random, sizeof...(kIndex)> fork_all(Random dice, std::index_sequence<kIndex...>) {
  return {((void)kIndex, dice.fork())...};
}

}  // namespace

Faults::Faults(World& world)
    : world_(world),
      design_(world.design()),
      dice_(fork_all(Random(design_.seed ^ 0xfa017ULL), std::make_index_sequence<kFaults>())) {}

SimTime Faults::every(Fault fault) const {
  return design_.faults.every[static_cast<std::size_t>(fault)];
}

void Faults::begin() {
  for (std::size_t i = 0; i < kFaults; ++i) plan(static_cast<Fault>(i));
  world_.time().wake_at(world_.time().now() + kLook, *this, kRejoin, 0);
}

void Faults::plan(Fault fault) {
  if (is_off(fault)) return;
  Random& dice = dice_[static_cast<std::size_t>(fault)];
  const auto after = static_cast<SimTime>(dice.below(static_cast<std::uint64_t>(2 * every(fault))));
  world_.time().wake_at(world_.time().now() + after, *this, kOccur,
                        static_cast<std::uint64_t>(fault));
}

void Faults::later(SimTime max, Random& dice, Wake what, std::uint64_t which) {
  const auto after = static_cast<SimTime>(dice.below(static_cast<std::uint64_t>(max) + 1));
  world_.time().wake_at(world_.time().now() + after, *this, what, which);
}

void Faults::note(Fault fault, const std::string& what) {
  world_.story().count("fault " + to_string(fault));
  world_.story().tell([&] { return "FAULT " + to_string(fault) + ": " + what; });
}

void Faults::on_wake(std::uint32_t what, std::uint64_t which) {
  world_.story().mix(1'000 + what * 64 + which);
  switch (static_cast<Wake>(what)) {
    case kOccur:
      if (ended_) return;
      occur(static_cast<Fault>(which));
      return plan(static_cast<Fault>(which));
    case kStart:
      if (lost_ == ServerId(which) && waits_for_rejoin_) return;
      return world_.host(ServerId(which)).start();
    case kResume:
      last_resume_ = world_.time().now();
      return world_.host(ServerId(which)).resume();
    case kTemperBack:
      return temper_back(world_.host(ServerId(which)));
    case kRejoin:
      notice_damage();
      try_rejoin();
      world_.time().wake_at(world_.time().now() + kLook, *this, kRejoin, 0);
      return;
    case kHealNetwork:
      if (design_.mistake != Mistake::kNeverHeals) world_.network().heal_all();
      return;
    case kNetworkBack:
      if (!ended_) world_.network().set_timing(design_.network);
      return;
    case kClientStart:
      return world_.clients()[which - 1]->start();
    case kClientResume:
      return world_.clients()[which - 1]->resume();
    case kStormCrash: {
      Host& host = world_.host(ServerId(which));
      if (ended_ || !host.is_up()) return;
      Random& dice = dice_[static_cast<std::size_t>(Fault::kStorm)];
      return kill(host, dice.chance(1, 3), dice, kStormDownMax);
    }
  }
}

void Faults::occur(Fault fault) {
  static constexpr std::array<Carry, kFaults> kCarry = {&Faults::break_connection,
                                                        &Faults::isolate,
                                                        &Faults::halves,
                                                        &Faults::one_way,
                                                        &Faults::hub,
                                                        &Faults::cut_client,
                                                        &Faults::crash,
                                                        &Faults::lose_power,
                                                        &Faults::crash_all,
                                                        &Faults::storm,
                                                        &Faults::stop,
                                                        &Faults::pause,
                                                        &Faults::pause_client,
                                                        &Faults::crash_client,
                                                        &Faults::slow_disk,
                                                        &Faults::stall_disk,
                                                        &Faults::fail_sync,
                                                        &Faults::fill_disk,
                                                        &Faults::damage,
                                                        &Faults::wipe,
                                                        &Faults::change_rate,
                                                        &Faults::jump_wall,
                                                        &Faults::slow_network};
  const auto index = static_cast<std::size_t>(fault);
  (this->*kCarry[index])(dice_[index]);
}

void Faults::heal() {
  ended_ = true;
  world_.story().tell([] { return std::string("all faults end"); });
  if (design_.mistake != Mistake::kNeverHeals) world_.network().heal_all();
  world_.network().set_timing(
      {.delay_min = 100, .delay_max = kMillisecond, .slow_per_mille = 0, .slow_max = 0});
  last_resume_ = world_.time().now();
  for (const auto& host : world_.hosts()) {
    host->temper() = DiskTemper{.log_min = 100,
                                .log_max = kMillisecond,
                                .image_max = kMillisecond,
                                .batch_max = 64,
                                .lies = host->temper().lies};
    host->resume();
    if (host->is_stopping()) host->die({});
    host->on_temper_changed();
    if (lost_ != host->id() || !waits_for_rejoin_) host->start();
  }
  for (const auto& client : world_.clients()) client->resume();
}

}  // namespace holdfast::world
