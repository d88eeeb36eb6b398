#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/recipes/barrier.h"
#include "client/recipes/following.h"
#include "client/recipes/wait_end.h"
#include "client/session_ref.h"

namespace holdfast::client::detail {

// What stands below the node of a double barrier: places, in the order in which they were taken,
// and, while a round goes on, the node that says whose it is.
struct RoundView {
  struct Place {
    std::string name;
    Zxid instance;
    bool operator==(const Place&) const = default;
  };
  struct Round {
    Zxid instance;
    std::set<std::string> names;
    bool operator==(const Round&) const = default;
  };

  Zxid zxid;
  std::vector<Place> places;
  std::optional<Round> round;

  bool has_place(const std::string& name) const;
  bool has_any_of(const std::set<std::string>& names) const;
};

// One participant, from enter() to the end of leave().
class Participant : public std::enable_shared_from_this<Participant> {
 public:
  using Done = std::function<void(Outcome<BarrierMoved>)>;

  Participant(SessionRef session, std::string path, std::size_t count)
      : session_(std::move(session)), path_(std::move(path)), count_(count) {}

  const SessionRef& session() const { return session_; }
  void enter(EnterOptions options, Done done);
  void leave(const CallOptions& options, Done done);
  void drop();

 private:
  using View = Following<RoundView>;
  enum class Phase { kOutside, kEntering, kInside };

  View::Plan plan() const;
  void on_wait_end(std::size_t turn, ErrorCode why);
  void on_created(Outcome<Created> created);
  void on_view(const RoundView& view);
  void begin_round(const RoundView& view);
  void end_round(Zxid instance) const;
  void on_entered(const RoundView::Round& round);
  void fail(const Error& error);
  void give_up_place(const std::string& place) const;
  Done take_entering(Phase next, std::string& place);

  const SessionRef session_;
  const std::string path_;
  const std::size_t count_;

  std::mutex mutex_;  // For what follows.
  Phase phase_ = Phase::kOutside;
  std::size_t turn_ = 0;  // Of enter().
  Done entered_;
  std::string place_;  // The path; empty until it is made.
  std::shared_ptr<View> view_;
  std::unique_ptr<WaitEnd> wait_end_;
  std::optional<RoundView::Round> round_;  // Inside.
};

}  // namespace holdfast::client::detail
