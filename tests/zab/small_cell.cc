#include "tests/zab/small_cell.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace holdfast::zab::testing {

namespace {

EpochVector shape_of(Zxid base, const std::vector<Entry>& log) {
  EpochVector epochs{EpochEnd{base.epoch(), base.counter()}};
  for (const Entry& entry : log) {
    if (epochs.back().epoch != entry.zxid.epoch()) {
      epochs.push_back(EpochEnd{entry.zxid.epoch(), 0});
    }
    epochs.back().last_counter = entry.zxid.counter();
  }
  return epochs;
}

std::string image_bytes(const std::vector<Entry>& state) {
  std::string bytes;
  for (const Entry& entry : state) {
    bytes += to_string(entry.zxid) + "=" + std::string(entry.payload.view()) + "\n";
  }
  return bytes;
}

Zxid zxid_of(const std::string& text) {
  const std::size_t dot = text.find('.');
  return Zxid(Epoch(static_cast<std::uint32_t>(std::stoul(text.substr(0, dot)))),
              static_cast<std::uint32_t>(std::stoul(text.substr(dot + 1))));
}

std::vector<Entry> image_state(const std::string& bytes) {
  std::vector<Entry> state;
  std::istringstream lines(bytes);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    const Zxid prev = state.empty() ? Zxid() : state.back().zxid;
    state.push_back(
        Entry{zxid_of(line.substr(0, equals)), prev, bytes_of(line.substr(equals + 1))});
  }
  return state;
}

}  // namespace

SharedBytes bytes_of(const std::string& text) {
  return SharedBytes(text);
}

std::vector<Entry> entries_of(const std::string& text) {
  std::vector<Entry> entries;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const Zxid prev = entries.empty() ? Zxid() : entries.back().zxid;
    entries.push_back(Entry{zxid_of(word), prev, bytes_of(word)});
  }
  return entries;
}

SmallCell::SmallCell(const Shape& shape) {
  Config config;
  for (const std::uint64_t id : shape.voters) {
    config.voters.emplace_back(id);
  }
  for (const std::uint64_t id : shape.observers) {
    config.observers.emplace_back(id);
  }
  for (const auto* ids : {&shape.voters, &shape.observers}) {
    for (const std::uint64_t id : *ids) {
      Options options;
      options.self = ServerId(id);
      options.config = config;
      options.seed = id;
      nodes_[id].options = options;
    }
  }
}

void SmallCell::provision(std::uint64_t id, Epoch accepted, Epoch current,
                          const std::string& entries) {
  SmallDisk& at = disk(id);
  at.membership = Membership::kProvisioned;
  at.accepted = accepted;
  at.current = current;
  at.log = entries_of(entries);
}

void SmallCell::provision_all() {
  for (auto& [id, node] : nodes_) {
    node.disk.membership = Membership::kProvisioned;
  }
}

void SmallCell::start(std::uint64_t id) {
  Node& node = nodes_.at(id);
  ASSERT_EQ(node.core, nullptr);
  node.options.incarnation = Incarnation(++next_run_);
  node.state = node.disk.image;
  node.readers.clear();
  node.ready_reads.clear();
  DurableState recovered{.membership = node.disk.membership,
                         .accepted = node.disk.accepted,
                         .current = node.disk.current,
                         .base = node.disk.base,
                         .epochs = shape_of(node.disk.base, node.disk.log),
                         .applied = node.disk.image_zxid(),
                         .tail = node.disk.log};
  node.core = std::make_unique<Core>(node.options, recovered, now_);
  node.milestones = milestones_of(node.core->state());
  check(id);
  carry_out(id);
}

void SmallCell::start_all() {
  for (auto& [id, node] : nodes_) {
    if (!node.core) {
      start(id);
    }
  }
}

void SmallCell::crash(std::uint64_t id) {
  Node& node = nodes_.at(id);
  node.core.reset();
  node.disk.queue.clear();
  node.disk.staged.reset();
  node.disk.is_slow = false;
  std::erase_if(answers_, [id](const auto& answer) { return answer.first == id; });
  for (Connection& connection : connections_) {
    for (auto [mine, theirs] : {std::pair(&connection.dialled, &connection.accepted),
                                std::pair(&connection.accepted, &connection.dialled)}) {
      if (mine->node == id && mine->is_open) {
        mine->is_open = false;
        theirs->was_closed_by_peer = true;
      }
    }
  }
}

