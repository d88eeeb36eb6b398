#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/endpoint.h"
#include "zab/base/ids.h"
#include "zab/base/random.h"
#include "zab/base/status.h"

namespace holdfast::client {

// Which replica to try next, and when. A round goes once over all addresses that the endpoints
// stand for: by ascending priority, among equals at random by weight, the one that was tried last
// behind the others of its priority, further addresses of one place behind the first of each.
//
// Names and services are looked up anew at the beginning of every round. While something is known
// (an address that was written, an earlier answer) a round waits for the answers only kPatienceMs;
// late ones are taken into the round that is under way. An endpoint that cannot be looked up stands
// for what it stood for before.
//
// After a connection that was of use, the first attempt is made at once; further ones after a pause
// that doubles from 50 ms to 2 s, jittered down to its half, so that the clients of a cell that
// comes back do not come in step. A round without any address counts as an attempt.
class EndpointWalk {
 public:
  static constexpr Ticks kPatienceMs = 300;

  // The endpoints are valid, and at least one.
  EndpointWalk(const std::vector<std::string>& endpoints, Random random);

  struct Attempt {
    std::string address;
    Ticks at = 0;
  };
  // None while it has to wait for answers or for wake_at().
  std::optional<Attempt> next(Ticks now);
  // The endpoints to be looked up; each is answered once by on_found().
  std::vector<std::string> take_questions();
  void on_found(const std::string& endpoint, const Result<std::vector<Place>>& found);
  // When next() is to be called again after it answered nothing; none: after an answer.
  std::optional<Ticks> wake_at() const { return wake_at_; }

  // A replica named where the leader is: the next attempt goes there, once in a round. A name that
  // is none of those known is passed over.
  void hint(const std::string& leader);
  // The present connection was of use: the next attempt begins a new round.
  void on_success();

 private:
  struct Source {
    std::string text;
    bool is_asked_for = false;  // Not an address.
    bool is_open = false;       // Asked, and not answered yet.
    std::vector<Place> places;  // As last known.
  };

  bool knows_any() const;
  bool is_asking() const;
  void begin_round(Ticks now);
  void plan();
  std::vector<std::string> in_order(std::vector<const Place*> group);
  std::optional<std::string> take_hint();
  Ticks pause();

  std::vector<Source> sources_;
  Random random_;
  std::size_t attempts_ = 0;  // Since the last success.
  std::string last_;          // Tried last.
  std::vector<std::string> questions_;
  std::optional<Ticks> wake_at_;
  Ticks begin_at_ = 0;  // No round begins before.

  bool in_round_ = false;
  bool is_planned_ = false;
  Ticks patient_until_ = 0;
  std::set<std::string> tried_;    // In this round.
  std::deque<std::string> ahead_;  // In this round.
  std::optional<std::string> hint_;
  bool hint_used_ = false;  // In this round.
};

}  // namespace holdfast::client
