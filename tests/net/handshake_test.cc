#include "lockserver/net/handshake.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace holdfast::net {
namespace {

MeshOptions own() {
  MeshOptions options;
  options.cell_name = "test";
  options.cell_id = "00112233445566778899aabbccddeeff";
  options.self = ServerId(1);
  options.members = {{.id = ServerId(1), .address = {}}, {.id = ServerId(2), .address = {}}};
  return options;
}

// The refusal of a HELLO that is good but for one change.
std::string refusal(const std::function<void(peer::Hello&)>& change) {
  peer::Hello hello;
  hello.channel = peer::Channel::LEADER;
  hello.cell_name = "test";
  hello.cell_id = "00112233445566778899aabbccddeeff";
  hello.from_id = 2;
  hello.to_id = 1;
  hello.client_endpoint = "127.0.0.1:7101";
  change(hello);
  return refusal_of(hello, own());
}

TEST(Handshake, AnotherMemberOfTheCellIsWelcome) {
  EXPECT_EQ(refusal([](peer::Hello&) {}), "");
  EXPECT_EQ(refusal([](auto& hello) { hello.channel = peer::Channel::ELECTION; }), "");
}

TEST(Handshake, EverythingElseIsRefusedInWords) {
  EXPECT_EQ(refusal([](auto& hello) { hello.version = 2; }),
            "this replica speaks version 1 of the peer protocol, not 2");
  EXPECT_EQ(refusal([](auto& hello) { hello.cell_id[0] = 'f'; }),
            "this replica belongs to cell test (00112233445566778899aabbccddeeff), not to \"test\" "
            "(\"f0112233445566778899aabbccddeeff\")");
  EXPECT_NE(refusal([](auto& hello) { hello.cell_name = "other"; }), "");
  EXPECT_EQ(refusal([](auto& hello) { hello.to_id = 2; }), "this is replica 1, not 2");
  EXPECT_EQ(refusal([](auto& hello) { hello.from_id = 1; }), "replica 1 is this one");
  EXPECT_EQ(refusal([](auto& hello) { hello.from_id = 9; }), "replica 9 is no member of this cell");
  EXPECT_EQ(refusal([](auto& hello) { hello.channel = static_cast<peer::Channel::type>(3); }),
            "unknown channel 3");
  EXPECT_EQ(refusal([](auto& hello) { hello.client_endpoint.assign(301, 'x'); }),
            "a client endpoint of 301 bytes");
}

TEST(Handshake, ForeignWordsAreCutAndMadeHarmless) {
  EXPECT_NE(refusal([](auto& hello) { hello.cell_name = "a\nb"; }).find("\\x0a"),
            std::string::npos);
  peer::Welcome welcome;
  welcome.refusal = "no\n" + std::string(1'000, 'x');
  EXPECT_EQ(words_of(welcome), "no?" + std::string(497, 'x'));
  EXPECT_TRUE(check_welcome(welcome).ok());
  welcome.client_endpoint.assign(301, 'x');
  EXPECT_FALSE(check_welcome(welcome).ok());
}

}  // namespace
}  // namespace holdfast::net
