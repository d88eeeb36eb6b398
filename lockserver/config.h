#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zab/base/ids.h"
#include "zab/base/status.h"
#include "zab/types.h"

// What an operator tells a replica: its cell, its members, its addresses.

namespace holdfast {

// "host:port"; an IPv6 host stands in brackets.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);
// True for 127.0.0.0/8, ::1 and localhost.
bool is_loopback(const Endpoint& endpoint);

struct Member {
  ServerId id;
  Endpoint peer_address;
  bool voter = true;
  bool operator==(const Member&) const = default;
};

// All replicas of a cell, ascending by id.
struct Members {
  std::vector<Member> members;

  const Member* find(ServerId id) const;
  zab::Config config() const;
  bool operator==(const Members&) const = default;
};

// "1=127.0.0.1:7201,2=127.0.0.1:7202" each; observers may be empty. Refuses what is not a cell: ids
// that repeat or are 0, no voters or more than kVotersMax, an address that stands twice.
Result<Members> parse_members(std::string_view voters, std::string_view observers);
// One line from which parse_members_line makes the same again: "voters=1=…,2=… observers=".
std::string to_line(const Members& members);
Result<Members> parse_members_line(std::string_view line);

// 32 hex digits, lower case.
Status check_cell_id(std::string_view id);

}  // namespace holdfast
