#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/explore/preset.h"
#include "tests/explore/script.h"
#include "tests/explore/search.h"
#include "tests/explore/story.h"
#include "tests/zab/scenario/stage.h"
#include "zab/base/random.h"

// Small searches that go through to their end, and whether a search finds what is wrong.

namespace holdfast::explore {
namespace {

struct Found {
  Report report;
  std::string story;
};

struct Question {
  Preset preset;
  Mistake mistake = Mistake::kNone;
  World::Symmetry symmetry = World::Symmetry::kOn;
};

const Preset& preset(const std::string& name) {
  return *find_preset(name);
}

Found search(const Question& question) {
  const Preset& preset = question.preset;
  Setup setup = setup_for(preset);
  setup.mistake = question.mistake;
  World world(setup, question.symmetry);
  Prologue prologue(world, preset.accepted);
  preset.begin(prologue);
  const Cell start = prologue.cell(preset.budget);
  Search search(world, Limits{});
  Found found{.report = search.run(start, [](const Progress&) {}), .story = {}};
  if (found.report.violation) {
    found.story = tell(world, start, {.actions = found.report.path});
  }
  return found;
}

void expect_safe(const std::string& name) {
  const Found found = search({.preset = preset(name)});
  EXPECT_FALSE(found.report.violation.has_value()) << found.story;
  EXPECT_TRUE(found.report.is_complete);
  EXPECT_GT(found.report.states, 10'000U);
}

// Told again from the start, the schedule ends with the violation, and not before.
void expect_found(const Question& question, const std::string& invariant) {
  const Found found = search(question);
  ASSERT_TRUE(found.report.violation.has_value());
  EXPECT_EQ(found.report.violation->invariant, invariant) << found.story;
  EXPECT_EQ(found.report.path.size(), found.report.depth + 1);
  const std::string last = std::to_string(found.report.path.size()) + ". ";
  EXPECT_NE(found.story.find("\n" + last), std::string::npos) << found.story;
  EXPECT_NE(found.story.find(found.report.violation->facts), std::string::npos) << found.story;
}

// ---- searches to their end ----------------------------------------------------------------------

TEST(Explore, AnEmptyCellIsSafeInEveryState) {
  expect_safe("quick");
}

TEST(Explore, HistoriesThatDivergedTwiceAreBroughtTogetherSafely) {
  expect_safe("sync2");
}

TEST(Explore, AnImageBringsAReplicaUpToDateSafely) {
  expect_safe("image");
}

// ---- what a search finds ------------------------------------------------------------------------

TEST(ExploreFinds, ADiskThatForgets) {
  expect_found({.preset = preset("sync"), .mistake = Mistake::kDiskForgets}, "INITIAL-HISTORY");
}

// Replica 2 has made epoch 2 its own; replica 3, which would have led it, had written no more than
// its promise when it crashed.
void half_established(Prologue& prologue) {
  prologue.start_all();
  prologue.lead(2);
  prologue.follow(1, 2);
  prologue.deliver(2, 1);
  prologue.persist(2);
  prologue.run({1});
  prologue.deliver(2, 1);
  prologue.run({1});
  prologue.crash(2);
  prologue.notice(1, 2);
}

// ZOOKEEPER-1291, which random runs meet once in ten thousand. The core itself refuses to forget
// what is committed.
TEST(ExploreFinds, APromiseThatIsForgotten) {
  Preset begun{.accepted = {0, 1, 0}, .begin = half_established};
  begun.budget.set(Kind::kLead, 2);
  begun.budget.set(Kind::kPropose, 1);
  begun.budget.set(Kind::kTimeout, 1);
  expect_found({.preset = begun, .mistake = Mistake::kPromiseForgotten}, "NO-FATAL");
}

TEST(ExploreFinds, ADriverThatReportsTooEarly) {
  expect_found({.preset = preset("quick"), .mistake = Mistake::kReportsTooEarly},
               "DURABLE-BEFORE-SEND");
}

TEST(ExploreFinds, ANetworkThatAcknowledgesByItself) {
  expect_found({.preset = preset("quick"), .mistake = Mistake::kAcksForLearners}, "NO-BAD-MESSAGE");
}

TEST(ExploreFinds, ANetworkThatRepeats) {
  expect_found({.preset = preset("quick"), .mistake = Mistake::kNetworkRepeatsAcks},
               "NO-BAD-MESSAGE");
}

// What everybody can see of a replica.
std::string shown(const sim::Subject& replica) {
  const sim::Disk::Contents& disk = replica.disk().contents();
  std::string text = "disk accepted=" + to_string(disk.accepted) +
                     " current=" + to_string(disk.current) + " log " +
                     to_string(replica.disk().epochs()) +
                     " queued=" + std::to_string(replica.disk().queued().size());
  if (!replica.is_running()) return text + " down";
  const zab::CoreView& view = replica.view();
  return text + " role=" + to_string(view.role) + " leader=" + to_string(view.leader) +
         " last=" + to_string(view.last) + " durable=" + to_string(view.durable) +
         " committed=" + to_string(view.committed) + " applied=" + to_string(view.applied) +
         (view.established ? " established" : "") + (view.serving ? " serving" : "");
}

// ---- whether it can be believed -----------------------------------------------------------------

// What is known from earlier steps, and from replicas that came the same way to it under other
// names of connections, is what the replicas themselves would do.
TEST(ExploreItself, KnownStepsAreThoseOfTheReplicasThemselves) {
  const Preset& sync = preset("sync");
  World world(setup_for(sync), World::Symmetry::kOn);
  Prologue prologue(world, sync.accepted);
  sync.begin(prologue);
  Random random(7);
  std::vector<Action> actions;
  for (int run = 0; run < 300; ++run) {
    Cell cell = prologue.cell(sync.budget);
    std::vector<Node> own;
    for (const NodeId id : cell.nodes) own.push_back(world.nodes().at(id));
    for (int step = 0; step < 80; ++step) {
      world.list_actions(cell, actions);
      if (actions.empty()) break;
      const Action action = actions[random.below(actions.size())];
      for (const auto& [at, input] : world.inputs(cell, action)) {
        sim::Checkers ignored(kVoters);
        std::vector<const sim::Subject*> watched;
        for (const Node& node : own) watched.push_back(&node);
        ignored.watch(watched);
        own[at].take(input, world.pool(), ignored);
      }
      cell = world.perform(cell, action);
      for (std::size_t i = 0; i < kVoters; ++i) {
        ASSERT_EQ(own[i].hash(kAllNames[0]), world.nodes().facts(cell.nodes[i]).hash[0])
            << "run " << run << " step " << step << ": " << describe(action);
      }
    }
  }
}

// What is explored is what the simulator plays: a schedule written out as a scenario ends with the
// same disks, epochs and commit points there.
TEST(ExploreItself, ASchedulePlayedBySimulatedReplicasEndsTheSame) {
  Random random(11);
  std::vector<Action> possible;
  for (const char* name : {"quick", "sync", "sync2", "epoch"}) {
    const Preset& from = preset(name);
    World world(setup_for(from), World::Symmetry::kOn);
    Prologue prologue(world, from.accepted);
    from.begin(prologue);
    for (int run = 0; run < 30; ++run) {
      Cell cell = prologue.cell(from.budget);
      std::vector<Action> actions = prologue.actions();
      for (int step = 0; step < 60; ++step) {
        world.list_actions(cell, possible);
        if (possible.empty()) break;
        actions.push_back(possible[random.below(possible.size())]);
        cell = world.perform(cell, actions.back());
      }
      scenario::Stage stage;
      std::string played;
      for (const ScriptBlock& block : script_of(world, from, actions)) {
        for (const std::string& command : block.commands) {
          played += command + "\n" + stage.perform(command);
        }
      }
      ASSERT_FALSE(stage.cell().checkers().violation().has_value()) << played;
      for (std::size_t i = 0; i < kVoters; ++i) {
        const Node& node = world.nodes().at(cell.nodes[i]);
        const sim::Replica& replica = stage.cell().replica(node.id());
        EXPECT_EQ(shown(node), shown(replica)) << "run " << run << " of " << name << "\n" << played;
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(ExploreItself, SymmetryHidesNothing) {
  const Found with = search({.preset = preset("quick")});
  const Found without = search({.preset = preset("quick"), .symmetry = World::Symmetry::kOff});
  EXPECT_FALSE(without.report.violation.has_value()) << without.story;
  EXPECT_GT(without.report.states, 3 * with.report.states);
  EXPECT_LE(without.report.states, kExchanges * with.report.states);
  EXPECT_EQ(without.report.depth, with.report.depth);
  for (const World::Symmetry symmetry : {World::Symmetry::kOn, World::Symmetry::kOff}) {
    const Found found = search(
        {.preset = preset("quick"), .mistake = Mistake::kAcksForLearners, .symmetry = symmetry});
    EXPECT_EQ(found.report.depth, 11U) << found.story;
  }
}

TEST(ExploreItself, ActionsAreNumbersAndBack) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Action action{.kind = static_cast<Kind>(random.below(kKinds)),
                        .at = static_cast<std::uint8_t>(random.below(kVoters)),
                        .line = {.peer = static_cast<std::uint8_t>(random.below(kVoters)),
                                 .dialled = random.chance(1, 2),
                                 .rank = static_cast<std::uint8_t>(random.below(32))},
                        .keep = static_cast<std::uint8_t>(random.below(256)),
                        .torn = static_cast<std::uint8_t>(random.below(256))};
    EXPECT_EQ(unpack(pack(action)), action);
  }
}

TEST(ExploreItself, EveryPresetBeginsInASafeState) {
  for (const Preset& preset : presets()) {
    World world(setup_for(preset), World::Symmetry::kOn);
    Prologue prologue(world, preset.accepted);
    preset.begin(prologue);
    std::vector<Action> actions;
    world.list_actions(prologue.cell(preset.budget), actions);
    EXPECT_FALSE(actions.empty()) << preset.name;
  }
}

}  // namespace
}  // namespace holdfast::explore