void SmallCell::input(std::uint64_t id, const std::function<void(Core&)>& give) {
  Node& node = nodes_.at(id);
  if (!node.core || node.fatal) {
    return;
  }
  give(*node.core);
  check(id);
  carry_out(id);
}

void SmallCell::check(std::uint64_t id) {
  Node& node = nodes_.at(id);
  const auto basic = check_basic(node.core->state());
  ASSERT_FALSE(basic.has_value()) << *basic << "\n" << node.core->describe();
  const Milestones now = milestones_of(node.core->state());
  const auto delta = check_delta(node.milestones, now);
  ASSERT_FALSE(delta.has_value()) << *delta << "\n" << node.core->describe();
  node.milestones = now;
}

void SmallCell::carry_out(std::uint64_t id) {
  Node& node = nodes_.at(id);
  // Copies are full: a copy that is dropped leaves no trace, and equal states hash equally. Looked
  // at now and then only, because it costs more than all the rest.
  if (sent_.size() % 64 == 0) {
    const Core copy = *node.core;
    ASSERT_EQ(copy.hash(), node.core->hash());
  }
  std::vector<Output> outputs = node.core->take();
  check(id);
  for (Output& output : outputs) {
    carry_out(id, std::move(output));
  }
}

void SmallCell::carry_out(std::uint64_t id, Output output) {
  Node& node = nodes_.at(id);
  if (auto* op = std::get_if<Persist>(&output)) {
    node.disk.queue.push_back(std::move(*op));
  } else if (auto* send = std::get_if<Send>(&output)) {
    on_send(id, std::move(*send));
  } else if (auto* notify = std::get_if<Notify>(&output)) {
    notifications_.push_back(std::move(*notify));
  } else if (auto* dial = std::get_if<Dial>(&output)) {
    on_dial(id, *dial);
  } else if (auto* close = std::get_if<Close>(&output)) {
    node.closes.push_back(close->reason);
    on_close(id, close->conn);
  } else if (auto* deliver = std::get_if<Deliver>(&output)) {
    for (Entry& entry : deliver->entries) {
      const Zxid at = node.state.empty() ? Zxid() : node.state.back().zxid;
      EXPECT_EQ(entry.prev, at) << "delivery with a hole at " << id;
      node.state.push_back(std::move(entry));
    }
    const Zxid through = node.state.back().zxid;
    EXPECT_LE(through, node.disk.last()) << "delivered before it was durable";
    answers_.emplace_back(id, [through](Core& core) { core.on_applied(through); });
  } else if (auto* installed = std::get_if<ImageInstalled>(&output)) {
    node.state = node.disk.image;
    EXPECT_EQ(node.disk.image_zxid(), installed->zxid);
    answers_.emplace_back(id, [z = installed->zxid](Core& core) { core.on_applied(z); });
  } else if (auto* read = std::get_if<ReadLog>(&output)) {
    on_read_log(id, *read);
  } else if (auto* open = std::get_if<OpenImage>(&output)) {
    const std::string bytes = image_bytes(node.state);
    node.readers[open->transfer] = Reader{bytes, 0};
    const Zxid at = node.state.empty() ? Zxid() : node.state.back().zxid;
    answers_.emplace_back(id, [t = open->transfer, at, size = bytes.size()](Core& core) {
      core.on_image_opened(t, at, size);
    });
  } else if (auto* chunk = std::get_if<ReadImageChunk>(&output)) {
    on_read_chunk(id, *chunk);
  } else if (auto* done = std::get_if<CloseImage>(&output)) {
    node.readers.erase(done->transfer);
  } else if (auto* ready = std::get_if<ReadReady>(&output)) {
    node.ready_reads.push_back(ready->tag);
  } else if (auto* touched = std::get_if<Touched>(&output)) {
    node.touched.insert(node.touched.end(), touched->sessions.begin(), touched->sessions.end());
  } else if (auto* request = std::get_if<ForwardedRequest>(&output)) {
    node.forwarded.emplace_back(request->payload.view());
    answers_.emplace_back(id, [this, r = *request](Core& core) {
      if (refuse_requests_ || !std::holds_alternative<Proposed>(core.propose(r.payload))) {
        core.reply_to(r.conn, r.payload);
      }
    });
  } else if (auto* refused = std::get_if<ForwardRefused>(&output)) {
    node.refused.emplace_back(refused->payload.view());
  } else if (auto* fatal = std::get_if<Fatal>(&output)) {
    node.fatal = fatal->reason;
  }
}

