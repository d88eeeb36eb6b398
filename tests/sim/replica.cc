#include "tests/sim/replica.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::sim {

Replica::Replica(zab::Options options, Timing timing, std::uint64_t seed, World& world)
    : options_(std::move(options)),
      is_observer_(!options_.config.is_voter(options_.self)),
      timing_(timing),
      random_(seed),
      world_(world) {}

const zab::CoreView& Replica::view() const {
  if (!view_.has_value()) view_ = core_->view();
  return *view_;
}

SimTime Replica::sometime(SimTime max) {
  return world_.now + static_cast<SimTime>(random_.below(static_cast<std::uint64_t>(max) + 1));
}

Ticks Replica::clock() const {
  // Clocks of different replicas have nothing in common but their pace, and that only about.
  const Ticks start = static_cast<Ticks>(id().value) * 1'000'000;
  return start + world_.now * (1'000'000 + timing_.clock_ppm) / (1'000'000 * kMillisecond);
}

void Replica::start(zab::Membership unprovisioned) {
  HOLDFAST_CHECK(!core_.has_value(), "the process runs already");
  options_.incarnation = Incarnation(100 * ++starts_ + id().value);
  options_.seed = random_.next();
  const std::size_t tail = random_.below(timing_.tail_entries_max + 1);
  state_ = disk_.contents().image;
  image_number_ = disk_.contents().image_number;
  next_tick_ = sometime(timing_.tick_every);
  next_image_sync_ = sometime(timing_.image_sync_every);
  world_.witness->on_start(*this);
  core_.emplace(options_, disk_.recover(unprovisioned, tail), clock());
  view_.reset();
  drain();
}

void Replica::crash(Survivors survivors) {
  HOLDFAST_CHECK(core_.has_value(), "the process does not run");
  core_.reset();
  for (std::size_t i = 0; i < survivors.ops && !disk_.queued().empty(); ++i) {
    world_.witness->on_disk(*this, disk_.complete_one().op);
  }
  if (survivors.torn_entries > 0 && !disk_.queued().empty() &&
      std::holds_alternative<zab::Append>(disk_.queued().front().op)) {
    disk_.tear_append(survivors.torn_entries);
  }
  disk_.lose_queue();
  if (!unsynced_.empty() && image_number_ == disk_.contents().image_number) {
    const std::size_t choice = survivors.image_choice % (unsynced_.size() + 1);
    if (choice > 0) disk_.sync_image(unsynced_[choice - 1], image_number_);
  }
  disk_batch_ = 0;
  reported_early_ = Token();
  unsynced_.clear();
  to_apply_.clear();
  answers_.clear();
  transfers_.clear();
}

zab::ProposeResult Replica::propose(SharedBytes payload) {
  const Zxid prev = view().last;
  const auto result = core_->propose(payload);
  view_.reset();
  if (const auto* proposed = std::get_if<zab::Proposed>(&result)) {
    world_.witness->on_proposed(*this, {proposed->zxid, prev, std::move(payload)});
  }
  drain();
  return result;
}

bool Replica::read_barrier(std::uint64_t tag) {
  const bool taken = core_->read_barrier(tag);
  view_.reset();
  if (taken) world_.witness->on_barrier(*this, tag);
  drain();
  return taken;
}

void Replica::drain() {
  while (core_.has_value()) {
    const std::vector<zab::Output> outputs = core_->take();
    view_.reset();
    world_.witness->on_input(*this);
    if (outputs.empty()) break;
    for (const zab::Output& output : outputs) {
      world_.witness->on_output(*this, output);
      execute(output);
      if (failure_.has_value()) {
        // The process ends in an orderly way only as far as its disk is concerned: what it asked
        // for may still get there.
        crash({.ops = random_.below(disk_.queued().size() + 1), .image_choice = random_.next()});
        world_.network.die({.server = id()}, world_.now);
        return;
      }
    }
  }
}

