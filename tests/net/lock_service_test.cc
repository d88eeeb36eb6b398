#include "lockserver/net/lock_service.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/line.h"

// Sessions, data and watches through the edge, with the bytes of the stock client. That locks do
// what they should is the business of tests/state; here it is that every field arrives and every
// fact comes back.

namespace holdfast::net {
namespace {

using testing::Caller;
using testing::create_node;
using testing::Edge;
using testing::Line;
using testing::try_lock;

class Service : public ::testing::Test {
 protected:
  template <typename Request>
  static Request at(api::RequestHeader header, const std::string& path) {
    Request request;
    request.header = std::move(header);
    request.path = path;
    return request;
  }
  api::GetReply contents(Line& line, const std::string& path) {
    return line.get(HOLDFAST_METHOD(get), at<api::GetRequest>({}, path));
  }
  bool is_there(const std::string& path) {
    return stranger.get(HOLDFAST_METHOD(exists), at<api::ExistsRequest>({}, path)).__isset.stat;
  }
  std::vector<std::string> names(const std::vector<api::Child>& children) {
    std::vector<std::string> out;
    for (const api::Child& child : children) out.push_back(child.name);
    return out;
  }

  Edge edge;
  Line stranger{edge, WireProtocol::kBinary};  // Has no session.
};

// ---- sessions -----------------------------------------------------------------------------------

TEST_F(Service, OpenSessionAnswersWhoAndWhere) {
  api::OpenSessionRequest open;
  open.lease_ms = 1;
  open.client_name = "name";
  open.host = "host";
  open.secret = std::string(16, 'q');
  open.__set_instance_name("instance");
  const api::OpenSessionReply reply = stranger.get(HOLDFAST_METHOD(open_session), open);
  EXPECT_EQ(reply.session_id, 0x0000000100000002) << "the second command of the first epoch";
  EXPECT_EQ(reply.lease_ms, 1'000) << "clamped";
  EXPECT_EQ(reply.header.lease_ms, 1'000);
  EXPECT_EQ(reply.header.zxid, reply.session_id);
  EXPECT_EQ(reply.header.replica_id, 1);
  EXPECT_EQ(reply.cell_name, "test");
  EXPECT_EQ(reply.cell_id, testing::cell_id_bytes());
  EXPECT_FALSE(reply.previous_closed);
  EXPECT_EQ(stranger.get(HOLDFAST_METHOD(open_session), open).session_id, reply.session_id)
      << "idempotent by its secret";

  api::OpenSessionRequest again;
  again.secret = std::string(16, 'r');
  again.__set_instance_name("instance");
  api::PreviousSession previous;
  previous.instance_name = "instance";
  previous.secret = open.secret;
  again.__set_previous(previous);
  EXPECT_TRUE(stranger.get(HOLDFAST_METHOD(open_session), again).previous_closed);
}

TEST_F(Service, ResumeBindsAnotherConnection) {
  Caller caller(edge);
  api::ResumeSessionRequest resume;
  resume.header.session_id = caller.session;
  resume.secret = caller.secret;
  const api::ResumeSessionReply reply = stranger.get(HOLDFAST_METHOD(resume_session), resume);
  EXPECT_EQ(reply.lease_ms, 10'000);
  EXPECT_EQ(reply.header.lease_ms, 10'000);
  EXPECT_EQ(reply.cell_name, "test");
  EXPECT_EQ(reply.cell_id, testing::cell_id_bytes());
  api::RequestHeader header = caller.next();
  EXPECT_EQ(stranger.get(HOLDFAST_METHOD(create), create_node(header, "/made")).path, "/made")
      << "the connection may speak for the session now";
}

TEST_F(Service, CloseEndsTheSessionAndWhatItHeld) {
  Caller caller(edge);
  caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), "/lock"));
  api::CloseSessionRequest close;
  close.header = caller.next();
  const api::CloseSessionReply reply = caller.get(HOLDFAST_METHOD(close_session), close);
  EXPECT_EQ(reply.header.lease_ms, 0);
  EXPECT_FALSE(is_there("/lock"));
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(close_session), close).code,
            api::ErrorCode::SESSION_EXPIRED);
}

TEST_F(Service, KeepAliveBringsEventsAndHoldsUntilThereAreSome) {
  Caller caller(edge);
  caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/a"));
  auto watch = at<api::WatchRequest>(caller.header(), "/a");
  watch.watch_id = 1;
  watch.kinds = {api::EventKind::CONTENTS_CHANGED};
  EXPECT_GT(caller.get(HOLDFAST_METHOD(watch), watch).active_from_zxid, 0);
  api::KeepAliveRequest keep;
  keep.header = caller.header();
  const api::KeepAliveReply nothing = caller.get(HOLDFAST_METHOD(keep_alive), keep);
  EXPECT_TRUE(nothing.events.empty());
  EXPECT_EQ(nothing.header.lease_ms, 10'000);

  keep.max_wait_ms = 2'000;
  ASSERT_TRUE(caller
                  .send(testing::StockClient(WireProtocol::kCompact)
                            .call(&api::LockServiceClient::send_keep_alive, keep))
                  .ok());
  edge.cell.advance(1'000);
  caller.take_replies();
  Caller writer(edge);
  auto set = at<api::SetContentsRequest>(writer.next(), "/a");
  set.contents = "new";
  const std::int64_t zxid = writer.get(HOLDFAST_METHOD(set_contents), set).header.zxid;
  ASSERT_EQ(caller.replies().size(), 1U) << "the event wakes the call that waits";
  const auto woken = std::get<api::KeepAliveReply>(
      testing::StockClient(WireProtocol::kCompact, caller.replies()[0])
          .reply(&api::LockServiceClient::recv_keep_alive));
  ASSERT_EQ(woken.events.size(), 1U);
  EXPECT_EQ(woken.events[0].kind, api::EventKind::CONTENTS_CHANGED);
  EXPECT_EQ(woken.events[0].path, "/a");
  EXPECT_EQ(woken.events[0].name.zxid, zxid);
  EXPECT_EQ(woken.delivered_through, woken.events[0].name);
  EXPECT_FALSE(woken.more);

  keep.max_wait_ms = 0;
  EXPECT_EQ(caller.get(HOLDFAST_METHOD(keep_alive), keep).events.size(), 1U) << "not acknowledged";
  keep.acknowledged = woken.delivered_through;
  EXPECT_TRUE(caller.get(HOLDFAST_METHOD(keep_alive), keep).events.empty());
}

TEST_F(Service, SessionsAreListedInPages) {
  Caller first(edge);
  Caller second(edge);
  Caller third(edge);
  second.get(HOLDFAST_METHOD(acquire), try_lock(second.next(), "/lock"));
  auto waits = try_lock(third.next(), "/lock");
  waits.wait_ms = 1'000'000;
  waits.__set_max_hold_ms(1);
  third.get(HOLDFAST_METHOD(acquire), waits);
  auto node = create_node(third.next(), "/mine");
  node.kind = api::NodeKind::EPHEMERAL;
  third.get(HOLDFAST_METHOD(create), node);

  api::ListSessionsRequest list;
  list.limit = 2;
  const api::ListSessionsReply page = stranger.get(HOLDFAST_METHOD(list_sessions), list);
  ASSERT_EQ(page.sessions.size(), 2U);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.sessions[0].session_id, first.session);
  EXPECT_EQ(page.sessions[1].locks_held, 1);
  EXPECT_EQ(page.sessions[1].lease_ms, 10'000);
  EXPECT_EQ(page.sessions[1].host, "host");
  list.after_session_id = page.sessions[1].session_id;
  list.stale_ok = true;
  const api::ListSessionsReply rest = stranger.get(HOLDFAST_METHOD(list_sessions), list);
  ASSERT_EQ(rest.sessions.size(), 1U);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(rest.sessions[0].locks_waited_for, 1);
  EXPECT_EQ(rest.sessions[0].ephemeral_nodes, 1);
  EXPECT_GT(rest.sessions[0].results_kept, 0);
}

TEST_F(Service, KillEndsAnothersSessionAndIsLogged) {
  Caller victim(edge);
  victim.get(HOLDFAST_METHOD(acquire), try_lock(victim.next(), "/lock"));
  api::KillSessionRequest kill;
  kill.session_id = victim.session;
  kill.reason = "it hangs";
  kill.operator_name = "ops";
  kill.now = true;
  EXPECT_TRUE(stranger.get(HOLDFAST_METHOD(kill_session), kill).killed);
  EXPECT_FALSE(stranger.get(HOLDFAST_METHOD(kill_session), kill).killed);
  EXPECT_FALSE(is_there("/lock"));
  ASSERT_FALSE(edge.log.empty());
  EXPECT_NE(edge.log[0].find("asked for by ops, now: it hangs"), std::string::npos) << edge.log[0];
}

// ---- data ---------------------------------------------------------------------------------------

TEST_F(Service, NodesAreCreatedReadWrittenAndRemoved) {
  Caller caller(edge);
  auto create = create_node(caller.next(), "/a/run-");
  create.contents = std::string("\0\xff", 2);
  create.sequential = true;
  const api::CreateReply made = caller.get(HOLDFAST_METHOD(create), create);
  EXPECT_EQ(made.path, "/a/run-0000000000");
  EXPECT_EQ(made.stat.instance, made.header.zxid);

  const api::GetReply got = contents(stranger, "/ls/local" + made.path);
  EXPECT_EQ(got.contents, create.contents);
  EXPECT_EQ(got.stat, made.stat);

  auto set = at<api::SetContentsRequest>(caller.next(), made.path);
  set.contents = "new";
  set.__set_if_instance(made.stat.instance);
  set.__set_if_content_generation(1);
  EXPECT_EQ(caller.get(HOLDFAST_METHOD(set_contents), set).stat.content_generation, 2);

  auto remove = at<api::RemoveRequest>(caller.next(), made.path);
  remove.__set_if_content_generation(1);
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(remove), remove).actual, 2);
  remove.header = caller.next();
  remove.__set_if_content_generation(2);
  caller.get(HOLDFAST_METHOD(remove), remove);
  EXPECT_FALSE(is_there(made.path));
  EXPECT_TRUE(is_there("/a"));
}

TEST_F(Service, ARemovalNamesTheOwnerWhoHoldsTheLock) {
  Caller caller(edge);
  auto lock = try_lock(caller.next(), "/lock");
  lock.owner = 7;
  lock.create = api::CreateMode::PERSISTENT;
  caller.get(HOLDFAST_METHOD(acquire), lock);
  auto remove = at<api::RemoveRequest>(caller.next(), "/lock");
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(remove), remove).code, api::ErrorCode::LOCK_HELD);
  remove.header = caller.next();
  remove.owner = 7;
  caller.get(HOLDFAST_METHOD(remove), remove);
}

