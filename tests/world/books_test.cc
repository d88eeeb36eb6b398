// The books by which clients are judged, fed with a history that is wrong or right by hand.

#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "lockserver/state/command_codec.h"
#include "tests/world/beliefs.h"
#include "tests/world/call_check.h"
#include "tests/world/event_book.h"
#include "tests/world/registers.h"

namespace holdfast::world {
namespace {

// One history, and all who follow it.
class Books : public ::testing::Test {
 protected:
  Books() {
    ledger_.add_witness(locks_);
    ledger_.add_witness(registers_);
    ledger_.add_witness(events_);
  }

  Zxid commit(SessionId session, std::uint64_t number, state::Op op) {
    state::Command command;
    command.session = session;
    command.request = state::RequestNumber(number);
    command.op = std::move(op);
    const Zxid zxid(Epoch(1), ++counter_);
    ledger_.on_applied({.zxid = zxid,
                        .prev = ledger_.last(),
                        .payload = SharedBytes(state::encode_command(command))},
                       ledger_.last(), "a replica");
    return zxid;
  }
  SessionId open() {
    state::OpenSession op{.lease_ms = 2'000};
    op.secret.bytes = std::to_string(counter_);
    op.secret.bytes.resize(32, 's');
    return SessionId(commit(SessionId(), 0, op).value);
  }
  Zxid acquire(SessionId session, std::uint64_t number) {
    return commit(session, number,
                  state::Acquire{.path = "/l", .create = state::LockCreate::kPersistent});
  }
  std::string rule() const {
    return verdict_.violation() ? verdict_.violation()->rule : std::string();
  }

  // A client that was told of this acquisition and whose lease runs for ever by its own clock.
  Beliefs believer(SessionId session, Zxid acquisition) {
    Beliefs beliefs({.clock = clock_, .book = locks_, .story = story_, .verdict = verdict_},
                    "a client");
    beliefs.on(client::Opened{.facts = {.id = session}});
    beliefs.on(client::LeaseMoved{.deadline = clock_.now() + 1'000'000});
    const auto sequencer = ledger_.state().sequencer_of(session, state::OwnerId(), "/l");
    client::LockGrant grant{.generation = acquisition, .acquisition = acquisition};
    if (sequencer) grant.sequencer = format_sequencer(*sequencer);
    beliefs.on(client::GuardMade{.guard = client::GuardId(1), .path = "/l", .grant = grant});
    return beliefs;
  }
  CallCheck calls() {
    return CallCheck({.time = time_,
                      .ledger = ledger_,
                      .locks = locks_,
                      .registers = registers_,
                      .story = story_,
                      .verdict = verdict_},
                     "a client");
  }

  Design design_;
  Scheduler time_;
  Story story_{time_, Story::Detail::kNone};
  Verdict verdict_{story_};
  HostClock clock_{time_, {.offset_ms = 1'000}};
  Ledger ledger_{state::StateLimits::defaults(), "0011223344556677", time_, verdict_};
  LockBook locks_{design_, story_, verdict_};
  Registers registers_{design_, verdict_};
  EventBook events_{story_};
  std::uint32_t counter_ = 0;
};

TEST_F(Books, AHolderWhoIsAloneMayBelieve) {
  const SessionId session = open();
  const Beliefs beliefs = believer(session, acquire(session, 1));
  beliefs.check_all();
  EXPECT_EQ(rule(), "");
}

TEST_F(Books, WhoHoldsOnWhileTheLockIsAnothersIsSeen) {
  const SessionId first = open();
  const SessionId second = open();
  const Beliefs beliefs = believer(first, acquire(first, 1));
  commit(SessionId(), 0, state::ExpireSession{.session = first});
  acquire(second, 1);
  beliefs.check("/l");
  EXPECT_EQ(rule(), "HELD");
}

TEST_F(Books, ASequencerThatEndedWhileItsGuardIsHeldIsSeen) {
  const SessionId session = open();
  const Beliefs beliefs = believer(session, acquire(session, 1));
  commit(session, 2, state::Release{.path = "/l"});
  beliefs.check("/l");
  EXPECT_EQ(rule(), "SEQUENCER-WHILE-HELD");
}

TEST_F(Books, AnExpiryWhileTheLeaseRunsIsSeen) {
  const SessionId session = open();
  const Beliefs beliefs = believer(session, acquire(session, 1));
  commit(SessionId(), 0, state::ExpireSession{.session = session});
  beliefs.check_expired(locks_.expired().at(0));
  EXPECT_EQ(rule(), "LEASE");
}

TEST_F(Books, AGrantThatTheHistoryDoesNotHaveIsSeen) {
  const SessionId session = open();
  acquire(session, 1);
  believer(session, Zxid(Epoch(1), 77));
  EXPECT_EQ(rule(), "GRANT-TRUTH");
}

TEST_F(Books, AWriteThatTakesEffectTwiceIsSeen) {
  const SessionId session = open();
  commit(session, 1, state::Create{.path = "/a", .contents = "#1"});
  commit(session, 2, state::SetContents{.path = "/a", .contents = "#2"});
  EXPECT_EQ(rule(), "");
  commit(session, 3, state::SetContents{.path = "/a", .contents = "#2"});
  EXPECT_EQ(rule(), "EXACTLY-ONCE");
}

TEST_F(Books, ARefusedWriteThatTakesEffectIsSeen) {
  const SessionId session = open();
  registers_.forbid("#1");
  commit(session, 1, state::Create{.path = "/a", .contents = "#1"});
  EXPECT_EQ(rule(), "EXACTLY-ONCE");
}

TEST_F(Books, ARequestThatOvertakesAnEarlierOneIsSeen) {
  const SessionId session = open();
  commit(session, 2, state::Create{.path = "/a"});
  commit(session, 2, state::Create{.path = "/a"});  // A repetition is none.
  EXPECT_EQ(rule(), "");
  commit(session, 1, state::Create{.path = "/b"});
  EXPECT_EQ(rule(), "FIFO");
}

TEST_F(Books, AnEntryThatFollowsAnotherThanTheLastIsSeen) {
  open();
  ledger_.on_applied({.zxid = Zxid(Epoch(1), 9), .prev = Zxid(Epoch(1), 8), .payload = {}},
                     ledger_.last(), "a replica");
  EXPECT_EQ(rule(), "TOTAL-ORDER");
}

TEST_F(Books, AReadOfAnOldStateIsSeen) {
  const SessionId session = open();
  const Zxid old = commit(session, 1, state::Create{.path = "/a", .contents = "#1"});
  commit(session, 2, state::SetContents{.path = "/a", .contents = "#2"});
  CallCheck check = calls();
  Asked asked;
  asked.method = "get";
  asked.path = "/a";
  check.on_asked(client::CallId(1), asked);
  client::Contents reply{.zxid = old, .contents = "#1"};
  reply.stat.instance = reply.stat.modified = old;
  reply.stat.content_generation = 1;
  reply.stat.content_length = 2;
  check.on_answered(client::CallId(1), client::CallValue(client::AnyReply(reply)));
  EXPECT_EQ(rule(), "LINEARIZABILITY");
}

TEST_F(Books, AnAnswerToNoCallIsSeen) {
  CallCheck check = calls();
  check.on_answered(client::CallId(1), client::CallValue(client::AnyReply(client::Synced{})));
  EXPECT_EQ(rule(), "ANSWERED-ONCE");
}

TEST_F(Books, AStaleSequencerThatIsCalledValidIsSeen) {
  const SessionId session = open();
  acquire(session, 1);
  const auto sequencer = ledger_.state().sequencer_of(session, state::OwnerId(), "/l");
  ASSERT_TRUE(sequencer);
  const Zxid released = commit(session, 2, state::Release{.path = "/l"});
  CallCheck check = calls();
  Asked asked;
  asked.method = "check sequencers";
  asked.sequencers = {*sequencer};
  check.on_asked(client::CallId(1), asked);
  check.on_answered(client::CallId(1),
                    client::CallValue(client::AnyReply(client::SequencerStates{
                        .zxid = released, .states = {client::SequencerState::kValid}})));
  EXPECT_EQ(rule(), "LINEARIZABILITY");
}

TEST_F(Books, AnEventThatDidNotHappenIsSeen) {
  WatchCheck watch(events_, verdict_, "a client");
  client::EventsCame came;
  came.events.push_back({.event = {.name = {.zxid = Zxid(Epoch(1), 5)}, .path = "/a"}});
  came.through = {.zxid = Zxid(Epoch(1), 5)};
  watch.on_told(came);
  EXPECT_EQ(rule(), "WATCH-TRUTH");
}

}  // namespace
}  // namespace holdfast::world
