#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "zab/base/ids.h"
#include "zab/base/random.h"
#include "zab/message.h"

namespace holdfast::sim {

// Simulated true time, in microseconds from the start of the run.
using SimTime = std::int64_t;
constexpr SimTime kMillisecond = 1000;

enum class Channel { kLeader, kElection };

// The network between the replicas of one cell. The leader channel is made of connections: what one
// side sends arrives at the other in order and as a prefix; the loss of a connection is noticed by
// each side for itself, and after a side has noticed it, it gets nothing more. The election channel
// loses, repeats and reorders. A cut link holds back whatever comes over it, as TCP does, until it
// is healed or somebody gives up.
class Network {
 public:
  // Of what is under way on a connection that is lost. All: until its loss is noticed.
  enum class Survives { kNothing, kPrefix, kAll };
  struct Timing {
    SimTime delay_min = 0;
    SimTime delay_max = 0;
    SimTime slow_max = 0;  // Delay of slow_per_mille of all packets.
    std::uint32_t slow_per_mille = 0;
    SimTime notice_max = 0;    // How long a side needs to notice a lost connection.
    SimTime dial_timeout = 0;  // After which an unanswered attempt to connect is given up.
    std::uint32_t notification_loss_per_mille = 0;
    std::uint32_t notification_repeat_per_mille = 0;
    Survives survives = Survives::kPrefix;
  };
  struct Link {
    ServerId from;
    ServerId to;
    auto operator<=>(const Link&) const = default;
  };

  // What can arrive at a replica.
  struct Packet {
    ConnId at;
  };  // The oldest message for this end of a connection.
  struct Accepted {
    ConnId at;
  };  // The acceptor learns of its connection.
  struct Lost {
    ConnId at;
  };  // This side notices that the connection is lost.
  struct Flight {
    std::size_t index;
  };  // The notification number `index` of those in flight.
  struct Dialled {
    std::size_t index;
    bool gave_up;
  };  // The outcome of attempt number `index` is due.
  struct Arrival {
    SimTime due = 0;
    ServerId to;  // Who will see it.
    std::variant<Packet, Accepted, Lost, Flight, Dialled> what;
  };

  // One end of a connection, as one of its two replicas has it.
  struct End {
    ConnId peer;
    ServerId owner;
    ServerId other;
    bool announced = true;  // The owner knows of it.
    SimTime announce_due = 0;
    struct Waiting {
      zab::Message message;
      SimTime due;
    };
    std::deque<Waiting> inbox;
    bool orphaned = false;  // The peer's end is gone; nothing can be sent.
    SimTime notice_due = 0;
  };
  struct Attempt {
    DialId dial;
    ServerId from;
    ServerId to;
    SimTime due = 0;
    SimTime give_up = 0;
  };
  struct InFlight {
    zab::Notification notification;
    ServerId to;
    SimTime due = 0;
  };

  Network(Random random, Timing timing) : random_(random), timing_(timing) {}
  void set_timing(Timing timing) { timing_ = timing; }

  // The earliest arrival over links that are not cut, at a replica that is not in `asleep`.
  std::optional<Arrival> earliest(const std::set<ServerId>& asleep) const;

  // Leader channel.
  void dial(Attempt attempt, SimTime now);  // Fills in the times.
  Attempt take_attempt(std::size_t index);
  // The attempt reached a listening process: both ends exist now; the dialler is told by the
  // caller, the acceptor later.
  ConnId connect(const Attempt& attempt, SimTime now);
  void announce(ConnId at);
  void send(ConnId from, zab::Message message, SimTime now);
  zab::Message take_message(ConnId at);
  // The owner closes its end: it gets nothing more, and the other side a prefix of what is under
  // way, then the loss.
  void close(ConnId at, SimTime now);
  // The loss has been noticed: the end is gone.
  void forget(ConnId at);
  // The connection breaks in the middle; each side keeps a prefix of what is under way to it.
  void break_connection(ConnId at, SimTime now);
  // The process of `server` died: its ends, attempts are gone. `silent`: no reset is sent, so
  // others do not notice by it.
  struct Death {
    ServerId server;
    bool silent = false;
  };
  void die(Death death, SimTime now);

  // Election channel.
  void notify(ServerId to, const zab::Notification& notification, SimTime now);
  InFlight take_notification(std::size_t index);
  void drop_notifications() { flights_.clear(); }

  void cut(Link link, Channel channel) { cuts(channel).insert(link); }
  void heal_all() {
    leader_cuts_.clear();
    election_cuts_.clear();
  }
  bool is_cut(Link link, Channel channel) const;
  bool has_cuts() const { return !leader_cuts_.empty() || !election_cuts_.empty(); }

  const std::map<ConnId, End>& ends() const { return ends_; }
  const std::vector<InFlight>& flights() const { return flights_; }
  const std::vector<Attempt>& attempts() const { return attempts_; }

 private:
  std::set<Link>& cuts(Channel channel) {
    return channel == Channel::kLeader ? leader_cuts_ : election_cuts_;
  }
  bool is_connected_link_cut(ServerId a, ServerId b) const;
  SimTime delay();
  void orphan(ConnId at, SimTime now, bool silent);
  void consider_end(Arrival& best, ConnId id, const End& end) const;
  void consider_attempt(Arrival& best, std::size_t index) const;

  Random random_;
  Timing timing_;
  std::uint64_t last_conn_ = 0;
  std::map<ConnId, End> ends_;
  std::vector<Attempt> attempts_;
  std::vector<InFlight> flights_;
  std::set<Link> leader_cuts_;
  std::set<Link> election_cuts_;
};

}  // namespace holdfast::sim
