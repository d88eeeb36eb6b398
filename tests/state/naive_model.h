#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lockserver/state/command.h"
#include "lockserver/state/effects.h"
#include "lockserver/state/reply.h"
#include "lockserver/state/state_machine.h"

namespace holdfast::state {

// The lock service as one would explain it: flat lists that are searched from end to end, and a
// copy of everything where a command may have to be taken back. Without limits. What is compared
// with the machine is compared as text.
class NaiveModel {
 public:
  struct Answer {
    Reply reply;
    std::vector<Outcome> outcomes;
    std::vector<Event> events;
  };
  Answer apply(Zxid zxid, const Command& command);

  // The whole state, one line a thing.
  std::vector<std::string> describe() const;
  bool is_valid(const Sequencer& sequencer) const;

 private:
  struct NaiveNode {
    Zxid instance;
    std::uint64_t content_generation = 1;
    std::uint64_t child_generation = 0;
    Zxid lock_generation;
    std::uint64_t next_sequence = 0;
    std::string contents;
    NodeKind kind = NodeKind::kPersistent;
    SessionId owner;
    bool used = false;  // Has had a child, a holder, a waiter or a delay.
  };
  struct Request {
    std::string path;
    Zxid asked;
    SessionId session;
    OwnerId owner;
    RequestNumber number;
    LockMode mode = LockMode::kExclusive;
    std::int64_t wait_ms = 0;
    std::int64_t lock_delay_ms = 0;
    std::int64_t asked_at = 0;
    Zxid acquisition;
    bool holds() const { return !acquisition.is_none(); }
  };
  struct Delay {
    std::string path;
    Zxid since;
    SessionId session;
    SecretHash secret;
    std::int64_t delay_ms = 0;
    std::int64_t began = 0;
    bool ends_by_acknowledgement = false;
  };
  struct NaiveSession {
    SecretHash secret;
    std::string instance_name;
    std::int64_t lease_ms = 0;
    bool previous_closed = false;
    bool killed = false;
    std::uint64_t answered_below = 0;
    std::map<std::uint64_t, Reply> results;
  };
  struct World {
    std::map<std::string, NaiveNode> nodes{{"/", {}}};
    std::vector<Request> requests;  // In the order in which they asked.
    std::vector<Delay> delays;
    std::map<SessionId, NaiveSession> sessions;
    std::int64_t epoch_began = 0;
  };
  enum class Loss { kNow, kLockDelay, kUntilAcknowledged };

  Reply answer();
  Reply answer_in_session();
  Reply carry_out();

  Reply on(const OpenSession& op);
  Reply on(const CloseSession& op);
  Reply on(const ExpireSession& op);
  Reply on(const KillSession& op);
  Reply on(const Acquire& op);
  Reply on(const CancelWait& op);
  Reply on(const Release& op);
  Reply on(const BreakLock& op);
  Reply on(const EndLockDelay& op);
  Reply on(const EpochBegun& op);
  Reply on(const Create& op);
  Reply on(const Remove& op);
  Reply on(const SetContents& op);
  Reply on(const Multi& op);
  Reply on(const Check& op);
  Reply on(const CheckHeld& op);

  Reply ask(const Acquire& op);
  std::optional<Error> add_node(const std::string& path, NaiveNode node);
  std::optional<Error> add_parents(const std::string& path);
  void delete_node(const std::string& path);
  void end_session(SessionId id, std::optional<Loss> loss);
  void end_request(const Request& request, const Error& error);
  void lose(const Request& request, Loss loss);
  void release(const Request& request);
  void erase_request(const Request& request);
  void settle();
  bool grant_first(const std::string& path);
  void tell_conflict(const std::string& path, const std::vector<SessionId>& to);
  bool vanish_one();

  Request* find_request(SessionId session, OwnerId owner, const std::string& path);
  std::vector<Request> requests_at(const std::string& path, bool holds) const;
  bool is_delayed(const std::string& path) const;
  bool has_children(const std::string& path) const;
  bool would_deadlock(const Request& wait) const;
  Reply state_of(const Acquire& op);
  Stat stat_of(const std::string& path) const;
  Granted granted(const Request& request) const;
  Error held_error(const std::string& path) const;
  Error delayed_error(const std::string& path) const;
  std::int64_t end_of(const Delay& delay) const;
  void emit(EventKind kind, const std::string& path, const std::string& child);
  void emit_lock(EventKind kind, const Request& request, SessionId to);

  World world_;
  // Of the command at hand.
  Zxid zxid_;
  std::int64_t now_ = 0;
  const Command* command_ = nullptr;
  std::vector<std::string> created_;
  std::vector<std::string> removed_;
  Answer answer_;
};

// The same lines as NaiveModel::describe.
std::vector<std::string> describe_state(const StateMachine& machine);

// Those facts of a reply that the model knows.
std::string text_of(const Reply& reply);
std::string text_of(const Outcome& outcome);
std::string text_of(const Event& event);

}  // namespace holdfast::state
