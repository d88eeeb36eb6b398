#pragma once

#include <cstdint>

namespace holdfast::client::test {

// How many TCP segments with data this socket has received. Where nothing is delayed (loopback,
// TCP_NODELAY at the sender) that is how often the other end wrote.
std::uint32_t segments_received(int socket);

}  // namespace holdfast::client::test
