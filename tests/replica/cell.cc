#include "tests/replica/cell.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::replica::testing {

namespace {

constexpr char kCellId[] = "00112233445566778899aabbccddeeff";
constexpr int kStepsMax = 200'000;  // A cell that does not come to rest is a bug.

}  // namespace

// ---- disk ---------------------------------------------------------------------------------------

bool QueuedDisk::run(DiskEvents& events) {
  for (std::deque<Job>* queue : {&log_, &image_}) {
    if (queue->empty() || (stalled && queue == &log_)) {
      continue;
    }
    Job job = std::move(queue->front());
    queue->pop_front();
    job(events);
    return true;
  }
  return false;
}

void QueuedDisk::persist(std::vector<zab::Persist> ops) {
  if (on_persist) {
    on_persist();
  }
  log_.push_back([this, ops = std::move(ops)](DiskEvents& events) {
    std::vector<zab::PersistOp> plain;
    for (const zab::Persist& op : ops) {
      plain.push_back(op.op);
    }
    const Status status = store_.persist(plain);
    if (status.ok()) {
      events.on_persisted(ops.back().token);
    } else {
      events.on_disk_failed(status);
    }
  });
}

void QueuedDisk::read_log(const zab::ReadLog& read) {
  log_.push_back([this, read](DiskEvents& events) {
    auto entries = store_.read_log(read.after, read.through, read.max_bytes);
    HOLDFAST_CHECK(entries.ok(), entries.status().message());
    events.on_log_read(read.read, std::move(entries).value());
  });
}

void QueuedDisk::write_image(storage::ImageBatch batch) {
  ++batches_written;
  image_.push_back([this, batch = std::move(batch)](DiskEvents& events) {
    const Status status = store_.write_image(batch);
    HOLDFAST_CHECK(status.ok(), status.message());
    events.on_image_written(batch.applied);
  });
}

void QueuedDisk::sync_image() {
  image_.push_back([this](DiskEvents& events) {
    const Result<Zxid> synced = store_.sync_image();
    HOLDFAST_CHECK(synced.ok(), synced.status().message());
    events.on_image_synced(*synced);
  });
}

void QueuedDisk::open_image(std::uint64_t transfer) {
  image_.push_back([this, transfer](DiskEvents& events) {
    auto reader = store_.open_image();
    HOLDFAST_CHECK(reader.ok(), reader.status().message());
    readers_[transfer] = std::move(reader).value();
    events.on_image_opened(transfer, readers_[transfer]->zxid(),
                           readers_[transfer]->approximate_bytes());
  });
}

void QueuedDisk::read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) {
  image_.push_back([this, transfer, max_bytes](DiskEvents& events) {
    auto chunk = readers_.at(transfer)->next(max_bytes);
    HOLDFAST_CHECK(chunk.ok(), chunk.status().message());
    storage::ImageReader::Chunk it = std::move(chunk).value();
    events.on_image_chunk(transfer, std::move(it.bytes), it.is_last);
  });
}

void QueuedDisk::close_image(std::uint64_t transfer) {
  image_.push_back([this, transfer](DiskEvents&) { readers_.erase(transfer); });
}

void QueuedDisk::load_image() {
  image_.push_back([this](DiskEvents& events) {
    ImageRecords image;
    const auto loaded = store_.load_image([&](std::string_view key, std::string_view value) {
      image.records.push_back({std::string(key), std::string(value)});
      return Status();
    });
    HOLDFAST_CHECK(loaded.ok(), loaded.status().message());
    image.applied = loaded->applied;
    image.generation = loaded->generation;
    events.on_image_loaded(std::move(image));
  });
}

void QueuedDisk::remove_garbage() {
  image_.push_back([this](DiskEvents&) {
    while (true) {
      const Result<bool> more = store_.remove_garbage();
      HOLDFAST_CHECK(more.ok(), more.status().message());
      if (!*more) {
        return;
      }
    }
  });
}

// ---- network ------------------------------------------------------------------------------------

bool Node::has_logged(const std::string& words) const {
  return std::any_of(log.begin(), log.end(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  });
}

void Node::notify(ServerId to, const zab::Notification& notification) {
  cell.network_.push_back([this, to, notification] {
    Node& peer = cell.node(static_cast<int>(to.value));
    if (!cell.reaches(id, to)) {
      return;
    }
    if (peer.is_up()) {
      peer.replica->on_notification(notification);
      peer.replica->on_idle();
    } else if (is_up()) {
      replica->on_peer_refused(to);
    }
  });
}

