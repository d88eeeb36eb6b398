#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "client/core_io.h"
#include "client/wire.h"

namespace holdfast::client {

// The one connection of a session: which requests are open on it, and whether it has gone silent.
class Link {
 public:
  // With a request outstanding that should be answered by now, a connection that says nothing is
  // asked for a sign of life this often, and left after this long.
  static constexpr Ticks kPingMs = 250;
  static constexpr Ticks kSilenceMaxMs = 1'000;
  static constexpr Ticks kConnectMaxMs = 1'000;

  enum class Phase {
    kIdle,        // Nothing is wanted.
    kPlanned,     // Connect at `attempt().at`.
    kConnecting,  // Given up after kConnectMaxMs.
    kBinding,     // The session is being opened or resumed on it.
    kReady,
  };
  enum class What { kCall, kBind, kKeepAlive, kWatch, kUnwatch, kClose, kPing };
  // An open request.
  struct Expected {
    What what = What::kPing;
    wire::Method method = 0;
    CallId call;    // kCall.
    WatchId watch;  // kWatch.
    Ticks sent_at = 0;
    Ticks patient_until = 0;  // Silence until then is as it should be.
    // Without its answer by then the connection is left, although pings are answered: a replica
    // that cannot bind a session or confirm a lease is of no use to it, another may be.
    std::optional<Ticks> leave_at;
  };

  Phase phase() const { return phase_; }
  bool is_ready() const { return phase_ == Phase::kReady; }
  ConnectionId connection() const { return connection_; }
  const std::string& address() const { return address_; }
  std::size_t open_requests() const { return expected_.size(); }
  bool expects(What what) const { return open_of_[static_cast<std::size_t>(what)] > 0; }

  void plan(std::string address, Ticks at);
  void begin_connect(Ticks now, ConnectionId connection);
  void on_connected(Ticks now);  // To kBinding.
  void on_bound() { phase_ = Phase::kReady; }
  void reset();  // To kIdle; what was open is forgotten.

  // Answers the request's sequence id.
  std::int32_t expect(const Expected& expected);
  // The request that a reply answers, which is open no more; none if there is no such.
  std::optional<Expected> take(std::int32_t sequence_id);
  void on_heard(Ticks now) { last_heard_ = now; }
  // Time has passed in which nobody listened: silence is counted from now.
  void on_pause(Ticks now);

  enum class Due { kNothing, kConnect, kPing, kLeave };
  Due due(Ticks now) const;
  void on_pinged(Ticks now) { last_ping_ = now; }
  std::optional<Ticks> wake_at() const;

 private:
  std::optional<Ticks> silent_since() const;  // None while silence is as it should be.

  Phase phase_ = Phase::kIdle;
  std::string address_;
  ConnectionId connection_;
  Ticks at_ = 0;  // kPlanned: when; kConnecting: since when.
  Ticks last_heard_ = 0;
  Ticks last_ping_ = 0;
  Ticks listens_until_ = 0;  // After a pause nothing counts as overdue before.
  std::int32_t last_sequence_id_ = 0;
  std::map<std::int32_t, Expected> expected_;
  std::multiset<Ticks> patience_;         // patient_until of each of those.
  std::multiset<Ticks> overdue_;          // leave_at of those that have one.
  std::array<std::size_t, 7> open_of_{};  // How many of each kind.
};

}  // namespace holdfast::client
