#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "thrift/gen/peer_types.h"
#include "zab/base/status.h"
#include "zab/message.h"

// Frames between replicas (thrift/peer.thrift): one byte of kind, then one struct in the compact
// protocol.

namespace holdfast::net {

using PeerFrame = std::variant<peer::Hello, peer::Welcome, zab::Notification, zab::Message>;

// The frame's bytes without the length before it.
std::string encode_peer_frame(const peer::Hello& hello);
std::string encode_peer_frame(const peer::Welcome& welcome);
std::string encode_peer_frame(const zab::Notification& notification);
std::string encode_peer_frame(const zab::Message& message);

// A failure says what is wrong; the connection is then to be closed. Whatever decodes satisfies the
// core's demands on the shape of a message: runs of entries are not empty and of bounded size,
// epochs and counters fit their width.
Result<PeerFrame> decode_peer_frame(std::string_view bytes);

}  // namespace holdfast::net
