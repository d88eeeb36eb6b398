#include "client/endpoint.h"

#include <string>

#include <gtest/gtest.h>

namespace holdfast::client::test {
namespace {

using Kind = Endpoint::Kind;

TEST(Endpoint, IsOfOneOfThreeKinds) {
  const auto is = [](const std::string& text, const Endpoint& expected) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status().message();
    EXPECT_EQ(*endpoint, expected) << text;
  };
  is("10.0.0.1:7101", {Kind::kAddress, "10.0.0.1", 7101});
  is("[fd00::1]:7101", {Kind::kAddress, "fd00::1", 7101});
  is("[fe80::1%eth0]:1", {Kind::kAddress, "fe80::1%eth0", 1});
  is("r-1.example.com.:65535", {Kind::kName, "r-1.example.com.", 65535});
  is("localhost:1", {Kind::kName, "localhost", 1});
  is("srv:7101", {Kind::kName, "srv", 7101});
  is("srv:main", {Kind::kService, "main", 0});
  is("srv:main.example.com", {Kind::kService, "main.example.com", 0});
}

TEST(Endpoint, WhatIsNoneIsRefusedWithItsTextAndTheReason) {
  const auto is_refused = [](const std::string& text, const std::string& why) {
    const Result<Endpoint> endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    const std::string message = endpoint.status().message();
    EXPECT_NE(message.find("\"" + text + "\""), std::string::npos) << message;
    EXPECT_NE(message.find(why), std::string::npos) << message;
    EXPECT_NE(message.find("srv:domain"), std::string::npos) << message;
  };
  is_refused("", "no port");
  is_refused("a", "no port");
  is_refused("a:", "a port is");
  is_refused("a:x", "a port is");
  is_refused("a:0", "a port is");
  is_refused("a:70000", "a port is");
  is_refused("a:-1", "a port is");
  is_refused(":1", "no host");
  is_refused("a b:1", "no host");
  is_refused("a..b:1", "no host");
  is_refused("10.0.0.256:1", "no host");
  is_refused(std::string(64, 'x') + ":1", "no host");
  is_refused("::1:7101", "brackets");
  is_refused("[a]:1", "no IPv6 address");
  is_refused("srv:", "a port is");
  is_refused("srv:a b", "no domain");
  is_refused("srv:a.example:7101", "no domain");
  is_refused("srv:_holdfast._tcp.a.example", "only the domain");
  is_refused("_holdfast._tcp.a.example", "srv:");
}

TEST(Endpoint, DnsServersAreAddresses) {
  EXPECT_TRUE(check_dns_servers({"10.0.0.1", "10.0.0.1:53", "::1", "[::1]:5353"}).ok());
  for (const std::string wrong : {"dns.example.com", "10.0.0.1:0", "srv:a.example", ""}) {
    const Status status = check_dns_servers({"10.0.0.1", wrong});
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_NE(status.message().find("\"" + wrong + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::client::test
