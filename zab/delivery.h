#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "zab/log_view.h"
#include "zab/outbox.h"
#include "zab/state_hash.h"

namespace holdfast::zab {

// Feeds the state machine with entries that are committed and durable here (ZAB.md §1.4), in runs
// of bounded size, a few at a time. Outlives roles: what was delivered stays delivered.
class Delivery {
 public:
  struct Bounds {
    Zxid committed;
    std::size_t run_bytes = 0;
  };

  // `applied` is what the image holds at start.
  explicit Delivery(Zxid applied);

  Zxid delivered() const { return delivered_; }
  Zxid applied() const { return applied_; }
  Zxid image_durable() const { return image_durable_; }
  // From the moment an image is queued for installation until the state machine has loaded it;
  // nothing is delivered meanwhile.
  bool installing() const { return installs_queued_ > 0 || loading_.has_value(); }

  // An image is queued and not yet persisted: what the log says of itself is not yet true of the
  // disk.
  bool install_is_queued() const { return installs_queued_ > 0; }

  // Gives out what may be applied; asks for a read when memory has let the entries go. `next_id`
  // numbers the reads.
  void pump(const LogView& log, const Bounds& bounds, std::uint64_t& next_id, Outbox& out);
  // True when the read was asked for by this delivery.
  bool on_log_read(std::uint64_t read, std::vector<Entry> entries, Zxid committed, Outbox& out);
  void on_applied(Zxid zxid);
  void on_image_durable(Zxid zxid);

  // An InstallImage was queued, or has been persisted.
  void install_queued(Zxid zxid);
  void on_installed(Zxid zxid, Outbox& out);

  void hash_into(StateHash& hash) const;
  std::string describe() const;

 private:
  void deliver(std::vector<Entry> entries, Outbox& out);

  Zxid delivered_;
  Zxid applied_;
  Zxid image_durable_;
  std::deque<Zxid> runs_;  // Ends of the runs that are delivered and not applied.
  std::optional<std::uint64_t> reading_;
  std::uint32_t installs_queued_ = 0;
  std::optional<Zxid>
      loading_;  // An installed image that the state machine has not reported as applied.
};

}  // namespace holdfast::zab