void SmallCell::on_send(std::uint64_t id, Send send) {
  check_send(id, send.message);
  for (Connection& connection : connections_) {
    for (auto [mine, theirs] : {std::pair(&connection.dialled, &connection.accepted),
                                std::pair(&connection.accepted, &connection.dialled)}) {
      if (mine->conn == send.conn && mine->is_open) {
        sent_.push_back(SentMessage{id, theirs->node, send.message});
        if (stall_ && stall_(sent_.back())) {
          connection.is_stalled = true;
        }
        theirs->inbox.push_back(std::move(send.message));
        return;
      }
    }
  }
}

// What must be durable before what (ZAB.md §1.4), against the disk itself.
void SmallCell::check_send(std::uint64_t id, const Message& message) {
  const SmallDisk& at = disk(id);
  if (const auto* info = std::get_if<LeaderInfo>(&message)) {
    EXPECT_GE(at.accepted, info->epoch) << "LEADERINFO of " << id;
  } else if (const auto* promise = std::get_if<AckEpoch>(&message)) {
    EXPECT_EQ(at.accepted, promise->epoch) << "ACKEPOCH of " << id;
    EXPECT_EQ(at.last(), Zxid(promise->epochs.back().epoch, promise->epochs.back().last_counter));
  } else if (const auto* synced = std::get_if<AckNewLeader>(&message)) {
    EXPECT_EQ(at.current, synced->epoch) << "ACK_NEWLEADER of " << id;
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    EXPECT_GE(at.last(), ack->durable) << "ACK of " << id;
  }
}

void SmallCell::on_dial(std::uint64_t id, const Dial& dial) {
  const std::uint64_t to = dial.to.value;
  if (is_cut(id, to) || !is_up(to)) {
    const bool is_refused = !is_cut(id, to);
    answers_.emplace_back(id, [d = dial, is_refused](Core& core) {
      core.on_dial_result(d.dial, std::nullopt);
      if (is_refused) {
        core.on_peer_refused(d.to);
      }
    });
    return;
  }
  connections_.emplace_back();
  Connection& connection = connections_.back();
  connection.dialled.node = id;
  connection.dialled.conn = ConnId(++next_conn_);
  connection.accepted.node = to;
  connection.accepted.conn = ConnId(++next_conn_);
  answers_.emplace_back(
      id, [d = dial.dial, c = connection.dialled.conn](Core& core) { core.on_dial_result(d, c); });
  answers_.emplace_back(to, [c = connection.accepted.conn](Core& core) { core.on_accept(c); });
}

void SmallCell::on_close(std::uint64_t id, ConnId conn) {
  for (Connection& connection : connections_) {
    for (auto [mine, theirs] : {std::pair(&connection.dialled, &connection.accepted),
                                std::pair(&connection.accepted, &connection.dialled)}) {
      if (mine->node == id && mine->conn == conn && mine->is_open) {
        mine->is_open = false;
        theirs->was_closed_by_peer = true;
      }
    }
  }
}

void SmallCell::on_read_log(std::uint64_t id, const ReadLog& read) {
  std::vector<Entry> found;
  for (const Entry& entry : disk(id).log) {
    if (entry.zxid > read.after && entry.zxid <= read.through && found.size() < 2) {
      found.push_back(entry);
    }
  }
  answers_.emplace_back(id, [r = read.read, found](Core& core) { core.on_log_read(r, found); });
}

void SmallCell::on_read_chunk(std::uint64_t id, const ReadImageChunk& read) {
  Reader& reader = nodes_.at(id).readers.at(read.transfer);
  const std::string part = reader.bytes.substr(reader.at, read.max_bytes);
  reader.at += part.size();
  const bool is_last = reader.at == reader.bytes.size();
  answers_.emplace_back(id, [t = read.transfer, part, is_last](Core& core) {
    core.on_image_chunk(t, bytes_of(part), is_last);
  });
}

