#pragma once

#include <cstdint>
#include <string>

#include "lockserver/net/peer_mesh.h"
#include "thrift/gen/peer_types.h"
#include "zab/base/status.h"

// The judgement on the first frame of each side of a connection between replicas.

namespace holdfast::net {

inline constexpr std::int32_t kPeerProtocolVersion = 1;

// The sentence with which a HELLO is refused; empty when the connection may stand.
std::string refusal_of(const peer::Hello& hello, const MeshOptions& options);

// Whether a WELCOME can be taken: a failure for one that is none of ours.
Status check_welcome(const peer::Welcome& welcome);

// What a refusal says, for the log: its bytes are the peer's, so they are cut and made harmless.
std::string words_of(const peer::Welcome& welcome);

}  // namespace holdfast::net
