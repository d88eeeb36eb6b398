#include "client/link.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::client {

void Link::plan(std::string address, Ticks at) {
  HOLDFAST_CHECK(phase_ == Phase::kIdle, "an attempt is planned while there is a connection");
  phase_ = Phase::kPlanned;
  address_ = std::move(address);
  at_ = at;
}

void Link::begin_connect(Ticks now, ConnectionId connection) {
  HOLDFAST_CHECK(phase_ == Phase::kPlanned, "only a planned connection is made");
  phase_ = Phase::kConnecting;
  connection_ = connection;
  at_ = now;
}

void Link::on_connected(Ticks now) {
  HOLDFAST_CHECK(phase_ == Phase::kConnecting, "an unexpected connection");
  phase_ = Phase::kBinding;
  last_heard_ = now;
  last_ping_ = now;
}

void Link::reset() {
  *this = Link();
}

std::int32_t Link::expect(const Expected& expected) {
  // Replies are long answered when the numbers begin again.
  last_sequence_id_ =
      last_sequence_id_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_sequence_id_ + 1;
  const bool is_new = expected_.emplace(last_sequence_id_, expected).second;
  HOLDFAST_CHECK(is_new, "a sequence id is open twice");
  patience_.insert(expected.patient_until);
  if (expected.leave_at) overdue_.insert(*expected.leave_at);
  ++open_of_[static_cast<std::size_t>(expected.what)];
  return last_sequence_id_;
}

std::optional<Link::Expected> Link::take(std::int32_t sequence_id) {
  auto node = expected_.extract(sequence_id);
  if (node.empty()) return std::nullopt;
  patience_.erase(patience_.find(node.mapped().patient_until));
  if (node.mapped().leave_at) overdue_.erase(overdue_.find(*node.mapped().leave_at));
  --open_of_[static_cast<std::size_t>(node.mapped().what)];
  return node.mapped();
}

void Link::on_pause(Ticks now) {
  if (phase_ == Phase::kConnecting) at_ = now;
  last_heard_ = now;
  listens_until_ = now + kSilenceMaxMs;
}

std::optional<Ticks> Link::silent_since() const {
  const bool open = phase_ == Phase::kBinding || phase_ == Phase::kReady;
  if (!open || patience_.empty()) return std::nullopt;
  return std::max(last_heard_, *patience_.begin());
}

Link::Due Link::due(Ticks now) const {
  if (phase_ == Phase::kPlanned) return now >= at_ ? Due::kConnect : Due::kNothing;
  if (phase_ == Phase::kConnecting) {
    return now >= at_ + kConnectMaxMs ? Due::kLeave : Due::kNothing;
  }
  const std::optional<Ticks> since = silent_since();
  if (!since) return Due::kNothing;
  const bool is_overdue = !overdue_.empty() && now >= *overdue_.begin();
  if (is_overdue && now >= listens_until_) return Due::kLeave;
  if (now >= *since + kSilenceMaxMs) return Due::kLeave;
  return now >= std::max(*since, last_ping_) + kPingMs ? Due::kPing : Due::kNothing;
}

std::optional<Ticks> Link::wake_at() const {
  if (phase_ == Phase::kPlanned) return at_;
  if (phase_ == Phase::kConnecting) return at_ + kConnectMaxMs;
  const std::optional<Ticks> since = silent_since();
  if (!since) return std::nullopt;
  const Ticks silence = std::min(std::max(*since, last_ping_) + kPingMs, *since + kSilenceMaxMs);
  if (overdue_.empty()) return silence;
  return std::min(silence, std::max(*overdue_.begin(), listens_until_));
}

}  // namespace holdfast::client
