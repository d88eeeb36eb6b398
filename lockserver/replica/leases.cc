#include "lockserver/replica/leases.h"

#include <algorithm>
#include <string>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::replica {

void Leases::begin_reign(Ticks now, const std::vector<Lease>& sessions) {
  end_reign();
  reigns_ = true;
  last_tick_ = now;
  for (const Lease& lease : sessions) {
    add(lease);
  }
}

void Leases::end_reign() {
  reigns_ = false;
  lease_time_ = 0;
  sessions_.clear();
  buckets_.clear();
}

void Leases::add(const Lease& lease) {
  if (!reigns_) {
    return;
  }
  const Ticks deadline = full(lease.lease_ms);
  auto [at, is_new] = sessions_.insert_or_assign(
      lease.session, Session{.lease_ms = lease.lease_ms, .deadline = deadline});
  if (is_new) {
    buckets_[bucket_of(deadline)].push_back(lease.session);
  }
}

void Leases::remove(SessionId session) {
  sessions_.erase(session);
}

void Leases::touch(SessionId session) {
  auto found = sessions_.find(session);
  if (found != sessions_.end() && !found->second.named && !found->second.frozen) {
    found->second.deadline = full(found->second.lease_ms);
  }
}

void Leases::freeze(SessionId session) {
  auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    found->second.frozen = true;
  }
}

std::vector<SessionId> Leases::on_tick(Ticks now) {
  std::vector<SessionId> expired;
  if (!reigns_) {
    return expired;
  }
  const Ticks gap = now - std::exchange(last_tick_, now);
  HOLDFAST_CHECK(gap >= 0, "the clock went back by " + std::to_string(-gap) + " ms");
  if (gap > kOnTime) {
    lease_time_ -= std::min(gap, kSettle);
    return expired;
  }
  // Before time goes on: who was overdue at the last tick already.
  while (!buckets_.empty() && buckets_.begin()->first * kBucket <= lease_time_) {
    take_bucket(buckets_.extract(buckets_.begin()).mapped(), expired);
  }
  lease_time_ += gap;
  return expired;
}

void Leases::take_bucket(const std::vector<SessionId>& bucket, std::vector<SessionId>& expired) {
  for (const SessionId id : bucket) {
    auto found = sessions_.find(id);
    if (found == sessions_.end()) {
      continue;
    }
    Session& session = found->second;
    if (session.deadline > lease_time_) {
      buckets_[bucket_of(session.deadline)].push_back(id);
    } else if (!session.named) {
      session.named = true;
      expired.push_back(id);
    }
  }
}

void Leases::name_again(SessionId session) {
  auto found = sessions_.find(session);
  if (found != sessions_.end()) {
    found->second.named = false;
    buckets_[bucket_of(found->second.deadline)].push_back(session);
  }
}

}  // namespace holdfast::replica
