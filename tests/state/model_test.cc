#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/state/naive_model.h"
#include "tests/state/test_cell.h"
#include "zab/base/random.h"

// Random commands by seed on the naive model, on a machine, and on a twin that is now and then
// rebuilt from the image. HOLDFAST_SEED=n runs that seed alone.

namespace holdfast::state {
namespace {

constexpr std::uint64_t kSeedsPerTest = 40;
constexpr int kCommands = 300;

class Commands {
 public:
  // Every other seed is about contention: few locks, many waits, few ends.
  explicit Commands(std::uint64_t seed) : random_(seed), contention_(seed % 2 == 1) {}

  // The next command, made with an eye on the state so that much of it is not refused.
  Command next(const StateMachine& machine, Zxid zxid);
  // What the machine granted, for guards and checks.
  void learn(const Effects& effects);
  const std::vector<Sequencer>& sequencers() const { return sequencers_; }
  Random& random() { return random_; }

 private:
  bool chance(std::uint64_t percent) { return random_.chance(percent, 100); }
  template <typename T>
  T one_of(const std::vector<T>& choices) {
    return choices[random_.below(choices.size())];
  }
  std::string path() {
    if (contention_) return one_of<std::string>({"/a", "/b", "/c"});
    return one_of<std::string>(
        {"/a", "/b", "/a/x", "/a/y", "/a/x/deep", "/b/z", "/c", "/c/u", "bad"});
  }
  OwnerId owner() { return OwnerId(contention_ ? 1 + random_.below(2) : random_.below(3)); }
  Sequencer sequencer() {
    return sequencers_.empty() ? Sequencer{.path = "/a"} : one_of(sequencers_);
  }
  SessionId session(const StateMachine& machine);
  Command in_session(const StateMachine& machine);
  Op client_op();
  Op leader_op(const StateMachine& machine);
  Op open_session();
  Acquire acquire();
  Create create();
  Multi multi();
  Conditions conditions();

