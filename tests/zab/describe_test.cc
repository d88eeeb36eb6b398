#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/zab/zxids.h"
#include "zab/message.h"
#include "zab/output.h"
#include "zab/types.h"

namespace holdfast::zab {
namespace {

std::vector<Entry> run(Zxid from, Zxid to) {
  std::vector<Entry> entries;
  for (Zxid zxid = from; zxid <= to; zxid = Zxid(zxid.value + 1)) {
    entries.push_back({.zxid = zxid, .prev = Zxid(zxid.value - 1), .payload = {}});
  }
  return entries;
}

// One value of each alternative of a variant, so that none is forgotten here.
template <typename Variant, std::size_t... I>
std::vector<Variant> one_of_each(std::index_sequence<I...>) {
  return {Variant(std::in_place_index<I>)...};
}
template <typename Variant>
std::vector<Variant> one_of_each() {
  return one_of_each<Variant>(std::make_index_sequence<std::variant_size_v<Variant>>());
}

template <typename Variant>
void expect_distinct_lines() {
  std::set<std::string> lines;
  for (const Variant& value : one_of_each<Variant>()) {
    const std::string line = describe(value);
    EXPECT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    lines.insert(line);
  }
  EXPECT_EQ(lines.size(), std::variant_size_v<Variant>);
}

TEST(Descriptions, EveryMessageOutputAndOperationHasALineOfItsOwn) {
  expect_distinct_lines<Message>();
  expect_distinct_lines<Output>();
  expect_distinct_lines<PersistOp>();
}

TEST(Descriptions, NameTheFactsOfAMessage) {
  EXPECT_EQ(describe(Message(Proposal{
                .epoch = Epoch(2), .entries = run(z(2, 4), z(2, 9)), .committed = z(2, 3)})),
            "PROPOSAL e=2 2.4..2.9 committed=2.3");
  EXPECT_EQ(describe(Message(Inform{.epoch = Epoch(2), .entries = run(z(2, 4), z(2, 4))})),
            "INFORM e=2 2.4");
  EXPECT_EQ(describe(Message(AckEpoch{.epoch = Epoch(3),
                                      .promised = false,
                                      .current = Epoch(1),
                                      .epochs = {{Epoch(1), 8}, {Epoch(2), 3}},
                                      .floor = z(1, 5)})),
            "ACKEPOCH e=3 not promised current=1 epochs=[1:8 2:3] floor=1.5");
  LearnerInfo info;
  info.from = ServerId(4);
  info.observer = true;
  EXPECT_EQ(describe(Message(info)),
            "OBSERVERINFO from=4 incarnation=0 accepted=0 provisioned config=0.0");
}

TEST(Descriptions, NameTheFactsOfANotification) {
  const Notification notification{
      .from = ServerId(1),
      .incarnation = Incarnation(77),
      .role = Role::kFollowing,
      .vote = {.epoch = Epoch(2), .zxid = z(2, 3), .leader = ServerId(3)},
      .round = 5,
      .membership = Membership::kFresh,
      .config_version = Zxid()};
  EXPECT_EQ(describe(notification),
            "NOTIFICATION from=1 incarnation=77 following fresh vote=(epoch=2 zxid=2.3 leader=3) "
            "round=5 config=0.0");
}

TEST(Descriptions, NameTheFactsOfAnOutput) {
  EXPECT_EQ(
      describe(Output(Persist{.token = Token(9), .op = Append{.entries = run(z(1, 1), z(1, 2))}})),
      "persist #9 append 1.1..1.2");
  EXPECT_EQ(describe(Output(
                Send{.conn = ConnId(3), .message = Ack{.epoch = Epoch(1), .durable = z(1, 2)}})),
            "send conn=3 ACK e=1 durable=1.2");
  EXPECT_EQ(describe(Output(RoleChange{.role = Role::kLeading,
                                       .phase = Phase::kDiscovery,
                                       .epoch = Epoch(4),
                                       .leader = ServerId(2),
                                       .generation = 6})),
            "role=leading phase=discovery epoch=4 leader=2 generation=6");
  EXPECT_EQ(describe(Output(Deliver{})), "deliver nothing");
}

TEST(Descriptions, NameEveryRolePhaseAndMembership) {
  EXPECT_EQ(to_string(Role::kLooking), "looking");
  EXPECT_EQ(to_string(Role::kObserving), "observing");
  EXPECT_EQ(to_string(Phase::kElection), "election");
  EXPECT_EQ(to_string(Phase::kSynchronization), "synchronization");
  EXPECT_EQ(to_string(Phase::kBroadcast), "broadcast");
  EXPECT_EQ(to_string(Membership::kRejoining), "rejoining");
  EXPECT_EQ(to_string(EpochVector{}), "[]");
}

}  // namespace
}  // namespace holdfast::zab
