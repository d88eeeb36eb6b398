#include <functional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/net/line.h"
#include "zab/base/limits.h"

// Every code of the contract that a single cell can answer comes out at the edge with its facts,
// and every limit with its name.

namespace holdfast::net {
namespace {

using api::ErrorCode;
using testing::Caller;
using testing::create_node;
using testing::Edge;
using testing::Line;
using testing::StockClient;
using testing::try_lock;

template <typename Request>
Request at(api::RequestHeader header, const std::string& path) {
  Request request;
  request.header = std::move(header);
  request.path = path;
  return request;
}

class Refusals : public ::testing::Test {
 protected:
  static void expect_limit(const api::LockServiceError& error, ErrorCode::type code,
                           const std::string& name, std::size_t limit) {
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_EQ(error.limit_name, name);
    EXPECT_EQ(error.limit, static_cast<std::int64_t>(limit));
    EXPECT_GT(error.actual, error.limit);
    EXPECT_FALSE(error.message.empty());
  }
  api::LockServiceError refused_create(Caller& caller, const std::string& path) {
    auto request = create_node(caller.next(), path);
    request.create_parents = false;
    return caller.refused(HOLDFAST_METHOD(create), request);
  }
  void make(Caller& caller, const std::string& path) {
    caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), path));
  }
  void lock(Caller& caller, const std::string& path) {
    caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), path));
  }

  Edge edge;
  Line stranger{edge, WireProtocol::kBinary};
};

// ---- nodes --------------------------------------------------------------------------------------

TEST_F(Refusals, OfNodes) {
  Caller caller(edge);
  make(caller, "/a/b");
  const api::LockServiceError no_node = refused_create(caller, "/x/y");
  EXPECT_EQ(no_node.code, ErrorCode::NO_NODE);
  EXPECT_EQ(no_node.path, "/x");
  EXPECT_GT(no_node.header.zxid, 0) << "a refusal that is part of the history has its zxid";
  EXPECT_EQ(no_node.header.lease_ms, 10'000);
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(get), at<api::GetRequest>({}, "/x")).code,
            ErrorCode::NO_NODE);
  EXPECT_EQ(
      stranger.refused(HOLDFAST_METHOD(list_children), at<api::ListChildrenRequest>({}, "/x")).code,
      ErrorCode::NO_NODE);
  EXPECT_EQ(refused_create(caller, "/a").code, ErrorCode::NODE_EXISTS);
  EXPECT_EQ(
      caller.refused(HOLDFAST_METHOD(remove), at<api::RemoveRequest>(caller.next(), "/a")).code,
      ErrorCode::NOT_EMPTY);

  auto set = at<api::SetContentsRequest>(caller.next(), "/a/b");
  set.__set_if_content_generation(7);
  const api::LockServiceError generation = caller.refused(HOLDFAST_METHOD(set_contents), set);
  EXPECT_EQ(generation.code, ErrorCode::BAD_GENERATION);
  EXPECT_EQ(generation.actual, 1);
  set = at<api::SetContentsRequest>(caller.next(), "/a/b");
  set.__set_if_instance(7);
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(set_contents), set).code, ErrorCode::STALE_INSTANCE);

  auto ephemeral = create_node(caller.next(), "/e");
  ephemeral.kind = api::NodeKind::EPHEMERAL;
  caller.get(HOLDFAST_METHOD(create), ephemeral);
  EXPECT_EQ(refused_create(caller, "/e/child").code, ErrorCode::NO_CHILDREN_FOR_EPHEMERALS);
  EXPECT_EQ(refused_create(caller, "not a path").code, ErrorCode::BAD_ARGUMENT);
}

// ---- locks --------------------------------------------------------------------------------------

TEST_F(Refusals, OfLocks) {
  Caller holder(edge);
  Caller other(edge);
  lock(holder, "/lock");
  const api::LockServiceError held =
      other.refused(HOLDFAST_METHOD(acquire), try_lock(other.next(), "/lock"));
  EXPECT_EQ(held.code, ErrorCode::LOCK_HELD);
  EXPECT_EQ(held.path, "/lock");
  ASSERT_EQ(held.holders.size(), 1U);
  EXPECT_EQ(held.holders[0].session_id, holder.session);
  EXPECT_EQ(
      other.refused(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(other.next(), "/lock")).code,
      ErrorCode::NOT_HELD);
  EXPECT_EQ(other
                .refused(HOLDFAST_METHOD(get_sequencer),
                         at<api::GetSequencerRequest>(other.header(), "/lock"))
                .code,
            ErrorCode::NOT_HELD);

  auto shared = try_lock(holder.next(), "/lock");
  shared.mode = api::LockMode::SHARED;
  EXPECT_EQ(holder.refused(HOLDFAST_METHOD(acquire), shared).code, ErrorCode::BAD_ARGUMENT)
      << "the other mode under the same owner";
  auto timed = try_lock(other.next(), "/lock");
  timed.wait_ms = 500;
  const api::LockServiceError late = other.refused(HOLDFAST_METHOD(acquire), timed);
  EXPECT_EQ(late.code, ErrorCode::TIMEOUT);
  EXPECT_FALSE(late.outcome_pending);
}

