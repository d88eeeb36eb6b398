#include "zab/learner.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

#include "tests/zab/small_cell.h"
#include "tests/zab/solo.h"
#include "tests/zab/zxids.h"
#include "zab/learner_rules.h"

namespace holdfast::zab::testing {
namespace {

std::vector<Entry> entry(Zxid zxid, Zxid prev) {
  return {Entry{zxid, prev, bytes_of("x")}};
}

// A follower of replica 3 (epoch 2) with the log "1.1 1.2" in the stage.
struct Stage {
  Solo solo;
  ConnId conn;

  explicit Stage(JoinStage stage) : solo({.self = 1, .log = "1.1 1.2"}) { reach(stage); }

  void reach(JoinStage stage) {
    solo.elect(3);
    if (stage == JoinStage::kConnecting) return;
    conn = solo.connect();
    if (stage == JoinStage::kInfoSent) return;
    if (stage == JoinStage::kAccepting) solo.hold_disk();
    solo.hear(conn, LeaderInfo{kTwo, false});
    if (stage <= JoinStage::kEpochAcked) return;
    if (stage == JoinStage::kImage) {
      solo.hear(conn, Snap{kTwo, Zxid(kOne, 1)});
      return;
    }
    solo.hear(conn, Diff{kTwo, Zxid(kOne, 2)});
    if (stage == JoinStage::kEntries) return;
    if (stage == JoinStage::kFinishing) solo.hold_disk();
    solo.hear(conn, NewLeader{kTwo, Zxid(kOne, 2)});
    if (stage <= JoinStage::kSynced) return;
    solo.hear(conn, UpToDate{kTwo, Zxid(kOne, 2)});
  }
};

JoinStage stage_at(std::size_t index) {
  return static_cast<JoinStage>(index);
}

// Of each kind one that is well formed in the stages in which it is legal.
std::vector<Message> one_of_each(Epoch epoch) {
  return {info_of(2),
          LeaderInfo{epoch, false},
          ack_epoch_of(epoch),
          Diff{epoch, Zxid(kOne, 2)},
          Trunc{epoch, Zxid(kOne, 1)},
          Snap{epoch, Zxid(kOne, 2)},
          SnapChunk{epoch, bytes_of("x")},
          SnapEnd{epoch, 0, kHashSeed},
          SnapAck{epoch, 0},
          Proposal{epoch, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()},
          NewLeader{epoch, Zxid(kOne, 2)},
          AckNewLeader{epoch},
          UpToDate{epoch, Zxid(kOne, 2)},
          Ack{epoch, Zxid()},
          Commit{epoch, Zxid(kOne, 1)},
          Inform{epoch, entry(Zxid(kTwo, 1), Zxid(kOne, 2))},
          Ping{epoch, 1, Zxid()},
          Pong{.epoch = epoch, .round = 0, .applied = Zxid(), .free_bytes = 0, .touched = {}},
          ReadIndex{epoch, 1, {}},
          ReadIndexReply{epoch, 1, Zxid()},
          Request{epoch, bytes_of("x")},
          RequestReply{epoch, bytes_of("x")}};
}

TEST(LearnerRules, EachStageHearsItsOwnMessagesOnly) {
  const std::array<std::set<std::size_t>, kJoinStages> heard = {{
      {},
      {kind<LeaderInfo>()},
      {kind<Ping>()},
      {kind<Diff>(), kind<Trunc>(), kind<Snap>(), kind<Ping>()},
      {kind<SnapChunk>(), kind<SnapEnd>(), kind<Ping>()},
      {kind<Proposal>(), kind<Commit>(), kind<NewLeader>(), kind<Ping>()},
      {kind<Proposal>(), kind<Commit>(), kind<Ping>()},
      {kind<Proposal>(), kind<Commit>(), kind<Ping>(), kind<UpToDate>()},
      {kind<Proposal>(), kind<Commit>(), kind<Ping>(), kind<ReadIndexReply>(),
       kind<RequestReply>()},
  }};
  for (std::size_t stage = 0; stage < kJoinStages; ++stage) {
    for (std::size_t message = 0; message < kMessageKinds; ++message) {
      const bool expected = heard.at(stage).contains(message);
      EXPECT_EQ(learner_verdict(stage_at(stage), LearnerKind::kVoter, message) == Verdict::kHandle,
                expected)
          << to_string(stage_at(stage)) << " message " << message;
    }
  }
}

TEST(LearnerRules, AnObserverHearsInformsInPlaceOfProposalsAndCommits) {
  for (std::size_t stage = 0; stage < kJoinStages; ++stage) {
    for (std::size_t message = 0; message < kMessageKinds; ++message) {
      const Verdict voter = learner_verdict(stage_at(stage), LearnerKind::kVoter, message);
      const Verdict observer = learner_verdict(stage_at(stage), LearnerKind::kObserver, message);
      if (message == kind<Inform>()) {
        EXPECT_EQ(observer,
                  learner_verdict(stage_at(stage), LearnerKind::kVoter, kind<Proposal>()));
      } else if (message == kind<Proposal>() || message == kind<Commit>()) {
        EXPECT_NE(observer, Verdict::kHandle);
      } else {
        EXPECT_EQ(observer, voter);
      }
    }
  }
}

TEST(LearnerRules, TheTableIsWhatTheLearnerDoes) {
  for (std::size_t stage = 1; stage < kJoinStages; ++stage) {
    for (const Message& message : one_of_each(kTwo)) {
      Stage at(stage_at(stage));
      if (std::holds_alternative<SnapEnd>(message) && stage_at(stage) == JoinStage::kImage) {
        continue;  // Installs: shown below with a whole image.
      }
      at.solo.hear(at.conn, message);
      const bool left = at.solo.view().role == Role::kLooking;
      EXPECT_EQ(left, learner_verdict(stage_at(stage), LearnerKind::kVoter, message.index()) ==
                          Verdict::kClose)
          << to_string(stage_at(stage)) << " " << describe(message);
      EXPECT_EQ(at.solo.closed(at.conn), left);
    }
  }
}

// R9.
TEST(LearnerRules, AMessageOfAnotherEpochEndsTheFollowing) {
  for (std::size_t stage = 2; stage < kJoinStages; ++stage) {
    for (const Message& message : one_of_each(Epoch(3))) {
      Stage at(stage_at(stage));
      at.solo.hear(at.conn, message);
      EXPECT_EQ(at.solo.view().role, Role::kLooking)
          << to_string(stage_at(stage)) << describe(message);
    }
  }
}

// R19.
TEST(Learner, MessagesOfAnotherConnectionAreIgnored) {
  Stage at(JoinStage::kActive);
  at.solo.hear(ConnId(999), Commit{kTwo, Zxid(kTwo, 9)});
  EXPECT_EQ(at.solo.view().role, Role::kFollowing);
  EXPECT_EQ(at.solo.view().committed, Zxid(kOne, 2));
}

TEST(Learner, ALeaderBelowOurPromiseIsLeft) {
  Solo solo({.self = 1, .accepted = Epoch(5)});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{Epoch(4), false});
  EXPECT_TRUE(solo.closed(conn));
  EXPECT_EQ(solo.view().accepted, Epoch(5));
}

// [M5]: the promise is durable before it is given.
TEST(Learner, ThePromiseWaitsForTheDisk) {
  Stage at(JoinStage::kAccepting);
  EXPECT_FALSE(at.solo.said_one<AckEpoch>(at.conn).has_value());
  at.solo.release_disk();
  const auto ack = at.solo.said_one<AckEpoch>(at.conn);
  ASSERT_TRUE(ack.has_value());
  EXPECT_TRUE(ack->promised);
  EXPECT_EQ(ack->current, kOne);
  EXPECT_EQ(ack->epochs, (EpochVector{EpochEnd{}, EpochEnd{kOne, 2}}));
}

// R12.
TEST(Learner, AnEpochAcceptedBeforeIsNoNewPromise) {
  Solo solo({.self = 1, .accepted = kTwo});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{kTwo, false});
  EXPECT_FALSE(solo.said_one<AckEpoch>(conn)->promised);
  EXPECT_TRUE(solo.persist_ops().empty());
}

