#include <gtest/gtest.h>

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

std::vector<EventName> names_after(const StateMachine& machine, EventName after) {
  std::vector<EventName> names;
  EXPECT_TRUE(machine.events_after(after, [&names](const Event& event) {
    names.push_back(event.name);
    return true;
  }));
  return names;
}

TEST(Events, CreationSetAndRemovalAreTold) {
  TestCell cell;
  const SessionId a = cell.open("a");
  const Created created = as<Created>(cell.ask(a, node("/x")));
  ASSERT_EQ(cell.last().events.size(), 2U);
  EXPECT_EQ(cell.last().events[0].kind, EventKind::kNodeCreated);
  EXPECT_EQ(cell.last().events[0].path, "/x");
  EXPECT_EQ(cell.last().events[0].instance, created.stat.instance);
  EXPECT_EQ(cell.last().events[1].kind, EventKind::kChildAdded);
  EXPECT_EQ(cell.last().events[1].path, "/");
  EXPECT_EQ(cell.last().events[1].child, "x");
  as<ContentsSet>(cell.ask(a, contents("/x", "1")));
  ASSERT_EQ(cell.last().events.size(), 1U);
  EXPECT_EQ(cell.last().events[0].kind, EventKind::kContentsChanged);
  EXPECT_EQ(cell.last().events[0].content_generation, 2U);
  as<Removed>(cell.ask(a, removal("/x")));
  ASSERT_EQ(cell.last().events.size(), 2U);
  EXPECT_EQ(cell.last().events[0].kind, EventKind::kNodeDeleted);
  EXPECT_EQ(cell.last().events[0].instance, created.stat.instance);
  EXPECT_EQ(cell.last().events[1].kind, EventKind::kChildRemoved);
}

TEST(Events, ARefusedCommandCausesNone) {
  TestCell cell;
  const SessionId a = cell.open("a");
  EXPECT_EQ(code_of(cell.ask(a, removal("/x"))), ErrorCode::kNoNode);
  EXPECT_TRUE(cell.last().events.empty());
}

TEST(Events, ANewEpochTellsThatTheLeaderChanged) {
  TestCell cell;
  cell.begin_epoch();
  ASSERT_EQ(cell.last().events.size(), 1U);
  EXPECT_EQ(cell.last().events[0].kind, EventKind::kLeaderChanged);
  EXPECT_EQ(cell.last().events[0].path, "/");
  EXPECT_TRUE(cell.last().events[0].instance.is_none());
}

TEST(Events, TheHistoryGoesOnFromAnyNameInIt) {
  TestCell cell;
  const SessionId a = cell.open("a");
  cell.create(a, "/x");
  cell.create(a, "/y");
  const auto all = names_after(cell.state(), EventName());
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(cell.state().newest_event(), all.back());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(names_after(cell.state(), all[i]).size(), all.size() - 1 - i);
  }
  cell.reload();
  EXPECT_EQ(names_after(cell.state(), EventName()), all);
  EXPECT_EQ(cell.state().newest_event(), all.back());
}

TEST(Events, AVisitCanStop) {
  TestCell cell;
  cell.create(cell.open("a"), "/x");
  int visits = 0;
  EXPECT_TRUE(cell.state().events_after(EventName(), [&visits](const Event&) {
    visits += 1;
    return false;
  }));
  EXPECT_EQ(visits, 1);
}

TEST(Events, TheHistoryIsBoundedAndSaysWhereItBegins) {
  StateLimits limits = StateLimits::defaults();
  limits.event_history_bytes = 2'000;
  TestCell cell(limits);
  const SessionId a = cell.open("a");
  EXPECT_TRUE(cell.state().history_begins_after().is_none());
  std::vector<EventName> last_of_each;
  for (int i = 0; i < 20; ++i) {
    cell.create(a, "/node" + std::to_string(i));
    last_of_each.push_back(cell.last().events.back().name);
  }
  const Zxid begin = cell.state().history_begins_after();
  EXPECT_FALSE(begin.is_none());
  const auto never = [](const Event&) {
    ADD_FAILURE() << "an event of a history with a gap";
    return true;
  };
  EXPECT_FALSE(cell.state().events_after(EventName(), never));
  EXPECT_FALSE(cell.state().events_after({.zxid = begin, .index = 0}, never));
  std::size_t reachable = 0;
  for (const EventName& name : last_of_each) {
    if (cell.state().events_after(name, [](const Event&) { return true; })) reachable += 1;
  }
  EXPECT_EQ(reachable, 4U);
  cell.reload();
  EXPECT_EQ(cell.state().history_begins_after(), begin);
  EXPECT_FALSE(cell.state().events_after(EventName(), never));
}

TEST(Events, AnEntryLargerThanTheHistoryIsGoneAtOnce) {
  StateLimits limits = StateLimits::defaults();
  limits.event_history_bytes = 10;
  TestCell cell(limits);
  cell.create(cell.open("a"), "/x");
  EXPECT_EQ(cell.state().newest_event(), cell.last().events.back().name);
  EXPECT_TRUE(names_after(cell.state(), cell.state().newest_event()).empty());
  cell.reload();
  EXPECT_EQ(cell.state().newest_event().zxid, cell.zxid());
}

}  // namespace
}  // namespace holdfast::state
