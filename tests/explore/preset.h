#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/explore/world.h"

namespace holdfast::explore {

// Brings a cell to where a search is to begin, by actions like any others.
class Prologue {
 public:
  Prologue(World& world, const std::array<std::uint32_t, kVoters>& accepted);

  void start(std::uint8_t at) { act({.kind = Kind::kRestart, .at = at}); }
  void start_all();
  void lead(std::uint8_t at) { act({.kind = Kind::kLead, .at = at}); }
  void follow(std::uint8_t at, std::uint8_t leader);
  // The oldest message of the oldest connection between learner and leader.
  void deliver(std::uint8_t at, std::uint8_t from);
  void propose(std::uint8_t at) { act({.kind = Kind::kPropose, .at = at}); }
  void persist(std::uint8_t at) { act({.kind = Kind::kPersist, .at = at}); }
  void crash(std::uint8_t at) { act({.kind = Kind::kCrash, .at = at}); }
  // The learner `at` notices that its leader is gone.
  void notice(std::uint8_t at, std::uint8_t leader) {
    act({.kind = Kind::kNotice, .at = at, .line = {.peer = leader, .dialled = true}});
  }
  void time_out(std::uint8_t at) { act({.kind = Kind::kTimeout, .at = at}); }
  void sync_image(std::uint8_t at) { act({.kind = Kind::kImage, .at = at}); }
  // Everything that waits happens at these replicas, until nothing is left.
  void run(const std::vector<std::uint8_t>& only);
  void act(const Action& action);

  // The last action broke something, and nothing was done after it.
  const std::optional<sim::Violation>& violation() const { return world_.violation(cell_); }
  // With what the search may do from here on.
  Cell cell(const Budget& budget) const;
  const Cell& now() const { return cell_; }
  const std::vector<Action>& actions() const { return actions_; }

 private:
  World& world_;
  Cell cell_;
  std::vector<Action> actions_;
};

// A search that has a name: where it begins and how far it goes.
struct Preset {
  std::string name;
  std::string about;
  std::array<std::uint32_t, kVoters> accepted{};  // Epochs that the empty disks remember.
  bool reads_from_disk = false;  // The log in memory holds nothing that was delivered.
  void (*begin)(Prologue& prologue) = nullptr;
  Budget budget;
};

const std::vector<Preset>& presets();
const Preset* find_preset(const std::string& name);
Setup setup_for(const Preset& preset);

}  // namespace holdfast::explore