TEST_F(Service, ChildrenAreListedInPages) {
  Caller caller(edge);
  for (const char* path : {"/p/a", "/p/b", "/p/c"}) {
    caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), path));
  }
  auto list = at<api::ListChildrenRequest>({}, "/p");
  list.limit = 2;
  list.with_stats = true;
  const api::ListChildrenReply page = stranger.get(HOLDFAST_METHOD(list_children), list);
  EXPECT_EQ(names(page.children), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(page.more);
  EXPECT_TRUE(page.children[0].__isset.stat);
  EXPECT_EQ(page.stat.children, 3);
  list.after = "b";
  list.with_stats = false;
  list.stale_ok = true;
  const api::ListChildrenReply rest = stranger.get(HOLDFAST_METHOD(list_children), list);
  EXPECT_EQ(names(rest.children), (std::vector<std::string>{"c"}));
  EXPECT_FALSE(rest.more);
  EXPECT_FALSE(rest.children[0].__isset.stat);
}

TEST_F(Service, AMultiAnswersEachOperationOrNamesTheOneThatFailed) {
  Caller caller(edge);
  const auto sequencer =
      caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), "/lock")).grant.sequencer;
  api::MultiRequest multi;
  multi.header = caller.next();
  multi.ops.resize(5);
  multi.ops[0].__set_check_sequencer({});
  multi.ops[0].check_sequencer.sequencer = sequencer;
  multi.ops[1].__set_create({});
  multi.ops[1].create.path = "/m";
  multi.ops[2].__set_set_contents({});
  multi.ops[2].set_contents.path = "/m";
  multi.ops[3].__set_check_node({});
  multi.ops[3].check_node.path = "/m";
  multi.ops[4].__set_remove({});
  multi.ops[4].remove.path = "/m";
  const api::MultiReply done = caller.get(HOLDFAST_METHOD(multi), multi);
  ASSERT_EQ(done.results.size(), 5U);
  EXPECT_FALSE(done.results[0].__isset.stat);
  EXPECT_EQ(done.results[1].path, "/m");
  EXPECT_EQ(done.results[2].stat.content_generation, 2);
  EXPECT_EQ(done.results[3].stat.content_generation, 2);
  EXPECT_FALSE(done.results[4].__isset.stat);

  multi.header = caller.next();
  multi.ops[3].__set_check_absent({});
  multi.ops[3] = {};
  multi.ops[3].__set_check_absent({});
  multi.ops[3].check_absent.path = "/m";
  const api::LockServiceError failed = caller.refused(HOLDFAST_METHOD(multi), multi);
  EXPECT_EQ(failed.code, api::ErrorCode::NODE_EXISTS);
  EXPECT_EQ(failed.op_index, 3);
  EXPECT_FALSE(is_there("/m")) << "all or nothing";
}

