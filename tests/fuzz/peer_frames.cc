#include <string>
#include <variant>

#include "lockserver/net/peer_codec.h"
#include "lockserver/replica/refusals.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// What arrives at the port for replicas: bytes give a frame or a refusal, and a frame that was
// decoded means what its own encoding means.

namespace holdfast::fuzz {

namespace {

std::string encoded(const net::PeerFrame& frame) {
  return std::visit([](const auto& it) { return net::encode_peer_frame(it); }, frame);
}

// The payload of a REQUEST_REPLY goes to the replica, which reads it for itself.
void read_refusal(const net::PeerFrame& frame) {
  const auto* message = std::get_if<zab::Message>(&frame);
  const auto* reply = message != nullptr ? std::get_if<zab::RequestReply>(message) : nullptr;
  if (reply == nullptr) return;
  const auto refusal = replica::decode_forward_refusal(reply->payload.view());
  if (refusal.ok()) {
    const SharedBytes bytes = replica::encode_forward_refusal(*refusal);
    HOLDFAST_CHECK(replica::decode_forward_refusal(bytes.view()).ok(), "a refusal changes");
  }
}

}  // namespace

void run(std::string_view input) {
  const Result<net::PeerFrame> frame = net::decode_peer_frame(input);
  if (!frame.ok()) {
    HOLDFAST_CHECK(!frame.status().message().empty(), "a refusal has words");
    return;
  }
  const std::string bytes = encoded(*frame);
  const Result<net::PeerFrame> again = net::decode_peer_frame(bytes);
  HOLDFAST_CHECK(again.ok() && encoded(*again) == bytes, "a frame changes on its way");
  HOLDFAST_CHECK(again->index() == frame->index(), "a frame becomes another");
  if (const auto* message = std::get_if<zab::Message>(&*frame)) {
    HOLDFAST_CHECK(std::get<zab::Message>(*again) == *message, zab::describe(*message));
  } else if (const auto* word = std::get_if<zab::Notification>(&*frame)) {
    HOLDFAST_CHECK(std::get<zab::Notification>(*again) == *word, zab::describe(*word));
  }
  read_refusal(*frame);
}

}  // namespace holdfast::fuzz