TEST_F(Refusals, OfADelayedLock) {
  Caller victim(edge);
  Caller other(edge);
  auto request = try_lock(victim.next(), "/lock");
  request.lock_delay_ms = 5'000;
  victim.get(HOLDFAST_METHOD(acquire), request);
  edge.cell.advance(4'000);
  // Only the other keeps its session.
  api::KeepAliveRequest keep;
  keep.header = other.header();
  for (int i = 0; i < 4; ++i) {
    other.get(HOLDFAST_METHOD(keep_alive), keep);
    edge.cell.advance(2'000);
  }
  const api::LockServiceError delayed =
      other.refused(HOLDFAST_METHOD(acquire), try_lock(other.next(), "/lock"));
  EXPECT_EQ(delayed.code, ErrorCode::LOCK_DELAYED) << delayed.message;
  EXPECT_GT(delayed.remaining_ms, 0);
  EXPECT_LE(delayed.remaining_ms, 5'000);
  EXPECT_EQ(delayed.previous_holder.session_id, victim.session);
}

TEST_F(Refusals, OfACircle) {
  Caller one(edge);
  Caller two(edge);
  const auto owned = [](Caller& caller, const std::string& path) {
    auto request = try_lock(caller.next(), path);
    request.owner = 1;
    return request;
  };
  one.get(HOLDFAST_METHOD(acquire), owned(one, "/x"));
  two.get(HOLDFAST_METHOD(acquire), owned(two, "/y"));
  auto wait = owned(one, "/y");
  wait.wait_ms = -1;
  wait.__set_max_hold_ms(1);
  one.get(HOLDFAST_METHOD(acquire), wait);
  wait = owned(two, "/x");
  wait.wait_ms = -1;
  const api::LockServiceError circle = two.refused(HOLDFAST_METHOD(acquire), wait);
  EXPECT_EQ(circle.code, ErrorCode::DEADLOCK);
  ASSERT_EQ(circle.cycle.size(), 2U);
  EXPECT_EQ(circle.cycle[0].session_id, two.session);
  EXPECT_EQ(circle.cycle[0].path, "/x");
}

// ---- sessions -----------------------------------------------------------------------------------

TEST_F(Refusals, OfSessions) {
  Caller caller(edge);
  api::ResumeSessionRequest resume;
  resume.header.session_id = caller.session;
  resume.secret = std::string(16, 'x');
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(resume_session), resume).code,
            ErrorCode::WRONG_SECRET);
  resume.header.session_id = 1;
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(resume_session), resume).code,
            ErrorCode::SESSION_EXPIRED);
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(create), create_node(caller.next(), "/a")).code,
            ErrorCode::SESSION_NOT_BOUND);
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(create), create_node({}, "/a")).code,
            ErrorCode::SESSION_NOT_BOUND);
  auto foreign = at<api::ExistsRequest>(caller.header(), "/");
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(exists), foreign).code, ErrorCode::SESSION_NOT_BOUND);
  edge.cell.advance(30'000);
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(create), create_node(caller.next(), "/a")).code,
            ErrorCode::SESSION_EXPIRED);

  api::OpenSessionRequest open;
  open.secret = std::string(16, 'p');
  open.__set_instance_name("instance");
  stranger.get(HOLDFAST_METHOD(open_session), open);
  api::PreviousSession previous;
  previous.instance_name = "another";
  previous.secret = open.secret;
  open.secret = std::string(16, 'n');
  open.__set_previous(previous);
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(open_session), open).code, ErrorCode::WRONG_SECRET);
}

// ---- the replica --------------------------------------------------------------------------------

TEST_F(Refusals, OfAnotherCell) {
  auto exists = at<api::ExistsRequest>({}, "/");
  exists.header.__set_cell_name("other");
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(exists), exists).code, ErrorCode::WRONG_CELL);
  EXPECT_EQ(
      stranger.refused(HOLDFAST_METHOD(exists), at<api::ExistsRequest>({}, "/ls/other/a")).code,
      ErrorCode::WRONG_CELL);
}

TEST_F(Refusals, OfAReplicaThatIsBehindWhatTheClientHasSeen) {
  auto exists = at<api::ExistsRequest>({}, "/");
  exists.header.last_seen_zxid = 0x0000000100001000;
  exists.header.__set_timeout_ms(200);
  const api::LockServiceError behind = stranger.refused(HOLDFAST_METHOD(exists), exists);
  EXPECT_EQ(behind.code, ErrorCode::BEHIND);
  EXPECT_TRUE(behind.retryable);
  EXPECT_EQ(behind.leader, "client-1");
}

