#include <gtest/gtest.h>

#include "lockserver/state/image_codec.h"
#include "tests/state/test_cell.h"
#include "zab/base/random.h"

namespace holdfast::state {
namespace {

// A state with something in every room.
void fill(TestCell& cell) {
  cell.begin_epoch();
  const SessionId a = cell.open("a");
  const SessionId b = cell.open("b");
  const SessionId c = cell.open("c");
  Create create = node("/data");
  create.contents = "contents";
  as<Created>(cell.ask(a, create));
  as<Created>(cell.ask(a, node_of_kind(NodeKind::kEphemeral, "/data/eph")));
  cell.acquire(a, with_delay(3000, creating(LockCreate::kUntilFree, exclusive("/locks/one"))));
  as<Waiting>(cell.ask(b, owned_by(2, exclusive("/locks/one"))));
  cell.acquire(c, creating(LockCreate::kPersistent, shared("/locks/two")));
  as<Broken>(cell.lead(breaking("/locks/two")));
  as<Killed>(cell.lead(killing(a)));
}

std::vector<Write> image_of(const TestCell& cell) {
  return cell.state().image();
}

Status load(StateMachine& machine, const std::vector<Write>& image) {
  for (const Write& write : image) {
    if (Status status = machine.load(write.key, *write.value); !status.ok()) return status;
  }
  return machine.finish_load();
}

Status load(const std::vector<Write>& image) {
  StateMachine machine(StateLimits::defaults(), std::string(kCellPrefix));
  return load(machine, image);
}

TEST(Image, AStateIsRebuiltFromItsImageInAnyOrder) {
  TestCell cell;
  fill(cell);
  std::vector<Write> image = image_of(cell);
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = image.size(); i > 1; --i) {
      std::swap(image[i - 1], image[random.below(i)]);
    }
    StateMachine machine(StateLimits::defaults(), std::string(kCellPrefix));
    const Status status = load(machine, image);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(machine.image(), cell.state().image());
    EXPECT_EQ(machine.hash(), cell.state().hash());
    EXPECT_EQ(machine.applied(), cell.zxid());
    EXPECT_EQ(machine.last_stamp(), cell.state().last_stamp());
    EXPECT_EQ(machine.state_bytes(), cell.state().state_bytes());
    EXPECT_EQ(machine.dues(), cell.state().dues());
  }
}

TEST(Image, NoRecordsAreTheStateBeforeTheFirstCommand) {
  EXPECT_TRUE(load({}).ok());
  StateMachine machine(StateLimits::defaults(), std::string(kCellPrefix));
  EXPECT_TRUE(machine.applied().is_none());
  EXPECT_TRUE(machine.get("/"));
}

TEST(Image, EveryBatchOfWritesCarriesTheAppliedZxid) {
  TestCell cell;
  fill(cell);
  cell.lead(ExpireSession{.session = SessionId(12345)});
  ASSERT_EQ(cell.last_writes().size(), 1U);
  EXPECT_EQ(cell.last_writes()[0].key, meta_key());
  EXPECT_EQ(decode_meta(*cell.last_writes()[0].value)->meta.applied, cell.zxid());
}

TEST(Image, ThatOfAnotherCellIsRefused) {
  TestCell cell;
  fill(cell);
  StateMachine other(StateLimits::defaults(), "ffffffffffffffff");
  EXPECT_EQ(load(other, image_of(cell)).code(), StatusCode::kWrongCell);
}

TEST(Image, ThatOfALaterVersionIsRefusedAsSuch) {
  TestCell cell;
  fill(cell);
  std::vector<Write> image = image_of(cell);
  for (Write& write : image) {
    // The version is the first field: a byte of the field's head, then the zigzag of the number.
    if (write.key == meta_key()) (*write.value)[1] = 4;
  }
  EXPECT_EQ(load(image).code(), StatusCode::kUnavailable);
}

