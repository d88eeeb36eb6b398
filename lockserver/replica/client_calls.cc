// What clients may ask of a replica (replica.h), each as a call with its way through a lane.

#include <algorithm>
#include <utility>

#include "lockserver/replica/parts.h"
#include "zab/base/limits.h"

namespace holdfast::replica {

LaneId Replica::open_lane() {
  return parts_->clients.lanes.open();
}

void Replica::close_lane(LaneId lane) {
  ClientSide& clients = parts_->clients;
  Lanes::Closed closed = clients.lanes.close(lane);
  for (const CallId call : closed.calls) {
    parts_->take(call);
  }
  auto& turned_away = clients.turned_away;
  turned_away.erase(turned_away.lower_bound({lane, SessionId()}),
                    turned_away.lower_bound({lane.next(), SessionId()}));
  for (const SessionId session : closed.absent) {
    clients.hub.detach(session);
  }
}

void Replica::write(LaneId lane, const Terms& terms, state::Op op, Ticks max_hold_ms,
                    OnWritten done) {
  WriteCall write;
  write.command = std::make_unique<state::Command>();
  write.command->session = terms.session;
  write.command->request = terms.request;
  write.command->answered_below = terms.answered_below;
  write.command->guard = terms.guard;
  const auto* acquire = std::get_if<state::Acquire>(&op);
  if (acquire != nullptr && !terms.request.is_none()) {
    write.acquire = WriteCall::Acquire{acquire->path, acquire->owner, terms.request};
  }
  write.command->op = std::move(op);
  write.max_hold_ms = max_hold_ms;
  write.done = std::move(done);
  Call call;
  call.body = std::move(write);
  parts_->enter({lane, terms.session, Lanes::Kind::kWrite}, terms, std::move(call));
  parts_->drain_soon();
}

void Replica::open_session(LaneId lane, const Terms& terms, state::OpenSession op, OnWritten done) {
  Terms without_session = terms;
  without_session.session = SessionId();
  without_session.request = state::RequestNumber();
  write(lane, without_session, std::move(op), 0, std::move(done));
}

void Replica::resume_session(LaneId lane, const Terms& terms, const state::SecretHash& secret,
                             OnReadable done) {
  Parts& parts = *parts_;
  const SessionId session = terms.session;
  // Only who has the secret extends the lease. Where the session is not known here yet, the
  // client's first keep-alive does it.
  const bool fits = parts.machine.state.secret_fits(session, secret);
  ReadCall resume;
  resume.needs_barrier = true;
  resume.touched = fits ? session : SessionId();
  resume.refuse = [done](Facts facts, Refusal refusal) {
    done(ReadAnswer{facts, nullptr, std::move(refusal)});
  };
  resume.run = [&parts, session, secret, fits, done](CallId id) {
    std::optional<Refusal> refusal;
    const LaneId own_lane = parts.clients.calls.at(id).lane;
    if (parts.machine.living(session) == nullptr) {
      refusal = refuse_expired(session);
    } else if (!parts.machine.state.secret_fits(session, secret)) {
      refusal = refuse_wrong_secret(session);
    } else if (!parts.clients.lanes.bind(own_lane, session)) {
      refusal = refuse_limit({.name = "sessions_per_connection_max",
                              .limit = limits::kSessionsPerConnectionMax,
                              .actual = limits::kSessionsPerConnectionMax + 1});
    } else {
      parts.come_here(session);
    }
    parts.take(id);
    const bool extends = fits && !refusal;
    const Facts facts =
        extends ? parts.leased_facts(session, state::EventName()) : parts.facts(session);
    done(ReadAnswer{facts, refusal ? nullptr : &parts.machine.state, std::move(refusal)});
  };
  Call call;
  call.body = std::move(resume);
  parts.enter({lane, SessionId(), Lanes::Kind::kRead}, terms, std::move(call));
  parts.drain_soon();
}

void Replica::keep_alive(LaneId lane, const Terms& terms, const KeepAlive& keep_alive,
                         OnKeptAlive done) {
  Call call;
  call.body = KeepAliveCall{keep_alive, std::move(done)};
  // As a write it starts when what binds the session to the lane has been answered.
  parts_->enter({lane, terms.session, Lanes::Kind::kWrite}, terms, std::move(call));
  parts_->drain_soon();
}

void Replica::read(LaneId lane, const Terms& terms, Consistency consistency, OnReadable done) {
  Parts& parts = *parts_;
  const SessionId session = terms.session;
  ReadCall read;
  read.needs_barrier = consistency == Consistency::kLinearizable;
  read.refuse = [done](Facts facts, Refusal refusal) {
    done(ReadAnswer{facts, nullptr, std::move(refusal)});
  };
  read.run = [&parts, session, done](CallId id) {
    const Call call = parts.take(id);
    ReadAnswer answer{parts.facts(session), nullptr, parts.refuse_foreign(call.lane, session)};
    if (!answer.refusal) {
      answer.state = &parts.machine.state;
    }
    done(answer);
  };
  Call call;
  call.body = std::move(read);
  parts.enter({lane, session, Lanes::Kind::kRead}, terms, std::move(call));
  parts.drain_soon();
}

void Replica::watch(LaneId lane, const Terms& terms, const Watch& watch, OnWatched done) {
  Parts& parts = *parts_;
  ReadCall ask;
  ask.refuse = [done](Facts facts, Refusal refusal) {
    done(WatchAnswer{facts, Zxid(), std::move(refusal)});
  };
  ask.run = [&parts, session = terms.session, watch, done](CallId id) {
    const Call call = parts.take(id);
    done(parts.start_watch(call.lane, session, watch));
  };
  Call call;
  call.body = std::move(ask);
  parts.enter({lane, terms.session, Lanes::Kind::kRead}, terms, std::move(call));
  parts.drain_soon();
}

void Replica::unwatch(LaneId lane, const Terms& terms, std::uint64_t id, OnWatched done) {
  Parts& parts = *parts_;
  const SessionId session = terms.session;
  ReadCall ask;
  ask.refuse = [done](Facts facts, Refusal refusal) {
    done(WatchAnswer{facts, Zxid(), std::move(refusal)});
  };
  ask.run = [&parts, session, id, done](CallId call_id) {
    const Call call = parts.take(call_id);
    std::optional<Refusal> refusal =
        session.is_none() ? refuse_not_bound(session) : parts.refuse_foreign(call.lane, session);
    if (!refusal) {
      parts.clients.hub.unwatch(session, id);
    }
    done(WatchAnswer{parts.facts(session), parts.machine.state.applied(), std::move(refusal)});
  };
  Call call;
  call.body = std::move(ask);
  parts.enter({lane, session, Lanes::Kind::kRead}, terms, std::move(call));
  parts.drain_soon();
}

void Replica::Parts::drain_soon() {
  if (!world.soon) {
    drain();
  } else if (!std::exchange(will_drain, true)) {
    world.soon([this] {
      will_drain = false;
      drain();
    });
  }
}

// Nothing when the lane may speak for the session, or there is none.
std::optional<Refusal> Replica::Parts::refuse_foreign(LaneId lane, SessionId session) const {
  if (session.is_none()) {
    return std::nullopt;
  }
  if (!clients.lanes.is_bound(lane, session)) {
    return refuse_not_bound(session);
  }
  return has_ended(session) ? std::optional(refuse_expired(session)) : std::nullopt;
}

WatchAnswer Replica::Parts::start_watch(LaneId lane, SessionId session, const Watch& watch) {
  WatchAnswer answer;
  answer.refusal = session.is_none() ? refuse_not_bound(session) : refuse_foreign(lane, session);
  if (!answer.refusal) {
    const WatchHub::Started started = clients.hub.watch(session, watch, machine.state);
    answer.active_from = started.active_from;
    if (started.refused == WatchHub::Refused::kSessionFull) {
      answer.refusal = refuse_limit({.name = "watches_per_session_max",
                                     .limit = limits::kWatchesPerSessionMax,
                                     .actual = limits::kWatchesPerSessionMax + 1});
    } else if (started.refused) {
      answer.refusal = refuse_limit({.name = "watches_per_replica_max",
                                     .limit = limits::kWatchesPerReplicaMax,
                                     .actual = limits::kWatchesPerReplicaMax + 1});
    } else if (started.is_due) {
      wake_session(session);
    }
  }
  answer.facts = facts(session);
  return answer;
}

}  // namespace holdfast::replica
