#include <string>
#include <utility>
#include <vector>

#include "lockserver/net/rpc_routes.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "tests/net/edge.h"
#include "thrift/gen/LockService.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

// What arrives at the port for clients, on two connections, through route() into a lock service
// over a real replica. Each frame gives one answer or costs its connection; afterwards the state is
// sound and a stranger is served.

namespace holdfast::fuzz {

namespace {

using net::testing::Edge;

constexpr int kFramesMax = 40;

class Connection {
 public:
  explicit Connection(Edge& edge) : edge_(edge), lane_(edge.service.open_lane()) {}
  ~Connection() { edge_.service.close_lane(lane_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False when the connection is to be closed.
  bool send(std::string_view message) {
    ++sent_;
    const Status status = net::route(edge_.service, lane_, message, [this](std::string reply) {
      ++answered_;
      HOLDFAST_CHECK(answered_ <= sent_, "two answers to one call");
      HOLDFAST_CHECK(reply.size() <= limits::kClientFrameBytesMax, "nobody could read this reply");
      HOLDFAST_CHECK(decode_message_head(reply, kReplyLimits).ok(), "a reply that is no message");
    });
    if (status.ok()) return true;
    HOLDFAST_CHECK(!status.message().empty(), "a refusal has words");
    return false;
  }
  std::size_t sent() const { return sent_; }
  std::size_t answered() const { return answered_; }

 private:
  Edge& edge_;
  net::LockService::Lane lane_;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
};

// Ordinary calls of another client are answered.
void probe(Edge& edge) {
  Connection stranger(edge);
  api::LockService_list_children_args args;
  args.request.path = "/";
  args.__isset.request = true;
  const MessageHead head{
      .protocol = WireProtocol::kCompact, .method = "list_children", .sequence_id = 1};
  HOLDFAST_CHECK(stranger.send(encode_message(head, args)), "an ordinary call is refused");
  edge.cell.settle();
  HOLDFAST_CHECK(stranger.answered() == 1, "an ordinary call is not answered");
}

void check(Edge& edge) {
  HOLDFAST_CHECK(edge.cell.is_up(1), *edge.cell.node(1).fatal);
  const Status sound = edge.cell.replica(1).state().audit();
  HOLDFAST_CHECK(sound.ok(), sound.message());
  probe(edge);
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  // Ten seconds may pass with each frame: in long ticks, or they would cost more than all else.
  Edge edge(replica::testing::CellOptions{.voters = 1, .tick_ms = 100});
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < 2; ++i) connections.push_back(std::make_unique<Connection>(edge));
  for (int count = 0; count < kFramesMax && !source.is_empty(); ++count) {
    const std::size_t bits = source.below(256);
    if ((bits & 7U) == 7U) edge.cell.advance(static_cast<Ticks>(bits) * 40);
    std::unique_ptr<Connection>& connection = connections[(bits >> 3U) % 2];
    if (!connection->send(source.text())) connection = std::make_unique<Connection>(edge);
    if ((bits & 32U) == 0) edge.cell.settle();
  }
  edge.cell.settle();
  check(edge);
}

}  // namespace holdfast::fuzz