// ZOOKEEPER-3911, 4643, 4646, 4785: history, then epoch, then the acknowledgement.
TEST(Learner, HistoryThenEpochThenAcknowledgement) {
  Stage at(JoinStage::kEntries);
  at.solo.hold_disk();
  at.solo.forget_outputs();
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kOne, 3), Zxid(kOne, 2)), Zxid()});
  at.solo.hear(at.conn, NewLeader{kTwo, Zxid(kOne, 3)});
  const std::vector<PersistOp> ops = at.solo.persist_ops();
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Append>(ops[0]));
  EXPECT_TRUE(std::holds_alternative<SetCurrentEpoch>(ops[1]));
  EXPECT_TRUE(at.solo.said(at.conn).empty() || !at.solo.said_one<AckNewLeader>(at.conn));
  at.solo.persist(Token(at.solo.newest_token().value - 1));
  for (const Message& message : at.solo.said(at.conn)) {
    EXPECT_FALSE(std::holds_alternative<AckNewLeader>(message));
  }
  at.solo.release_disk();
  EXPECT_TRUE(at.solo.said_one<AckNewLeader>(at.conn).has_value());
}

// R18: entries behind NEWLEADER are acknowledged behind ACK_NEWLEADER, whatever completes at one
// time.
TEST(Learner, AckNewLeaderGoesBeforeTheAckOfALaterEntry) {
  Stage at(JoinStage::kFinishing);
  at.solo.said(at.conn);
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()});
  at.solo.release_disk();
  const std::vector<Message> said = at.solo.said(at.conn);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<AckNewLeader>(said[0]));
  EXPECT_EQ(std::get<Ack>(said[1]).durable, Zxid(kTwo, 1));
}

