#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/net/line.h"
#include "zab/base/limits.h"

// Locks and sequencers through the edge: every field arrives and every fact comes back.

namespace holdfast::net {
namespace {

using testing::Caller;
using testing::create_node;
using testing::Edge;
using testing::Line;
using testing::StockClient;
using testing::try_lock;

class LockCalls : public ::testing::Test {
 protected:
  template <typename Request>
  static Request at(api::RequestHeader header, const std::string& path) {
    Request request;
    request.header = std::move(header);
    request.path = path;
    return request;
  }
  static api::LockGrant lock(Caller& caller, const std::string& path) {
    return caller.get(HOLDFAST_METHOD(acquire), try_lock(caller.next(), path)).grant;
  }
  // Joins the queue and does not wait for more than the word that it waits.
  static api::AcquireRequest queued(Caller& caller, const std::string& path) {
    auto request = try_lock(caller.next(), path);
    request.wait_ms = -1;
    request.__set_max_hold_ms(1);
    return request;
  }
  api::LockInfo info(const std::string& path) {
    return stranger.get(HOLDFAST_METHOD(lock_info), at<api::LockInfoRequest>({}, path)).info;
  }
  std::vector<api::SequencerState::type> worth(const std::vector<std::string>& sequencers) {
    api::CheckSequencersRequest request;
    request.sequencers = sequencers;
    return stranger.get(HOLDFAST_METHOD(check_sequencers), request).states;
  }

