#include "client/event_stream.h"

#include <algorithm>
#include <utility>

namespace holdfast::client {

EventStream::Batch EventStream::take_new(Ticks now, const wire::Facts& facts,
                                         const wire::KeptAlive& reply, Ticks lease_ms) {
  Batch batch;
  EventName last = received_;
  for (const Event& event : reply.events) {
    if (event.name <= last) continue;
    last = event.name;
    batch.events.push_back(event);
  }
  received_ = std::max(last, reply.delivered_through);
  batch.through = received_;
  untold_ += batch.events.size();
  if (untold_ == 0) {
    told_ = received_;
  } else {
    telling_until_ = now + lease_ms / kTellingShareOfLease;
  }
  // The replica has nothing more for this session as of that position. An earlier reply may have
  // promised an event that no watch wants any more: it does not come, and nobody waits for it.
  if (!reply.more && facts.events_through <= received_) {
    for (Held& held : held_) {
      if (held.zxid <= facts.zxid) held.need = {};
    }
  }
  return batch;
}

void EventStream::on_told(EventName through) {
  told_ = std::max(told_, through);
  if (told_ >= received_) {
    told_ = received_;
    untold_ = 0;
  }
}

EventName EventStream::acknowledgement(Ticks now) const {
  const bool late = now >= telling_until_ && untold_ < kUntoldMax;
  return late ? received_ : std::min(told_, received_);
}

Ticks EventStream::next_keep_alive_at(Ticks now) const {
  return untold_ == 0 ? now : std::max(now, telling_until_);
}

void EventStream::hold(const wire::Facts& facts, Item item) {
  held_.push_back({.need = facts.events_through, .zxid = facts.zxid, .item = std::move(item)});
}

std::vector<EventStream::Item> EventStream::take_ready() {
  std::vector<Item> ready;
  while (!held_.empty() && held_.front().need <= received_) {
    ready.push_back(std::move(held_.front().item));
    held_.pop_front();
  }
  return ready;
}

}  // namespace holdfast::client