TEST_F(Service, SyncAnswersBehindEverythingAnsweredBefore) {
  Caller caller(edge);
  const std::int64_t zxid =
      caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/a")).header.zxid;
  EXPECT_GE(stranger.get(HOLDFAST_METHOD(sync), api::SyncRequest()).header.zxid, zxid);
}

// ---- watches and the header ---------------------------------------------------------------------

TEST_F(Service, UnwatchEndsAWatchAndOneThatIsNotThereIsNoError) {
  Caller caller(edge);
  auto watch = at<api::WatchRequest>(caller.header(), "/");
  watch.watch_id = 9;
  watch.recursive = true;
  watch.kinds = {api::EventKind::NODE_CREATED};
  caller.get(HOLDFAST_METHOD(watch), watch);
  api::UnwatchRequest unwatch;
  unwatch.header = caller.header();
  unwatch.watch_id = 9;
  caller.get(HOLDFAST_METHOD(unwatch), unwatch);
  caller.get(HOLDFAST_METHOD(unwatch), unwatch);
  caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/a"));
  api::KeepAliveRequest keep;
  keep.header = caller.header();
  EXPECT_TRUE(caller.get(HOLDFAST_METHOD(keep_alive), keep).events.empty());
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(unwatch), unwatch).code,
            api::ErrorCode::SESSION_NOT_BOUND);
}