TEST(Learner, AnAckIsCumulative) {
  Stage at(JoinStage::kActive);
  at.solo.hold_disk();
  at.solo.said(at.conn);
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()});
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 2), Zxid(kTwo, 1)), Zxid()});
  EXPECT_TRUE(at.solo.said(at.conn).empty());
  at.solo.release_disk();
  const std::vector<Message> said = at.solo.said(at.conn);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(std::get<Ack>(said[0]).durable, Zxid(kTwo, 2));
}

// R4: an effect that waits for the disk belongs to its role; the write stands.
TEST(Learner, AGateOfAnEarlierRoleStaysShut) {
  Stage at(JoinStage::kFinishing);
  at.solo.close(at.conn);
  at.solo.said(at.conn);
  at.solo.release_disk();
  EXPECT_TRUE(at.solo.said(at.conn).empty());
  EXPECT_EQ(at.solo.view().current, kTwo);
}

// R17.
TEST(Learner, AHoleInAProposalIsRefused) {
  for (const auto& bad : {entry(Zxid(kTwo, 2), Zxid(kTwo, 1)), entry(Zxid(kTwo, 2), Zxid(kOne, 2)),
                          entry(Zxid(kOne, 4), Zxid(kOne, 2)), entry(Zxid(kOne, 2), Zxid(kOne, 1)),
                          entry(Zxid(Epoch(3), 1), Zxid(kOne, 2)), std::vector<Entry>()}) {
    Stage at(JoinStage::kActive);
    at.solo.hear(at.conn, Proposal{kTwo, bad, Zxid()});
    EXPECT_TRUE(at.solo.closed(at.conn));
    EXPECT_EQ(at.solo.view().last, Zxid(kOne, 2));
  }
}

TEST(Learner, ACommitOfWhatWasNotProposedIsRefused) {
  Stage at(JoinStage::kActive);
  at.solo.hear(at.conn, Commit{kTwo, Zxid(kTwo, 1)});
  EXPECT_TRUE(at.solo.closed(at.conn));
}

