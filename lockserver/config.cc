#include "lockserver/config.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "zab/base/limits.h"

namespace holdfast {
namespace {

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status invalid(std::string message) {
  return {StatusCode::kInvalid, std::move(message)};
}

Result<std::vector<Member>> parse_list(std::string_view text, bool voter) {
  std::vector<Member> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return invalid("'" + std::string(item) + "' is not of the form id=host:port");
    }
    const auto id = parse_number<std::uint64_t>(item.substr(0, equals));
    if (!id || *id == 0) {
      return invalid("'" + std::string(item.substr(0, equals)) +
                     "' is no replica id: a number from 1");
    }
    Result<Endpoint> endpoint = parse_endpoint(item.substr(equals + 1));
    if (!endpoint.ok()) return endpoint.status();
    out.push_back({.id = ServerId(*id), .peer_address = *endpoint, .voter = voter});
  }
  return out;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Of names and addresses of hosts, IPv6 zones among them. Whatever else would be mistaken for a
// part of the lists and lines in which hosts stand.
bool is_host_char(char c) {
  return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view(".-_:%").find(c) != std::string_view::npos;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string shown = "'" + std::string(text) + "'";
  if (colon == std::string_view::npos || colon == 0) {
    return invalid(shown + " is not of the form host:port");
  }
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return invalid(shown + " has no port from 0 to 65535 after its last colon");
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return invalid(shown + ": an IPv6 address must stand in brackets");
  }
  if (host.empty()) return invalid(shown + " has no host");
  if (!std::all_of(host.begin(), host.end(), is_host_char)) {
    return invalid(shown + ": a host has letters, digits, '.', '-', '_', ':' and '%'");
  }
  return Endpoint{.host = std::string(host), .port = *port};
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

bool is_loopback(const Endpoint& endpoint) {
  return endpoint.host == "localhost" || endpoint.host == "::1" ||
         endpoint.host.starts_with("127.");
}

const Member* Members::find(ServerId id) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [id](const Member& member) { return member.id == id; });
  return found == members.end() ? nullptr : &*found;
}

zab::Config Members::config() const {
  zab::Config out;
  for (const Member& member : members) {
    (member.voter ? out.voters : out.observers).push_back(member.id);
  }
  return out;
}

Result<Members> parse_members(std::string_view voters, std::string_view observers) {
  Result<std::vector<Member>> voting = parse_list(voters, true);
  if (!voting.ok()) return voting.status();
  Result<std::vector<Member>> observing = parse_list(observers, false);
  if (!observing.ok()) return observing.status();
  if (voting->empty()) return invalid("a cell needs at least one voter");
  if (voting->size() > limits::kVotersMax) {
    return invalid("a cell has at most " + std::to_string(limits::kVotersMax) + " voters");
  }
  if (observing->size() > limits::kObserversMax) {
    return invalid("a cell has at most " + std::to_string(limits::kObserversMax) + " observers");
  }
  Members out{.members = std::move(voting).value()};
  out.members.insert(out.members.end(), observing->begin(), observing->end());
  std::sort(out.members.begin(), out.members.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < out.members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (out.members[i].id == out.members[j].id) {
        return invalid("replica id " + to_string(out.members[i].id) + " stands twice");
      }
      if (out.members[i].peer_address == out.members[j].peer_address) {
        return invalid("address " + to_string(out.members[i].peer_address) + " stands twice");
      }
    }
  }
  return out;
}

std::string to_line(const Members& members) {
  std::string voters;
  std::string observers;
  for (const Member& member : members.members) {
    std::string& list = member.voter ? voters : observers;
    if (!list.empty()) list += ',';
    list += to_string(member.id) + "=" + to_string(member.peer_address);
  }
  return "voters=" + voters + " observers=" + observers;
}

Result<Members> parse_members_line(std::string_view line) {
  constexpr std::string_view kVoters = "voters=";
  constexpr std::string_view kObservers = " observers=";
  const std::size_t split = line.find(kObservers);
  if (!line.starts_with(kVoters) || split == std::string_view::npos) {
    return invalid("'" + std::string(line) + "' is no line of members");
  }
  return parse_members(line.substr(kVoters.size(), split - kVoters.size()),
                       line.substr(split + kObservers.size()));
}

Status check_cell_id(std::string_view id) {
  if (id.size() == 32 && std::all_of(id.begin(), id.end(), is_hex)) return {};
  return invalid(
      "'" + std::string(id) +
      "' is no cell id: 32 hex digits in lower case, as `holdfast cell new-id` makes them");
}

}  // namespace holdfast
