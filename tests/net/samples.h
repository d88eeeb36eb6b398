#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thrift/message.h"
#include "zab/message.h"

// One of everything that may arrive at the two ports of a replica, for golden files, damage and
// seeds of fuzzing.

namespace holdfast::net::testing {

struct NamedBytes {
  std::string name;
  std::string bytes;  // Without the length before it.
};

// Each kind of zab::Message once, in the order of the variant, with values at the edges of their
// width.
std::vector<zab::Message> sample_messages();
zab::Notification sample_notification();

// Every kind of frame between replicas: HELLO, WELCOME, NOTIFICATION and the messages.
std::vector<NamedBytes> sample_peer_frames();

// A call of every method of the service, encoded by the client that Thrift generates, with every
// field of the request set. Their session is kSampleSession.
inline constexpr std::int64_t kSampleSession = 0x0000000100000002;  // The first of a fresh cell.
std::vector<NamedBytes> sample_calls(WireProtocol protocol);

// "0a1b", and back; what is no such text gives nothing useful.
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view digits);

}  // namespace holdfast::net::testing