  Random random_;
  bool contention_;
  std::map<SessionId, std::uint64_t> numbers_;
  std::vector<Command> sent_;
  std::vector<Sequencer> sequencers_;
};

SessionId Commands::session(const StateMachine& machine) {
  const auto sessions = machine.sessions(SessionId(), 100);
  return sessions.empty() || chance(2) ? SessionId(1) : one_of(sessions).id;
}

Command Commands::next(const StateMachine& machine, Zxid) {
  if (machine.session_count() < 2 || chance(5)) {
    Command command;
    command.op = open_session();
    return command;
  }
  if (!sent_.empty() && chance(8)) return one_of(sent_);
  if (chance(contention_ ? 8 : 25)) {
    Command command;
    command.op = leader_op(machine);
    return command;
  }
  return in_session(machine);
}

Command Commands::in_session(const StateMachine& machine) {
  Command command;
  command.session = session(machine);
  const std::uint64_t number = ++numbers_[command.session];
  command.request = RequestNumber(number);
  if (chance(10)) command.answered_below = RequestNumber(random_.below(number + 1));
  if (chance(10)) command.guard = sequencer();
  command.op = client_op();
  sent_.push_back(command);
  if (sent_.size() > 30) sent_.erase(sent_.begin());
  return command;
}

Op Commands::open_session() {
  OpenSession open;
  open.secret = secret_of(one_of<std::string>({"1", "2", "3", "4", "5", "6"}));
  open.client_name = "client";
  open.lease_ms = one_of<std::int64_t>({0, 5, 3000});
  open.instance_name = one_of<std::string>({"", "service"});
  if (chance(40)) {
    open.previous =
        PreviousSession{.instance_name = one_of<std::string>({"", "service"}),
                        .secret = secret_of(one_of<std::string>({"1", "2", "3", "4", "5", "6"}))};
  }
  return open;
}

Op Commands::client_op() {
  const std::uint64_t dice = random_.below(100);
  if (dice < (contention_ ? 45 : 38)) return acquire();
  if (dice < 52) return Release{.path = path(), .owner = owner()};
  if (dice < 60) {
    CancelWait cancel;
    cancel.path = path();
    cancel.owner = owner();
    return cancel;
  }
  if (dice < 74) return create();
  if (dice < 82) {
    return Remove{.path = path(), .conditions = conditions(), .owner = owner()};
  }
  if (dice < 88) {
    return SetContents{.path = path(),
                       .contents = std::to_string(random_.below(1000)),
                       .conditions = conditions()};
  }
  if (dice < 96) return multi();
  if (dice < 97) return CloseSession{};
  BreakLock broken = breaking(path());
  broken.now = chance(30);
  return broken;
}

Op Commands::leader_op(const StateMachine& machine) {
  const std::uint64_t dice = random_.below(100);
  if (dice < 30) {
    const auto dues = machine.dues();
    if (!dues.empty()) return one_of(dues).op;
  }
  if (dice < 55) {
    const auto ops = machine.acknowledged(session(machine), machine.newest_event());
    if (!ops.empty()) return one_of(ops);
  }
  if (dice < 70) return ExpireSession{.session = session(machine)};
  if (dice < 78) {
    KillSession kill = killing(session(machine));
    kill.now = chance(30);
    return kill;
  }
  if (dice < 90) {
    BreakLock broken = breaking(one_of<std::string>({"/a", "/b", "/a/x", "/a/y", "/c"}));
    broken.now = chance(30);
    if (chance(20)) broken.acquisition = sequencer().acquisition;
    return broken;
  }
  if (dice < 95) return end_of_delay(path() == "bad" ? "/a" : "/b", Zxid(random_.below(500)));
  return EpochBegun{.leader = ServerId(1)};
}

Acquire Commands::acquire() {
  Acquire acquire;
  acquire.path = path();
  acquire.mode = one_of<LockMode>({LockMode::kExclusive, LockMode::kShared});
  acquire.wait_ms = one_of<std::int64_t>({0, -1, -1, 100});
  acquire.lock_delay_ms = one_of<std::int64_t>({0, 0, 1000, 9000});
  acquire.owner = owner();
  acquire.create = one_of<LockCreate>(
      {LockCreate::kNo, LockCreate::kPersistent, LockCreate::kUntilFree, LockCreate::kUntilFree});
  return acquire;
}

Create Commands::create() {
  Create create;
  create.path = path();
  create.contents = std::string(random_.below(4), 'x');
  create.kind = one_of<NodeKind>(
      {NodeKind::kPersistent, NodeKind::kEphemeral, NodeKind::kEphemeral, NodeKind::kUntilFree});
  if (!contention_ && chance(15)) {
    create.path = one_of<std::string>({"/e", "/e", "/e/child"});
    create.kind = NodeKind::kEphemeral;
  }
  create.sequential = chance(10);
  create.create_parents = chance(50);
  return create;
}

Conditions Commands::conditions() {
  Conditions conditions;
  if (chance(15)) conditions.content_generation = 1 + random_.below(2);
  if (chance(5)) conditions.instance = Zxid(random_.below(300));
  return conditions;
}

Multi Commands::multi() {
  Multi multi;
  const std::uint64_t count = random_.below(5);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t dice = random_.below(100);
    if (dice < 45) {
      multi.ops.emplace_back(create());
    } else if (dice < 65) {
      multi.ops.emplace_back(Remove{.path = path(), .conditions = {}, .owner = owner()});
    } else if (dice < 80) {
      multi.ops.emplace_back(SetContents{.path = path(), .contents = "m", .conditions = {}});
    } else if (dice < 90) {
      multi.ops.emplace_back(Check{.path = path(), .must_exist = chance(60), .conditions = {}});
    } else {
      multi.ops.emplace_back(CheckHeld{.sequencer = sequencer()});
    }
  }
  return multi;
}

void Commands::learn(const Effects& effects) {
  const auto take = [this](const Reply& reply) {
    if (const auto* granted = std::get_if<Granted>(&reply)) {
      sequencers_.push_back(granted->sequencer);
    }
  };
  take(effects.reply);
  for (const Outcome& outcome : effects.outcomes) take(outcome.reply);
  if (sequencers_.size() > 20) sequencers_.erase(sequencers_.begin());
}

template <typename T>
std::vector<std::string> sorted_texts(const std::vector<T>& list) {
  std::vector<std::string> texts;
  for (const T& element : list) texts.push_back(text_of(element));
  std::sort(texts.begin(), texts.end());
  return texts;
}

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed)
      : commands_(seed),
        machine_(StateLimits::defaults(), std::string(kCellPrefix)),
        twin_(StateLimits::defaults(), std::string(kCellPrefix)) {}

  // Kinds of replies met, each the first words of its text.
  const std::set<std::string>& met() const { return met_; }

  void run() {
    for (int i = 0; i < kCommands && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("command " + std::to_string(i));
      step();
    }
  }

 private:
  void step() {
    Command command = commands_.next(machine_, zxid_);
    now_ms_ += static_cast<std::int64_t>(commands_.random().below(200));
    command.stamp = {.cluster_ms = now_ms_, .wall_ms = now_ms_};
    zxid_ = std::holds_alternative<EpochBegun>(command.op) ? Zxid(zxid_.epoch().next(), 1)
                                                           : Zxid(zxid_.value + 1);
    const Effects effects = machine_.apply(zxid_, command);
    note(effects.reply);
    for (const Outcome& outcome : effects.outcomes) note(outcome.reply);
    const NaiveModel::Answer expected = model_.apply(zxid_, command);
    EXPECT_EQ(text_of(effects.reply), text_of(expected.reply));
    EXPECT_EQ(sorted_texts(effects.outcomes), sorted_texts(expected.outcomes));
    EXPECT_EQ(sorted_texts(effects.events), sorted_texts(expected.events));
    EXPECT_EQ(describe_state(machine_), model_.describe());
    EXPECT_TRUE(twin_.apply(zxid_, command) == effects) << "the twin has other effects";
    // The image is written now and then: what changed several times in between, or came and went,
    // must be right in it all the same.
    if (commands_.random().chance(1, 3)) replay(machine_.take_writes());
    commands_.learn(effects);
    for (const Sequencer& sequencer : commands_.sequencers()) {
      EXPECT_EQ(!machine_.check_sequencer(sequencer), model_.is_valid(sequencer));
    }
    check_soundness();
    if (commands_.random().chance(1, 25)) rebuild_twin();
  }

  void note(const Reply& reply) {
    if (const auto* failed = std::get_if<MultiFailed>(&reply)) note(failed->error);
    const std::string text = text_of(reply);
    const std::size_t words = text.starts_with("error") ? 6 : 0;
    met_.insert(text.substr(0, text.find(' ', words)));
  }

  void replay(const std::vector<Write>& writes) {
    std::string last;
    for (const Write& write : writes) {
      EXPECT_LT(last, write.key) << "keys ascend and come once";
      last = write.key;
      if (write.value) {
        image_[write.key] = *write.value;
      } else {
        image_.erase(write.key);
      }
    }
  }

  // LOCK and SESSION: what must hold of locks and sessions after every command.
  void check_soundness() {
    const Status sound = machine_.audit();
    EXPECT_TRUE(sound.ok()) << sound.message();
    for (const LockInfo& info : machine_.list_locks("/", "", 1000)) {
      std::size_t exclusive = 0;
      for (const LockParty& holder : info.holders) {
        exclusive += holder.mode == LockMode::kExclusive ? 1U : 0U;
        EXPECT_TRUE(machine_.session(holder.session));
        EXPECT_GE(holder.acquisition, info.generation);
        if (exclusive > 0) {
          EXPECT_EQ(holder.acquisition, info.generation);
        }
        // Nobody was granted it in a lock-delay window.
        if (info.delayed) {
          EXPECT_LT(holder.acquisition, info.delay_since);
        }
      }
      EXPECT_TRUE(exclusive == 0 || info.holders.size() == 1);
      Zxid& generation = generations_[info.path];
      EXPECT_GE(info.generation, info.holders.empty() ? Zxid() : generation);
      generation = std::max(generation, info.generation);
    }
  }

  void rebuild_twin() {
    replay(machine_.take_writes());
    std::map<std::string, std::string> whole;
    for (const Write& write : machine_.image()) whole[write.key] = *write.value;
    EXPECT_EQ(whole, image_);
    StateMachine rebuilt(StateLimits::defaults(), std::string(kCellPrefix));
    for (const auto& [key, value] : image_) {
      const Status status = rebuilt.load(key, value);
      ASSERT_TRUE(status.ok()) << status.message();
    }
    const Status status = rebuilt.finish_load();
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(rebuilt.image(), machine_.image());
    EXPECT_EQ(rebuilt.dues(), machine_.dues());
    twin_ = std::move(rebuilt);
  }

  std::set<std::string> met_;
  Commands commands_;
  NaiveModel model_;
  StateMachine machine_;
  StateMachine twin_;
  std::map<std::string, std::string> image_;
  std::map<std::string, Zxid> generations_;
  Zxid zxid_{Epoch(1), 0};
  std::int64_t now_ms_ = 0;
};