void Replica::execute(const zab::Output& output) {
  std::visit(
      [this](const auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, zab::Persist>) {
          disk_.queue(o);
          schedule_disk();
        } else if constexpr (std::is_same_v<T, zab::Send>) {
          world_.network.send(o.conn, o.message, world_.now);
        } else if constexpr (std::is_same_v<T, zab::Notify>) {
          world_.network.notify(o.to, o.notification, world_.now);
        } else if constexpr (std::is_same_v<T, zab::Dial>) {
          world_.network.dial({.dial = o.dial, .from = id(), .to = o.to}, world_.now);
        } else if constexpr (std::is_same_v<T, zab::Close>) {
          world_.network.close(o.conn, world_.now);
        } else if constexpr (std::is_same_v<T, zab::Deliver>) {
          if (to_apply_.empty()) apply_due_ = sometime(timing_.apply_max);
          to_apply_.push_back(Applied{o.entries});
        } else if constexpr (std::is_same_v<T, zab::ImageInstalled>) {
          if (to_apply_.empty()) apply_due_ = sometime(timing_.apply_max);
          to_apply_.push_back(Loaded{o.zxid});
        } else if constexpr (std::is_same_v<T, zab::ReadLog> || std::is_same_v<T, zab::OpenImage> ||
                             std::is_same_v<T, zab::ReadImageChunk>) {
          if (answers_.empty()) answer_due_ = sometime(timing_.read_max);
          answers_.push_back(o);
        } else if constexpr (std::is_same_v<T, zab::CloseImage>) {
          transfers_.erase(o.transfer);
        } else if constexpr (std::is_same_v<T, zab::ForwardedRequest>) {
          decide_forwarded(o);
        } else if constexpr (std::is_same_v<T, zab::Fatal>) {
          failure_ = o.reason;
        }
        // ReadReady, RoleChange, Serve, StopServing, ForwardRefused and Touched are for the
        // witness.
      },
      output);
}

void Replica::decide_forwarded(const zab::ForwardedRequest& request) {
  if (!random_.chance(timing_.refuse_forwards_per_mille, 1000)) {
    const Zxid prev = view().last;
    const auto result = core_->propose(request.payload);
    view_.reset();
    if (const auto* proposed = std::get_if<zab::Proposed>(&result)) {
      world_.witness->on_proposed(*this, {proposed->zxid, prev, request.payload});
      return;
    }
  }
  core_->reply_to(request.conn, request.payload);
  view_.reset();
}

void Replica::schedule_disk() {
  if (disk_batch_ > 0 || disk_.queued().empty()) return;
  const std::uint64_t most = std::min<std::uint64_t>(disk_.queued().size(), timing_.batch_ops_max);
  disk_batch_ = 1 + random_.below(most);
  if (random_.chance(timing_.stall_per_mille, 1000)) {
    disk_due_ = sometime(timing_.stall_max);
  } else {
    disk_due_ = sometime(timing_.disk_max - timing_.disk_min) + timing_.disk_min;
  }
}

void Replica::complete_disk() {
  if (timing_.reports_too_early) {
    // The answer of a batch that is still under way; the disk itself follows a whole batch later.
    const Token token = disk_.queued()[disk_batch_ - 1].token;
    if (reported_early_ < token) {
      reported_early_ = token;
      disk_due_ = sometime(timing_.disk_max) + timing_.disk_max;
      input([&](zab::Core& core) { core.on_persisted(token); });
      return;
    }
  }
  persist(disk_batch_);
}

void Replica::persist(std::size_t ops) {
  Token through;
  for (std::size_t i = 0; i < ops && !disk_.queued().empty(); ++i) {
    const zab::Persist done = disk_.complete_one();
    world_.witness->on_disk(*this, done.op);
    through = done.token;
  }
  disk_batch_ = 0;
  schedule_disk();
  if (reported_early_ >= through) return;
  input([&](zab::Core& core) { core.on_persisted(through); });
}

