#include "client/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <arpa/inet.h>

namespace holdfast::client {
namespace {

constexpr std::string_view kServicePrefix = "srv:";
constexpr std::string_view kServiceName = "_holdfast._tcp.";
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc() || rest != end || port == 0) return std::nullopt;
  return port;
}

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

// With or without a zone: fe80::1%eth0.
bool is_v6(const std::string& host) {
  const std::size_t zone = host.find('%');
  if (zone != std::string::npos && zone + 1 == host.size()) return false;
  return is_address(AF_INET6, host.substr(0, zone));
}

bool is_label(std::string_view label) {
  const auto is_fit = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kLabelBytesMax &&
         std::all_of(label.begin(), label.end(), is_fit);
}

// A name as it may stand in DNS or in /etc/hosts; a dot at its end is allowed.
bool is_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kNameBytesMax) return false;
  std::string_view last;
  for (std::size_t begin = 0; begin <= host.size();) {
    const std::size_t dot = std::min(host.find('.', begin), host.size());
    last = host.substr(begin, dot - begin);
    if (!is_label(last)) return false;
    begin = dot + 1;
  }
  return !is_all_digits(last);  // Else it is an address that is none, as 10.0.0.256.
}

Status malformed(const std::string& text, const std::string& why) {
  return {StatusCode::kInvalid, "\"" + text + "\" is no endpoint: " + why +
                                    "; it must be host:port, [address]:port or srv:domain"};
}

Result<Endpoint> parse_service(const std::string& text) {
  const std::string domain = text.substr(kServicePrefix.size());
  if (domain.starts_with('_')) {
    return malformed(text, "the records are those of " + std::string(kServiceName) +
                               "domain, and only the domain is written");
  }
  if (!is_name(domain) || domain.size() + kServiceName.size() > kNameBytesMax) {
    return malformed(text, "what follows srv: is no domain");
  }
  return Endpoint{.kind = Endpoint::Kind::kService, .host = domain};
}

}  // namespace

Result<Endpoint> Endpoint::parse(const std::string& text) {
  const bool is_service = text.starts_with(kServicePrefix);
  // A host may be called srv.
  if (is_service && !is_all_digits(std::string_view(text).substr(kServicePrefix.size()))) {
    return parse_service(text);
  }
  if (text.starts_with(kServiceName)) return malformed(text, "records are asked for with srv:");
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return malformed(text, "it has no port");
  const std::optional<std::uint16_t> port = parse_port(std::string_view(text).substr(colon + 1));
  if (!port) return malformed(text, "a port is a number from 1 to 65535");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!is_v6(host)) return malformed(text, "what stands in brackets is no IPv6 address");
    return Endpoint{.kind = Kind::kAddress, .host = std::move(host), .port = *port};
  }
  if (is_address(AF_INET, host)) {
    return Endpoint{.kind = Kind::kAddress, .host = std::move(host), .port = *port};
  }
  if (host.find(':') != std::string::npos) {
    return malformed(text, "an IPv6 address stands in brackets");
  }
  if (!is_name(host)) return malformed(text, "it has no host");
  return Endpoint{.kind = Kind::kName, .host = std::move(host), .port = *port};
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool has_colons = host.find(':') != std::string::npos;
  return (has_colons ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Status check_endpoints(const std::vector<std::string>& endpoints) {
  for (const std::string& text : endpoints) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    if (!endpoint.ok()) return endpoint.status();
  }
  return {};
}

Status check_dns_servers(const std::vector<std::string>& servers) {
  for (const std::string& text : servers) {
    if (is_address(AF_INET, text) || is_address(AF_INET6, text)) continue;
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    if (endpoint.ok() && endpoint->kind == Endpoint::Kind::kAddress) continue;
    return {StatusCode::kInvalid, "\"" + text +
                                      "\" is no DNS server; it must be an address, address:port "
                                      "or [address]:port"};
  }
  return {};
}

}  // namespace holdfast::client
