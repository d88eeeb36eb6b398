#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "client/core_io.h"
#include "tests/world/design.h"
#include "tests/world/ledger.h"

namespace holdfast::world {

// All events of the committed history, in their order.
class EventBook final : public HistoryWitness {
 public:
  explicit EventBook(Story& story) : story_(story) {}
  void on_committed(const Committed& entry, const state::Command& command,
                    const Applied& effects) override;
  const std::vector<state::Event>& events() const { return events_; }
  // Null for a name that no event has.
  const state::Event* find(client::EventName name) const;
  // The place of the first event after `name`.
  std::size_t after(client::EventName name) const;

 private:
  Story& story_;
  std::vector<state::Event> events_;
};

// The watches of one session, as its program sees them: every event that concerns a watch from its
// beginning on, in order, once, and before anything that shows a later state.
class WatchCheck {
 public:
  WatchCheck(const EventBook& book, Verdict& verdict, std::string who)
      : book_(book), verdict_(verdict), who_(std::move(who)) {}

  void on_opened(SessionId session) { session_ = session; }
  void on_asked(client::WatchId watch, const client::WatchOptions& options);
  void on_started(client::WatchId watch, Zxid active_from);
  void on_ended(client::WatchId watch) { watches_.erase(watch); }
  void on_told(const client::EventsCame& told);
  // The program was shown the state after `zxid`.
  void on_shown(Zxid zxid);
  std::size_t size() const { return watches_.size(); }

 private:
  struct Watch {
    client::WatchOptions options;
    Zxid active_from;  // None before it is known.
    std::set<client::EventName> told;
  };

  bool wants(const Watch& watch, const state::Event& event) const;
  void check_one(const client::EventTold& told);
  void check_told(client::WatchId id, const Watch& watch, const state::Event& event);
  void advance(client::EventName through);

  const EventBook& book_;
  Verdict& verdict_;
  std::string who_;
  SessionId session_;
  std::map<client::WatchId, Watch> watches_;
  std::size_t checked_ = 0;  // Of the book's events.
  client::EventName newest_told_;
  client::EventName lost_through_;
};

}  // namespace holdfast::world