void SmallCell::persist(std::uint64_t id, const PersistOp& op) {
  SmallDisk& at = disk(id);
  if (const auto* accepted = std::get_if<SetAcceptedEpoch>(&op)) {
    at.accepted = accepted->epoch;
    at.membership = accepted->provisions ? Membership::kProvisioned : at.membership;
  } else if (const auto* current = std::get_if<SetCurrentEpoch>(&op)) {
    at.current = current->epoch;
    at.membership = current->provisions ? Membership::kProvisioned : at.membership;
  } else if (const auto* append = std::get_if<Append>(&op)) {
    for (const Entry& entry : append->entries) {
      EXPECT_EQ(entry.prev, at.last()) << "a hole in the log of " << id;
      at.log.push_back(entry);
    }
  } else if (const auto* truncate = std::get_if<TruncateTo>(&op)) {
    std::erase_if(at.log, [truncate](const Entry& entry) { return entry.zxid > truncate->last; });
  } else if (std::holds_alternative<BeginImage>(op)) {
    at.staged = "";
  } else if (const auto* chunk = std::get_if<StageChunk>(&op)) {
    *at.staged += chunk->bytes.view();
  } else if (const auto* install = std::get_if<InstallImage>(&op)) {
    at.image = image_state(*at.staged);
    EXPECT_EQ(at.image_zxid(), install->zxid);
    at.staged.reset();
    at.base = install->zxid;
    at.log.clear();
  } else if (const auto* purge = std::get_if<Purge>(&op)) {
    EXPECT_LE(purge->through, at.image_zxid());
    std::erase_if(at.log, [purge](const Entry& entry) { return entry.zxid <= purge->through; });
    at.base = purge->through;
  }
}

bool SmallCell::step_disk(std::uint64_t id) {
  SmallDisk& at = disk(id);
  if (at.queue.empty()) {
    return false;
  }
  const Persist op = std::move(at.queue.front());
  at.queue.pop_front();
  persist(id, op.op);
  input(id, [&op](Core& core) { core.on_persisted(op.token); });
  return true;
}

void SmallCell::persist_one(std::uint64_t id) {
  step_disk(id);
}

void SmallCell::fast_disk(std::uint64_t id) {
  disk(id).is_slow = false;
}

bool SmallCell::step_connection(Connection& connection) {
  if (connection.is_stalled || is_cut(connection.dialled.node, connection.accepted.node)) {
    return false;
  }
  for (End* end : {&connection.dialled, &connection.accepted}) {
    if (!end->is_open) {
      continue;
    }
    if (!end->inbox.empty()) {
      Message message = std::move(end->inbox.front());
      end->inbox.pop_front();
      input(end->node, [&](Core& core) { core.on_message(end->conn, std::move(message)); });
      return true;
    }
    if (end->was_closed_by_peer) {
      end->is_open = false;
      input(end->node, [&](Core& core) { core.on_closed(end->conn); });
      return true;
    }
  }
  return false;
}

bool SmallCell::step() {
  if (!answers_.empty()) {
    auto [id, give] = std::move(answers_.front());
    answers_.pop_front();
    input(id, give);
    return true;
  }
  if (!notifications_.empty()) {
    const Notify notify = std::move(notifications_.front());
    notifications_.pop_front();
    const std::uint64_t from = notify.notification.from.value;
    const std::uint64_t to = notify.to.value;
    if (!is_cut(from, to) && is_up(to)) {
      input(to, [&](Core& core) { core.on_notification(notify.notification); });
    } else if (!is_cut(from, to) && is_up(from)) {
      input(from, [&](Core& core) { core.on_peer_refused(notify.to); });
    }
    return true;
  }
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (step_connection(connections_[i])) {
      return true;
    }
  }
  for (auto& [id, node] : nodes_) {
    if (node.core && !node.disk.is_slow && step_disk(id)) {
      return true;
    }
  }
  return false;
}

