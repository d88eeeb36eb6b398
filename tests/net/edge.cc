#include "tests/net/edge.h"

#include "thrift/sequencer.h"

namespace holdfast::net::testing {

namespace {

LockService::Options options_for(const replica::testing::CellOptions& cell) {
  LockService::Options options;
  options.cell = {
      .name = kCellName, .id = cell_id_bytes(), .sequencer_prefix = cell_prefix(cell_id_bytes())};
  options.self = ServerId(1);
  for (int id = 1; id <= cell.voters + cell.observers; ++id) {
    options.members.push_back({.id = ServerId(static_cast<std::uint64_t>(id)),
                               .voter = id <= cell.voters,
                               .peer_endpoint = "peer-" + std::to_string(id)});
  }
  options.version = "1.2.3";
  return options;
}

LockService::Directory directory() {
  return {.client_endpoint = [](ServerId id) { return "client-" + to_string(id); },
          .is_connected = [](ServerId id) { return id.value % 2 == 0; }};
}

}  // namespace

std::string cell_id_bytes() {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(i * 0x11));
  return bytes;
}

Edge::Edge(replica::testing::CellOptions options)
    : cell(options),
      service(options_for(options), cell.replica(1), directory(),
              [this](const std::string& line) { log.push_back(line); }) {
  cell.wait_for_leader();
}

}  // namespace holdfast::net::testing
