#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/core.h"
#include "tests/world/beliefs.h"
#include "tests/world/call_check.h"
#include "tests/world/design.h"
#include "tests/world/event_book.h"
#include "tests/world/network.h"
#include "thrift/frame.h"

namespace holdfast::world {

class Client;

// What a client's process does all day, and what it is told by its session.
class Program {
 public:
  virtual void on_started(Client& client) = 0;
  virtual void on_opened(Client& client) = 0;
  virtual void on_think(Client& client) = 0;
  // A lock was granted, and not lost since.
  virtual void on_granted(Client& client, client::GuardId guard) = 0;
  virtual void on_hold_over(Client& client, client::GuardId guard) = 0;
  virtual void on_reply(Client& client, const std::string& path, const client::AnyReply& reply) = 0;
  virtual void on_over(Client& client) = 0;  // The session is.

 protected:
  ~Program() = default;
};

// A client's machine: its clock, and the process with the library's session core, which runs here
// as the library's runtime would run it.
class Client final : public Actor, public Machine, public Listener {
 public:
  struct World {
    Scheduler& time;
    Network& network;
    Story& story;
    Verdict& verdict;
    const Ledger& ledger;
    const LockBook& locks;
    Registers& registers;
    const EventBook& events;
    const Design& design;
    Program& program;
  };

  Client(std::uint64_t number, const World& world, Random dice);

  std::uint64_t number() const { return number_; }
  MachineId machine() const { return machine_; }
  std::string name() const { return "client " + std::to_string(number_); }
  Random& dice() { return dice_; }
  HostClock& clock() { return clock_; }

  // The process.
  void start();
  bool is_up() const { return process_ != nullptr; }
  void crash();
  void pause();
  void resume();
  bool is_open() const { return is_up() && process_->is_open; }
  const Beliefs& beliefs() const { return process_->beliefs; }
  CallCheck& calls() { return process_->calls; }
  std::size_t watches() const { return process_->watches.size(); }
  std::uint64_t run() const { return runs_; }

  // What the program asks for.
  client::CallId call(client::AnyRequest request, std::optional<Ticks> timeout_ms, Asked asked);
  void acquire(const client::AcquireAsk& ask);
  void release(client::GuardId guard);
  void withdraw(client::CallId call);
  void watch(client::WatchOptions options);
  void unwatch_one();
  void close();
  void think_in(SimTime after);
  void hold_for(client::GuardId guard, SimTime time);

  Listener* accept(EndId, MachineId, Port) override { return nullptr; }
  void on_input_done() override { settle(); }
  void on_connected(EndId end) override;
  void on_bytes(EndId end, std::string_view bytes) override;
  void on_gone(EndId end, Gone why) override;

 private:
  enum Wake : std::uint32_t { kTick, kThink, kHoldOver, kTold };
  struct Process {
    Process(client::CoreOptions options, const Beliefs::World& beliefs_world,
            const CallCheck::World& calls_world, const EventBook& events, Verdict& verdict,
            const std::string& who);
    client::Core core;
    Beliefs beliefs;
    CallCheck calls;
    WatchCheck watches;
    bool is_open = false;
    client::ConnectionId connection;
    EndId end;
    FrameReader reader;
    std::optional<SimTime> wake;  // The earliest that is arranged.
    std::map<client::CallId, client::WatchId> watch_calls;
    std::map<std::uint64_t, client::EventName> telling;
    std::uint64_t told = 0;
    std::vector<client::WatchId> standing;
    client::CallId closing;
  };

  void on_wake(std::uint32_t what, std::uint64_t which) override;
  void settle();
  void take_outputs();
  void arrange_wake();
  Ticks now() const { return clock_.now(); }
  void carry_out(client::Connect& output);
  void carry_out(client::Resolve& output);
  void carry_out(client::Disconnect& output);
  void carry_out(client::Send& output);
  void carry_out(client::Opened& output);
  void carry_out(client::OpenFailed& output);
  void carry_out(client::StateChanged& output);
  void carry_out(client::EventsCame& output);
  void carry_out(client::WatchEnded& output);
  void carry_out(client::Answered& output);
  template <typename Belief>
  void carry_out(Belief& output) {
    process_->beliefs.on(output);
  }
  void carry_out(client::Queued&) { world_.story.count("acquire queued"); }
  bool finish_watch(const client::Answered& output);
  void twist(client::AnyReply& reply);
  void twist(client::EventsCame& came);
  void end_process();

  std::uint64_t number_;
  World world_;
  Random dice_;
  HostClock clock_;
  MachineId machine_;
  std::uint64_t runs_ = 0;
  std::unique_ptr<Process> process_;
  bool over_ = false;  // The process is to end when its input is done.
};

}  // namespace holdfast::world
