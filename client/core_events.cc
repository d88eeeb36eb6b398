#include <utility>

#include "client/core.h"
#include "zab/base/check.h"

namespace holdfast::client {
namespace {

// A keep-alive is held back for at most this share of the lease, so that at least half of it is
// left at any moment while the cell is well.
constexpr Ticks kWaitShareOfLease = 4;
// The replica's answer may come a little after the wait that was asked for.
constexpr Ticks kPatienceMs = 250;

}  // namespace

void Core::send_keep_alive() {
  const bool is_due = opening_ == Opening::kDone && link_.is_ready() &&
                      !link_.expects(Link::What::kKeepAlive) &&
                      now_ >= events_.next_keep_alive_at(now_);
  if (!is_due) return;
  const Ticks wait_ms = facts_.lease_ms / kWaitShareOfLease;
  const wire::Request request = wire::KeepAlive{.acknowledged = events_.acknowledgement(now_),
                                                .max_wait_ms = static_cast<std::int32_t>(wait_ms)};
  const std::int32_t sequence_id =
      link_.expect({.what = Link::What::kKeepAlive,
                    .method = request.index(),
                    .sent_at = now_,
                    .patient_until = now_ + wait_ms + kPatienceMs,
                    .leave_at = now_ + wait_ms + kPatienceMs + overdue_ms()});
  send(sequence_id, request, 0);
}

void Core::on_keep_alive_answer(const Link::Expected&, const wire::Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer.body)) {
    // TIMEOUT, LIMIT: another replica may do better, and the walk sees to the pauses.
    return leave(to_string(*error));
  }
  walk_.on_success();
  const auto& reply = std::get<wire::KeptAlive>(std::get<wire::Reply>(answer.body));
  const EventStream::Batch batch = events_.take_new(now_, answer.facts, reply, facts_.lease_ms);
  tell(batch.events, batch.through);
}

void Core::tell(const std::vector<Event>& events, EventName through) {
  if (events.empty()) return;
  EventsCame told{.through = through};
  for (const Event& event : events) {
    if (event.kind == EventKind::kLockLost) on_lock_lost(event);
    if (event.kind == EventKind::kEventsLost) doubt_everything();
    std::vector<WatchId> watches = watches_.of(event);
    if (!watches.empty()) told.events.push_back({.event = event, .watches = std::move(watches)});
  }
  put(std::move(told));
}

void Core::on_told(Ticks now, EventName through) {
  begin_input(now);
  events_.on_told(through);
  end_input();
}

Core::WatchCall Core::watch(Ticks now, WatchOptions options) {
  begin_input(now);
  newest_call_ = newest_call_.next();
  WatchCall made{.call = newest_call_};
  if (std::optional<Error> error = refusal()) {
    put(Answered{made.call, std::move(*error)});
  } else {
    options.path = short_path(options.path);
    made.watch = watches_.add(std::move(options), made.call);
  }
  end_input();
  return made;
}

void Core::unwatch(Ticks now, WatchId watch) {
  begin_input(now);
  if (watches_.find(watch) != nullptr) {
    const bool is_at_replica = watches_.is_made(watch) && link_.is_ready();
    watches_.erase(watch);
    if (is_at_replica) {
      const wire::Request request = wire::Unwatch{.watch_id = watch.value};
      send(expect(Link::What::kUnwatch, request.index()), request, 0);
    }
  }
  end_input();
}

void Core::send_watches() {
  while (const std::optional<WatchId> id = watches_.take_unmade()) {
    const wire::Request request = watches_.request(*id, events_.received());
    const std::int32_t sequence_id = link_.expect({.what = Link::What::kWatch,
                                                   .method = request.index(),
                                                   .watch = *id,
                                                   .sent_at = now_,
                                                   .patient_until = now_});
    send(sequence_id, request, 0);
  }
}

void Core::on_watch_answer(const Link::Expected& expected, const wire::Answer& answer) {
  WatchTable::Watch* watch = watches_.find(expected.watch);
  if (watch == nullptr) return;
  const CallId call = std::exchange(watch->call, CallId());
  if (const auto* error = std::get_if<Error>(&answer.body)) {
    if (error->code == ErrorCode::kTimeout && error->retryable) {
      watch->call = call;
      return leave(to_string(*error));
    }
    const Error told = *error;
    watches_.erase(expected.watch);
    if (call.is_none()) return put(WatchEnded{expected.watch, told});
    return put(Answered{call, told});
  }
  const Zxid active_from = std::get<wire::WatchSet>(std::get<wire::Reply>(answer.body)).active_from;
  // Made again, it begins where it did at first.
  if (watch->active_from.is_none()) watch->active_from = active_from;
  if (!call.is_none()) put(Answered{call, CallValue(WatchStarted{expected.watch, active_from})});
}

void Core::end_watches(const Error& error) {
  for (const auto& [id, watch] : watches_.all()) {
    if (watch.call.is_none()) {
      put(WatchEnded{id, error});
    } else {
      put(Answered{watch.call, error});
    }
  }
  watches_.clear();
}

}  // namespace holdfast::client
