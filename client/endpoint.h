#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zab/base/status.h"

namespace holdfast::client {

// What a program writes to say where replicas are, in one of three forms:
//
//   10.0.0.1:7101, [fd00::1]:7101   an address
//   r1.example.com:7101             a name; all of its addresses are replicas
//   srv:main.example.com            the SRV records of _holdfast._tcp.main.example.com
struct Endpoint {
  enum class Kind { kAddress, kName, kService };

  // kInvalid with a sentence that names the text and the forms.
  static Result<Endpoint> parse(const std::string& text);

  Kind kind = Kind::kAddress;
  std::string host;        // Without brackets; of a service its domain.
  std::uint16_t port = 0;  // 0 of a service.

  bool operator==(const Endpoint&) const = default;
};

// One replica, or several that cannot be told apart: what an endpoint stands for at the moment.
struct Place {
  std::string name;                    // host:port, as it was written there or in the SRV record.
  std::vector<std::string> addresses;  // "10.0.0.1:7101", "[fd00::1]:7101"; not empty.
  // Of an SRV record; other endpoints have 0. The lowest priority is tried first; weights give each
  // place its share among those of one priority.
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;

  bool operator==(const Place&) const = default;
};

// "host:port", with brackets where the host has colons.
std::string host_and_port(const std::string& host, std::uint16_t port);

// kInvalid if one of them is none.
Status check_endpoints(const std::vector<std::string>& endpoints);
// Those of `dns_servers`: addresses, each with ":port" if that is not 53.
Status check_dns_servers(const std::vector<std::string>& servers);

}  // namespace holdfast::client