// A position that names no entry, though it lies within the log: nothing could be delivered up to
// it.
TEST(Learner, ACommitThatIsNoEntryIsRefused) {
  for (const JoinStage stage : {JoinStage::kEntries, JoinStage::kActive}) {
    Stage at(stage);
    at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()});
    at.solo.hear(at.conn, Commit{kTwo, Zxid(kTwo, 0)});
    EXPECT_TRUE(at.solo.closed(at.conn));
  }
}

TEST(Learner, AnUpToDateThatIsNoEntryAndNoneToComeIsRefused) {
  for (const Zxid committed : {Zxid(kTwo, 0), Zxid(kOne, 3), Zxid(Epoch(3), 1)}) {
    Stage at(JoinStage::kSynced);
    at.solo.hear(at.conn, UpToDate{kTwo, committed});
    EXPECT_TRUE(at.solo.closed(at.conn)) << to_string(committed);
  }
}

// The next leader's history may not have what this one promised; a commit point beyond our log
// would then be passed without being met.
TEST(Learner, ACommitPointAheadOfTheLogIsForgottenWithItsLeader) {
  Stage at(JoinStage::kSynced);
  at.solo.hear(at.conn, UpToDate{kTwo, Zxid(kTwo, 9)});
  EXPECT_EQ(at.solo.view().committed, Zxid(kOne, 2));
  at.solo.close(at.conn);
  EXPECT_EQ(at.solo.view().committed, Zxid(kOne, 2));
}

TEST(Learner, EpochZeroHasNoEntries) {
  Solo solo({.self = 1, .accepted = kOne, .current = kOne, .log = ""});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{kTwo, false});
  solo.hear(conn, Diff{kTwo, Zxid()});
  solo.hear(conn, Proposal{kTwo, entry(Zxid(Epoch(0), 1), Zxid()), Zxid()});
  EXPECT_TRUE(solo.closed(conn));
  EXPECT_TRUE(solo.view().last.is_none());
  Stage at(JoinStage::kEpochAcked);
  at.solo.forget_outputs();
  at.solo.hear(at.conn, Snap{kTwo, Zxid(Epoch(0), 5)});
  EXPECT_TRUE(at.solo.outputs<Persist>().empty());
}

TEST(Learner, ANewLeaderThatDoesNotFitOurLogIsRefused) {
  Stage at(JoinStage::kEntries);
  at.solo.hear(at.conn, NewLeader{kTwo, Zxid(kOne, 3)});
  EXPECT_TRUE(at.solo.closed(at.conn));
  EXPECT_EQ(at.solo.view().current, kOne);
}

TEST(Learner, ADiffThatDoesNotFitOurLogIsRefused) {
  Stage at(JoinStage::kEpochAcked);
  at.solo.hear(at.conn, Diff{kTwo, Zxid(kOne, 1)});
  EXPECT_TRUE(at.solo.closed(at.conn));
}

// Commits are a number (ZOOKEEPER-4394), remembered in synchronization and used after UPTODATE.
TEST(Learner, NothingIsDeliveredBeforeUpToDate) {
  Stage at(JoinStage::kEntries);
  at.solo.hear(at.conn, Commit{kTwo, Zxid(kOne, 2)});
  EXPECT_EQ(at.solo.view().committed, Zxid(kOne, 2));
  at.solo.hear(at.conn, NewLeader{kTwo, Zxid(kOne, 2)});
  EXPECT_TRUE(at.solo.outputs<Deliver>().empty());
  at.solo.hear(at.conn, UpToDate{kTwo, Zxid(kOne, 2)});
  ASSERT_EQ(at.solo.outputs<Deliver>().size(), 1U);
  EXPECT_TRUE(at.solo.view().serving);
}

