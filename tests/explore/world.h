#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "tests/explore/cell.h"
#include "tests/explore/mix.h"
#include "tests/sim/checkers.h"
#include "tests/sim/coverage.h"

namespace holdfast::explore {

// How a cell moves. The cores are values and their steps are functions, so each step of one replica
// is taken once, by the real core under the real checkers, and known from then on, whatever the
// rest of the cell looks like. What the checkers add to it depends on what they remember and on the
// disks of the others, and is known by those.
class World {
 public:
  enum class Symmetry { kOff, kOn };

  World(const Setup& setup, Symmetry symmetry);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // All replicas are down; their disks are provisioned and remember that they accepted these
  // epochs.
  Cell down(const std::array<std::uint32_t, kVoters>& accepted);

  // Everything that may happen next, within the budget.
  void list_actions(const Cell& cell, std::vector<Action>& actions) const;
  Cell perform(const Cell& cell, const Action& action) { return perform(cell, action, nullptr); }
  // The same by the real core anew, with somebody who looks on.
  Cell perform(const Cell& cell, const Action& action, sim::Witness* witness);
  const std::optional<sim::Violation>& violation(const Cell& cell) const {
    return minds_.at(cell.mind).violation();
  }

  // What each replica is given by the action, in order.
  struct Part {
    std::uint8_t at = 0;
    Input input;
  };
  std::vector<Part> inputs(const Cell& cell, const Action& action);

  // Equal for equal cells, and for cells that differ only by an exchange of replicas.
  std::uint64_t fingerprint(const Cell& cell) const;

  const Nodes& nodes() const { return nodes_; }
  const Links& links() const { return links_; }
  const Minds& minds() const { return minds_; }
  MessagePool& pool() { return pool_; }
  std::size_t steps() const { return steps_.size(); }
  std::size_t judgements() const { return judgements_; }
  // Of the different steps of single replicas.
  const sim::Coverage& coverage() const { return coverage_; }

 private:
  using StepId = std::uint32_t;
  struct Step {
    Input input;
    NodeId after = 0;
    std::vector<Said> said;
    std::array<bool, kVoters> touches{};  // The links with this peer.
  };
  struct Taken {
    StepId step = 0;
    MindId mind = 0;
  };

  Part part_of(const Cell& cell, const Action& action) const;
  Part accept_of(const Cell& cell, const Action& follow) const;
  const OpenEnd& end_of(const Cell& cell, const Action& action) const;
  Cell perform(const Cell& cell, const Part& part, sim::Witness* witness);
  Taken take(const Cell& cell, const Part& part);
  Taken take_anew(const Cell& cell, const Part& part, sim::Witness* also);
  void add_step(const Input& input, const Node& after, std::vector<Said> said);
  void update_links(Cell& cell, std::uint8_t at, StepId step);
  std::optional<MindId> known_judgement(const Cell& cell, std::uint8_t at, StepId step) const;
  Key disks_of_others(const Cell& cell, std::uint8_t at, StepId step) const;
  void list_own(const Cell& cell, std::uint8_t at, std::vector<Action>& actions) const;
  void list_crashes(const Nodes::Facts& facts, std::uint8_t at, std::vector<Action>& actions) const;
  void list_arrivals(const Cell& cell, std::uint8_t at, std::vector<Action>& actions) const;

  Setup setup_;
  std::size_t exchanges_;
  MessagePool pool_;
  Nodes nodes_;
  Links links_;
  Minds minds_;
  sim::Coverage coverage_;
  std::vector<Step> steps_;
  std::size_t judgements_ = 0;
  boost::unordered_flat_map<Key, StepId> step_ids_;
  boost::unordered_flat_map<Key, LinkId> changed_;
  // By mind and step; nothing where the disks of the others were looked at, and count.
  boost::unordered_flat_map<std::uint64_t, std::optional<MindId>> judged_alone_;
  boost::unordered_flat_map<Key, MindId> judged_;
};

}  // namespace holdfast::explore
