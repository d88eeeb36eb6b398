#pragma once

#include <array>
#include <cstdint>

#include "tests/explore/links.h"
#include "tests/explore/parts.h"

namespace holdfast::explore {

// The connections that replica `dialler` has made to `acceptor`, as an index of Cell::links.
constexpr std::size_t link_index(std::size_t dialler, std::size_t acceptor) {
  return dialler * (kVoters - 1) + (acceptor > dialler ? acceptor - 1 : acceptor);
}
constexpr std::size_t kLinks = kVoters * (kVoters - 1);

// One state of a whole cell, by the numbers of its parts.
struct Cell {
  std::array<NodeId, kVoters> nodes{};
  std::array<LinkId, kLinks> links{};
  MindId mind = 0;
  Budget budget;
};

}  // namespace holdfast::explore
