#include "tests/world/host.h"

#include <limits>
#include <utility>

#include "thrift/sequencer.h"
#include "zab/core_state.h"

namespace holdfast::world {
namespace {

HostClock::Error clock_error(const Design& design, Random& dice) {
  const auto width = static_cast<std::uint64_t>(2 * design.clock_ppm_max + 1);
  return {.offset_ms = static_cast<Ticks>(1'000 + dice.below(100'000'000)),
          .ppm = static_cast<std::int64_t>(dice.below(width)) - design.clock_ppm_max};
}

}  // namespace

std::string cell_id_bytes() {
  std::string out;
  for (int i = 0; i < 16; ++i) out += static_cast<char>(i * 0x11);
  return out;
}

Host::Host(ServerId id, const World& world, Random dice)
    : id_(id),
      world_(world),
      dice_(dice),
      clock_(world.time, clock_error(world.design, dice_)),
      machine_(world.network.add(*this)),
      temper_(world.design.disk) {
  temper_.lies = world.design.mistake == Mistake::kDiskLies;
  temper_.rots = world.design.mistake == Mistake::kImageRots;
}

// ---- the process --------------------------------------------------------------------------------

replica::ReplicaOptions Host::replica_options(Incarnation incarnation) const {
  const Design& design = world_.design;
  replica::ReplicaOptions options;
  options.core = design.core;
  options.core.self = id_;
  options.core.incarnation = incarnation;
  options.core.seed = incarnation.value;
  for (std::uint64_t i = 1; i <= design.voters + design.observers; ++i) {
    auto& group = i <= design.voters ? options.core.config.voters : options.core.config.observers;
    group.push_back(ServerId(i));
  }
  options.limits = design.limits;
  options.cell_name = kCellName;
  options.cell_id = kCellId;
  options.no_leader_hold_ms = design.no_leader_hold_ms;
  options.keep_alive_gather_ms = design.keep_alive_gather_ms;
  options.image_flush_ms = design.image_flush_ms;
  options.image_sync_ms = design.image_sync_ms;
  options.log_bytes_max = design.log_bytes_max;
  return options;
}

net::LockService::Options Host::service_options() const {
  net::LockService::Options options;
  options.cell = {
      .name = kCellName, .id = cell_id_bytes(), .sequencer_prefix = cell_prefix(cell_id_bytes())};
  options.self = id_;
  for (std::uint64_t i = 1; i <= world_.design.voters + world_.design.observers; ++i) {
    options.members.push_back({.id = ServerId(i),
                               .voter = i <= world_.design.voters,
                               .peer_endpoint = "r" + std::to_string(i)});
  }
  options.version = "simulated";
  return options;
}

std::optional<replica::ImageRecords> Host::recover(zab::DurableState& durable) {
  const auto how =
      rejoins_ ? storage::OpenOptions::Start::kRejoin : storage::OpenOptions::Start::kNormal;
  Result<storage::Recovered> recovered = store_->recover(how, world_.design.tail_bytes_max);
  replica::ImageRecords image;
  const auto take = [&](std::string_view key, std::string_view value) {
    image.records.push_back({.key = std::string(key), .value = std::string(value)});
    return Status();
  };
  const auto loaded = recovered.ok() ? store_->load_image(take) : recovered.status();
  if (!loaded.ok()) {
    world_.verdict.fail("RECOVERY", name() + " cannot start: " + loaded.status().message());
    return std::nullopt;
  }
  if (recovered->torn_bytes_cut > 0) world_.story.count("lost middle of an image cut");
  image.applied = loaded->applied;
  image.generation = loaded->generation;
  durable = std::move(recovered->durable);
  return image;
}

void Host::make_mesh(Process& process) {
  process.mesh = std::make_unique<SimMesh>(
      SimMesh::Options{.self = id_,
                       .incarnation = process.incarnation,
                       .cell_name = kCellName,
                       .cell_id = kCellId,
                       .dial_timeout = world_.design.core.failure_timeout * kMillisecond},
      SimMesh::World{
          .time = world_.time,
          .network = world_.network,
          .story = world_.story,
          .watch_dial =
              [this](EndId end) {
                world_.time.wake_at(
                    world_.time.now() + world_.design.core.failure_timeout * kMillisecond, *this,
                    kDialOverdue, end.value);
              },
          .on_said = [this](ServerId to, const zab::Message& message) { on_said(to, message); }});
}

void Host::on_said(ServerId to, const zab::Message& message) {
  if (std::holds_alternative<zab::Diff>(message)) {
    world_.story.count("sync by DIFF");
  } else if (std::holds_alternative<zab::Snap>(message)) {
    world_.story.count("sync by SNAP");
  } else if (const auto* trunc = std::get_if<zab::Trunc>(&message)) {
    const bool goes_on = trunc->to < process_->replica->core().state().ground.log.last();
    world_.story.count(goes_on ? "sync by TRUNC and DIFF" : "sync by TRUNC");
  }
  world_.story.tell_long(
      [&] { return name() + " -> " + to_string(to) + ": " + zab::describe(message); });
}

void Host::make_disk(Process& process) {
  process.disk = std::make_unique<SimDisk>(
      SimDisk::Place{.store = *store_, .temper = temper_, .story = world_.story, .witness = *this},
      dice_.fork(), [this, run = process.run](SimDisk::Queue queue, SimTime takes) {
        world_.time.wake_at(world_.time.now() + takes, *this,
                            queue == SimDisk::Queue::kLog ? kLogDone : kImageDone, run);
      });
}

void Host::start() {
  if (is_up() || damaged_) return;
  zab::DurableState durable;
  std::optional<replica::ImageRecords> image = recover(durable);
  if (!image) return;
  load_image_sum();
  check_image(image->applied, "at a start");
  auto process = std::make_unique<Process>();
  process->incarnation = Incarnation(dice_.next() | 1U);
  process->run = ++runs_;
  make_mesh(*process);
  make_disk(*process);
  Process* const it = process.get();
  const replica::World around{
      .transport = it->mesh.get(),
      .disk = it->disk.get(),
      .clock = &clock_,
      .fatal =
          [it](const std::string& why) {
            if (!it->fatal) it->fatal = why;
          },
      .log = [this](const std::string& line) { log_line(line); },
      .soon = [this, it](std::function<void()> work) { run_soon(*it, std::move(work)); }};
  process->replica = std::make_unique<replica::Replica>(replica_options(it->incarnation), around,
                                                        durable, std::move(*image));
  process->mesh->start(*process->replica);
  process->service = std::make_unique<net::LockService>(
      service_options(), *process->replica,
      net::LockService::Directory{
          .client_endpoint = [](ServerId id) { return client_address(id.value); },
          .is_connected = [](ServerId) { return true; }},
      [](const std::string&) {});
  process->edge = std::make_unique<ClientEdge>(*process->service, world_.network, world_.story);
  process_ = std::move(process);
  world_.network.start(machine_);
  world_.story.count("process started");
  world_.story.tell([this] { return name() + " starts"; });
  world_.witness.on_start(*this);
  world_.time.wake_at(world_.time.now(), *this, kTick, runs_);
}

void Host::die(const Death& death) {
  if (!is_up()) return;
  if (is_asleep()) wake_up(world_.time);
  process_->disk->die();
  process_.reset();
  store_->crash(death.image, dice_);
  world_.network.die(machine_, death.network);
}

void Host::stop() {
  if (!is_up() || is_asleep() || process_->stopping) return;
  process_->stopping = true;
  process_->replica->stop([it = process_.get()] { it->stopped = true; });
  settle();
}

void Host::pause() {
  fall_asleep();
  world_.network.pause(machine_);
}

void Host::resume() {
  if (!is_asleep()) return;
  wake_up(world_.time);
  world_.network.resume(machine_);
}

void Host::log_line(const std::string& line) {
  world_.story.tell([&] { return name() + ": " + line; });
}

// ---- inputs -------------------------------------------------------------------------------------

Listener* Host::accept(EndId end, MachineId, Port port) {
  if (!is_up()) return nullptr;
  return port == Port::kPeer ? process_->mesh->accept(end) : process_->edge->accept(end);
}

void Host::on_input_done() {
  if (!is_up()) return;
  process_->replica->on_idle();
  settle();
}

void Host::on_wake(std::uint32_t what, std::uint64_t which) {
  if (!is_up()) return;
  if (what == kDialOverdue) {
    process_->mesh->on_dial_overdue(EndId(which));
    return on_input_done();
  }
  if (which != process_->run) return;
  world_.story.mix(id_.value * 8 + what);
  if (what == kTick) {
    process_->replica->tick();
    world_.time.wake_at(world_.time.now() + world_.design.tick_every, *this, kTick, which);
  } else if (what == kSoon) {
    std::exchange(process_->soon, nullptr)();
  } else {
    process_->disk->finish(what == kLogDone ? SimDisk::Queue::kLog : SimDisk::Queue::kImage,
                           *process_->replica);
  }
  settle();
}

// The strand has other work now and then before it comes to this.
void Host::run_soon(Process& process, std::function<void()> work) {
  process.soon = std::move(work);
  const SimTime busy = dice_.below(2) == 0 ? 0 : static_cast<SimTime>(dice_.below(kMillisecond));
  world_.time.wake_at(world_.time.now() + busy, *this, kSoon, process.run);
}

void Host::settle() {
  process_->edge->flush();
  if (process_->fatal) return on_fatal();
  world_.witness.on_input(*this);
  if (process_->stopped) {
    world_.story.tell([this] { return name() + " has stopped as told"; });
    die({});
  }
}

void Host::on_fatal() {
  const std::string why = *process_->fatal;
  world_.story.tell([&] { return name() + " ends itself: " + why; });
  const bool is_disk = why.find("(simulated)") != std::string::npos;
  world_.verdict.require(is_disk, "NO-FATAL", [&] { return name() + " ends itself: " + why; });
  damaged_ = why.find("damaged (simulated)") != std::string::npos;
  die({});
}

// ---- the disk -----------------------------------------------------------------------------------

void Host::wipe() {
  store_ = std::make_unique<storage::MemStore>();
  rejoins_ = true;
  damaged_ = false;
}

bool Host::holds(Zxid zxid) const {
  const Zxid base = store_->log_state().base;
  if (zxid <= base) return true;
  const Committed* entry = world_.ledger.find(zxid);
  if (entry == nullptr) return false;
  const auto& entries = world_.ledger.entries();
  const Zxid before = entry == &entries.front() ? Zxid() : (entry - 1)->zxid;
  return store_->read_log(before, zxid, 1).ok();
}

Result<std::vector<zab::Entry>> Host::logged(Zxid after, Zxid through) const {
  return store_->read_log(after, through, std::numeric_limits<std::size_t>::max());
}

void Host::on_temper_changed() {
  if (is_up() && !is_asleep()) process_->disk->go_on();
}

void Host::on_logged(const zab::PersistOp& op) {
  if (std::holds_alternative<zab::Purge>(op)) world_.story.count("log purged");
  if (std::holds_alternative<zab::TruncateTo>(op)) world_.story.count("log truncated");
  const auto* install = std::get_if<zab::InstallImage>(&op);
  if (install == nullptr) return;
  world_.story.count("image installed");
  load_image_sum();
  check_image(install->zxid, "as installed");
}

void Host::on_image_written(const storage::ImageBatch& batch) {
  if (batch.generation != store_->log_state().generation) return;  // The store dropped it.
  world_.story.count("image batch written");
  image_.apply(batch.writes);
  check_image(batch.applied, "as written");
}

void Host::load_image_sum() {
  image_.clear();
  for (const auto& [key, value] : store_->image_records()) image_.put(key, value);
}

void Host::check_image(Zxid zxid, const char* when) {
  const std::optional<std::uint64_t> expected = world_.ledger.image_hash(zxid);
  world_.verdict.require(expected == image_.value(), "IMAGE-EQUALITY", [&] {
    return "the image of " + name() + " " + when + " is not the state after " + to_string(zxid);
  });
}

}  // namespace holdfast::world
