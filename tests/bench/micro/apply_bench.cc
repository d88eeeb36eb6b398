#include <functional>
#include <string>

#include <benchmark/benchmark.h>

#include "lockserver/state/state_machine.h"
#include "tests/bench/micro/words.h"

// What applying one command of each kind costs, in a state of some thousand nodes and sessions.

namespace holdfast::micro {
namespace {

using state::Command;
using state::Effects;
using state::Error;
using state::Op;
using state::Reply;

constexpr int kNodes = 10'000;
constexpr int kSessions = 1'000;

// A state machine and what proposes to it.
class Cell {
 public:
  Cell() : machine_(state::StateLimits::defaults(), "00112233445566ff") {
    for (int i = 0; i < kSessions; ++i) session_ = open("client-" + std::to_string(i));
    for (int i = 0; i < kNodes; ++i) ask(create("/node-" + std::to_string(i)));
  }

  // The effects of a command; the outcome is counted when it is an error.
  Effects apply(Command command) {
    zxid_ = Zxid(zxid_.value + 1);
    now_ms_ += 1;
    command.stamp = {.cluster_ms = now_ms_, .wall_ms = now_ms_};
    Effects effects = machine_.apply(zxid_, command);
    if (const auto* error = std::get_if<Error>(&effects.reply)) failure_ = error->message;
    return effects;
  }

  // The next numbered request of a session, which has the answers of all earlier ones.
  void ask_as(SessionId session, std::uint64_t number, Op op) {
    Command command;
    command.session = session;
    command.request = state::RequestNumber(number);
    command.answered_below = state::RequestNumber(number);
    command.op = std::move(op);
    apply(std::move(command));
  }
  void ask(Op op) { ask_as(session_, ++number_, std::move(op)); }

  SessionId open(const std::string& name) {
    state::OpenSession op;
    op.secret.bytes = name + std::string(32 - name.size(), '.');
    op.lease_ms = 12'000;
    op.client_name = name;
    Command command;
    command.op = std::move(op);
    apply(std::move(command));
    return SessionId(zxid_.value);
  }

  static Op create(const std::string& path) {
    state::Create op;
    op.path = path;
    op.contents = std::string(kPayloadBytes, 'c');
    return op;
  }
  static Op remove(const std::string& path) {
    state::Remove op;
    op.path = path;
    return op;
  }
  static Op acquire(const std::string& path, std::int64_t wait_ms) {
    state::Acquire op;
    op.path = path;
    op.wait_ms = wait_ms;
    return op;
  }
  static Op release(const std::string& path) {
    state::Release op;
    op.path = path;
    return op;
  }

  SessionId session() const { return session_; }
  const state::StateMachine& machine() const { return machine_; }
  // Empty while no command has been refused.
  const std::string& failure() const { return failure_; }

 private:
  state::StateMachine machine_;
  Zxid zxid_{Epoch(1), 0};
  std::int64_t now_ms_ = 1000;
  SessionId session_;
  std::uint64_t number_ = 0;
  std::string failure_;
};

// Runs `step` with the numbers 0, 1, 2…; it applies `commands` commands each time.
void measure(benchmark::State& state, std::int64_t commands,
             const std::function<void(Cell& cell, std::int64_t number)>& step) {
  Cell cell;
  std::int64_t number = 0;
  for (auto _ : state) step(cell, number++);
  check(state, cell.failure().empty(), "a command was refused: " + cell.failure());
  check(state, cell.machine().audit());
  state.SetItemsProcessed(number * commands);
}

std::string some_node(std::int64_t number) {
  return "/node-" + std::to_string(number * 7919 % kNodes);
}

void apply_set_contents(benchmark::State& state) {
  measure(state, 1, [](Cell& cell, std::int64_t number) {
    state::SetContents op;
    op.path = some_node(number);
    op.contents = std::string(kPayloadBytes, 'd');
    cell.ask(std::move(op));
  });
}
BENCHMARK(apply_set_contents)->Name("apply/set_contents");

void apply_create_remove(benchmark::State& state) {
  measure(state, 2, [](Cell& cell, std::int64_t) {
    cell.ask(Cell::create("/new"));
    cell.ask(Cell::remove("/new"));
  });
}
BENCHMARK(apply_create_remove)->Name("apply/create_remove");

void apply_acquire_release(benchmark::State& state) {
  measure(state, 2, [](Cell& cell, std::int64_t number) {
    cell.ask(Cell::acquire(some_node(number), 0));
    cell.ask(Cell::release(some_node(number)));
  });
}
BENCHMARK(apply_acquire_release)->Name("apply/acquire_release");

// Sixteen sessions wait for a lock; who holds it releases it and waits again.
void apply_hand_over(benchmark::State& state) {
  constexpr std::size_t kClients = 16;
  std::vector<SessionId> clients;
  std::vector<std::uint64_t> numbers(kClients, 0);
  measure(state, 2, [&](Cell& cell, std::int64_t turn) {
    if (clients.empty()) {
      for (std::size_t i = 0; i < kClients; ++i) {
        clients.push_back(cell.open("waiter-" + std::to_string(i)));
        cell.ask_as(clients[i], ++numbers[i], Cell::acquire("/node-1", -1));
      }
    }
    const std::size_t holder = static_cast<std::size_t>(turn) % kClients;
    cell.ask_as(clients[holder], ++numbers[holder], Cell::release("/node-1"));
    cell.ask_as(clients[holder], ++numbers[holder], Cell::acquire("/node-1", -1));
  });
}
BENCHMARK(apply_hand_over)->Name("apply/hand_over_among_16");

void apply_sessions(benchmark::State& state) {
  measure(state, 2, [](Cell& cell, std::int64_t number) {
    const SessionId session = cell.open("short-" + std::to_string(number));
    cell.ask_as(session, 1, state::CloseSession{});
  });
}
BENCHMARK(apply_sessions)->Name("apply/open_close_session");

void apply_multi(benchmark::State& state) {
  measure(state, 1, [](Cell& cell, std::int64_t number) {
    state::Multi op;
    for (int part = 0; part < 10; ++part) {
      state::SetContents set;
      set.path = some_node(number * 10 + part);
      set.contents = std::string(kPayloadBytes, 'm');
      op.ops.emplace_back(std::move(set));
    }
    cell.ask(std::move(op));
  });
}
BENCHMARK(apply_multi)->Name("apply/multi_of_10");

void image_load(benchmark::State& state) {
  const Cell cell;
  const std::vector<state::Write> image = cell.machine().image();
  for (auto _ : state) {
    state::StateMachine loaded(state::StateLimits::defaults(), "00112233445566ff");
    for (const state::Write& write : image) {
      if (!check(state, loaded.load(write.key, *write.value))) return;
    }
    if (!check(state, loaded.finish_load())) return;
    if (!check(state, loaded.applied() == cell.machine().applied(), "another state")) return;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(image.size()));
}
BENCHMARK(image_load)->Name("apply/load_image")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::micro