  Edge edge;
  Line stranger{edge, WireProtocol::kCompact};
  Caller first{edge};
  Caller second{edge};
};

TEST_F(LockCalls, AFreeLockIsGrantedWithEverythingThatWasAskedFor) {
  auto request = try_lock(first.next(), "/deep/lock");
  request.mode = api::LockMode::SHARED;
  request.owner = -1;
  request.description = "why";
  request.lock_delay_ms = 1'500;
  const api::AcquireReply reply = first.get(HOLDFAST_METHOD(acquire), request);
  EXPECT_EQ(reply.outcome, api::AcquireOutcome::GRANTED);
  EXPECT_EQ(reply.grant.mode, api::LockMode::SHARED);
  EXPECT_EQ(reply.grant.generation, reply.header.zxid);
  EXPECT_EQ(reply.grant.acquisition, reply.header.zxid);
  EXPECT_EQ(reply.grant.instance, reply.header.zxid) << "created by the same command";
  EXPECT_EQ(reply.grant.lock_delay_ms, 1'500);
  EXPECT_EQ(reply.grant.sequencer.substr(0, 4), "1:s:");

  const api::LockInfo seen = info("/deep/lock");
  EXPECT_EQ(seen.state, api::LockState::HELD);
  ASSERT_EQ(seen.holders.size(), 1U);
  EXPECT_EQ(seen.holder_count, 1);
  EXPECT_EQ(seen.holders[0].session_id, first.session);
  EXPECT_EQ(seen.holders[0].owner, -1);
  EXPECT_EQ(seen.holders[0].description, "why");
  EXPECT_EQ(seen.holders[0].mode, api::LockMode::SHARED);
  EXPECT_EQ(seen.holders[0].zxid, reply.grant.acquisition);
  EXPECT_EQ(seen.holders[0].lock_delay_ms, 1'500);

  auto sequencer = at<api::GetSequencerRequest>(first.header(), "/deep/lock");
  sequencer.owner = -1;
  EXPECT_EQ(first.get(HOLDFAST_METHOD(get_sequencer), sequencer).grant, reply.grant);
}

TEST_F(LockCalls, AWaitIsToldItsPlaceThenGranted) {
  lock(first, "/lock");
  const api::AcquireRequest request = queued(second, "/lock");
  const api::AcquireReply waits = second.get(HOLDFAST_METHOD(acquire), request);
  EXPECT_EQ(waits.outcome, api::AcquireOutcome::WAITING);
  EXPECT_EQ(waits.waiters_ahead, 0);
  EXPECT_FALSE(waits.__isset.grant);
  const api::LockInfo seen = info("/lock");
  ASSERT_EQ(seen.waiters.size(), 1U);
  EXPECT_EQ(seen.waiters[0].session_id, second.session);
  EXPECT_EQ(seen.waiters[0].zxid, waits.header.zxid) << "the command by which it asked";
  EXPECT_EQ(seen.waiter_count, 1);

  first.get(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(first.next(), "/lock"));
  const api::AcquireReply granted = second.get(HOLDFAST_METHOD(acquire), request);
  EXPECT_EQ(granted.outcome, api::AcquireOutcome::GRANTED);
  EXPECT_GT(granted.grant.acquisition, waits.header.zxid);
}

TEST_F(LockCalls, AnAcquireIsHeldBackAsLongAsItAsks) {
  lock(first, "/lock");
  auto request = queued(second, "/lock");
  const auto held_for = [&](std::int32_t max_hold_ms) {
    request.__isset.max_hold_ms = max_hold_ms > 0;
    request.max_hold_ms = max_hold_ms;
    const Ticks before = edge.cell.clock.now_ms;
    second.get(HOLDFAST_METHOD(acquire), request);
    return edge.cell.clock.now_ms - before;
  };
  EXPECT_LE(held_for(1), 20);
  EXPECT_NEAR(static_cast<double>(held_for(2'000)), 2'000, 20);
  EXPECT_NEAR(static_cast<double>(held_for(0)), 10'000.0 / 3, 20) << "a third of the lease";
}

TEST_F(LockCalls, CancelEndsAWaitOrSaysThatItWasGranted) {
  lock(first, "/lock");
  auto request = queued(second, "/lock");
  request.__isset.max_hold_ms = false;
  ASSERT_TRUE(second
                  .send(StockClient(WireProtocol::kCompact)
                            .call(&api::LockServiceClient::send_acquire, request))
                  .ok());
  edge.cell.advance(100);
  second.take_replies();
  const auto cancel = [](Caller& caller) {
    return caller.get(HOLDFAST_METHOD(cancel), at<api::CancelRequest>(caller.next(), "/lock"));
  };
  EXPECT_EQ(cancel(second).outcome, api::CancelOutcome::CANCELLED);
  ASSERT_EQ(second.replies().size(), 2U) << "the call that waited is answered too";
  const auto ended = StockClient(WireProtocol::kCompact, second.replies().front())
                         .reply(&api::LockServiceClient::recv_acquire);
  EXPECT_EQ(std::get<api::LockServiceError>(ended).code, api::ErrorCode::CANCELLED);
  const api::CancelReply granted = cancel(first);
  EXPECT_EQ(granted.outcome, api::CancelOutcome::GRANTED);
  EXPECT_EQ(granted.grant.sequencer.substr(0, 4), "1:x:");
}

TEST_F(LockCalls, OwnersOfOneSessionContend) {
  auto mine = try_lock(first.next(), "/lock");
  mine.owner = 1;
  first.get(HOLDFAST_METHOD(acquire), mine);
  auto other = try_lock(first.next(), "/lock");
  other.owner = 2;
  EXPECT_EQ(first.refused(HOLDFAST_METHOD(acquire), other).code, api::ErrorCode::LOCK_HELD);
  auto release = at<api::ReleaseRequest>(first.next(), "/lock");
  release.owner = 2;
  EXPECT_EQ(first.refused(HOLDFAST_METHOD(release), release).code, api::ErrorCode::NOT_HELD);
  release = at<api::ReleaseRequest>(first.next(), "/lock");
  release.owner = 1;
  first.get(HOLDFAST_METHOD(release), release);
}

TEST_F(LockCalls, CreateModesMakeNodesThatStayOrGo) {
  const auto take_and_leave = [&](const std::string& path, api::CreateMode::type mode) {
    auto request = try_lock(first.next(), path);
    request.create = mode;
    first.get(HOLDFAST_METHOD(acquire), request);
    first.get(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(first.next(), path));
    return stranger.get(HOLDFAST_METHOD(exists), at<api::ExistsRequest>({}, path)).__isset.stat;
  };
  EXPECT_TRUE(take_and_leave("/stays", api::CreateMode::PERSISTENT));
  EXPECT_FALSE(take_and_leave("/goes", api::CreateMode::UNTIL_FREE));
  auto none = try_lock(first.next(), "/none");
  none.create = api::CreateMode::NO_CREATE;
  EXPECT_EQ(first.refused(HOLDFAST_METHOD(acquire), none).code, api::ErrorCode::NO_NODE);
}

TEST_F(LockCalls, SequencersAreWorthWhatTheyAre) {
  const std::string held = lock(first, "/held").sequencer;
  const std::string gone = lock(first, "/gone").sequencer;
  first.get(HOLDFAST_METHOD(release), at<api::ReleaseRequest>(first.next(), "/gone"));
  const std::string foreign =
      "1:x:0000000100000005:0000000100000005:0000000100000003:ffffffffffffffff:/held";
  EXPECT_EQ(worth({held, gone, "nonsense", foreign}),
            (std::vector<api::SequencerState::type>{
                api::SequencerState::VALID, api::SequencerState::STALE,
                api::SequencerState::MALFORMED, api::SequencerState::OTHER_CELL}));
  EXPECT_TRUE(worth({}).empty());
}

TEST_F(LockCalls, LockInfoOfAFreeNodeAndOfNone) {
  first.get(HOLDFAST_METHOD(create), create_node(first.next(), "/plain"));
  const api::LockInfo seen = info("/plain");
  EXPECT_EQ(seen.state, api::LockState::FREE);
  EXPECT_GT(seen.instance, 0);
  EXPECT_EQ(
      stranger.refused(HOLDFAST_METHOD(lock_info), at<api::LockInfoRequest>({}, "/none")).code,
      api::ErrorCode::NO_NODE);
}

TEST_F(LockCalls, LockInfoListsAsManyWaitersAsAskedFor) {
  lock(first, "/lock");
  for (std::int64_t owner = 1; owner <= 3; ++owner) {
    auto request = queued(second, "/lock");
    request.owner = owner;
    second.get(HOLDFAST_METHOD(acquire), request);
  }
  auto request = at<api::LockInfoRequest>({}, "/lock");
  request.waiters_limit = 2;
  request.stale_ok = true;
  const api::LockInfo seen = stranger.get(HOLDFAST_METHOD(lock_info), request).info;
  EXPECT_EQ(seen.waiters.size(), 2U);
  EXPECT_EQ(seen.waiter_count, 3);
}

TEST_F(LockCalls, LocksAreListedBelowAPrefixInPagesAndForASession) {
  for (const char* path : {"/p/a", "/p/b", "/q/c"}) lock(first, path);
  lock(second, "/p/d");
  api::ListLocksRequest list;
  list.prefix = "/p";
  list.limit = 2;
  const api::ListLocksReply page = stranger.get(HOLDFAST_METHOD(list_locks), list);
  ASSERT_EQ(page.locks.size(), 2U);
  EXPECT_EQ(page.locks[0].path, "/p/a");
  EXPECT_EQ(page.locks[1].path, "/p/b");
  EXPECT_TRUE(page.more);
  list.after = "/p/b";
  list.stale_ok = true;
  const api::ListLocksReply rest = stranger.get(HOLDFAST_METHOD(list_locks), list);
  ASSERT_EQ(rest.locks.size(), 1U);
  EXPECT_EQ(rest.locks[0].path, "/p/d");
  EXPECT_FALSE(rest.more);

  api::ListLocksRequest mine;
  mine.only_session_id = second.session;
  const api::ListLocksReply of_second = stranger.get(HOLDFAST_METHOD(list_locks), mine);
  ASSERT_EQ(of_second.locks.size(), 1U);
  EXPECT_EQ(of_second.locks[0].path, "/p/d");
}

// A page that is larger than a client's frame could not be read by anybody.
TEST_F(LockCalls, APageOfLocksIsCutByItsBytes) {
  const std::string long_name(limits::kComponentBytesMax, 'n');
  const std::string folder = "/" + long_name + "/" + long_name + "/" + long_name + "/";
  const int kLocks = 900;
  for (int i = 0; i < kLocks; ++i) {
    auto request = try_lock(first.next(), folder + std::to_string(1'000 + i));
    request.description = std::string(limits::kDescriptionBytesMax, 'd');
    request.header.answered_below = request.header.request_number;
    ASSERT_TRUE(first
                    .send(StockClient(WireProtocol::kCompact)
                              .call(&api::LockServiceClient::send_acquire, request))
                    .ok());
  }
  ASSERT_TRUE(edge.cell.wait_for([&] { return first.replies().size() >= kLocks; }, 10'000));
  api::ListLocksRequest list;
  std::size_t found = 0;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const api::ListLocksReply page = stranger.get(HOLDFAST_METHOD(list_locks), list);
    ASSERT_FALSE(page.locks.empty());
    EXPECT_LT(stranger.replies().back().size(), limits::kListPageBytesMax);
    found += page.locks.size();
    list.after = page.locks.back().path;
    more = page.more;
  }
  EXPECT_EQ(found, static_cast<std::size_t>(kLocks));
  EXPECT_GT(pages, 1);
}

TEST_F(LockCalls, BreakTakesALockFromItsHolderAndIsLogged) {
  const api::LockGrant grant = lock(first, "/lock");
  auto request = at<api::BreakLockRequest>({}, "/lock");
  request.acquisition = grant.acquisition + 1;
  request.reason = "it hangs";
  request.operator_name = "ops";
  EXPECT_EQ(stranger.refused(HOLDFAST_METHOD(break_lock), request).code, api::ErrorCode::NOT_HELD);
  request.acquisition = grant.acquisition;
  const api::BreakLockReply broken = stranger.get(HOLDFAST_METHOD(break_lock), request);
  ASSERT_EQ(broken.broken.size(), 1U);
  EXPECT_EQ(broken.broken[0].session_id, first.session);
  EXPECT_EQ(broken.delay_ms, 10'000) << "the lease of a holder who may not know yet";
  EXPECT_EQ(worth({grant.sequencer}).at(0), api::SequencerState::STALE);
  const api::LockInfo seen = info("/lock");
  EXPECT_EQ(seen.state, api::LockState::DELAYED);
  EXPECT_EQ(seen.previous_holder.session_id, first.session);
  EXPECT_EQ(edge.log.size(), 2U);

  const api::LockGrant again = lock(second, "/other");
  auto now = at<api::BreakLockRequest>({}, "/other");
  now.reason = "it hangs";
  now.operator_name = "ops";
  now.now = true;
  EXPECT_EQ(stranger.get(HOLDFAST_METHOD(break_lock), now).delay_ms, 0);
  EXPECT_EQ(worth({again.sequencer}).at(0), api::SequencerState::STALE);
}

}  // namespace
}  // namespace holdfast::net
