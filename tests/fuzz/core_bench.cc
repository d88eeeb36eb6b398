#include "tests/fuzz/core_bench.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "lockserver/net/peer_codec.h"
#include "zab/base/check.h"
#include "zab/base/hash.h"
#include "zab/base/random.h"

namespace holdfast::fuzz {

namespace {

// Far beyond what a cell needs between two inputs; a core that gives out more does not come to
// rest.
constexpr int kRoundsMax = 1'000;

std::vector<zab::PersistOp> first_disk(const CoreBench::Setup& setup) {
  std::vector<zab::PersistOp> ops;
  if (setup.disk != CoreBench::Disk::kProvisioned) return ops;
  const Epoch one(1);
  const Epoch two(2);
  ops.emplace_back(zab::SetAcceptedEpoch{two, true});
  std::vector<zab::Entry> entries;
  Zxid prev;
  for (std::size_t i = 1; i <= setup.entries; ++i) {
    const bool first = i <= (setup.entries + 1) / 2;
    const Zxid zxid = first ? Zxid(one, static_cast<std::uint32_t>(i))
                            : Zxid(two, static_cast<std::uint32_t>(i - (setup.entries + 1) / 2));
    entries.push_back(zab::Entry{zxid, prev, SharedBytes("entry")});
    prev = zxid;
  }
  if (!entries.empty()) ops.emplace_back(zab::Append{entries});
  ops.emplace_back(zab::SetCurrentEpoch{one, false});
  return ops;
}

bool wants_answer(const zab::Message& message) {
  return !std::holds_alternative<zab::Pong>(message) &&
         !std::holds_alternative<zab::Commit>(message) &&
         !std::holds_alternative<zab::Ack>(message);
}

}  // namespace

CoreBench::CoreBench(const Setup& setup) : setup_(setup) {
  const std::vector<zab::PersistOp> ops = first_disk(setup_);
  HOLDFAST_CHECK(ops.empty() || store_.persist(ops).ok(), "the first disk cannot be written");
  start();
}

void CoreBench::start() {
  const bool rejoins = setup_.disk == Disk::kRejoining;
  const auto how =
      rejoins ? storage::OpenOptions::Start::kRejoin : storage::OpenOptions::Start::kNormal;
  const auto found = store_.recover(how, 1U << 20U);
  HOLDFAST_CHECK(found.ok(), "a disk from which nobody can start: " + found.status().message());
  applied_ = found->durable.applied;
  generation_ = store_.log_state().generation;
  ++setup_.options.incarnation.value;
  core_.emplace(setup_.options, found->durable, now_);
  before_ = zab::milestones_of(core_->state());
  settle();
}

void CoreBench::forget_process() {
  disk_.clear();
  answers_.clear();
  transfer_.reset();
  chunk_wanted_.reset();
  loading_ = false;
  deferred_.clear();
  dial_.reset();
  peers_.clear();
  connections_.clear();
}

void CoreBench::restart() {
  forget_process();
  Random dice(1);
  store_.crash(storage::MemStore::Loss::kAll, dice);
  start();
}

Surroundings CoreBench::around(ConnId conn) const {
  Surroundings around;
  around.view = core_->view();
  around.epochs = core_->state().ground.log.epochs();
  around.agreed = around.view.accepted;
  if (const auto at = peers_.find(conn); at != peers_.end()) {
    if (!at->second.agreed.is_none()) around.agreed = at->second.agreed;
    around.asked = at->second.asked;
    around.chunks = at->second.chunks;
    around.checksum = at->second.checksum;
  }
  return around;
}

// ---- inputs -------------------------------------------------------------------------------------

void CoreBench::pass_time(Ticks ticks) {
  now_ += ticks;
  core_->tick(now_);
  settle();
}

void CoreBench::note_agreed(Peer& peer, const zab::Message& message) {
  if (const auto* info = std::get_if<zab::LeaderInfo>(&message)) {
    peer.agreed = info->epoch;
  } else if (std::holds_alternative<zab::Snap>(message)) {
    peer.chunks = 0;
    peer.checksum = kHashSeed;
  } else if (const auto* chunk = std::get_if<zab::SnapChunk>(&message)) {
    ++peer.chunks;
    peer.checksum = hash_bytes(chunk->bytes.view(), peer.checksum);
  }
}

void CoreBench::say(ConnId conn, zab::Message message) {
  if (const auto at = peers_.find(conn); at != peers_.end()) {
    note_agreed(at->second, message);
    at->second.asked.reset();
  }
  core_->on_message(conn, std::move(message));
  settle();
}

void CoreBench::notify(const zab::Notification& notification) {
  core_->on_notification(notification);
  settle();
}

void CoreBench::accept() {
  const ConnId conn(++next_conn_);
  peers_[conn];
  connections_.push_back(conn);
  core_->on_accept(conn);
  settle();
}

void CoreBench::close(ConnId conn) {
  peers_.erase(conn);
  std::erase(connections_, conn);
  core_->on_closed(conn);
  settle();
}

void CoreBench::refuse_peer(ServerId peer) {
  core_->on_peer_refused(peer);
  settle();
}

void CoreBench::answer_dial(bool connects) {
  if (!dial_) return;
  const DialId dial = *std::exchange(dial_, std::nullopt);
  std::optional<ConnId> conn;
  if (connects) {
    conn = ConnId(++next_conn_);
    peers_[*conn];
    connections_.push_back(*conn);
  }
  core_->on_dial_result(dial, conn);
  settle();
}

// ---- disk ---------------------------------------------------------------------------------------

void CoreBench::work_disk(std::size_t operations) {
  work_disk_unheard(operations);
  while (alive_ && !answers_.empty()) {
    DiskAnswer answer = std::move(answers_.front());
    answers_.pop_front();
    if (const auto* through = std::get_if<Token>(&answer)) {
      core_->on_persisted(*through);
    } else {
      auto& read = std::get<LogRead>(answer);
      core_->on_log_read(read.id, std::move(read.entries));
    }
    settle();
  }
}

void CoreBench::work_disk_unheard(std::size_t operations) {
  std::vector<zab::Persist> batch;
  for (; alive_ && operations > 0 && !disk_.empty(); --operations) {
    if (auto* persist = std::get_if<zab::Persist>(&disk_.front())) {
      batch.push_back(std::move(*persist));
    } else {
      write(std::exchange(batch, {}));
      if (alive_) read(std::get<zab::ReadLog>(disk_.front()));
    }
    disk_.pop_front();
  }
  if (alive_) write(batch);
}

void CoreBench::write(const std::vector<zab::Persist>& batch) {
  if (batch.empty()) return;
  std::vector<zab::PersistOp> ops;
  for (const zab::Persist& one : batch) ops.push_back(one.op);
  const Status written = store_.persist(ops);
  if (!written.ok()) {
    // An image that a leader sent with right checksums around wrong records.
    HOLDFAST_CHECK(written.code() == StatusCode::kCorrupt, written.message());
    alive_ = false;
    return;
  }
  answers_.emplace_back(batch.back().token);
}

void CoreBench::read(const zab::ReadLog& read) {
  auto entries = store_.read_log(read.after, read.through, read.max_bytes);
  HOLDFAST_CHECK(entries.ok(), entries.status().message());
  answers_.emplace_back(LogRead{.id = read.read, .entries = std::move(entries).value()});
}

void CoreBench::load_image() {
  if (!loading_) return;
  const auto loaded =
      store_.load_image([](std::string_view, std::string_view) { return Status(); });
  HOLDFAST_CHECK(loaded.ok(), loaded.status().message());
  loading_ = false;
  generation_ = loaded->generation;
  applied_ = loaded->applied;
  core_->on_applied(applied_);
  deliver(std::exchange(deferred_, {}));
  settle();
}

void CoreBench::sync_image() {
  if (loading_) return;
  const Result<Zxid> synced = store_.sync_image();
  HOLDFAST_CHECK(synced.ok(), synced.status().message());
  if (*synced <= applied_) core_->on_image_durable(*synced);
  settle();
}

void CoreBench::go_on_sending_image() {
  if (!transfer_) return;
  const std::uint64_t id = transfer_->id;
  if (!transfer_->reader) {
    auto reader = store_.open_image();
    HOLDFAST_CHECK(reader.ok(), reader.status().message());
    transfer_->reader = std::move(reader).value();
    core_->on_image_opened(id, transfer_->reader->zxid(), transfer_->reader->approximate_bytes());
  } else if (chunk_wanted_ == id) {
    chunk_wanted_.reset();
    auto chunk = transfer_->reader->next(setup_.options.snap_chunk_bytes);
    HOLDFAST_CHECK(chunk.ok(), chunk.status().message());
    core_->on_image_chunk(id, SharedBytes(chunk->bytes), chunk->is_last);
  }
  settle();
}

// ---- outputs ------------------------------------------------------------------------------------

void CoreBench::settle() {
  for (int round = 0; alive_; ++round) {
    HOLDFAST_CHECK(round < kRoundsMax, "the core does not come to rest");
    std::vector<zab::Output> outputs = core_->take();
    if (outputs.empty()) break;
    for (zab::Output& output : outputs) {
      if (alive_) std::visit([this](auto& it) { carry_out(it); }, output);
    }
  }
  if (alive_) check();
  before_ = zab::milestones_of(core_->state());
}

void CoreBench::check() const {
  const auto broken = zab::check_basic(core_->state());
  HOLDFAST_CHECK(!broken, *broken + "\n" + core_->describe());
  const auto moved = zab::check_delta(before_, zab::milestones_of(core_->state()));
  HOLDFAST_CHECK(!moved, *moved + "\n" + core_->describe());
}

void CoreBench::carry_out(zab::Persist& persist) {
  disk_.push_back(std::move(persist));
}

void CoreBench::carry_out(zab::Send& send) {
  const auto at = peers_.find(send.conn);
  HOLDFAST_CHECK(at != peers_.end(), "a message into a connection that is closed");
  const std::string bytes = net::encode_peer_frame(send.message);
  HOLDFAST_CHECK(net::decode_peer_frame(bytes).ok(), "it says " + zab::describe(send.message));
  if (const auto* info = std::get_if<zab::LeaderInfo>(&send.message)) {
    at->second.agreed = info->epoch;
  }
  if (wants_answer(send.message)) at->second.asked = std::move(send.message);
}

void CoreBench::carry_out(zab::Dial& dial) {
  HOLDFAST_CHECK(!dial_, "two attempts at once");
  HOLDFAST_CHECK(setup_.options.config.is_member(dial.to) && dial.to != setup_.options.self,
                 "it dials replica " + to_string(dial.to));
  dial_ = dial.dial;
}

void CoreBench::carry_out(zab::Close& close) {
  HOLDFAST_CHECK(peers_.erase(close.conn) == 1, "a connection is closed twice");
  std::erase(connections_, close.conn);
}

void CoreBench::deliver(std::vector<zab::Entry> entries) {
  if (entries.empty()) return;
  HOLDFAST_CHECK(entries.front().prev == applied_, "a gap in what is delivered");
  applied_ = entries.back().zxid;
  const Status written =
      store_.write_image({.generation = generation_, .applied = applied_, .writes = {}});
  HOLDFAST_CHECK(written.ok(), written.message());
  core_->on_applied(applied_);
}

void CoreBench::carry_out(zab::Deliver& it) {
  HOLDFAST_CHECK(!it.entries.empty(), "nothing is delivered");
  if (loading_) {
    deferred_.insert(deferred_.end(), it.entries.begin(), it.entries.end());
  } else {
    deliver(std::move(it.entries));
  }
}

void CoreBench::carry_out(zab::ImageInstalled&) {
  loading_ = true;
  deferred_.clear();
}

void CoreBench::carry_out(zab::ReadLog& read) {
  disk_.push_back(read);
}

void CoreBench::carry_out(zab::OpenImage& open) {
  transfer_ = Transfer{.id = open.transfer, .reader = nullptr};
  chunk_wanted_.reset();
}

void CoreBench::carry_out(zab::ReadImageChunk& read) {
  chunk_wanted_ = read.transfer;
}

void CoreBench::carry_out(zab::CloseImage& close) {
  if (transfer_ && transfer_->id == close.transfer) transfer_.reset();
}

void CoreBench::carry_out(zab::Fatal& fatal) {
  HOLDFAST_CHECK(!fatal.reason.empty(), "it ends without a word");
  alive_ = false;
}

}  // namespace holdfast::fuzz
