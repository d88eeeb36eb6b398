#include "tests/state/samples.h"

#include "tests/state/test_cell.h"

namespace holdfast::state {
namespace {

const Zxid kZxid(Epoch(7), 41);

Sequencer sample_sequencer() {
  return {.mode = LockMode::kShared,
          .generation = Zxid(Epoch(7), 3),
          .acquisition = Zxid(Epoch(7), 9),
          .instance = Zxid(Epoch(6), 1),
          .cell_prefix = 0xfedcba9876543210ULL,
          .path = "/a/lock"};
}

Conditions sample_conditions() {
  return {.instance = Zxid(Epoch(6), 1), .content_generation = 12};
}

LockParty sample_party() {
  return {.session = SessionId(Zxid(Epoch(7), 2).value),
          .owner = OwnerId(5),
          .client_name = "report",
          .host = "web-3",
          .description = "nightly",
          .mode = LockMode::kShared,
          .since_wall_ms = 1'700'000'000'000,
          .since_cluster_ms = 123'456,
          .asked = Zxid(Epoch(7), 8),
          .acquisition = Zxid(Epoch(7), 9),
          .request = RequestNumber(17),
          .lock_delay_ms = 2000,
          .wait_ms = 30'000};
}

Stat sample_stat() {
  return {.instance = Zxid(Epoch(6), 1),
          .content_generation = 12,
          .child_generation = 4,
          .lock_generation = Zxid(Epoch(7), 3),
          .created_zxid = Zxid(Epoch(6), 1),
          .modified_zxid = Zxid(Epoch(7), 10),
          .created_wall_ms = 1'700'000'000'000,
          .modified_wall_ms = 1'700'000'000'001,
          .contents_length = 5,
          .contents_checksum = 0x8000000000000001ULL,
          .children = 3,
          .ephemeral_owner = SessionId(99),
          .kind = NodeKind::kEphemeral};
}

Error sample_error() {
  return {.code = ErrorCode::kDeadlock,
          .message = "A sentence.",
          .path = "/a/lock",
          .holders = {sample_party()},
          .remaining_ms = 77,
          .previous_holder = sample_party(),
          .limit_name = "results_per_session_max",
          .limit = 1024,
          .actual = 1025,
          .cycle = {{.session = SessionId(1), .owner = OwnerId(2), .path = "/x"}}};
}

Command command_of(Op op) {
  Command command;
  command.stamp = {.cluster_ms = 123'456, .wall_ms = 1'700'000'000'000};
  command.origin = {.server = ServerId(3), .incarnation = Incarnation(0xabcdef), .call = 42};
  command.session = SessionId(kZxid.value);
  command.request = RequestNumber(17);
  command.answered_below = RequestNumber(15);
  command.op = std::move(op);
  return command;
}

Multi sample_multi() {
  Create create = node("/a/new");
  create.contents = std::string("\0\xff", 2);
  Check absent;
  absent.path = "/a/none";
  absent.must_exist = false;
  return {.ops = {create,
                  Remove{.path = "/a/old", .conditions = sample_conditions(), .owner = OwnerId(5)},
                  contents("/a/b", "x"), absent, CheckHeld{.sequencer = sample_sequencer()}}};
}

}  // namespace

std::vector<std::pair<std::string, Command>> sample_commands() {
  std::vector<std::pair<std::string, Command>> samples;
  const auto add = [&samples](const std::string& name, Op op) {
    samples.emplace_back("command " + name, command_of(std::move(op)));
  };
  add("open_session", OpenSession{.secret = secret_of("new"),
                                  .lease_ms = 12'000,
                                  .client_name = "report",
                                  .host = "web-3",
                                  .instance_name = "reports",
                                  .previous = PreviousSession{.instance_name = "reports",
                                                              .secret = secret_of("old")}});
  add("close_session", CloseSession{});
  add("expire_session", ExpireSession{.session = SessionId(99)});
  add("kill_session",
      KillSession{.session = SessionId(99), .reason = "r", .who = "w", .now = true});
  add("acquire", Acquire{.path = "/a/lock",
                         .mode = LockMode::kShared,
                         .wait_ms = -1,
                         .lock_delay_ms = 2000,
                         .owner = OwnerId(5),
                         .description = "nightly",
                         .create = LockCreate::kUntilFree});
  add("cancel_wait", CancelWait{.path = "/a/lock",
                                .owner = OwnerId(5),
                                .why = CancelWait::Why::kTimedOut,
                                .session = SessionId(99),
                                .waiter = RequestNumber(17)});
  add("release", Release{.path = "/a/lock", .owner = OwnerId(5)});
  add("break_lock",
      BreakLock{.path = "/a/lock", .acquisition = kZxid, .reason = "r", .who = "w", .now = true});
  add("end_lock_delay",
      EndLockDelay{.path = "/a/lock", .since = kZxid, .acknowledged_by = SessionId(99)});
  add("epoch_begun", EpochBegun{.leader = ServerId(3)});
  add("create", Create{.path = "/a/b",
                       .contents = "hello",
                       .kind = NodeKind::kEphemeral,
                       .sequential = true,
                       .create_parents = true});
  add("remove", Remove{.path = "/a/b", .conditions = sample_conditions(), .owner = OwnerId(5)});
  add("set_contents",
      SetContents{.path = "/a/b", .contents = "hello", .conditions = sample_conditions()});
  add("multi", sample_multi());
  samples.emplace_back("command guarded", command_of(node("/a/b")));
  samples.back().second.guard = sample_sequencer();
  return samples;
}

std::vector<std::pair<std::string, Reply>> sample_replies() {
  return {{"reply error", sample_error()},
          {"reply session_opened",
           SessionOpened{.session = SessionId(99), .lease_ms = 12'000, .previous_closed = true}},
          {"reply done", Done{}},
          {"reply killed", Killed{.killed = true}},
          {"reply broken", Broken{.broken = {sample_party()}, .delay_ms = 12'000}},
          {"reply granted", Granted{.sequencer = sample_sequencer(), .lock_delay_ms = 2000}},
          {"reply waiting", Waiting{.ahead = 3}},
          {"reply wait_cancelled", WaitCancelled{}},
          {"reply created", Created{.path = "/a/b-0000000001", .stat = sample_stat()}},
          {"reply removed", Removed{}},
          {"reply contents_set", ContentsSet{.stat = sample_stat()}},
          {"reply multi_done",
           MultiDone{.results = {Created{.path = "/x", .stat = sample_stat()}, Removed{},
                                 ContentsSet{.stat = sample_stat()}, Checked{.stat = sample_stat()},
                                 Checked{.stat = std::nullopt}}}},
          {"reply multi_failed", MultiFailed{.index = 2, .error = sample_error()}}};
}

}  // namespace holdfast::state
