#include "tests/bench/load/open_loop.h"

#include <algorithm>

namespace holdfast::bench {

Nanoseconds OpenLoop::next_due() const {
  return course_.begins_at + to_ns(static_cast<double>(next_) / course_.rate_per_s);
}

std::optional<Nanoseconds> OpenLoop::take_due(Nanoseconds now) {
  while (!is_all_sent()) {
    const Nanoseconds due = next_due();
    if (due > now) return std::nullopt;
    ++next_;
    if (is_measured(due)) ++offered_;
    if (outstanding_ < course_.outstanding_max) {
      most_outstanding_ = std::max(most_outstanding_, ++outstanding_);
      if (is_measured(due)) lateness_.add(now - due);
      return due;
    }
    if (is_measured(due)) ++unsent_;
  }
  return std::nullopt;
}

void OpenLoop::on_ended(Nanoseconds now) {
  --outstanding_;
  last_ended_at_ = now;
}

void OpenLoop::on_answered(Nanoseconds due, Nanoseconds now) {
  on_ended(now);
  if (is_measured(now)) ++answered_in_time_;
  if (is_measured(due)) answers_.add(now - due);
  recent_.add(now - due);
}

void OpenLoop::on_refused(Nanoseconds due, Nanoseconds now, const std::string& why) {
  on_ended(now);
  if (!is_measured(due)) return;
  ++refused_[why];
  refusals_.add(now - due);
}

void OpenLoop::add_to(Figures& figures) {
  const double seconds = to_seconds(course_.ends_at - course_.measured_from);
  figures.add("seconds", seconds);
  figures.add("offered_per_s", static_cast<double>(offered_) / seconds);
  figures.add("per_s", static_cast<double>(answered_in_time_) / seconds);
  figures.add("ops", static_cast<std::int64_t>(answers_.size()));
  answers_.add_to(figures, "");
  lateness_.add_to(figures, "late_");
  figures.add("refused", static_cast<std::int64_t>(refusals_.size()));
  for (const auto& [why, count] : refused_) {
    figures.add("refused_" + why, static_cast<std::int64_t>(count));
  }
  if (refusals_.size() > 0) refusals_.add_to(figures, "refusal_");
  figures.add("unsent", static_cast<std::int64_t>(unsent_));
  figures.add("outstanding_max", static_cast<std::int64_t>(most_outstanding_));
  figures.add("drained_s", to_seconds(std::max<Nanoseconds>(0, last_ended_at_ - course_.ends_at)));
}

void OpenLoop::add_recent_to(Figures& figures, Nanoseconds now) {
  const Nanoseconds since = std::max(recent_since_, course_.begins_at);
  figures.add("per_s", static_cast<double>(recent_.size()) / to_seconds(now - since));
  recent_.add_to(figures, "");
  recent_.clear();
  recent_since_ = now;
}

}  // namespace holdfast::bench
