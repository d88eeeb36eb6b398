#include <gtest/gtest.h>

#include "tests/state/test_cell.h"
#include "zab/base/hash.h"

namespace holdfast::state {
namespace {

class Nodes : public testing::Test {
 protected:
  std::vector<std::string> names(std::string_view path, std::string_view after,
                                 std::size_t limit) const {
    std::vector<std::string> found;
    const auto page = cell.state().list(path, after, limit);
    for (const ListedNode& child : page.value()) {
      found.push_back(child.name);
    }
    return found;
  }

  TestCell cell;
  SessionId a = cell.open("a");
  SessionId b = cell.open("b");
};

TEST_F(Nodes, TheRootAlwaysExistsAndCannotBeCreatedOrRemoved) {
  EXPECT_TRUE(cell.state().get("/"));
  EXPECT_EQ(code_of(cell.ask(a, node("/"))), ErrorCode::kNodeExists);
  EXPECT_EQ(code_of(cell.ask(a, removal("/"))), ErrorCode::kBadArgument);
  as<ContentsSet>(cell.ask(a, contents("/", "root")));
  EXPECT_EQ(cell.state().get("/")->contents, "root");
}

TEST_F(Nodes, ACreatedNodeHasItsStat) {
  Create create = node("/x");
  create.contents = "hello";
  const Created created = as<Created>(cell.ask(a, create));
  EXPECT_EQ(created.path, "/x");
  EXPECT_EQ(created.stat.instance, cell.zxid());
  EXPECT_EQ(created.stat.modified_zxid, cell.zxid());
  EXPECT_EQ(created.stat.content_generation, 1U);
  EXPECT_EQ(created.stat.child_generation, 0U);
  EXPECT_TRUE(created.stat.lock_generation.is_none());
  EXPECT_EQ(created.stat.contents_length, 5U);
  EXPECT_EQ(created.stat.contents_checksum, hash_bytes("hello", kHashSeed));
  EXPECT_EQ(created.stat.created_wall_ms, cell.now_ms() + 1'000'000);
  EXPECT_EQ(cell.state().get("/x")->stat, created.stat);
  EXPECT_EQ(cell.state().get("/x")->contents, "hello");
}

TEST_F(Nodes, AnExistingNodeIsNotCreatedAgain) {
  cell.create(a, "/x");
  EXPECT_EQ(code_of(cell.ask(a, node("/x"))), ErrorCode::kNodeExists);
}

TEST_F(Nodes, AMissingParentIsNoNodeAndNamed) {
  const Error error = error_of(cell.ask(a, node("/x/y")));
  EXPECT_EQ(error.code, ErrorCode::kNoNode);
  EXPECT_EQ(error.path, "/x");
}

TEST_F(Nodes, MissingParentsAreCreatedWhereAsked) {
  Create create = node_of_kind(NodeKind::kEphemeral, "/x/y/z");
  create.create_parents = true;
  as<Created>(cell.ask(a, create));
  EXPECT_EQ(cell.state().get("/x/y")->stat.kind, NodeKind::kPersistent);
  EXPECT_EQ(cell.state().get("/x/y/z")->stat.kind, NodeKind::kEphemeral);
  EXPECT_EQ(cell.last_events(EventKind::kNodeCreated).size(), 3U);
}

TEST_F(Nodes, EphemeralNodesHaveAnOwnerAndNoChildren) {
  const Created created = as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/e")));
  EXPECT_EQ(created.stat.ephemeral_owner, a);
  EXPECT_EQ(code_of(cell.ask(b, node("/e/child"))), ErrorCode::kNoChildrenForEphemerals);
}

TEST_F(Nodes, SequentialNamesHaveTenDigitsAndGrowForEachParent) {
  Create create = node("/task-");
  create.sequential = true;
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/task-0000000000");
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/task-0000000001");
  as<Removed>(cell.ask(a, removal("/task-0000000001")));
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/task-0000000002");
  create.path = "/other-";
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/other-0000000003");
  cell.create(a, "/dir");
  create.path = "/dir/task-";
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/dir/task-0000000000");
  cell.reload();
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/dir/task-0000000001");
}

TEST_F(Nodes, ASequentialNameThatIsTakenIsSkipped) {
  cell.create(a, "/t0000000000");
  Create create = node("/t");
  create.sequential = true;
  EXPECT_EQ(as<Created>(cell.ask(a, create)).path, "/t0000000001");
}

TEST_F(Nodes, ASequentialNameThatBecomesTooLongIsRefused) {
  Create create = node("/" + std::string(250, 'n'));
  create.sequential = true;
  const Error error = error_of(cell.ask(a, create));
  EXPECT_EQ(error.code, ErrorCode::kTooLarge);
  EXPECT_EQ(error.limit_name, "component_bytes_max");
  EXPECT_EQ(cell.state().node_count(), 1U);
}

TEST_F(Nodes, SettingContentsCountsGenerations) {
  cell.create(a, "/x");
  const ContentsSet set = as<ContentsSet>(cell.ask(a, contents("/x", "one")));
  EXPECT_EQ(set.stat.content_generation, 2U);
  EXPECT_EQ(set.stat.modified_zxid, cell.zxid());
  EXPECT_LT(set.stat.instance, cell.zxid());
  EXPECT_EQ(code_of(cell.ask(a, contents("/absent", "x"))), ErrorCode::kNoNode);
}

TEST_F(Nodes, ConditionsAreJudgedAndTellWhatIs) {
  const Created created = as<Created>(cell.ask(a, node("/x")));
  SetContents set = contents("/x", "new");
  set.conditions.content_generation = 7;
  Error error = error_of(cell.ask(a, set));
  EXPECT_EQ(error.code, ErrorCode::kBadGeneration);
  EXPECT_EQ(error.actual, 1U);
  set.conditions.content_generation = 1;
  set.conditions.instance = Zxid(1);
  error = error_of(cell.ask(a, set));
  EXPECT_EQ(error.code, ErrorCode::kStaleInstance);
  EXPECT_EQ(error.actual, created.stat.instance.value);
  set.conditions.instance = created.stat.instance;
  as<ContentsSet>(cell.ask(a, set));
  Remove remove = removal("/x");
  remove.conditions.content_generation = 1;
  EXPECT_EQ(code_of(cell.ask(a, remove)), ErrorCode::kBadGeneration);
  remove.conditions.content_generation = 2;
  as<Removed>(cell.ask(a, remove));
}

TEST_F(Nodes, ANodeWithChildrenIsNotRemoved) {
  cell.create(a, "/x");
  cell.create(a, "/x/y");
  EXPECT_EQ(code_of(cell.ask(a, removal("/x"))), ErrorCode::kNotEmpty);
  as<Removed>(cell.ask(a, removal("/x/y")));
  as<Removed>(cell.ask(a, removal("/x")));
  EXPECT_EQ(code_of(cell.ask(a, removal("/x"))), ErrorCode::kNoNode);
}

TEST_F(Nodes, TheParentCountsItsChildrenAndTheirChanges) {
  cell.create(a, "/x");
  cell.create(a, "/x/y");
  cell.create(a, "/x/z");
  as<Removed>(cell.ask(a, removal("/x/y")));
  const Stat stat = cell.state().get("/x")->stat;
  EXPECT_EQ(stat.children, 1U);
  EXPECT_EQ(stat.child_generation, 3U);
}

TEST_F(Nodes, ANodeWhoseLockAnotherOwnerHoldsIsNotRemoved) {
  cell.create(a, "/x");
  cell.acquire(b, owned_by(1, exclusive("/x")));
  EXPECT_EQ(code_of(cell.ask(a, removal("/x"))), ErrorCode::kLockHeld);
  EXPECT_EQ(code_of(cell.ask(b, removal("/x"))), ErrorCode::kLockHeld);
  Remove own = removal("/x");
  own.owner = OwnerId(1);
  as<Removed>(cell.ask(b, own));
  EXPECT_EQ(cell.last_events(EventKind::kLockReleased).size(), 1U);
}

TEST_F(Nodes, WaitersOfARemovedNodeGetNoNode) {
  cell.create(a, "/x");
  cell.acquire(b, exclusive("/x"));
  as<Waiting>(cell.ask(a, exclusive("/x")));
  as<Removed>(cell.ask(b, removal("/x")));
  EXPECT_EQ(code_of(cell.last_outcome()), ErrorCode::kNoNode);
  EXPECT_FALSE(cell.state().lock_info("/x"));
}

TEST_F(Nodes, AnUntilFreeParentGoesWithItsLastChild) {
  cell.create(a, "/p");
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kUntilFree, "/p/u")));
  cell.create(a, "/p/u/child");
  as<Removed>(cell.ask(a, removal("/p/u/child")));
  EXPECT_FALSE(cell.state().get("/p/u"));
  EXPECT_TRUE(cell.state().get("/p"));
}

