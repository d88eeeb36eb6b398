#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/replica/cell.h"

namespace holdfast::replica::testing {

// Of sessions that are to outlive what happens, and of those that are to end soon.
inline constexpr Ticks kLease = 12'000;
inline constexpr Ticks kShortLease = 2'000;

// What became of a call; filled in when it is answered.
template <typename Answer>
using Soon =
    std::shared_ptr<std::vector<Answer>>;  // Empty or one; more would be a bug that tests look for.

struct ReadResult {
  Facts facts;
  std::optional<std::string> contents;  // Of the node asked for, if it exists.
  std::optional<Refusal> refusal;
};

// A client of one replica: one connection, at most one session, numbers of its own. Calls are only
// sent; a test lets the cell go on and then looks at what has come.
class Client {
 public:
  Client(Cell& cell, int at);

  // Another connection, to this replica; the old one is closed first when its process is there.
  void move_to(int at);
  void disconnect();
  int at() const { return at_; }
  LaneId lane() const { return lane_; }

  // Opens a session with this lease; waits for it.
  void open(Ticks lease_ms);
  // Takes the session to the connection of now; waits.
  ReadResult resume();

  Soon<WriteAnswer> send(state::Op op);
  // Under a number of before.
  Soon<WriteAnswer> repeat(std::uint64_t number, state::Op op, Ticks max_hold_ms);
  Soon<WriteAnswer> acquire(const std::string& path, Ticks wait_ms, Ticks max_hold_ms);
  Soon<ReadResult> read(const std::string& path, Consistency consistency);
  Soon<KeepAliveAnswer> keep_alive(state::EventName acknowledged, Ticks max_wait_ms);
  Soon<WatchAnswer> watch(const Watch& watch);

  SessionId session() const { return session_; }
  void set_session(SessionId session) { session_ = session; }
  std::uint64_t newest_number() const { return number_; }
  state::SecretHash secret() const { return secret_; }
  void set_secret(const state::SecretHash& secret) { secret_ = secret; }

  Ticks timeout_ms = 10'000;
  Zxid last_seen;
  state::RequestNumber answered_below;

 private:
  Terms terms() const;

  Cell& cell_;
  int at_ = 0;
  std::uint64_t incarnation_ = 0;  // Of the process that the lane belongs to.
  LaneId lane_;
  SessionId session_;
  state::SecretHash secret_;
  std::uint64_t number_ = 0;
};

// What a call was answered, for comparisons: "ok", "granted", "waiting", "contents x", or an
// error's name.
std::string outcome(const Soon<WriteAnswer>& answer);
std::string outcome(const Soon<ReadResult>& answer);
std::string outcome(const Soon<KeepAliveAnswer>& answer);
std::string name_of(state::ErrorCode code);

state::Create create(const std::string& path, const std::string& contents);
state::SetContents set(const std::string& path, const std::string& contents);

}  // namespace holdfast::replica::testing
