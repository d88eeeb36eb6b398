#include "lockserver/net/handshake.h"

#include <algorithm>

#include "thrift/printable.h"

namespace holdfast::net {

namespace {

// "host:port", of which a host's name takes at most 255; it is told on to clients.
constexpr std::size_t kEndpointBytesMax = 300;
constexpr std::size_t kWordsBytesMax = 500;

}  // namespace

std::string refusal_of(const peer::Hello& hello, const MeshOptions& options) {
  const ServerId from(static_cast<std::uint64_t>(hello.from_id));
  const ServerId to(static_cast<std::uint64_t>(hello.to_id));
  if (hello.version != kPeerProtocolVersion) {
    return "this replica speaks version " + std::to_string(kPeerProtocolVersion) +
           " of the peer protocol, not " + std::to_string(hello.version);
  }
  if (hello.cell_name != options.cell_name || hello.cell_id != options.cell_id) {
    return "this replica belongs to cell " + options.cell_name + " (" + options.cell_id +
           "), not to " + printable(hello.cell_name) + " (" + printable(hello.cell_id) + ")";
  }
  if (to != options.self) {
    return "this is replica " + to_string(options.self) + ", not " + to_string(to);
  }
  if (from == options.self) return "replica " + to_string(from) + " is this one";
  const bool is_member = std::any_of(options.members.begin(), options.members.end(),
                                     [from](const MeshMember& m) { return m.id == from; });
  if (!is_member) return "replica " + to_string(from) + " is no member of this cell";
  if (hello.channel != peer::Channel::ELECTION && hello.channel != peer::Channel::LEADER) {
    return "unknown channel " + std::to_string(static_cast<int>(hello.channel));
  }
  if (hello.client_endpoint.size() > kEndpointBytesMax) {
    return "a client endpoint of " + std::to_string(hello.client_endpoint.size()) + " bytes";
  }
  return {};
}

Status check_welcome(const peer::Welcome& welcome) {
  if (welcome.client_endpoint.size() <= kEndpointBytesMax) return {};
  return {StatusCode::kInvalid, "a WELCOME with a client endpoint of " +
                                    std::to_string(welcome.client_endpoint.size()) + " bytes"};
}

std::string words_of(const peer::Welcome& welcome) {
  std::string words = welcome.refusal.substr(0, kWordsBytesMax);
  const auto is_unshown = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e;
  };
  std::replace_if(words.begin(), words.end(), is_unshown, '?');
  return words;
}

}  // namespace holdfast::net