class Model : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Model, AgreesWithTheMachineAndItsTwin) {
  const char* only = std::getenv("HOLDFAST_SEED");
  std::set<std::string> met;
  for (std::uint64_t i = 0; i < kSeedsPerTest; ++i) {
    const std::uint64_t seed = GetParam() * kSeedsPerTest + i;
    if (only != nullptr && std::to_string(seed) != only) continue;
    SCOPED_TRACE("HOLDFAST_SEED=" + std::to_string(seed));
    ModelRun run(seed);
    run.run();
    met.insert(run.met().begin(), run.met().end());
    if (HasFailure()) return;
  }
  if (only != nullptr) return;
  // The dice reach everything that a command may be answered, but for limits.
  for (const char* kind :
       {"opened",   "done",     "killed",   "broken",   "granted",  "waiting",  "wait",
        "created",  "removed",  "set",      "multi",    "failed",   "error 1",  "error 2",
        "error 3",  "error 4",  "error 5",  "error 6",  "error 7",  "error 10", "error 11",
        "error 12", "error 13", "error 14", "error 15", "error 20", "error 30", "error 31"}) {
    EXPECT_TRUE(met.contains(kind)) << kind;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, testing::Range<std::uint64_t>(0, 6));

}  // namespace
}  // namespace holdfast::state