void Node::dial(DialId dial, ServerId to) {
  cell.network_.push_back([this, dial, to, run = incarnation] {
    if (!is_up() || run != incarnation) {
      return;
    }
    Node& peer = cell.node(static_cast<int>(to.value));
    if (!cell.reaches(id, to) || !peer.is_up()) {
      replica->on_dial_result(dial, std::nullopt);
      return;
    }
    const ConnId mine(++cell.next_conn_);
    const ConnId theirs(++cell.next_conn_);
    cell.other_end_[mine] = {to, theirs};
    cell.other_end_[theirs] = {id, mine};
    cell.owner_[mine] = id;
    cell.owner_[theirs] = to;
    peer.replica->on_accept(theirs);
    peer.replica->on_idle();
    replica->on_dial_result(dial, mine);
  });
}

void Node::send(ConnId conn, zab::Message message) {
  ++unflushed;
  barriers_asked += std::holds_alternative<zab::ReadIndex>(message) ? 1U : 0U;
  auto found = cell.other_end_.find(conn);
  if (found == cell.other_end_.end() || cell.broken_.contains(conn)) {
    return;
  }
  cell.network_.push_back([this, conn, message = std::move(message)] {
    auto end = cell.other_end_.find(conn);
    if (end == cell.other_end_.end()) {
      return;
    }
    Node& peer = cell.node(static_cast<int>(end->second.node.value));
    if (!cell.broken_.contains(conn) && peer.is_up()) {
      peer.replica->on_message(end->second.conn, message);
      peer.replica->on_idle();
    }
  });
}

void Node::close(ConnId conn, const std::string&) {
  // What was sent before comes first.
  cell.network_.push_back([this, conn] { cell.close_end(conn); });
}

void Cell::close_end(ConnId conn) {
  auto found = other_end_.find(conn);
  if (found == other_end_.end()) {
    return;
  }
  const End other = found->second;
  const bool silent = broken_.contains(conn);
  other_end_.erase(other.conn);
  other_end_.erase(conn);
  Node& peer = node(static_cast<int>(other.node.value));
  if (!silent && peer.is_up()) {
    peer.replica->on_closed(other.conn);
  }
}

bool Cell::reaches(ServerId a, ServerId b) const {
  return isolated_.contains(a) == isolated_.contains(b);
}

void Cell::cut_off(int id) {
  isolated_.insert(ServerId(static_cast<std::uint64_t>(id)));
  for (const auto& [conn, other] : other_end_) {
    if (!reaches(owner_.at(conn), other.node)) {
      broken_.insert(conn);
    }
  }
}

void Cell::heal() {
  isolated_.clear();
  const std::set<ConnId> broken = std::exchange(broken_, {});
  for (const ConnId conn : broken) {
    auto found = other_end_.find(conn);
    if (found == other_end_.end()) {
      continue;
    }
    const ServerId mine = owner_.at(conn);
    const End other = found->second;
    other_end_.erase(conn);
    other_end_.erase(other.conn);
    for (const auto& [who, end] : {std::pair(mine, conn), std::pair(other.node, other.conn)}) {
      Node& it = node(static_cast<int>(who.value));
      if (it.is_up()) {
        it.replica->on_closed(end);
      }
    }
  }
}

bool Cell::are_connected(int from, int to) {
  return std::any_of(other_end_.begin(), other_end_.end(), [&](const auto& one) {
    return owner_.at(one.first) == node(from).id && one.second.node == node(to).id;
  });
}

void Cell::inject(int from, int to, const zab::Message& message) {
  for (const auto& [conn, other] : other_end_) {
    if (owner_.at(conn) == node(from).id && other.node == node(to).id) {
      node(from).send(conn, message);
      return;
    }
  }
  HOLDFAST_CHECK(false, "no connection to put the message into");
}

// ---- processes ----------------------------------------------------------------------------------

Cell::Cell(CellOptions options) : options_(std::move(options)) {
  for (int id = 1; id <= options_.voters + options_.observers; ++id) {
    nodes_.push_back(std::make_unique<Node>(*this, ServerId(static_cast<std::uint64_t>(id))));
  }
  for (int id = 1; id <= options_.voters + options_.observers; ++id) {
    start(id);
  }
}

Cell::~Cell() = default;

void Cell::start(int id) {
  boot(node(id), storage::OpenOptions::Start::kNormal);
}

void Cell::start_wiped(int id) {
  node(id).store = std::make_unique<storage::MemStore>();
  boot(node(id), storage::OpenOptions::Start::kRejoin);
}

