#include "tests/explore/story.h"

#include <utility>
#include <variant>

namespace holdfast::explore {
namespace {

class Teller : public sim::Witness {
 public:
  std::string take() { return std::exchange(text_, {}); }

  void on_input(const sim::Subject&) override {}
  void on_output(const sim::Subject& r, const zab::Output& output) override {
    // Elections are decided from outside, so nobody hears what is said about them.
    if (std::holds_alternative<zab::Notify>(output)) return;
    say(r, "-> " + zab::describe(output));
  }
  void on_message(const sim::Subject& r, ConnId at, const zab::Message& message) override {
    say(r, "<- [" + to_string(at) + "] " + zab::describe(message));
  }
  void on_disk(const sim::Subject& r, const zab::PersistOp& op) override {
    say(r, "disk: " + zab::describe(op));
  }
  void on_proposed(const sim::Subject& r, const zab::Entry& entry) override {
    say(r, "proposes " + to_string(entry.zxid));
  }
  void on_barrier(const sim::Subject& r, std::uint64_t tag) override {
    say(r, "is asked for read " + std::to_string(tag));
  }
  void on_applied(const sim::Subject& r) override {
    say(r, "has applied " + to_string(r.state().applied));
  }
  void on_start(const sim::Subject& r) override { say(r, "starts"); }

 private:
  void say(const sim::Subject& r, const std::string& what) {
    text_ += "      " + to_string(r.id()) + " " + what + "\n";
  }

  std::string text_;
};

}  // namespace

std::string tell(World& world, const Cell& start, const Schedule& schedule) {
  std::string out;
  Cell cell = start;
  Teller teller;
  for (std::size_t i = 0; i < schedule.actions.size(); ++i) {
    const Action& action = schedule.actions[i];
    out += std::to_string(i + 1) + ". " + describe(action) + "\n";
    if (schedule.aborts && i + 1 == schedule.actions.size()) break;
    cell = world.perform(cell, action, &teller);
    out += teller.take();
    if (const auto& violation = world.violation(cell)) {
      return out + "   " + violation->invariant + ": " + violation->facts + "\n";
    }
  }
  return out;
}

}  // namespace holdfast::explore
