#include "lockserver/net/peer_mesh.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "lockserver/net/peer_codec.h"
#include "thrift/frame.h"

namespace holdfast::net {
namespace {

using boost::asio::ip::tcp;

// Keeps what the mesh tells, in words.
class Witness final : public replica::PeerEvents {
 public:
  void on_notification(const zab::Notification& n) override { rounds.push_back(n.round); }
  void on_peer_refused(ServerId peer) override { refused.push_back(peer); }
  void on_accept(ConnId conn) override { accepted.push_back(conn); }
  void on_dial_result(DialId, std::optional<ConnId> conn) override { dialed.push_back(conn); }
  void on_closed(ConnId conn) override { closed.push_back(conn); }
  void on_message(ConnId, zab::Message message) override { messages.push_back(std::move(message)); }
  void on_idle() override { ++idles; }

  std::vector<std::uint64_t> rounds;
  std::vector<ServerId> refused;
  std::vector<ConnId> accepted;
  std::vector<std::optional<ConnId>> dialed;
  std::vector<ConnId> closed;
  std::vector<zab::Message> messages;
  int idles = 0;
};

struct Node {
  Node(boost::asio::io_context& io, std::uint64_t id, const std::string& cell_id) {
    MeshOptions options;
    options.cell_name = "test";
    options.cell_id = cell_id;
    options.self = ServerId(id);
    options.incarnation = Incarnation(id * 10);
    options.listen = {.host = "127.0.0.1", .port = 0};
    options.client_endpoint = "client-" + std::to_string(id);
    mesh = std::make_unique<PeerMesh>(io, options,
                                      [this](const std::string& line) { log.push_back(line); });
    EXPECT_TRUE(mesh->listen().ok());
    listening = mesh->port();
  }
  Witness witness;
  std::unique_ptr<PeerMesh> mesh;
  std::vector<std::string> log;
  std::uint16_t listening = 0;
};

class PeerMeshTest : public ::testing::Test {
 protected:
  static constexpr const char* kCell = "00112233445566778899aabbccddeeff";

  void make(const std::vector<std::string>& cell_ids) {
    for (std::size_t i = 0; i < cell_ids.size(); ++i) {
      nodes_.push_back(std::make_unique<Node>(io_, i + 1, cell_ids[i]));
    }
    for (const auto& node : nodes_) {
      std::vector<MeshMember> members;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        members.push_back({.id = ServerId(i + 1),
                           .address = {.host = "127.0.0.1", .port = nodes_[i]->listening}});
      }
      node->mesh->set_members(members);
      node->mesh->start(node->witness);
    }
  }
  // Runs the strand until it holds; fails the test when it never does.
  void run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) io_.run_one_for(std::chrono::milliseconds(5));
    ASSERT_TRUE(done());
  }
  Node& node(std::size_t id) { return *nodes_[id - 1]; }
  // Node 2 becomes a learner of node 1.
  void connect() {
    node(2).mesh->dial(DialId(1), ServerId(1));
    run_until([&] { return !node(2).witness.dialed.empty() && !node(1).witness.accepted.empty(); });
    ASSERT_TRUE(node(2).witness.dialed[0].has_value());
  }
  ConnId to_learner() { return node(1).witness.accepted[0]; }

  boost::asio::io_context io_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(PeerMeshTest, NotificationsArriveAndTheNewestReplacesUnsentOnes) {
  make({kCell, kCell});
  for (std::uint64_t round = 1; round <= 5; ++round) {
    node(1).mesh->notify(ServerId(2), {.from = ServerId(1), .round = round});
  }
  run_until([&] { return node(2).witness.idles > 0; });
  EXPECT_EQ(node(2).witness.rounds, std::vector<std::uint64_t>{5});
  EXPECT_TRUE(node(2).mesh->is_connected(ServerId(1)));
  EXPECT_EQ(node(2).mesh->client_endpoint(ServerId(1)), "client-1");
  EXPECT_EQ(node(1).mesh->client_endpoint(ServerId(2)), "client-2");
}

TEST_F(PeerMeshTest, TheLeaderChannelCarriesMessagesInOrderBothWays) {
  make({kCell, kCell});
  node(2).mesh->dial(DialId(1), ServerId(1));
  run_until([&] { return !node(2).witness.dialed.empty() && !node(1).witness.accepted.empty(); });
  ASSERT_TRUE(node(2).witness.dialed[0].has_value());
  for (std::uint64_t round = 1; round <= 100; ++round) {
    node(2).mesh->send(*node(2).witness.dialed[0], zab::Pong{.epoch = Epoch(1), .round = round});
    node(1).mesh->send(node(1).witness.accepted[0], zab::Ping{.epoch = Epoch(1), .round = round});
  }
  node(1).mesh->flush();
  node(2).mesh->flush();
  run_until([&] {
    return node(1).witness.messages.size() == 100 && node(2).witness.messages.size() == 100;
  });
  for (std::uint64_t round = 1; round <= 100; ++round) {
    EXPECT_EQ(std::get<zab::Pong>(node(1).witness.messages[round - 1]).round, round);
    EXPECT_EQ(std::get<zab::Ping>(node(2).witness.messages[round - 1]).round, round);
  }
}

zab::Commit commit_of(std::uint64_t zxid) {
  return {.epoch = Epoch(1), .committed = Zxid(zxid)};
}

