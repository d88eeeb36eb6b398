#include "zab/delivery.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {

namespace {

// Enough that the state machine never waits for the core, few enough that memory stays bounded.
constexpr std::size_t kRunsInFlightMax = 4;

}  // namespace

Delivery::Delivery(Zxid applied)
    : delivered_(applied), applied_(applied), image_durable_(applied) {}

void Delivery::pump(const LogView& log, const Bounds& bounds, std::uint64_t& next_id, Outbox& out) {
  if (installing()) {
    return;
  }
  const Zxid through = std::min(bounds.committed, log.durable());
  while (delivered_ < through && runs_.size() < kRunsInFlightMax && !reading_) {
    auto run = log.slice(delivered_, through, bounds.run_bytes);
    if (!run) {
      reading_ = ++next_id;
      out.push(ReadLog{*reading_, delivered_, through, bounds.run_bytes});
      return;
    }
    deliver(std::move(*run), out);
  }
}

bool Delivery::on_log_read(std::uint64_t read, std::vector<Entry> entries, Zxid committed,
                           Outbox& out) {
  if (reading_ != read) {
    return false;
  }
  reading_.reset();
  HOLDFAST_CHECK(
      !entries.empty() && entries.back().zxid <= committed,
      "a log read for delivery after " + to_string(delivered_) + " gave the wrong entries");
  deliver(std::move(entries), out);
  return true;
}

void Delivery::deliver(std::vector<Entry> entries, Outbox& out) {
  HOLDFAST_CHECK(
      entries.front().prev == delivered_,
      "delivery of " + to_string(entries.front().zxid) + " after " + to_string(delivered_));
  delivered_ = entries.back().zxid;
  runs_.push_back(delivered_);
  out.push(Deliver{std::move(entries)});
}

void Delivery::on_applied(Zxid zxid) {
  HOLDFAST_CHECK(zxid <= delivered_,
                 "applied " + to_string(zxid) + " beyond delivered " + to_string(delivered_));
  if (zxid < applied_) {
    return;  // Said before an image took the place of that state.
  }
  applied_ = zxid;
  while (!runs_.empty() && runs_.front() <= applied_) {
    runs_.pop_front();
  }
  if (loading_ && applied_ >= *loading_) {
    loading_.reset();
  }
}

void Delivery::on_image_durable(Zxid zxid) {
  HOLDFAST_CHECK(zxid <= applied_ || installing(), "an image is durable at " + to_string(zxid) +
                                                       " beyond applied " + to_string(applied_));
  image_durable_ = std::max(image_durable_, zxid);
}

void Delivery::install_queued(Zxid zxid) {
  HOLDFAST_CHECK(zxid >= delivered_, "an image at " + to_string(zxid) +
                                         " would undo what was delivered through " +
                                         to_string(delivered_));
  ++installs_queued_;
  reading_.reset();
}

void Delivery::on_installed(Zxid zxid, Outbox& out) {
  HOLDFAST_CHECK(installs_queued_ > 0, "no image was queued");
  --installs_queued_;
  if (installs_queued_ > 0) {
    return;  // A later image is queued behind this one: only that one will be found when the driver
             // looks.
  }
  runs_.clear();
  delivered_ = zxid;
  image_durable_ = std::max(image_durable_, zxid);
  loading_ = zxid;
  out.push(ImageInstalled{zxid});
}

void Delivery::hash_into(StateHash& hash) const {
  hash.add(delivered_).add(applied_).add(image_durable_).add(runs_.size());
  for (const Zxid end : runs_) {
    hash.add(end);
  }
  hash.add(reading_.has_value()).add(installs_queued_).add(loading_.value_or(Zxid()));
}

std::string Delivery::describe() const {
  return "delivered=" + to_string(delivered_) + " applied=" + to_string(applied_) +
         (installing() ? " installing" : "");
}

}  // namespace holdfast::zab
