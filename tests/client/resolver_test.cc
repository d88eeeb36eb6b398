#include "client/resolver.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "client/cell_client.h"
#include "client/session.h"
#include "tests/client/fake_cell.h"
#include "tests/client/fake_dns.h"

namespace holdfast::client::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Milliseconds kPatience(20'000);

Outcome<std::vector<Place>> ask(const FakeDns& dns, const std::string& endpoint) {
  return look_up(endpoint, {dns.endpoint()}, kPatience);
}

std::uint16_t port_of(const FakeCell& cell) {
  return Endpoint::parse(cell.endpoint())->port;
}

TEST(Resolver, ServiceHasItsPlacesWithPriorityWeightAndAllAddresses) {
  FakeDns dns;
  dns.add_service("main.example", 10, 7, 7101, "r1.example");
  dns.add_service("main.example", 20, 0, 7102, "r2.example");
  dns.add_service("main.example", 0, 0, 7103, "lost.example");
  dns.add_address("r1.example", "10.0.0.1");
  dns.add_address("r1.example", "fd00::1");
  dns.add_address("r2.example", "10.0.0.2");
  const auto found = ask(dns, "srv:main.example");
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->size(), 2U) << "a target without address is passed over";
  const Place& first = found->at(found->at(0).priority == 10 ? 0 : 1);
  const Place& second = found->at(found->at(0).priority == 10 ? 1 : 0);
  EXPECT_EQ(first.name, "r1.example:7101");
  EXPECT_EQ((std::set<std::string>(first.addresses.begin(), first.addresses.end())),
            (std::set<std::string>{"10.0.0.1:7101", "[fd00::1]:7101"}));
  EXPECT_EQ(first.weight, 7U);
  EXPECT_EQ(
      second,
      (Place{
          .name = "r2.example:7102", .addresses = {"10.0.0.2:7102"}, .priority = 20, .weight = 0}));
}

TEST(Resolver, NameStandsForAllOfItsAddresses) {
  FakeDns dns;
  for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
    dns.add_address("cell.example", address);
  }
  const auto found = ask(dns, "cell.example:7101");
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().addresses.size(), 3U);
  EXPECT_EQ(ask(dns, "10.0.0.9:1")->front().addresses, std::vector<std::string>{"10.0.0.9:1"});
}

TEST(Resolver, NamesOfTheMachineNeedNoDns) {
  FakeDns dns;
  const auto found = ask(dns, "localhost:7101");
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_NE(found->front().addresses.front().find(":7101"), std::string::npos);
}

TEST(Resolver, SaysWhatIsMissing) {
  FakeDns dns;
  dns.add_service("gone.example", 0, 0, 0, ".");
  dns.add_empty("_holdfast._tcp.empty.example");
  dns.add_service("lost.example", 0, 0, 1, "x.example");
  const auto says = [&dns](const std::string& endpoint, const std::string& why) {
    const auto found = ask(dns, endpoint);
    ASSERT_FALSE(found) << endpoint;
    EXPECT_EQ(found.error().code, ErrorCode::kNoQuorum);
    EXPECT_NE(found.error().message.find(why), std::string::npos) << found.error().message;
  };
  says("srv:gone.example",
       "_holdfast._tcp.gone.example: the only SRV record says that there is no");
  says("srv:empty.example", "the name has no SRV records");
  says("srv:lost.example", "x.example: there is no such name");
  says("srv:none.example", "_holdfast._tcp.none.example: there is no such name");
  says("none.example:1", "none.example: there is no such name");
  EXPECT_EQ(ask(dns, "none").error().code, ErrorCode::kBadArgument);
}

TEST(Resolver, SilenceIsBoundedInTime) {
  FakeDns dns;
  dns.set_silent(true);
  const auto begin = Clock::now();
  const auto found = ask(dns, "srv:main.example");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("no DNS server answered in time"), std::string::npos)
      << found.error().message;
  EXPECT_LT(Clock::now() - begin, Resolver::kTimeMax + std::chrono::seconds(2));
  const auto again = Clock::now();
  EXPECT_FALSE(look_up("srv:main.example", {dns.endpoint()}, Milliseconds(100)));
  EXPECT_LT(Clock::now() - again, std::chrono::seconds(1));
}

