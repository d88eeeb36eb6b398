#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lockserver/replica/calls.h"
#include "lockserver/replica/clock.h"
#include "lockserver/replica/disk.h"
#include "lockserver/replica/transport.h"
#include "lockserver/state/state_machine.h"
#include "zab/core.h"

namespace holdfast::replica {

struct ReplicaOptions {
  zab::Options core;
  state::StateLimits limits;
  std::string cell_name;
  std::string cell_id;              // 32 hex digits.
  Ticks no_leader_hold_ms = 3'000;  // Without a leader, calls wait so long before NO_QUORUM.
  // Keep-alives of many sessions go together. Barriers for them begin at least so long apart; the
  // next input or tick after that begins one, and so does who is in a hurry. Those that are held
  // back for much longer are answered where the clock shows a multiple of this, so much earlier at
  // most; then they also come back together. 0: each for itself.
  Ticks keep_alive_gather_ms = 0;
  Ticks image_flush_ms = 1'000;  // Applied effects go to the image at least so often,
  // or when their entries have so many bytes: what they changed is encoded in one go, which takes a
  // few milliseconds then.
  std::size_t image_flush_bytes = 512U << 10U;
  Ticks image_sync_ms =
      30'000;  // The image is synced, and old log purged, at least so often when there is need.
  std::uint64_t log_bytes_max = 256ULL << 20U;
};

// The world around a replica, all on one strand. `fatal` ends the process (in the simulator: the
// replica) with the sentence; it may return. `log` takes one line for people.
struct World {
  Transport* transport = nullptr;
  Disk* disk = nullptr;
  const Clock* clock = nullptr;
  std::function<void(const std::string&)> fatal;
  std::function<void(const std::string&)> log;
  // Runs the work on the replica's strand behind what has come by now, if the replica still lives
  // then. With it, calls of clients that come together are carried out together: one barrier, one
  // message, one write to each socket. Without it, each is carried out at once.
  std::function<void(std::function<void()> work)> soon = nullptr;
};

// A replica: joins core, state machine, sessions, watches and calls. Inputs of every kind end in
// drain(), which carries the core's outputs out until there are none. No socket, file, thread or
// clock of its own, so the simulator runs it as it is.
class Replica final : public PeerEvents, public DiskEvents {
 public:
  // `image` is what the store held at start (its applied zxid is `start.applied`).
  Replica(ReplicaOptions options, World world, zab::DurableState start, ImageRecords image);
  ~Replica() override;

  // To be called every few milliseconds.
  void tick();

  // Clients.
  LaneId open_lane();
  void close_lane(
      LaneId lane);  // Its waiting calls are dropped unanswered; what was proposed stays proposed.
  // `max_hold_ms`: how long an acquire that waits is held back before it is answered Waiting; 0 for
  // a third of the session's lease.
  void write(LaneId lane, const Terms& terms, state::Op op, Ticks max_hold_ms, OnWritten done);
  // Opens (by its secret's hash) and binds the lane. Like write with an OpenSession.
  void open_session(LaneId lane, const Terms& terms, state::OpenSession op, OnWritten done);
  void resume_session(LaneId lane, const Terms& terms, const state::SecretHash& secret,
                      OnReadable done);
  void keep_alive(LaneId lane, const Terms& terms, const KeepAlive& keep_alive, OnKeptAlive done);
  void read(LaneId lane, const Terms& terms, Consistency consistency, OnReadable done);
  void watch(LaneId lane, const Terms& terms, const Watch& watch, OnWatched done);
  void unwatch(LaneId lane, const Terms& terms, std::uint64_t id, OnWatched done);
  StatusFacts status() const;
  const state::StateMachine& state() const;
  const zab::Core& core() const;  // For those who check its invariants.

  // SIGTERM (LOCKS.md §7): no new calls; a leader commits what is proposed and resigns; then
  // `stopped` is called once.
  void stop(std::function<void()> stopped);

  // PeerEvents, DiskEvents.
  void on_notification(const zab::Notification& notification) override;
  void on_peer_refused(ServerId peer) override;
  void on_accept(ConnId conn) override;
  void on_dial_result(DialId dial, std::optional<ConnId> conn) override;
  void on_closed(ConnId conn) override;
  void on_message(ConnId conn, zab::Message message) override;
  void on_idle() override;
  void on_persisted(Token through) override;
  void on_log_read(std::uint64_t read, std::vector<zab::Entry> entries) override;
  void on_image_written(Zxid applied) override;
  void on_image_synced(Zxid applied) override;
  void on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t approximate_bytes) override;
  void on_image_chunk(std::uint64_t transfer, std::string bytes, bool is_last) override;
  void on_image_loaded(ImageRecords image) override;
  void on_disk_failed(const Status& status) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::replica
