#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "client/recipes/followed.h"
#include "client/session.h"
#include "client/session_ref.h"

namespace holdfast::client {

// Who leads, and what he has proclaimed: nothing until he has.
struct Leader {
  LockParty party{};
  Zxid generation{};  // Grows with every leader, for ever.
  std::optional<std::string> value{};

  bool operator==(const Leader&) const = default;
};

struct CampaignOptions {
  std::optional<std::string> value{};  // Proclaimed as soon as it leads.
  // How long to stand in the queue: 0 for not at all, no value for without limit.
  std::optional<Milliseconds> wait{};
  // The call answers within this time whatever happens, at the latest with TIMEOUT; absent as in
  // AcquireOptions. What it may still be granted is given back.
  std::optional<Milliseconds> timeout{};
  Milliseconds lock_delay{0};  // As in AcquireOptions, as are the following.
  std::string description{};
  std::stop_token stop{};
  bool lost_at_jeopardy = false;
  std::function<void(std::size_t waiters_ahead)> on_waiting{};
  // Absent: one of its own, so that every campaign is a candidate of its own, whatever thread makes
  // it. Give this_thread_owner() to have circles found of threads that wait for each other.
  std::optional<OwnerId> owner{};
};

// A leader election: one of many candidates leads, the others stand in a queue in the order in
// which they came.
//
//   hf::Election election(session, "/svc/leader");
//   auto lead = election.campaign({.value = "10.0.0.3:80"});
//   if (!lead) return fail(lead.error());
//   lead->on_lost([](const hf::Loss&) { … });
//   while (lead->held() && work_is_left()) step(lead->sequencer());
//   election.resign(*lead);
//
// It is an exclusive lock, whose node's contents are what its holder proclaims. A value counts
// while that lock is held and if it was written after it was acquired. The command `holdfast elect`
// and the Python package do the same, so that their candidates and these exclude one another.
//
// Leadership is a LockGuard: it stays through lost connections and leader changes of the cell,
// tells jeopardy and loss, and its sequencer lets servers refuse a leader who was overtaken. It
// ends with resign(), the guard's destruction, loss, or the session; then the next in the queue
// leads.
//
// May be copied; asked by any thread; does not keep the session open.
class Election {
 public:
  // The node is made by the first candidate, with its parents, and stays.
  Election(Session& session, std::string path)
      : session_(detail::SessionRef::of(session)), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // Stands in the queue until it leads, and then proclaims the value, if there is one; if that
  // fails, resigns and answers why. Else the errors of Session::acquire.
  Outcome<LockGuard> campaign(CampaignOptions options);
  // The form on which the other is made; `done` is called on the dispatcher.
  void campaign(CampaignOptions options, std::function<void(Outcome<LockGuard>)> done);

  // Writes what those see who observe. STALE_SEQUENCER if it does not lead any more. A TIMEOUT with
  // outcome_pending may have been written, or be yet, but only while this guard leads.
  Outcome<Written> proclaim(const LockGuard& leadership, std::string value);
  Outcome<Written> proclaim(const LockGuard& leadership, std::string value,
                            const CallOptions& options);
  void proclaim(const LockGuard& leadership, std::string value, const CallOptions& options,
                std::function<void(Outcome<Written>)> done);

  // The next candidate leads. NOT_HELD if it did not lead any more. As LockGuard::release().
  Outcome<Released> resign(LockGuard& leadership);
  Outcome<Released> resign(LockGuard& leadership, const CallOptions& options);
  void resign(LockGuard& leadership, const CallOptions& options,
              std::function<void(Outcome<Released>)> done);

  // Who leads at this moment; nothing if nobody does.
  Outcome<std::optional<Leader>> leader();
  Outcome<std::optional<Leader>> leader(const CallOptions& options);
  void leader(const CallOptions& options, std::function<void(Outcome<std::optional<Leader>>)> done);

  // Who leads now, and then whenever that or his value changes. `on_change` may be empty; it is
  // called on the dispatcher with each state, the first included, and must not throw. Between two
  // leaders there may be a state without one, or not.
  using Observation = Followed<std::optional<Leader>>;
  Outcome<Observation> observe(std::function<void(const std::optional<Leader>&)> on_change);
  void observe(std::function<void(const std::optional<Leader>&)> on_change,
               std::function<void(Outcome<Observation>)> done);

 private:
  detail::SessionRef session_;
  std::string path_;
};

extern template class Followed<std::optional<Leader>>;

}  // namespace holdfast::client