void Replica::apply_some() {
  auto& front = to_apply_.front();
  if (std::holds_alternative<Loaded>(front)) {
    to_apply_.pop_front();
    state_ = disk_.contents().image;
    image_number_ = disk_.contents().image_number;
    unsynced_.clear();
  } else {
    auto& entries = std::get<Applied>(front).entries;
    const std::size_t count = 1 + random_.below(entries.size());
    for (std::size_t i = 0; i < count; ++i) state_.apply(entries[i]);
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
    if (entries.empty()) to_apply_.pop_front();
    unsynced_.push_back(state_);
  }
  apply_due_ = sometime(timing_.apply_max);
  world_.witness->on_applied(*this);
  input([this](zab::Core& core) { core.on_applied(state_.applied); });
}

void Replica::give_answer() {
  const Answer request = answers_.front();
  answers_.pop_front();
  answer_due_ = sometime(timing_.read_max);
  std::visit([this](const auto& r) { answer(r); }, request);
}

void Replica::answer(const zab::ReadLog& request) {
  const auto entries = disk_.read(request.after, request.through, request.max_bytes);
  input([&](zab::Core& core) { core.on_log_read(request.read, entries); });
}

void Replica::answer(const zab::OpenImage& request) {
  // Either the image on disk or, when that is its continuation, what the state machine has in
  // memory.
  ChainState image = disk_.contents().image;
  const bool continues = image_number_ == disk_.contents().image_number;
  if (continues && random_.chance(1, 2)) image = state_;
  std::string bytes = encode_image(image, timing_.image_filler_bytes_max);
  const std::uint64_t size = bytes.size();
  transfers_[request.transfer] = {.bytes = std::move(bytes)};
  input([&](zab::Core& core) { core.on_image_opened(request.transfer, image.applied, size); });
}

void Replica::answer(const zab::ReadImageChunk& request) {
  const auto found = transfers_.find(request.transfer);
  if (found == transfers_.end()) return;  // Closed meanwhile.
  Transfer& transfer = found->second;
  SharedBytes chunk(transfer.bytes.substr(transfer.offset, request.max_bytes));
  transfer.offset += chunk.size();
  const bool is_last = transfer.offset == transfer.bytes.size();
  input([&](zab::Core& core) { core.on_image_chunk(request.transfer, chunk, is_last); });
}

void Replica::sync_image() {
  next_image_sync_ = world_.now + timing_.image_sync_every;
  if (image_number_ != disk_.contents().image_number || unsynced_.empty()) return;
  disk_.sync_image(state_, image_number_);
  unsynced_.clear();
  input([this](zab::Core& core) { core.on_image_durable(state_.applied); });
}

std::optional<Replica::Due> Replica::next_chore() const {
  if (!core_.has_value()) return std::nullopt;
  Due best{.at = std::numeric_limits<SimTime>::max(), .chore = Chore::kTick};
  const auto consider = [&best](SimTime at, Chore chore) {
    if (at < best.at) best = Due{at, chore};
  };
  if (disk_batch_ > 0) consider(disk_due_, Chore::kDisk);
  if (!to_apply_.empty()) consider(apply_due_, Chore::kApply);
  if (!answers_.empty()) consider(answer_due_, Chore::kAnswer);
  if (timing_.tick_every > 0) consider(next_tick_, Chore::kTick);
  if (timing_.image_sync_every > 0) consider(next_image_sync_, Chore::kImageSync);
  return best.at == std::numeric_limits<SimTime>::max() ? std::nullopt : std::optional(best);
}

bool Replica::has_work() const {
  return is_running() && (!disk_.queued().empty() || !to_apply_.empty() || !answers_.empty());
}

void Replica::carry_out(Chore chore) {
  switch (chore) {
    case Chore::kTick:
      next_tick_ = world_.now + timing_.tick_every;
      input([this](zab::Core& core) { core.tick(clock()); });
      return;
    case Chore::kDisk:
      complete_disk();
      return;
    case Chore::kApply:
      apply_some();
      return;
    case Chore::kAnswer:
      give_answer();
      return;
    case Chore::kImageSync:
      sync_image();
      return;
  }
}

}  // namespace holdfast::sim