TEST_F(Refusals, OfADiskThatIsStuck) {
  Caller caller(edge);
  edge.cell.node(1).disk->stalled = true;
  auto request = create_node(caller.next(), "/a");
  request.header.__set_timeout_ms(500);
  const api::LockServiceError late = caller.refused(HOLDFAST_METHOD(create), request);
  EXPECT_EQ(late.code, ErrorCode::TIMEOUT);
  EXPECT_TRUE(late.outcome_pending) << "it may be carried out yet";
  EXPECT_TRUE(late.retryable);
  edge.cell.node(1).disk->stalled = false;
  EXPECT_EQ(caller.get(HOLDFAST_METHOD(create), request).path, "/a") << "and so it was";
}

TEST_F(Refusals, OfADiskWithoutRoom) {
  Caller caller(edge);
  lock(caller, "/lock");
  edge.cell.node(1).disk->free = 0;
  edge.cell.advance(5'000);
  const api::LockServiceError full = refused_create(caller, "/a");
  EXPECT_EQ(full.code, ErrorCode::NO_SPACE);
  EXPECT_TRUE(full.retryable);
  caller.get(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(caller.next(), "/lock"));
}

TEST(RefusalsOfALostCell, SayThatThereIsNoQuorum) {
  Edge edge(replica::testing::CellOptions{.voters = 3});
  Caller caller(edge);
  edge.cell.kill(2);
  edge.cell.kill(3);
  edge.cell.advance(5'000);
  const api::LockServiceError lost =
      caller.refused(HOLDFAST_METHOD(create), create_node(caller.next(), "/a"));
  EXPECT_EQ(lost.code, ErrorCode::NO_QUORUM);
  EXPECT_TRUE(lost.retryable);
  EXPECT_FALSE(lost.outcome_pending);
  auto stale = at<api::ExistsRequest>({}, "/");
  stale.stale_ok = true;
  EXPECT_TRUE(caller.get(HOLDFAST_METHOD(exists), stale).__isset.stat);
}

// ---- limits -------------------------------------------------------------------------------------

TEST_F(Refusals, OfWhatIsTooLarge) {
  Caller caller(edge);
  auto create = create_node(caller.next(), "/a");
  create.contents = std::string(limits::kContentBytesMax + 1, 'c');
  expect_limit(caller.refused(HOLDFAST_METHOD(create), create), ErrorCode::TOO_LARGE,
               "content_bytes_max", limits::kContentBytesMax);
  expect_limit(refused_create(caller, "/" + std::string(limits::kComponentBytesMax + 1, 'c')),
               ErrorCode::TOO_LARGE, "component_bytes_max", limits::kComponentBytesMax);
  api::MultiRequest multi;
  multi.header = caller.next();
  multi.ops.resize(5);
  for (std::size_t i = 0; i < multi.ops.size(); ++i) {
    multi.ops[i].__set_create({});
    multi.ops[i].create.path = "/" + std::to_string(i);
    multi.ops[i].create.contents = std::string(limits::kContentBytesMax, 'c');
  }
  const api::LockServiceError bytes = caller.refused(HOLDFAST_METHOD(multi), multi);
  EXPECT_EQ(bytes.code, ErrorCode::TOO_LARGE);
  EXPECT_EQ(bytes.limit_name, "multi_bytes_max");
  api::CheckSequencersRequest check;
  check.sequencers.resize(limits::kSequencersPerCheckMax + 1);
  expect_limit(stranger.refused(HOLDFAST_METHOD(check_sequencers), check), ErrorCode::LIMIT,
               "sequencers_per_check_max", limits::kSequencersPerCheckMax);
}

// The limits that stand in the refusals among the answers so far.
template <typename Reply>
std::set<std::string> limits_met(Line& line, testing::ReceiveReply<Reply> receive) {
  std::set<std::string> names;
  for (const std::string& reply : line.take_replies()) {
    const auto answer = StockClient(line.protocol(), reply).reply(receive);
    if (const auto* error = std::get_if<api::LockServiceError>(&answer)) {
      EXPECT_EQ(error->code, ErrorCode::LIMIT) << error->message;
      EXPECT_TRUE(error->retryable);
      names.insert(error->limit_name);
    }
  }
  return names;
}

TEST_F(Refusals, OfTooManyCallsForOneSession) {
  Caller waiter(edge);
  waiter.take_replies();
  api::KeepAliveRequest keep;
  keep.header = waiter.header();
  keep.max_wait_ms = 60'000;
  const std::string bytes =
      StockClient(WireProtocol::kCompact).call(&api::LockServiceClient::send_keep_alive, keep);
  for (std::size_t i = 0; i <= limits::kPendingPerSessionMax; ++i) {
    ASSERT_TRUE(waiter.send(bytes).ok());
  }
  EXPECT_EQ(limits_met(waiter, &api::LockServiceClient::recv_keep_alive),
            std::set<std::string>{"pending_per_session_max"});
}

TEST_F(Refusals, OfTooManyCallsOnOneConnection) {
  edge.cell.node(1).disk->stalled = true;
  api::OpenSessionRequest open;
  open.secret = std::string(16, 'o');
  const std::string bytes =
      StockClient(WireProtocol::kBinary).call(&api::LockServiceClient::send_open_session, open);
  for (std::size_t i = 0; i <= limits::kConnectionPendingMax; ++i) {
    ASSERT_TRUE(stranger.send(bytes).ok());
  }
  // The refusal waits for its turn like every answer.
  edge.cell.node(1).disk->stalled = false;
  edge.cell.settle();
  EXPECT_EQ(limits_met(stranger, &api::LockServiceClient::recv_open_session),
            std::set<std::string>{"connection_pending_max"});
}

TEST_F(Refusals, OfTooManySessionsOnOneConnection) {
  api::OpenSessionRequest open;
  for (std::size_t i = 0; i <= limits::kSessionsPerConnectionMax; ++i) {
    open.secret = std::to_string(100'000 + i) + std::string(10, 's');
    ASSERT_TRUE(stranger
                    .send(StockClient(WireProtocol::kBinary)
                              .call(&api::LockServiceClient::send_open_session, open))
                    .ok());
  }
  edge.cell.settle();
  ASSERT_EQ(stranger.replies().size(), limits::kSessionsPerConnectionMax + 1);
  const auto last = StockClient(WireProtocol::kBinary, stranger.replies().back())
                        .reply(&api::LockServiceClient::recv_open_session);
  expect_limit(std::get<api::LockServiceError>(last), ErrorCode::LIMIT,
               "sessions_per_connection_max", limits::kSessionsPerConnectionMax);
}

TEST_F(Refusals, OfTooManyWatches) {
  Caller caller(edge);
  auto watch = at<api::WatchRequest>(caller.header(), "/");
  watch.kinds = {api::EventKind::LEADER_CHANGED};
  for (std::size_t i = 1; i <= limits::kWatchesPerSessionMax; ++i) {
    watch.watch_id = static_cast<std::int64_t>(i);
    ASSERT_TRUE(caller
                    .send(StockClient(WireProtocol::kCompact)
                              .call(&api::LockServiceClient::send_watch, watch))
                    .ok());
  }
  caller.take_replies();
  watch.watch_id = limits::kWatchesPerSessionMax + 1;
  expect_limit(caller.refused(HOLDFAST_METHOD(watch), watch), ErrorCode::LIMIT,
               "watches_per_session_max", limits::kWatchesPerSessionMax);
}

TEST_F(Refusals, OfTooManyResultsThatAreNotAcknowledged) {
  Caller caller(edge);
  for (std::size_t i = 0; i < limits::kResultsPerSessionMax; ++i) {
    ASSERT_TRUE(caller
                    .send(StockClient(WireProtocol::kCompact)
                              .call(&api::LockServiceClient::send_release,
                                    at<api::ReleaseRequest>(caller.next(), "/none")))
                    .ok());
  }
  edge.cell.settle();
  caller.take_replies();
  expect_limit(refused_create(caller, "/a"), ErrorCode::LIMIT, "results_per_session_max",
               limits::kResultsPerSessionMax);
  auto create = create_node(caller.next(), "/a");
  create.header.answered_below = create.header.request_number;
  EXPECT_EQ(caller.get(HOLDFAST_METHOD(create), create).path, "/a");
}

TEST(RefusalsOfASmallCell, NameWhatIsFull) {
  Edge edge(replica::testing::CellOptions{.voters = 1, .adjust = [](auto& options) {
                                            options.limits.sessions_max = 2;
                                            options.limits.state_bytes_max = 4'000;
                                          }});
  Line stranger(edge, WireProtocol::kBinary);
  Caller one(edge);
  Caller two(edge);
  api::OpenSessionRequest open;
  open.secret = std::string(16, 't');
  const api::LockServiceError sessions = stranger.refused(HOLDFAST_METHOD(open_session), open);
  EXPECT_EQ(sessions.code, ErrorCode::LIMIT);
  EXPECT_EQ(sessions.limit_name, "sessions_max");
  EXPECT_EQ(sessions.limit, 2);
  auto create = create_node(one.next(), "/large");
  create.contents = std::string(4'000, 'c');
  const api::LockServiceError bytes = one.refused(HOLDFAST_METHOD(create), create);
  EXPECT_EQ(bytes.code, ErrorCode::NO_SPACE);
  EXPECT_EQ(bytes.limit_name, "state_bytes_max");
}

}  // namespace
}  // namespace holdfast::net