TEST_F(Nodes, ListingIsOrderedAndPaged) {
  for (const char* name : {"/b", "/a", "/c", "/d"}) cell.create(a, name);
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("/", "", 10), (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(names("/", "", 2), (Names{"a", "b"}));
  EXPECT_EQ(names("/", "b", 2), (Names{"c", "d"}));
  EXPECT_EQ(names("/", "bb", 1), (Names{"c"}));
  EXPECT_TRUE(names("/a", "", 10).empty());
  EXPECT_FALSE(cell.state().list("/absent", "", 10));
}

TEST_F(Nodes, PathsOfForeignBytesAreJudgedAgain) {
  const std::string nul("/a\0b", 4);
  for (const std::string& path :
       {std::string("x"), std::string(), std::string("/x/"), std::string("/./x"),
        std::string("/\xff"), nul, std::string("/ls/local/x"), std::string("/.holdfast")}) {
    EXPECT_EQ(code_of(cell.ask(a, node(path))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.ask(a, removal(path))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.ask(a, contents(path, ""))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.ask(a, release(path))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.ask(a, cancel(path))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.lead(breaking(path))), ErrorCode::kBadArgument) << path;
    EXPECT_EQ(code_of(cell.lead(end_of_delay(path, Zxid(1)))), ErrorCode::kBadArgument) << path;
  }
  EXPECT_EQ(code_of(cell.ask(a, node("/" + std::string(256, 'x')))), ErrorCode::kTooLarge);
}

TEST_F(Nodes, ManyChildrenAreCreatedQuicklyAndInLittleMemory) {
  // Not through the cell, which looks at the whole state after every command.
  StateMachine machine(StateLimits::defaults(), std::string(kCellPrefix));
  std::uint64_t counter = 0;
  const auto apply = [&](Op op, SessionId session) {
    Command command;
    command.session = session;
    command.op = std::move(op);
    return machine.apply(Zxid(Epoch(1), static_cast<std::uint32_t>(++counter)), command).reply;
  };
  OpenSession open;
  open.secret = secret_of("a");
  const SessionId session = as<SessionOpened>(apply(open, SessionId())).session;
  Create create = node("/many");
  apply(create, session);
  create.sequential = true;
  create.path = "/many/child-";
  create.contents = std::string(100, 'x');
  for (int i = 0; i < 20'000; ++i) apply(create, session);
  EXPECT_EQ(machine.get("/many")->stat.children, 20'000U);
  EXPECT_EQ(machine.list("/many", "child-0000019997", 10)->size(), 2U);
  // The history of events is bounded by itself and not counted.
  EXPECT_LT(machine.state_bytes(), 20'000U * 400);
}

}  // namespace
}  // namespace holdfast::state
