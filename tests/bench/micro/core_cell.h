#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <variant>
#include <vector>

#include "zab/core.h"

namespace holdfast::micro {

// Three cores whose messages and disks are queues in memory; everything succeeds, and time stands
// still but while they elect. What it costs is what the cores cost, and a few moves.
class CoreCell {
 public:
  CoreCell();

  // Lets them elect a leader; false when none is established after some seconds of their time.
  bool elect();
  bool propose(SharedBytes payload);  // At the leader.
  // Carries out all that is queued: what was proposed is then committed and applied everywhere.
  void run();

  // The least of what they have applied.
  Zxid applied_everywhere() const;

 private:
  static constexpr std::size_t kReplicas = 3;

  struct Received {
    ConnId conn;
    zab::Message message;
  };
  struct Persisted {
    Token through;
  };
  struct Applied {
    Zxid through;
  };
  struct Dialled {
    DialId dial;
    ConnId conn;
  };
  struct Accepted {
    ConnId conn;
  };
  struct Event {
    std::size_t to = 0;
    std::variant<Received, zab::Notification, Persisted, Applied, Dialled, Accepted> what;
  };
  struct End {
    std::size_t replica = 0;
    ConnId other;
  };

  void take_from(std::size_t replica);
  void carry_out(std::size_t replica, zab::Output output);
  void connect(std::size_t from, const zab::Dial& dial);
  void give(Event event);
  bool find_leader();

  std::vector<zab::Core> cores_;
  std::size_t leader_ = 0;
  Ticks now_ = 1000;
  std::deque<Event> events_;
  std::vector<End> ends_;  // By the number of their connection.
};

}  // namespace holdfast::micro