TEST_F(Service, AWatchGoesOnAfterAnEvent) {
  Caller caller(edge);
  const std::int64_t first =
      caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/a")).header.zxid;
  caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/b"));
  auto watch = at<api::WatchRequest>(caller.header(), "/");
  watch.watch_id = 1;
  watch.recursive = true;
  watch.kinds = {api::EventKind::NODE_CREATED};
  watch.after.zxid = first;
  watch.after.index = 1'000;
  watch.__isset.after = true;
  caller.get(HOLDFAST_METHOD(watch), watch);
  api::KeepAliveRequest keep;
  keep.header = caller.header();
  const api::KeepAliveReply reply = caller.get(HOLDFAST_METHOD(keep_alive), keep);
  ASSERT_EQ(reply.events.size(), 1U);
  EXPECT_EQ(reply.events[0].path, "/b");
}

TEST_F(Service, ANumberThatIsRepeatedIsAnsweredAsTheFirstTime) {
  Caller caller(edge);
  const api::CreateRequest create = create_node(caller.next(), "/a");
  const api::CreateReply first = caller.get(HOLDFAST_METHOD(create), create);
  const api::CreateReply again = caller.get(HOLDFAST_METHOD(create), create);
  EXPECT_EQ(again.stat, first.stat) << "applied once";
  api::RequestHeader header = caller.next();
  header.answered_below = header.request_number;
  caller.get(HOLDFAST_METHOD(create), create_node(header, "/b"));
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(create), create).code, api::ErrorCode::BAD_ARGUMENT)
      << "its result is forgotten";
}

