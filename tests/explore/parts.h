#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "tests/explore/node.h"
#include "tests/sim/checkers.h"

namespace holdfast::explore {

// The exchanges of replicas under which a cell looks the same: names[i] is what index i is called.
using Names = std::array<std::uint8_t, kVoters>;
constexpr std::size_t kExchanges = 6;
constexpr std::array<Names, kExchanges> kAllNames = {
    Names{0, 1, 2}, Names{0, 2, 1}, Names{1, 0, 2}, Names{1, 2, 0}, Names{2, 0, 1}, Names{2, 1, 0}};
using Hashes = std::array<std::uint64_t, kExchanges>;

using NodeId = std::uint32_t;
using MindId = std::uint32_t;

// Every state of a replica that was ever seen, once, with what a search asks of it all the time.
class Nodes {
 public:
  struct Facts {
    Hashes hash{};
    std::uint32_t disk = 0;  // Number of the content of its disk.
    std::uint8_t queued = 0;
    bool runs = false;
    bool looks = false;
    bool leads = false;
    bool is_established = false;
    bool serves = false;
    bool has_unsynced = false;       // The state is ahead of the image on disk.
    std::vector<std::uint8_t> torn;  // By queued operation: entries of which a part can be lost.
  };

  // `exchanges`: how many of kAllNames count.
  explicit Nodes(std::size_t exchanges) : exchanges_(exchanges) {}

  NodeId intern(const Node& node);
  const Node& at(NodeId id) const { return known_[id].node; }
  const Facts& facts(NodeId id) const { return known_[id].facts; }
  std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    Node node;
    Facts facts;
  };

  std::size_t exchanges_;
  std::deque<Known> known_;
  boost::unordered_flat_map<std::uint64_t, NodeId> ids_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> disks_;
};

// Every memory that the checkers ever had, once. It belongs to the state of the cell, because what
// they say of the future depends on it.
class Minds {
 public:
  explicit Minds(std::size_t exchanges) : exchanges_(exchanges) {}

  MindId intern(sim::Checkers checkers);
  const sim::Checkers& at(MindId id) const { return known_[id].checkers; }
  const Hashes& hashes(MindId id) const { return known_[id].hash; }
  std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    sim::Checkers checkers;
    Hashes hash{};
  };

  static std::uint64_t hash_of(const sim::Checkers& checkers, const Names& names);

  std::size_t exchanges_;
  std::deque<Known> known_;
  boost::unordered_flat_map<std::uint64_t, MindId> ids_;
};

}  // namespace holdfast::explore