TEST_F(PeerMeshTest, ACommitTravelsWithTheNextMessageWhereNoClientWaitsForIt) {
  make({kCell, kCell});
  connect();
  node(1).mesh->send(to_learner(), commit_of(1));
  node(1).mesh->flush();
  io_.poll();
  EXPECT_TRUE(node(2).witness.messages.empty()) << "It came alone.";
  node(1).mesh->send(to_learner(), zab::Ping{.epoch = Epoch(1), .round = 1});
  node(1).mesh->flush();
  run_until([&] { return node(2).witness.messages.size() == 2; });
  EXPECT_TRUE(std::holds_alternative<zab::Commit>(node(2).witness.messages[0]));
}

TEST_F(PeerMeshTest, ACommitWithNothingElseToSayWaitsForAMomentOnly) {
  make({kCell, kCell});
  connect();
  node(1).mesh->send(to_learner(), commit_of(1));
  run_until([&] {
    node(1).mesh->flush();  // As at each tick.
    return !node(2).witness.messages.empty();
  });
}

TEST_F(PeerMeshTest, ACommitWaitsForNothingWhereThereAreClients) {
  const zab::Message words[] = {zab::Request{.epoch = Epoch(1)}, zab::ReadIndex{.epoch = Epoch(1)},
                                zab::Pong{.epoch = Epoch(1), .touched = {SessionId(1)}}};
  make({kCell, kCell});
  for (const zab::Message& word : words) {
    node(1).witness.accepted.clear();
    node(2).witness.dialed.clear();
    node(2).witness.messages.clear();
    connect();
    node(2).mesh->send(*node(2).witness.dialed[0], word);
    node(2).mesh->flush();
    run_until([&] { return !node(1).witness.messages.empty(); });
    node(1).witness.messages.clear();
    node(1).mesh->send(to_learner(), commit_of(1));
    node(1).mesh->flush();
    run_until([&] { return !node(2).witness.messages.empty(); });
  }
}

// A leader that resigns has often committed something just before.
TEST_F(PeerMeshTest, ACommitThatWaitsIsSentBeforeItsConnectionIsClosed) {
  make({kCell, kCell});
  connect();
  node(1).mesh->send(to_learner(), commit_of(1));
  node(1).mesh->flush();
  node(1).mesh->close(to_learner(), "because");
  run_until([&] { return !node(2).witness.closed.empty(); });
  EXPECT_EQ(node(2).witness.messages.size(), 1U);
}

TEST_F(PeerMeshTest, AClosedConnectionIsToldToTheOtherSideOnly) {
  make({kCell, kCell});
  node(2).mesh->dial(DialId(1), ServerId(1));
  run_until([&] { return !node(2).witness.dialed.empty() && !node(1).witness.accepted.empty(); });
  node(1).mesh->close(node(1).witness.accepted[0], "because");
  run_until([&] { return !node(2).witness.closed.empty(); });
  EXPECT_EQ(node(2).witness.closed[0], *node(2).witness.dialed[0]);
  EXPECT_TRUE(node(1).witness.closed.empty());
}

TEST_F(PeerMeshTest, ADeadPeerIsRefusedAtOnce) {
  make({kCell, kCell});
  node(2).mesh->stop();
  node(1).mesh->notify(ServerId(2), {.from = ServerId(1), .round = 1});
  run_until([&] { return !node(1).witness.refused.empty(); });
  EXPECT_EQ(node(1).witness.refused[0], ServerId(2));
  node(1).mesh->dial(DialId(1), ServerId(2));
  run_until([&] { return !node(1).witness.dialed.empty(); });
  EXPECT_FALSE(node(1).witness.dialed[0].has_value());
}

TEST_F(PeerMeshTest, AReplicaOfAnotherCellIsRefusedWithWords) {
  make({kCell, "ffffffffffffffffffffffffffffffff"});
  node(2).mesh->dial(DialId(1), ServerId(1));
  run_until([&] { return !node(2).witness.dialed.empty(); });
  EXPECT_FALSE(node(2).witness.dialed[0].has_value());
  EXPECT_TRUE(node(2).witness.refused.empty()) << "somebody listens there";
  EXPECT_TRUE(node(1).witness.accepted.empty());
  ASSERT_EQ(node(2).log.size(), 1U);
  EXPECT_NE(node(2).log[0].find("belongs to cell test (00112233445566778899aabbccddeeff)"),
            std::string::npos)
      << node(2).log[0];
}

TEST_F(PeerMeshTest, GarbageCostsItsConnectionAndNothingElse) {
  make({kCell, kCell});
  tcp::socket stranger(io_);
  stranger.connect({boost::asio::ip::make_address("127.0.0.1"), node(1).listening});
  std::string bytes;
  append_frame(bytes, "\x13garbage");
  boost::asio::write(stranger, boost::asio::buffer(bytes));
  bool closed = false;
  char byte = 0;
  stranger.async_read_some(
      boost::asio::buffer(&byte, 1),
      [&](boost::system::error_code error, std::size_t) { closed = bool(error); });
  run_until([&] { return closed; });
  node(2).mesh->notify(ServerId(1), {.from = ServerId(2), .round = 9});
  run_until([&] { return !node(1).witness.rounds.empty(); });
  EXPECT_EQ(node(1).witness.rounds[0], 9U);
}

TEST_F(PeerMeshTest, AnOversizedFrameClosesItsConnection) {
  make({kCell, kCell});
  tcp::socket stranger(io_);
  stranger.connect({boost::asio::ip::make_address("127.0.0.1"), node(1).listening});
  boost::asio::write(stranger, boost::asio::buffer("\x7f\xff\xff\xff", 4));
  bool closed = false;
  char byte = 0;
  stranger.async_read_some(
      boost::asio::buffer(&byte, 1),
      [&](boost::system::error_code error, std::size_t) { closed = bool(error); });
  run_until([&] { return closed; });
}

}  // namespace
}  // namespace holdfast::net