// What is remembered under a number is of the kind of its first request, which need not be that of
// this one.
TEST_F(Service, ANumberThatComesAgainForAnotherKindOfRequestIsRefused) {
  Caller caller(edge);
  caller.get(HOLDFAST_METHOD(create), create_node(caller.next(), "/a"));
  api::RequestHeader used = caller.header();
  used.request_number = caller.number;
  const auto expect_refused = [](const api::LockServiceError& error) {
    EXPECT_EQ(error.code, api::ErrorCode::BAD_ARGUMENT) << error.message;
    EXPECT_NE(error.message.find("request_number 1"), std::string::npos) << error.message;
  };
  expect_refused(caller.refused(HOLDFAST_METHOD(acquire), try_lock(used, "/lock")));
  expect_refused(caller.refused(HOLDFAST_METHOD(remove), at<api::RemoveRequest>(used, "/a")));
  expect_refused(caller.refused(HOLDFAST_METHOD(cancel), at<api::CancelRequest>(used, "/a")));
  api::MultiRequest multi;
  multi.header = used;
  expect_refused(caller.refused(HOLDFAST_METHOD(multi), multi));
  api::CloseSessionRequest close;
  close.header = used;
  expect_refused(caller.refused(HOLDFAST_METHOD(close_session), close));
  EXPECT_TRUE(is_there("/a"));
}

TEST_F(Service, AGuardStandsBeforeAWrite) {
  Caller caller(edge);
  const std::string sequencer =
      caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), "/lock")).grant.sequencer;
  api::CreateRequest guarded = create_node(caller.next(), "/a");
  guarded.header.__set_guard(sequencer);
  caller.get(HOLDFAST_METHOD(create), guarded);
  caller.get(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(caller.next(), "/lock"));
  guarded = create_node(caller.next(), "/b");
  guarded.header.__set_guard(sequencer);
  EXPECT_EQ(caller.refused(HOLDFAST_METHOD(create), guarded).code, api::ErrorCode::STALE_SEQUENCER);
  EXPECT_FALSE(is_there("/b"));
}

// ---- the cell -----------------------------------------------------------------------------------

TEST_F(Service, CellStatusTellsTheCellTheReplicaTheMembersAndTheLimits) {
  Caller caller(edge);
  caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), "/lock"));
  const api::CellStatusReply status =
      stranger.get(HOLDFAST_METHOD(cell_status), api::CellStatusRequest());
  EXPECT_EQ(status.cell_name, "test");
  EXPECT_EQ(status.cell_id, testing::cell_id_bytes());
  EXPECT_EQ(status.version, "1.2.3");
  EXPECT_EQ(status.state_machine_version, 1);
  EXPECT_EQ(status.replica.replica_id, 1);
  EXPECT_EQ(status.replica.role, api::ReplicaRole::LEADER);
  EXPECT_TRUE(status.replica.serving);
  EXPECT_EQ(status.replica.leader_id, 1);
  EXPECT_EQ(status.replica.leader_endpoint, "client-1");
  EXPECT_EQ(status.replica.current_epoch, 1);
  EXPECT_EQ(status.replica.committed_zxid, status.header.zxid);
  EXPECT_EQ(status.replica.connections, 2);
  EXPECT_EQ(status.replica.local_sessions, 1);
  EXPECT_TRUE(status.replica.has_space);
  ASSERT_EQ(status.members.size(), 1U);
  EXPECT_EQ(status.members[0].peer_endpoint, "peer-1");
  EXPECT_EQ(status.members[0].client_endpoint, "client-1");
  EXPECT_TRUE(status.members[0].connected);
  EXPECT_EQ(status.members[0].durable_zxid, status.header.zxid);
  EXPECT_EQ(status.state.sessions, 1);
  EXPECT_EQ(status.state.nodes, 2);
  EXPECT_EQ(status.state.locks, 1);
  EXPECT_GT(status.state.bytes, 0);
  const auto limit = std::find_if(status.limits.begin(), status.limits.end(),
                                  [](const auto& it) { return it.name == "sessions_max"; });
  ASSERT_NE(limit, status.limits.end());
  EXPECT_EQ(limit->limit, 100'000);
  EXPECT_EQ(limit->used, 1);
}

}  // namespace
}  // namespace holdfast::net