void Cell::boot(Node& node, storage::OpenOptions::Start how) {
  auto recovered = node.store->recover(how, 1U << 20U);
  HOLDFAST_CHECK(recovered.ok(), recovered.status().message());
  ImageRecords image;
  const auto loaded = node.store->load_image([&](std::string_view key, std::string_view value) {
    image.records.push_back({std::string(key), std::string(value)});
    return Status();
  });
  HOLDFAST_CHECK(loaded.ok(), loaded.status().message());
  image.applied = loaded->applied;
  image.generation = loaded->generation;

  ReplicaOptions options;
  options.core.self = node.id;
  options.core.incarnation = Incarnation(++node.incarnation * 100 + node.id.value);
  options.core.seed = options.core.incarnation.value;
  for (int id = 1; id <= options_.voters + options_.observers; ++id) {
    auto& group =
        id <= options_.voters ? options.core.config.voters : options.core.config.observers;
    group.push_back(ServerId(static_cast<std::uint64_t>(id)));
  }
  options.limits = state::StateLimits::defaults();
  options.cell_name = "test";
  options.cell_id = kCellId;
  if (options_.adjust) {
    options_.adjust(options);
  }
  node.fatal.reset();
  node.disk = std::make_unique<QueuedDisk>(*node.store);
  World world;
  world.transport = &node;
  world.disk = node.disk.get();
  world.clock = &clock;
  world.fatal = [&node](const std::string& why) { node.fatal = why; };
  world.log = [&node](const std::string& line) { node.log.push_back(line); };
  if (options_.calls_wait) {
    world.soon = [this, &node, process = node.incarnation](std::function<void()> work) {
      network_.push_back([&node, process, work = std::move(work)] {
        if (node.is_up() && node.incarnation == process) {
          work();
        }
      });
    };
  }
  node.replica = std::make_unique<Replica>(options, world, recovered->durable, std::move(image));
}

void Cell::kill(int id) {
  Node& dead = node(id);
  dead.replica.reset();
  dead.disk.reset();
  Random dice(7);
  dead.store->crash(storage::MemStore::Loss::kNothing, dice);
  std::vector<ConnId> ends;
  for (const auto& [conn, other] : other_end_) {
    if (owner_.at(conn) == dead.id) {
      ends.push_back(conn);
    }
  }
  for (const ConnId conn : ends) {
    dead.close(conn, "killed");
  }
}

// ---- time ---------------------------------------------------------------------------------------

bool Cell::step() {
  for (const auto& it : nodes_) {
    if (it->is_up() && it->disk->run(*it->replica)) {
      return true;
    }
  }
  if (!network_.empty()) {
    const std::function<void()> next = std::move(network_.front());
    network_.pop_front();
    next();
    return true;
  }
  return false;
}

void Cell::settle() {
  for (int steps = 0; step(); ++steps) {
    HOLDFAST_CHECK(steps < kStepsMax, "the cell does not come to rest");
    if (on_step) on_step();
  }
}

void Cell::advance(Ticks ms) {
  settle();
  const Ticks end = clock.now_ms + ms;
  while (clock.now_ms < end) {
    clock.now_ms += std::min(options_.tick_ms, end - clock.now_ms);
    for (const auto& it : nodes_) {
      if (it->is_up()) {
        it->replica->tick();
      }
    }
    settle();
  }
}

bool Cell::wait_for(const std::function<bool()>& holds, Ticks ms) {
  settle();
  for (const Ticks end = clock.now_ms + ms; !holds(); advance(options_.tick_ms)) {
    if (clock.now_ms >= end) {
      return false;
    }
  }
  return true;
}

int Cell::leader() {
  int leader = 0;
  for (const auto& it : nodes_) {
    if (!it->is_up() || isolated_.contains(it->id)) {
      continue;
    }
    const StatusFacts status = it->replica->status();
    if (status.core.role == zab::Role::kLeading && status.core.serving) {
      if (leader != 0) {
        return 0;
      }
      leader = static_cast<int>(it->id.value);
    }
  }
  return leader;
}

int Cell::wait_for_leader() {
  const bool found = wait_for(
      [this] {
        const int it = leader();
        if (it == 0) {
          return false;
        }
        // All that are there follow it.
        return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& other) {
          return !other->is_up() || isolated_.contains(other->id) ||
                 other->replica->status().core.serving;
        });
      },
      20'000);
  HOLDFAST_CHECK(found, "the cell finds no leader");
  return leader();
}

int Cell::follower() {
  const int now_leads = leader();
  for (const auto& it : nodes_) {
    const int id = static_cast<int>(it->id.value);
    if (it->is_up() && id != now_leads && !isolated_.contains(it->id)) {
      return id;
    }
  }
  HOLDFAST_CHECK(false, "the cell has no follower");
  return 0;
}

}  // namespace holdfast::replica::testing
