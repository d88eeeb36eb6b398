#include "lockserver/net/handshake.h"

#include <algorithm>
#include <string>
#include <variant>

#include "lockserver/net/peer_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// The first frame at the port for replicas, from anybody who can reach it: a HELLO is refused in
// words that a log can show, or it is from another member of this very cell.

namespace holdfast::fuzz {

namespace {

net::MeshOptions options() {
  net::MeshOptions out;
  out.cell_name = "test";
  out.cell_id = "00112233445566778899aabbccddeeff";
  out.self = ServerId(1);
  for (std::uint64_t id = 1; id <= 3; ++id)
    out.members.push_back({.id = ServerId(id), .address = {}});
  return out;
}

bool can_be_shown(const std::string& words) {
  return words.size() < 2'000 && std::none_of(words.begin(), words.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

void judge(const peer::Hello& hello) {
  const net::MeshOptions own = options();
  const std::string refusal = net::refusal_of(hello, own);
  HOLDFAST_CHECK(can_be_shown(refusal), "a refusal that no log can show");
  if (!refusal.empty()) return;
  HOLDFAST_CHECK(hello.version == 1 && hello.to_id == 1, "not meant for this replica");
  HOLDFAST_CHECK(hello.cell_name == own.cell_name && hello.cell_id == own.cell_id, "another cell");
  HOLDFAST_CHECK(hello.from_id == 2 || hello.from_id == 3, "not of another member");
  HOLDFAST_CHECK(hello.channel == peer::Channel::ELECTION || hello.channel == peer::Channel::LEADER,
                 "an unknown channel");
  HOLDFAST_CHECK(hello.client_endpoint.size() <= 300, "what clients would be told is too long");
}

void judge(const peer::Welcome& welcome) {
  HOLDFAST_CHECK(can_be_shown(net::words_of(welcome)), "a refusal that no log can show");
  if (net::check_welcome(welcome).ok()) {
    HOLDFAST_CHECK(welcome.client_endpoint.size() <= 300, "what clients would be told is too long");
  }
}

peer::Hello hello_of(ByteSource& source) {
  const net::MeshOptions own = options();
  peer::Hello hello;
  hello.version = static_cast<std::int32_t>(source.below(3));
  hello.cell_name = source.below(4) == 0 ? own.cell_name : std::string(source.text());
  hello.cell_id = source.below(4) == 0 ? own.cell_id : std::string(source.text());
  hello.from_id = static_cast<std::int64_t>(source.below(5));
  hello.to_id = source.below(8) == 7 ? static_cast<std::int64_t>(source.u64()) : 1;
  hello.channel = static_cast<peer::Channel::type>(source.below(4));
  hello.client_endpoint = std::string(source.text());
  return hello;
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  if (source.byte() != 0) return judge(hello_of(source));
  const Result<net::PeerFrame> frame = net::decode_peer_frame(source.rest());
  if (!frame.ok()) return;
  if (const auto* hello = std::get_if<peer::Hello>(&*frame)) judge(*hello);
  if (const auto* welcome = std::get_if<peer::Welcome>(&*frame)) judge(*welcome);
}

}  // namespace holdfast::fuzz
