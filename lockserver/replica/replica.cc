#include "lockserver/replica/replica.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lockserver/replica/parts.h"
#include "zab/base/limits.h"

namespace holdfast::replica {

namespace {

Lanes::Limits lane_limits() {
  return {.per_lane = limits::kConnectionPendingMax,
          .per_session = limits::kPendingPerSessionMax,
          .bound = limits::kSessionsPerConnectionMax};
}

WatchHub::Limits watch_limits() {
  return {.per_session = limits::kWatchesPerSessionMax,
          .in_all = limits::kWatchesPerReplicaMax,
          .reply_events = limits::kEventsPerReplyMax,
          .reply_bytes = limits::kEventsPerReplyBytesMax};
}

}  // namespace

ClientSide::ClientSide() : lanes(lane_limits()), hub(watch_limits()) {}

Machine::Machine(const ReplicaOptions& options, const ImageRecords& image, Ticks now)
    : state(options.limits, options.cell_id.substr(0, 16)),
      writer({.flush_ms = options.image_flush_ms,
              .flush_bytes = options.image_flush_bytes,
              .sync_ms = options.image_sync_ms},
             {.generation = image.generation, .applied = image.applied}, now),
      meter(image.applied, options.log_bytes_max) {}

Replica::Parts::Parts(ReplicaOptions given, World around, zab::DurableState start,
                      const ImageRecords& image)
    : options(std::move(given)),
      world(std::move(around)),
      began(world.clock->now()),
      core(options.core, start, began),
      machine(options, image, began),
      not_serving_since(began),
      now(began),
      space(zab::QuorumSet(options.core.config), options.core.failure_timeout) {
  const Status loaded = machine.load(image);
  if (!loaded.ok()) {
    die("The state of this replica cannot be built from its image: " + loaded.message());
  } else if (image.applied != start.applied) {
    die("The image is of " + to_string(image.applied) + ", but the store says " +
        to_string(start.applied) + ".");
  } else {
    clients.hub.on_state_loaded(machine.state, machine.state.newest_event());
  }
}

// The whole of a replica's work, whatever the input was.
void Replica::Parts::drain() {
  if (draining) {
    return;  // An answer or a disk called back; the loop below is still running.
  }
  draining = true;
  applied_in_turn = 0;
  woken_in_turn = 0;
  apply_deferred();
  while (!dead) {
    wake_some();
    run_lanes();       // Calls start in the order of their lanes, and those whose turn has come are
                       // answered.
    send_writes();     // Commands go to the log: proposed here, or forwarded.
    begin_barriers();  // One for all the reads that came meanwhile.
    std::vector<zab::Output> outputs = core.take();
    if (outputs.empty() && clients.stirred.empty()) {
      break;
    }
    for (zab::Output& output : outputs) {
      std::visit([this](auto& it) { carry_out(it); }, output);
    }
    if (!to_persist.empty()) {
      world.transport->flush();  // The others' disks begin before one's own thread is woken.
      persist_queued();
    }
  }
  world.transport->flush();
  draining = false;
}

void Replica::Parts::tick() {
  core.tick(now);
  core.set_free_bytes(world.disk->free_bytes());
  drain();  // Touches that have come are counted before any lease is looked at.
  for (const CallId call : clients.alarms.take_due(now)) {
    if (clients.calls.contains(call)) {  // An answer before may have closed its lane.
      on_alarm(call);
    }
  }
  refuse_leaderless();
  lead();
  keep_image(Extent::kDue);
  drain();
  check_stopped();
}

void Replica::Parts::die(const std::string& reason) {
  if (!dead) {
    dead = true;
    world.fatal(reason);
  }
}

void Replica::Parts::say(const std::string& line) const {
  if (world.log) {
    world.log(line);
  }
}

void Replica::Parts::log_role(const char* what) const {
  const zab::CoreView view = core.view();
  const bool leads = view.role == zab::Role::kLeading;
  say("role=" + std::string(leads ? "leader" : to_string(view.role)) +
      " phase=" + to_string(view.phase) + " epoch=" + to_string(view.current) +
      " leader=" + to_string(view.leader) + " last=" + to_string(view.last) +
      " committed=" + to_string(view.committed) + " applied=" + to_string(view.applied) +
      " serving=" + (view.serving ? "yes" : "no") + " event=" + what);
}

void Replica::Parts::persist_queued() {
  if (!to_persist.empty()) {
    world.disk->persist(std::exchange(to_persist, {}));
  }
}

void Replica::Parts::keep_image(Extent extent) {
  if (dead || machine.loading) {
    return;
  }
  ImageWriter& writer = machine.writer;
  if (const auto through = machine.meter.wanted_purge(world.disk->log_bytes())) {
    if (*through <= writer.synced()) {
      core.purge(*through);
      machine.meter.on_purged(*through);
      drain();
      world.disk->remove_garbage();
    } else {
      writer.hurry();
    }
  }
  if (extent == Extent::kAll || writer.is_due(now)) {
    if (auto batch = writer.take_batch(machine.state)) {
      world.disk->write_image(std::move(*batch));
    }
  }
  if (writer.take_sync(now)) {
    world.disk->sync_image();
  }
}

void Replica::Parts::stop(std::function<void()> stopped) {
  if (dead) {
    stopped();
    return;
  }
  on_stopped = std::move(stopped);
  stop_deadline = now + 2 * options.core.failure_timeout;
  for (const CallId id : open_calls()) {
    if (clients.keep_alives.holds(id)) {
      answer_keep_alive(id, WhenEmpty::kAnswer);
    } else if (clients.pending.is_parked(id)) {
      answer_waiting(id);
    } else if (clients.calls.contains(id) && !is_outcome_open(id, clients.calls.at(id))) {
      refuse(id, refuse_no_quorum("This replica is being stopped."));
    }
  }
  drain();
  check_stopped();
}

std::vector<CallId> Replica::Parts::open_calls() const {
  std::vector<CallId> open;
  for (const auto& [id, call] : clients.calls) {
    open.push_back(id);
  }
  return open;
}

// What was proposed or forwarded is waited for, but not for ever: its clients repeat it elsewhere.
void Replica::Parts::check_stopped() {
  if (!is_stopping() || dead) {
    return;
  }
  const zab::CoreView view = core.view();
  const bool leads = view.role == zab::Role::kLeading && view.serving;
  const bool is_done =
      leads ? view.applied == view.last : !serving || clients.pending.in_flight() == 0;
  if (!is_done && now < stop_deadline) {
    return;
  }
  for (const CallId id : open_calls()) {
    if (auto call = clients.calls.find(id); call != clients.calls.end()) {
      refuse(id, is_outcome_open(id, call->second)
                     ? refuse_timeout(OutcomeIs::kOpen)
                     : refuse_no_quorum("This replica is being stopped."));
    }
  }
  drain();
  core.resign("the replica is being stopped");
  drain();
  keep_image(Extent::kAll);
  dead = true;
  std::exchange(on_stopped, nullptr)();
}

// ---- the core's outputs -------------------------------------------------------------------------

void Replica::Parts::carry_out(zab::Persist& persist) {
  to_persist.push_back(std::move(persist));
}

void Replica::Parts::carry_out(zab::Send& send) {
  world.transport->send(send.conn, std::move(send.message));
}

void Replica::Parts::carry_out(zab::Notify& notify) {
  world.transport->notify(notify.to, notify.notification);
}

void Replica::Parts::carry_out(zab::Dial& dial) {
  world.transport->dial(dial.dial, dial.to);
}

void Replica::Parts::carry_out(zab::Close& close) {
  world.transport->close(close.conn, close.reason);
}

void Replica::Parts::carry_out(zab::Deliver& deliver) {
  apply_all(std::move(deliver.entries));
}

void Replica::Parts::carry_out(zab::ImageInstalled& installed) {
  say("event=image-installed zxid=" + to_string(installed.zxid));
  machine.loading = true;
  machine.deferred.clear();  // The image has them.
  world.disk->load_image();
}

// The log is read behind what was queued for it.
void Replica::Parts::carry_out(zab::ReadLog& read) {
  persist_queued();
  world.disk->read_log(read);
}

void Replica::Parts::carry_out(zab::OpenImage& open) {
  world.disk->open_image(open.transfer);
}

void Replica::Parts::carry_out(zab::ReadImageChunk& read) {
  world.disk->read_image_chunk(read.transfer, read.max_bytes);
}

void Replica::Parts::carry_out(zab::CloseImage& close) {
  world.disk->close_image(close.transfer);
}

void Replica::Parts::carry_out(zab::ReadReady& ready) {
  on_confirmed(clients.reads.confirm(ready.tag, ready.zxid));
}

void Replica::Parts::carry_out(zab::RoleChange&) {
  log_role("role");
}

void Replica::Parts::carry_out(zab::Serve& serve) {
  log_role("serve");
  if (serve.role == zab::Role::kLeading) {
    reign_begins_at = core.view().last;
    try_begin_reign();
  } else {
    serving = true;
  }
}

void Replica::Parts::carry_out(zab::StopServing&) {
  log_role("stop-serving");
  serving = false;
  not_serving_since = now;
  reign_begins_at.reset();
  reign.end();
  held.clear();  // The replicas that forwarded these repeat them to the next leader.
  under_way.clear();
  clients.reads.on_stop_serving();
  clients.pending.on_stop_serving();
}

void Replica::Parts::carry_out(zab::ForwardedRequest& request) {
  on_forwarded(request);
}

void Replica::Parts::carry_out(zab::ForwardRefused& refused) {
  const Result<ForwardRefusal> refusal = decode_forward_refusal(refused.payload.view());
  if (!refusal.ok()) {
    say("The leader's refusal of a request cannot be read: " + refusal.status().message());
  } else if (clients.pending.has_command(refusal->call)) {
    refuse(refusal->call, refusal->refusal);
  }
}

void Replica::Parts::carry_out(zab::Touched& touched) {
  for (const SessionId session : touched.sessions) {
    reign.touch(session);
  }
}

void Replica::Parts::carry_out(zab::Fatal& fatal) {
  die(fatal.reason);
}

// ---- inputs -------------------------------------------------------------------------------------

Replica::Replica(ReplicaOptions options, World world, zab::DurableState start, ImageRecords image)
    : parts_(
          std::make_unique<Parts>(std::move(options), std::move(world), std::move(start), image)) {}

Replica::~Replica() = default;

void Replica::tick() {
  if (!parts_->dead) {
    parts_->now = std::max(parts_->now, parts_->world.clock->now());
    parts_->tick();
  }
}

void Replica::stop(std::function<void()> stopped) {
  parts_->stop(std::move(stopped));
}

const state::StateMachine& Replica::state() const {
  return parts_->machine.state;
}

const zab::Core& Replica::core() const {
  return parts_->core;
}

StatusFacts Replica::status() const {
  const ClientSide& clients = parts_->clients;
  return {.core = parts_->core.view(),
          .image_zxid = parts_->machine.writer.written(),
          .uptime_ms = parts_->world.clock->now() - parts_->began,
          .lanes = clients.lanes.count(),
          .local_sessions = clients.lanes.local_sessions(),
          .held_calls = clients.keep_alives.size() + clients.pending.parked_count(),
          .watches = clients.hub.watches(),
          .has_space = parts_->world.disk->free_bytes() > 0};
}

void Replica::on_notification(const zab::Notification& notification) {
  if (!parts_->dead) {
    parts_->core.on_notification(notification);
  }
}

void Replica::on_peer_refused(ServerId peer) {
  parts_->core.on_peer_refused(peer);
  parts_->drain();
}

void Replica::on_accept(ConnId conn) {
  parts_->core.on_accept(conn);
}

void Replica::on_dial_result(DialId dial, std::optional<ConnId> conn) {
  parts_->core.on_dial_result(dial, conn);
  parts_->drain();
}

void Replica::on_closed(ConnId conn) {
  parts_->core.on_closed(conn);
  parts_->drain();
}

void Replica::on_message(ConnId conn, zab::Message message) {
  if (!parts_->dead) {
    parts_->core.on_message(conn, std::move(message));
  }
}

void Replica::on_idle() {
  parts_->drain();
}

void Replica::on_persisted(Token through) {
  parts_->core.on_persisted(through);
  parts_->drain();
}

void Replica::on_log_read(std::uint64_t read, std::vector<zab::Entry> entries) {
  parts_->core.on_log_read(read, std::move(entries));
  parts_->drain();
}

void Replica::on_image_written(Zxid applied) {
  parts_->machine.writer.on_written(applied);
}

void Replica::on_image_synced(Zxid applied) {
  if (parts_->dead) {
    return;
  }
  parts_->machine.writer.on_synced(applied, parts_->now);
  parts_->core.on_image_durable(parts_->machine.writer.synced());
  parts_->drain();
}

void Replica::on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t approximate_bytes) {
  parts_->core.on_image_opened(transfer, zxid, approximate_bytes);
  parts_->drain();
}

void Replica::on_image_chunk(std::uint64_t transfer, std::string bytes, bool is_last) {
  parts_->core.on_image_chunk(transfer, SharedBytes(std::move(bytes)), is_last);
  parts_->drain();
}

void Replica::on_image_loaded(ImageRecords image) {
  if (!parts_->dead) {
    parts_->on_image_loaded(image);
    parts_->drain();
  }
}

void Replica::on_disk_failed(const Status& status) {
  parts_->die("The disk failed: " + status.message());
}

}  // namespace holdfast::replica
