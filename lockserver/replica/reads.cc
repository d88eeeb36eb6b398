#include "lockserver/replica/reads.h"

#include <algorithm>
#include <utility>

namespace holdfast::replica {

void Reads::want(CallId call, SessionId touched) {
  waiting_of(touched.is_none() ? Kind::kPlain : Kind::kTouching).emplace(call, touched);
  is_urgent_ = is_urgent_ || !touched.is_none();
}

void Reads::want_some_time(CallId call, SessionId touched) {
  touching_.emplace(call, touched);
}

void Reads::hurry(CallId call) {
  is_urgent_ = is_urgent_ || touching_.contains(call);
}

void Reads::forget(CallId call) {
  touching_.erase(call);
  plain_.erase(call);
  for (auto& [tag, open] : open_) {
    open.calls.erase(call);
  }
}

std::optional<Reads::Barrier> Reads::begin(Kind kind, Zxid floor) {
  Calls calls = std::exchange(waiting_of(kind), {});
  is_urgent_ = is_urgent_ && kind != Kind::kTouching;
  if (calls.empty()) {
    return std::nullopt;
  }
  std::set<SessionId> touched;
  for (const auto& [call, session] : calls) {
    if (!session.is_none()) {
      touched.insert(session);
    }
  }
  open_.emplace(++newest_tag_, Open{kind, floor, std::move(calls)});
  return Barrier{newest_tag_, {touched.begin(), touched.end()}};
}

void Reads::put_back(std::uint64_t tag) {
  auto node = open_.extract(tag);
  if (!node.empty()) {
    waiting_of(node.mapped().kind).merge(node.mapped().calls);
    is_urgent_ = is_urgent_ || node.mapped().kind == Kind::kTouching;
  }
}

Reads::Confirmed Reads::confirm(std::uint64_t tag, Zxid zxid) {
  Confirmed confirmed{.calls = {}, .needed = zxid};
  auto node = open_.extract(tag);
  if (!node.empty()) {
    confirmed.needed = std::max(zxid, node.mapped().floor);
    for (const auto& [call, session] : node.mapped().calls) {
      confirmed.calls.push_back(call);
    }
  }
  return confirmed;
}

void Reads::on_stop_serving() {
  while (!open_.empty()) {
    put_back(open_.begin()->first);
  }
}

std::vector<CallId> Reads::waiting() const {
  std::vector<CallId> calls;
  for (const Calls* part : {&touching_, &plain_}) {
    for (const auto& [call, session] : *part) {
      calls.push_back(call);
    }
  }
  std::sort(calls.begin(), calls.end());
  return calls;
}

}  // namespace holdfast::replica
