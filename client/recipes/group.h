#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/recipes/followed.h"
#include "client/session.h"
#include "client/session_ref.h"

namespace holdfast::client {

namespace detail {
class MembershipState;
}

struct Member {
  std::string name{};
  std::string contents{};
  SessionId session{};  // In which it lives.
  Zxid instance{};      // Of its node: another for each joining.
  Zxid modified{};      // When its contents were last written.

  bool operator==(const Member&) const = default;
};

struct Members {
  Zxid zxid{};  // As of which these were there. Contents may be later, never earlier.
  std::vector<Member> members{};  // Ordered by the bytes of their names.
};

struct JoinOptions {
  std::string name{};      // One component of a path.
  std::string contents{};  // What the others see: an address, for instance.
  // The cell appends a number of ten digits to the name, so that it is never taken.
  bool numbered = false;
};

// The presence of one member. May be moved to and asked on any thread; one thread at a time, but
// for present().
class Membership {
 public:
  Membership() = default;  // Of no group; only to be assigned to.
  Membership(Membership&&) noexcept = default;
  Membership& operator=(Membership&& other) noexcept;
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership();  // Leaves, if that has not been done; does not wait for the answer.

  bool valid() const { return state_ != nullptr; }

  // The members below need a valid one.
  const std::string& path() const;  // Of its node.
  const std::string& name() const;  // With its number.
  Zxid instance() const;

  // True while, as far as is known, the others see it: from join() on, also in jeopardy. False from
  // leave(), when an operator has removed its node, and after the end of the session.
  bool present() const;
  // Called on the dispatcher, once, when it is not there any more although it has not left (at once
  // if it is so already). Replaces the one set before.
  void on_gone(std::function<void()> callback);

  // Writes its contents. NO_NODE or STALE_INSTANCE if it is not there any more.
  Outcome<Written> update(std::string contents);
  Outcome<Written> update(std::string contents, const CallOptions& options);
  void update(std::string contents, const CallOptions& options,
              std::function<void(Outcome<Written>)> done);

  // The others do not see it any more. NO_NODE or STALE_INSTANCE if it was not there any more.
  Outcome<Removed> leave();
  Outcome<Removed> leave(const CallOptions& options);
  void leave(const CallOptions& options, std::function<void(Outcome<Removed>)> done);

 private:
  friend class Group;
  explicit Membership(std::shared_ptr<detail::MembershipState> state) : state_(std::move(state)) {}

  std::shared_ptr<detail::MembershipState> state_;
};

// Who is there. A member is an ephemeral child of the group's node, so that it goes with its
// session: at once when that is closed, a lease later when its process has crashed. Other children
// do not count. A member stays through lost connections and leader changes of the cell.
//
//   hf::Group workers(session, "/svc/workers");
//   auto me = workers.join({.name = "web-3", .contents = "10.0.0.3:80"});
//   auto seen = workers.watch([](const hf::Members& now) { … });
//
// Members are for looking, not for excluding: one who has been cut off is listed until its lease
// ends, and one who is listed may have crashed. What only one may do, takes a lock.
//
// May be copied; asked by any thread; does not keep the session open.
class Group {
 public:
  // The node is made by the first who joins, with its parents, and stays.
  Group(Session& session, std::string path)
      : session_(detail::SessionRef::of(session)), path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // NODE_EXISTS: there is a member of that name; also the former self of a program that crashed and
  // came back before its lease was over, unless it names that session (SessionOptions::previous).
  Outcome<Membership> join(JoinOptions options);
  // The form on which the other is made; `done` is called on the dispatcher.
  void join(JoinOptions options, std::function<void(Outcome<Membership>)> done);

  // Who is there at this moment; nobody if there is no such group. One request for each 10,000
  // names, and one for each member to read its contents. `options` are of each single request.
  Outcome<Members> members();
  Outcome<Members> members(const CallOptions& options);
  void members(const CallOptions& options, std::function<void(Outcome<Members>)> done);

  // Who is there now, and then whenever somebody comes, goes or writes. Contents are read again
  // only of those that have changed. `on_change` may be empty; it is called on the dispatcher with
  // each state, the first included, and must not throw.
  Outcome<Followed<Members>> watch(std::function<void(const Members&)> on_change);
  void watch(std::function<void(const Members&)> on_change,
             std::function<void(Outcome<Followed<Members>>)> done);

 private:
  detail::SessionRef session_;
  std::string path_;
};

extern template class Followed<Members>;

}  // namespace holdfast::client
