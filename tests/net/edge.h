#pragma once

#include <string>
#include <vector>

#include "lockserver/net/lock_service.h"
#include "tests/replica/cell.h"

// The client edge over a real replica: a cell of one voter in memory, whose clock a test moves, and
// the lock service before it.

namespace holdfast::net::testing {

inline constexpr char kCellName[] = "test";
std::string cell_id_bytes();  // 16 bytes.

class Edge {
 public:
  Edge() : Edge(replica::testing::CellOptions{.voters = 1}) {}
  // The service stands before replica 1, which need not lead.
  explicit Edge(replica::testing::CellOptions options);

  replica::testing::Cell cell;
  std::vector<std::string> log;
  LockService service;
};

}  // namespace holdfast::net::testing