void SmallCell::run() {
  std::erase_if(connections_, [](const Connection& connection) {
    return !connection.dialled.is_open && !connection.accepted.is_open;
  });
  for (int steps = 0; step(); ++steps) {
    ASSERT_LT(steps, 2'000'000) << "the cell never comes to rest";
    if (::testing::Test::HasFatalFailure()) {
      return;
    }
  }
}

void SmallCell::advance(Ticks ticks) {
  const Ticks end = now_ + ticks;
  run();
  while (now_ < end && !::testing::Test::HasFatalFailure()) {
    now_ = std::min(end, now_ + 5);
    for (auto& [id, node] : nodes_) {
      input(id, [this](Core& core) { core.tick(now_); });
    }
    run();
  }
}

bool SmallCell::advance_until(const std::function<bool()>& condition, Ticks limit) {
  const Ticks end = now_ + limit;
  run();
  while (!condition()) {
    if (now_ >= end || ::testing::Test::HasFatalFailure()) {
      return false;
    }
    advance(5);
  }
  return true;
}

void SmallCell::cut(std::uint64_t a, std::uint64_t b) {
  cuts_.insert(std::minmax(a, b));
}

void SmallCell::heal() {
  cuts_.clear();
  for (Connection& connection : connections_) {
    connection.is_stalled = false;
  }
  stall_ = nullptr;
}

void SmallCell::isolate(std::uint64_t id) {
  for (const auto& [other, node] : nodes_) {
    if (other != id) {
      cut(id, other);
    }
  }
}

bool SmallCell::is_cut(std::uint64_t a, std::uint64_t b) const {
  return cuts_.contains(std::minmax(a, b));
}

void SmallCell::break_connections(std::uint64_t a, std::uint64_t b) {
  for (Connection& connection : connections_) {
    const auto ends = std::minmax(connection.dialled.node, connection.accepted.node);
    if (std::pair<std::uint64_t, std::uint64_t>(ends) ==
        std::pair(std::min(a, b), std::max(a, b))) {
      connection.is_stalled = false;
      for (End* end : {&connection.dialled, &connection.accepted}) {
        end->inbox.clear();
        end->was_closed_by_peer = true;
      }
    }
  }
}

std::uint64_t SmallCell::leader() {
  std::uint64_t best = 0;
  for (auto& [id, node] : nodes_) {
    if (node.core && !node.fatal && node.core->view().role == Role::kLeading &&
        node.core->view().established) {
      if (best == 0 || node.core->view().current > view(best).current) {
        best = id;
      }
    }
  }
  return best;
}

std::uint64_t SmallCell::elect() {
  start_all();
  advance_until([this] { return leader() != 0; }, 20'000);
  return leader();
}

std::optional<Zxid> SmallCell::propose(std::uint64_t id, const std::string& payload) {
  std::optional<Zxid> zxid;
  input(id, [&](Core& core) {
    const ProposeResult result = core.propose(bytes_of(payload));
    if (const auto* proposed = std::get_if<Proposed>(&result)) {
      zxid = proposed->zxid;
    }
  });
  return zxid;
}

Zxid SmallCell::write(const std::string& payload) {
  const std::uint64_t at = leader();
  EXPECT_NE(at, 0U) << "nobody leads";
  const auto zxid = propose(at, payload);
  EXPECT_TRUE(zxid.has_value()) << core(at).describe();
  run();
  EXPECT_GE(view(at).committed, *zxid) << core(at).describe();
  return *zxid;
}

void SmallCell::sync_image(std::uint64_t id) {
  Node& node = nodes_.at(id);
  node.disk.image = node.state;
  if (!node.state.empty()) {
    input(id, [&](Core& core) { core.on_image_durable(node.state.back().zxid); });
  }
}

std::string SmallCell::applied(std::uint64_t id) {
  std::string text;
  for (const Entry& entry : nodes_.at(id).state) {
    text +=
        (text.empty() ? "" : " ") + to_string(entry.zxid) + "=" + std::string(entry.payload.view());
  }
  return text;
}

std::string SmallCell::log(std::uint64_t id) {
  std::string text;
  for (const Entry& entry : disk(id).log) {
    text += (text.empty() ? "" : " ") + to_string(entry.zxid);
  }
  return text;
}

}  // namespace holdfast::zab::testing
