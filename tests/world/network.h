#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/world/scheduler.h"
#include "tests/world/story.h"
#include "zab/base/ids.h"
#include "zab/base/random.h"

namespace holdfast::world {

// Replicas come first, clients after them.
using MachineId = StrongId<struct MachineTag, std::uint32_t>;  // From 1.
// One end of a connection.
using EndId = StrongId<struct EndTag>;
enum class Port { kPeer, kClient };

// Where clients are told to find a replica, and which one that is.
inline std::string client_address(std::uint64_t replica) {
  return "10.0.0." + std::to_string(replica) + ":1";
}
inline std::uint64_t replica_at(const std::string& client_address) {
  return std::stoul(client_address.substr(client_address.rfind('.') + 1));
}

// Who has an end.
class Listener {
 public:
  virtual void on_connected(EndId end) = 0;  // The connection asked for by dial() stands.
  virtual void on_bytes(EndId end, std::string_view bytes) = 0;
  enum class Gone { kRefused, kClosed };
  virtual void on_gone(EndId end, Gone why) = 0;  // By the other side, or broken.

 protected:
  ~Listener() = default;
};

// What the network asks of a machine.
class Machine {
 public:
  // Somebody connects: who takes it, or null when no process listens there.
  virtual Listener* accept(EndId end, MachineId from, Port port) = 0;
  // All that came at this moment has been given.
  virtual void on_input_done() = 0;

 protected:
  ~Machine() = default;
};

// Streams of bytes between machines, as TCP has them: in order and as a prefix. What crosses a cut
// link is held back until the link is healed; what is in flight on a broken connection is cut off
// at any byte.
class Network final : public Actor {
 public:
  struct Timing {
    SimTime delay_min = 0;
    SimTime delay_max = 0;
    std::uint32_t slow_per_mille = 0;  // Of all packets.
    SimTime slow_max = 0;
    std::uint32_t split_per_mille = 0;  // Of all writes: they arrive in two pieces.
  };

  Network(Scheduler& time, Story& story, Random dice) : time_(time), story_(story), dice_(dice) {}

  // All machines, before anything else. `machine` must outlive this.
  MachineId add(Machine& machine);
  void set_timing(const Timing& timing) { timing_ = timing; }

  struct Target {
    MachineId machine;
    Port port = Port::kPeer;
  };
  EndId dial(MachineId from, Target to, Listener& listener);
  void send(EndId from, std::string bytes);
  void close(EndId end);  // Its owner hears nothing of it any more.

  // Faults. A link is one direction.
  struct Link {
    MachineId from;
    MachineId to;
    auto operator<=>(const Link&) const = default;
  };
  void cut(Link link) { cuts_.insert(link); }
  void heal_all();
  void break_connection(EndId end);
  // The connections of now between machines; each by one of its ends.
  std::vector<EndId> connections() const;
  MachineId owner(EndId end) const { return at(end).owner; }

  void pause(MachineId machine) { machines_[machine.value - 1].asleep = true; }
  void resume(MachineId machine);
  // The process of the machine is gone with its connections. Silent: nobody is told, as when power
  // fails.
  enum class Death { kTold, kSilent };
  void die(MachineId machine, Death death);
  void start(MachineId machine);

 private:
  enum class Kind { kSyn, kAccept, kConnected, kRefused, kBytes, kGone };
  struct Item {
    SimTime due = 0;
    Kind kind = Kind::kBytes;
    std::string bytes;
  };
  enum class State { kConnecting, kOpen, kDead };
  struct End {
    MachineId owner;
    MachineId other;
    EndId peer;
    Port port = Port::kPeer;
    Listener* listener = nullptr;
    State state = State::kConnecting;
    bool deaf = false;      // Broken: what is sent is lost.
    bool orphaned = false;  // The other machine died in silence;
    bool asked = false;     // and has been sent something since.
    SimTime last_due = 0;
    std::deque<Item> inbox;
  };
  struct Place {
    Machine* machine = nullptr;
    bool asleep = false;
    bool dead_in_silence = false;
  };

  void on_wake(std::uint32_t what, std::uint64_t which) override;
  const End& at(EndId end) const { return ends_[end.value - 1]; }
  End& at(EndId end) { return ends_[end.value - 1]; }
  Place& place(MachineId machine) { return machines_[machine.value - 1]; }
  EndId make_end(MachineId owner, MachineId other, Port port);
  void retire(EndId end);
  SimTime delay();
  void push(EndId to, Kind kind, std::string bytes);
  void deliver(EndId end);
  void hand_over(EndId end, const Item& item);
  void take_syn(EndId end);
  void take_accept(EndId end);
  void cut_short(EndId end);
  void look_again();

  Scheduler& time_;
  Story& story_;
  Random dice_;
  Timing timing_;
  std::vector<Place> machines_;
  std::deque<End> ends_;
  std::set<EndId> live_;
  std::set<Link> cuts_;
};

}  // namespace holdfast::world