// ZOOKEEPER-3023.
TEST(Learner, ServingWaitsForTheStateOfUpToDate) {
  Stage at(JoinStage::kSynced);
  at.solo.hold_disk();
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()});
  at.solo.hear(at.conn, UpToDate{kTwo, Zxid(kTwo, 1)});
  EXPECT_TRUE(at.solo.view().established);
  EXPECT_FALSE(at.solo.view().serving);
  EXPECT_FALSE(at.solo.core().read_barrier(1));
  at.solo.release_disk();
  EXPECT_TRUE(at.solo.view().serving);
}

// R20: the commit point may lie beyond what has come so far.
TEST(Learner, UpToDateMayRunAheadOfTheEntries) {
  Stage at(JoinStage::kSynced);
  at.solo.hear(at.conn, UpToDate{kTwo, Zxid(kTwo, 1)});
  EXPECT_FALSE(at.solo.view().serving);
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid(kTwo, 1)});
  EXPECT_TRUE(at.solo.view().serving);
}

// Whatever commit point the entries themselves bring.
TEST(Learner, EntriesThatUpToDateHasCalledCommittedAreWhenTheyCome) {
  Stage at(JoinStage::kSynced);
  at.solo.hear(at.conn, UpToDate{kTwo, Zxid(kTwo, 1)});
  EXPECT_EQ(at.solo.view().committed, Zxid(kOne, 2));
  at.solo.hear(at.conn, Proposal{kTwo, entry(Zxid(kTwo, 1), Zxid(kOne, 2)), Zxid()});
  EXPECT_EQ(at.solo.view().committed, Zxid(kTwo, 1));
}

TEST(Learner, ATruncationOfCommittedEntriesStopsTheReplica) {
  Stage at(JoinStage::kActive);
  at.solo.close(at.conn);
  at.solo.elect(3);
  const ConnId conn = at.solo.connect();
  at.solo.hear(conn, LeaderInfo{Epoch(3), false});
  at.solo.hear(conn, Trunc{Epoch(3), Zxid(kOne, 1)});
  EXPECT_EQ(at.solo.outputs<Fatal>().size(), 1U);
}

TEST(Learner, AnImageBelowWhatWasDeliveredStopsTheReplica) {
  Stage at(JoinStage::kActive);
  at.solo.close(at.conn);
  at.solo.elect(3);
  const ConnId conn = at.solo.connect();
  at.solo.hear(conn, LeaderInfo{Epoch(3), false});
  at.solo.hear(conn, Snap{Epoch(3), Zxid(kOne, 1)});
  EXPECT_EQ(at.solo.outputs<Fatal>().size(), 1U);
}

TEST(Learner, AnImageIsStagedAcknowledgedInstalledAndLoaded) {
  Stage at(JoinStage::kEpochAcked);
  at.solo.forget_outputs();
  at.solo.said(at.conn);
  at.solo.hold_disk();
  at.solo.hear(at.conn, Snap{kTwo, Zxid(kTwo, 4)});
  at.solo.hear(at.conn, SnapChunk{kTwo, bytes_of("abc")});
  at.solo.hear(at.conn, SnapChunk{kTwo, bytes_of("de")});
  at.solo.hear(at.conn, SnapEnd{kTwo, 2, hash_bytes("abcde", kHashSeed)});
  EXPECT_TRUE(at.solo.said(at.conn).empty()) << "acknowledged before it is staged";
  EXPECT_TRUE(at.solo.outputs<ImageInstalled>().empty());
  at.solo.release_disk();
  const std::vector<Message> said = at.solo.said(at.conn);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(std::get<SnapAck>(said[1]).chunks, 2U);
  ASSERT_EQ(at.solo.outputs<ImageInstalled>().size(), 1U);
  EXPECT_EQ(at.solo.view().base, Zxid(kTwo, 4));
  EXPECT_EQ(at.solo.view().applied, Zxid(kTwo, 4));
  EXPECT_EQ(at.solo.view().last, Zxid(kTwo, 4));
}