// Which records a state can do without: what nothing else refers to.
bool may_be_missing(const Write& record) {
  const char kind = record.key[0];
  return kind == 'r' || kind == 'q' || kind == 'd' || kind == 'e' || kind == 'n' || kind == 's';
}

TEST(Image, AMissingRecordIsFoundWhereAnotherNeedsIt) {
  TestCell cell;
  fill(cell);
  const std::vector<Write> image = image_of(cell);
  for (std::size_t i = 0; i < image.size(); ++i) {
    std::vector<Write> torn = image;
    torn.erase(torn.begin() + static_cast<std::ptrdiff_t>(i));
    const bool ok = load(torn).ok();
    EXPECT_TRUE(!ok || may_be_missing(image[i])) << image[i].key;
  }
  const auto without = [&image](std::string_view key) {
    std::vector<Write> torn;
    for (const Write& write : image) {
      if (write.key != key) torn.push_back(write);
    }
    return load(torn).code();
  };
  EXPECT_EQ(without(meta_key()), StatusCode::kCorrupt);
  EXPECT_EQ(without(node_key("/data")), StatusCode::kCorrupt);
  EXPECT_EQ(without(node_key("/")), StatusCode::kCorrupt);
  EXPECT_EQ(without(contents_key("/data")), StatusCode::kCorrupt);
  EXPECT_EQ(without(node_key("/locks/one")), StatusCode::kCorrupt);
}

TEST(Image, DamagedRecordsNeverCrashTheLoader) {
  TestCell cell;
  fill(cell);
  const std::vector<Write> image = image_of(cell);
  Random random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<Write> damaged = image;
    Write& victim = damaged[random.below(damaged.size())];
    std::string& bytes = random.chance(1, 3) ? victim.key : *victim.value;
    if (random.chance(1, 3)) {
      bytes.resize(random.below(bytes.size() + 1));
    } else if (!bytes.empty()) {
      bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8));
    }
    if (!load(damaged).ok()) refused += 1;
  }
  EXPECT_GT(refused, 500U);
}

TEST(ImageKeys, RoundTripAndSortAsWhatTheyName) {
  const LockDelay::Key delay{.since = Zxid(7),
                             .party = {.session = SessionId(8), .owner = OwnerId(9)}};
  const std::vector<std::pair<std::string, ImageKey>> keys = {
      {delay_key("/a", delay), DelayKey{.path = "/a", .delay = delay}},
      {events_key(Zxid(3)), EventsKey{.zxid = Zxid(3)}},
      {meta_key(), MetaKey{}},
      {node_key("/a/b"), NodeKey{.path = "/a/b"}},
      {contents_key("/a/b"), ContentsKey{.path = "/a/b"}},
      {request_key("/a", Zxid(5)), RequestKey{.path = "/a", .asked = Zxid(5)}},
      {result_key(SessionId(1), RequestNumber(2)),
       ResultKey{.session = SessionId(1), .number = RequestNumber(2)}},
      {session_key(SessionId(1)), SessionKey{.session = SessionId(1)}}};
  for (const auto& [bytes, key] : keys) {
    const Result<ImageKey> parsed = parse_key(bytes);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(*parsed == key);
    if (bytes.size() > 1 && bytes[0] != 'n' && bytes[0] != 'p') {
      EXPECT_FALSE(parse_key(std::string_view(bytes).substr(0, bytes.size() - 1)).ok());
      EXPECT_FALSE(parse_key(bytes + "x").ok());
    }
  }
  EXPECT_FALSE(parse_key("").ok());
  EXPECT_FALSE(parse_key("?").ok());
  EXPECT_LT(events_key(Zxid(255)), events_key(Zxid(256)));
  EXPECT_LT(request_key("/a", Zxid(1)), request_key("/a", Zxid(2)));
  EXPECT_LT(request_key("/a", Zxid(2)), request_key("/a/b", Zxid(1)));
}

}  // namespace
}  // namespace holdfast::state
