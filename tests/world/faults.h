#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/world/world.h"

namespace holdfast::world {

// What goes wrong around the cell. Each kind has dice of its own, so that leaving one out changes
// nothing about when the others come.
class Faults final : public Actor {
 public:
  explicit Faults(World& world);

  void begin();
  // Everything is repaired: links work, disks are well, all processes run and are awake, but for a
  // wiped replica that may not rejoin yet.
  void heal();
  // After heal(): that one runs too.
  bool is_over() const { return ended_ && !waits_for_rejoin_; }

 private:
  enum Wake : std::uint32_t {
    kOccur,  // `which` is the fault.
    kStart,  // `which` is a replica, in this and the next three.
    kResume,
    kTemperBack,
    kRejoin,
    kHealNetwork,
    kNetworkBack,
    kClientStart,  // `which` is a client, in this and the next.
    kClientResume,
    kStormCrash,
  };
  using Carry = void (Faults::*)(Random& dice);

  void on_wake(std::uint32_t what, std::uint64_t which) override;
  void plan(Fault fault);
  void occur(Fault fault);
  void later(SimTime max, Random& dice, Wake what, std::uint64_t which);
  bool is_off(Fault fault) const { return every(fault) == 0; }
  SimTime every(Fault fault) const;
  void note(Fault fault, const std::string& what);

  // faults_processes.cc
  void crash(Random& dice);
  void lose_power(Random& dice);
  void crash_all(Random& dice);
  void storm(Random& dice);
  void stop(Random& dice);
  void pause(Random& dice);
  void pause_client(Random& dice);
  void crash_client(Random& dice);
  void jump_wall(Random& dice);
  void change_rate(Random& dice);
  void kill(Host& host, bool power, Random& dice, SimTime down_max);
  Host* pick(Random& dice);
  Client* pick_client(Random& dice);
  bool is_exempt(const Host& host) const;

  // faults_network.cc
  void break_connection(Random& dice);
  void isolate(Random& dice);
  void halves(Random& dice);
  void one_way(Random& dice);
  void hub(Random& dice);
  void cut_client(Random& dice);
  void slow_network(Random& dice);
  void cut_both(MachineId a, MachineId b);

  // faults_disks.cc
  void slow_disk(Random& dice);
  void stall_disk(Random& dice);
  void fail_sync(Random& dice);
  void fill_disk(Random& dice);
  void damage(Random& dice);
  void wipe(Random& dice);
  Host* pick_for_loss(Random& dice);
  void lose_disk(Host& host);
  void notice_damage();
  void try_rejoin();
  void temper_back(Host& host);

  World& world_;
  const Design& design_;
  std::array<Random, kFaults> dice_;
  bool ended_ = false;
  std::optional<ServerId> lost_;  // The one disk that is, or may be found to be, lost.
  SimTime lost_at_ = 0;
  SimTime last_resume_ = 0;
  bool waits_for_rejoin_ = false;
};

}  // namespace holdfast::world