TEST(Learner, AnImageThatIsNotTheOneSentIsNotInstalled) {
  for (const auto& end : {SnapEnd{kTwo, 2, hash_bytes("abc", kHashSeed)}, SnapEnd{kTwo, 1, 7}}) {
    Stage at(JoinStage::kImage);
    at.solo.hear(at.conn, SnapChunk{kTwo, bytes_of("abc")});
    at.solo.hear(at.conn, end);
    EXPECT_TRUE(at.solo.closed(at.conn));
    EXPECT_EQ(at.solo.view().last, Zxid(kOne, 2));
  }
}

TEST(Learner, ChunksFarAheadOfOurDiskAreRefused) {
  Stage at(JoinStage::kImage);
  at.solo.hold_disk();
  const auto send = [&at] { at.solo.hear(at.conn, SnapChunk{kTwo, bytes_of("chunk")}); };
  for (int i = 0; i < 16; ++i) send();
  EXPECT_FALSE(at.solo.closed(at.conn));
  at.solo.release_disk();
  at.solo.hold_disk();
  for (int i = 0; i < 16; ++i) send();
  EXPECT_FALSE(at.solo.closed(at.conn)) << "those before were acknowledged";
  send();
  EXPECT_TRUE(at.solo.closed(at.conn));
}

TEST(Learner, EntriesFarAheadOfOurDiskAreRefused) {
  Stage at(JoinStage::kActive);
  at.solo.hold_disk();
  const std::string megabyte(1U << 20U, 'p');
  Zxid prev(kOne, 2);
  std::uint32_t sent = 0;
  for (; sent < 400 && !at.solo.closed(at.conn); ++sent) {
    const Zxid next(kTwo, sent + 1);
    at.solo.hear(at.conn, Proposal{kTwo, {Entry{next, prev, bytes_of(megabyte)}}, Zxid()});
    prev = next;
  }
  EXPECT_GT(sent, 64U) << "the window of a leader is let through";
  EXPECT_LT(sent, 300U);
}

TEST(Learner, ADialIsRepeatedQuicklyAndOnlyOneIsOpen) {
  Stage at(JoinStage::kConnecting);
  EXPECT_EQ(at.solo.outputs<Dial>().size(), 1U);
  at.solo.advance(50);
  EXPECT_EQ(at.solo.outputs<Dial>().size(), 1U);
  at.solo.refuse_dial();
  at.solo.advance(Options().heartbeat / 4 + 10);
  EXPECT_EQ(at.solo.outputs<Dial>().size(), 2U);
}

// It resigned when we were on our way to it, and holds our connection while it looks.
TEST(Learner, ALeaderThatStillLooksForOneIsLeft) {
  Solo solo({.self = 1});
  solo.elect(3);
  solo.connect();
  solo.vote(3, 3);
  EXPECT_EQ(solo.view().role, Role::kFollowing) << "it may not know yet that it leads";
  solo.advance(Options().failure_timeout);
  solo.vote(2, 3);
  EXPECT_EQ(solo.view().role, Role::kFollowing) << "another voter looks";
  solo.advance(10);
  solo.vote(3, 3);
  EXPECT_EQ(solo.view().role, Role::kLooking);
}

TEST(Learner, ALeaderThatHasAnsweredIsNotLeftForAnOldNotification) {
  Solo solo({.self = 1});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{kTwo, false});
  solo.advance(Options().failure_timeout + 10);
  solo.vote(3, 3);
  EXPECT_EQ(solo.view().role, Role::kFollowing);
}

TEST(Learner, ALeaderThatCannotBeReachedIsLeft) {
  Stage at(JoinStage::kConnecting);
  at.solo.advance(Options().failure_timeout + 20);
  EXPECT_EQ(at.solo.view().role, Role::kLooking);
}

TEST(Learner, ALeaderWhoseProcessIsGoneIsLeftAtOnce) {
  Stage at(JoinStage::kConnecting);
  at.solo.core().on_peer_refused(ServerId(3));
  at.solo.settle();
  EXPECT_EQ(at.solo.view().role, Role::kLooking);
}