TEST(Resolver, BlocksNobodyWhileItWaits) {
  FakeDns dns;
  dns.set_silent(true);
  boost::asio::io_context io;
  Resolver resolver(io.get_executor(), {dns.endpoint()});
  bool is_answered = false;
  const auto begin = Clock::now();
  resolver.look_up("srv:main.example", [&](const Resolver::Places&) { is_answered = true; });
  io.poll();
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(400));
  EXPECT_FALSE(is_answered);
  resolver.close();
  io.run();
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(800)) << "nothing holds it up";
  EXPECT_FALSE(is_answered);
}

TEST(Resolver, SecondServerIsAskedWhenTheFirstIsSilent) {
  FakeDns silent;
  silent.set_silent(true);
  FakeDns dns;
  dns.add_address("cell.example", "10.0.0.1");
  const auto found = look_up("cell.example:1", {silent.endpoint(), dns.endpoint()}, kPatience);
  ASSERT_TRUE(found) << to_string(found.error());
}

// Whatever comes is an answer or a failure; sanitizers watch.
TEST(Resolver, DamagedAnswersDoNoMoreThanToBeRefused) {
  FakeDns dns;
  dns.add_service("main.example", 10, 7, 7101, "r1.example");
  dns.add_service("main.example", 20, 0, 7102, "r2.example");
  dns.add_address("r1.example", "10.0.0.1");
  dns.add_address("r1.example", "fd00::1");
  dns.add_address("r2.example", "10.0.0.2");
  boost::asio::io_context io;
  Resolver resolver(io.get_executor(), {dns.endpoint()});
  int good = 0;
  int bad = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    dns.damage(seed);
    for (int i = 0; i < 20; ++i) {
      resolver.look_up("srv:main.example", [&](const Resolver::Places& found) {
        ++(found.ok() ? good : bad);
        if (!found.ok()) return;
        EXPECT_FALSE(found->empty());
        for (const Place& place : *found) EXPECT_FALSE(place.addresses.empty());
      });
    }
    io.restart();
    io.run();
  }
  EXPECT_EQ(good + bad, 60 * 20);
  EXPECT_GT(bad, 100);
  EXPECT_GT(good, 0);
}

// ---- whole sessions -----------------------------------------------------------------------------

TEST(FoundByDns, SessionIsOpenedByServiceAndFollowsAChangedAnswer) {
  FakeCell second;
  FakeDns dns;
  dns.add_address("r1.example", "127.0.0.1");
  auto first = std::make_unique<FakeCell>();
  dns.add_service("main.example", 10, 0, port_of(*first), "r1.example");
  Session session =
      Session::open({.endpoints = {"srv:main.example"}, .dns_servers = {dns.endpoint()}}).value();
  EXPECT_EQ(session.get("/a")->contents, "contents of /a");
  dns.add_service("main.example", 20, 0, port_of(second), "r1.example");
  first->stop();
  first.reset();
  EXPECT_EQ(session.get("/b")->contents, "contents of /b");
  EXPECT_EQ(second.count("resume_session"), 1U);
}

TEST(FoundByDns, WhatDnsDoesNotKnowIsToldToWhoOpens) {
  FakeDns dns;
  const auto session = Session::open({.endpoints = {"srv:main.example"},
                                      .dns_servers = {dns.endpoint()},
                                      .open_timeout = Milliseconds(300)});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kNoQuorum);
  EXPECT_NE(session.error().message.find("_holdfast._tcp.main.example: there is no such name"),
            std::string::npos)
      << session.error().message;
}

TEST(FoundByDns, OpeningGivesUpInTimeAlthoughDnsIsSilent) {
  FakeDns dns;
  dns.set_silent(true);
  const auto begin = Clock::now();
  EXPECT_FALSE(Session::open({.endpoints = {"srv:main.example"},
                              .dns_servers = {dns.endpoint()},
                              .open_timeout = Milliseconds(300)}));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(2));
}

TEST(FoundByDns, BadOptionsAreRefusedWithTheirText) {
  for (const char* wrong : {"a", "_holdfast._tcp.a.example", "srv:a.example:1"}) {
    const auto session = Session::open({.endpoints = {"10.0.0.1:1", wrong}});
    EXPECT_EQ(session.error().code, ErrorCode::kBadArgument);
    EXPECT_NE(session.error().message.find(wrong), std::string::npos);
    CellClient client({.endpoints = {wrong}});
    const auto got = client.call(Get{.path = "/a"});
    EXPECT_EQ(got.error().code, ErrorCode::kBadArgument);
    EXPECT_NE(got.error().message.find(wrong), std::string::npos);
  }
  EXPECT_EQ(Session::open({.endpoints = {"a:1"}, .dns_servers = {"b"}}).error().code,
            ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace holdfast::client::test