TEST(Learner, AClosedConnectionBeginsTheElectionAtOnce) {
  Stage at(JoinStage::kActive);
  at.solo.forget_outputs();
  at.solo.close(at.conn);
  EXPECT_EQ(at.solo.view().role, Role::kLooking);
  EXPECT_FALSE(at.solo.outputs<Notify>().empty());
  EXPECT_EQ(at.solo.outputs<StopServing>().size(), 1U);
}

TEST(Learner, SilenceOfTheLeaderIsBoundedInEveryStage) {
  const Options options;
  for (std::size_t stage = 1; stage < kJoinStages; ++stage) {
    Stage at(stage_at(stage));
    const Ticks limit = stage_at(stage) == JoinStage::kActive     ? options.failure_timeout
                        : stage_at(stage) == JoinStage::kInfoSent ? options.init_timeout
                                                                  : 2 * options.failure_timeout;
    at.solo.advance(limit);
    EXPECT_EQ(at.solo.view().role, Role::kFollowing) << to_string(stage_at(stage));
    at.solo.advance(20);
    EXPECT_EQ(at.solo.view().role, Role::kLooking) << to_string(stage_at(stage));
  }
}

// ZOOKEEPER-1521, 1697: progress and not time ends a synchronization.
TEST(Learner, ALongTransferIsNotSilence) {
  Stage at(JoinStage::kImage);
  for (int i = 0; i < 20; ++i) {
    at.solo.advance(Options().failure_timeout);
    at.solo.hear(at.conn, SnapChunk{kTwo, bytes_of("x")});
  }
  EXPECT_EQ(at.solo.view().role, Role::kFollowing);
}

TEST(Learner, APingIsAnsweredAtOnceInItsRound) {
  Stage at(JoinStage::kActive);
  at.solo.core().set_free_bytes(55);
  at.solo.said(at.conn);
  at.solo.hear(at.conn, Ping{kTwo, 17, Zxid()});
  const auto pong = at.solo.said_one<Pong>(at.conn);
  ASSERT_TRUE(pong.has_value());
  EXPECT_EQ(pong->round, 17U);
  EXPECT_EQ(pong->applied, Zxid(kOne, 2));
  EXPECT_EQ(pong->free_bytes, 55U);
}

TEST(Learner, ForwardingNeedsALeaderThatServes) {
  Stage early(JoinStage::kSynced);
  EXPECT_FALSE(early.solo.core().forward(bytes_of("a")));
  Stage at(JoinStage::kActive);
  EXPECT_TRUE(at.solo.core().forward(bytes_of("a")));
  at.solo.settle();
  EXPECT_EQ(at.solo.said_one<Request>(at.conn)->payload, bytes_of("a"));
  at.solo.hear(at.conn, RequestReply{kTwo, bytes_of("no")});
  ASSERT_EQ(at.solo.outputs<ForwardRefused>().size(), 1U);
  EXPECT_EQ(at.solo.outputs<ForwardRefused>()[0].payload, bytes_of("no"));
}

TEST(Learner, AFreshVoterUnderALivingLeaderStopsAndNamesRejoin) {
  Solo solo({.self = 1, .membership = Membership::kFresh, .accepted = Epoch(), .current = Epoch()});
  solo.elect(3);
  const ConnId conn = solo.connect();
  solo.hear(conn, LeaderInfo{kTwo, false});
  ASSERT_EQ(solo.outputs<Fatal>().size(), 1U);
  EXPECT_NE(solo.outputs<Fatal>()[0].reason.find("--rejoin"), std::string::npos);
}

TEST(Learner, AnEpochOutsideTheLimitsIsRefused) {
  for (const Epoch bad : {Epoch(), Epoch(0xffffffffU)}) {
    Stage at(JoinStage::kInfoSent);
    at.solo.hear(at.conn, LeaderInfo{bad, false});
    EXPECT_TRUE(at.solo.closed(at.conn));
    EXPECT_EQ(at.solo.view().accepted, kOne);
  }
}

}  // namespace
}  // namespace holdfast::zab::testing
