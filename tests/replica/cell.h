#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lockserver/replica/replica.h"
#include "lockserver/storage/mem_store.h"
#include "zab/base/random.h"

// A whole cell in one thread: real replicas over disks in memory, a network and a clock that only
// move when a test says so. Nothing here waits for real time, and the same test always runs the
// same way.

namespace holdfast::replica::testing {

class Cell;

class ManualClock final : public Clock {
 public:
  Ticks now() const override { return now_ms; }
  std::int64_t wall_ms() const override { return 1'700'000'000'000 + now_ms; }
  Ticks now_ms = 1'000;
};

// Carries requests out only when run() is called, in their order.
class QueuedDisk final : public Disk {
 public:
  explicit QueuedDisk(storage::MemStore& store) : store_(store) {}
  // True when there was something to do.
  bool run(DiskEvents& events);
  bool stalled = false;  // The log thread hangs: nothing becomes durable.
  std::uint64_t free = 1ULL << 40U;
  std::uint64_t batches_written = 0;
  std::function<void()> on_persist;  // The log thread is about to be asked.

  void persist(std::vector<zab::Persist> ops) override;
  void read_log(const zab::ReadLog& read) override;
  void write_image(storage::ImageBatch batch) override;
  void sync_image() override;
  void open_image(std::uint64_t transfer) override;
  void read_image_chunk(std::uint64_t transfer, std::size_t max_bytes) override;
  void close_image(std::uint64_t transfer) override;
  void load_image() override;
  void remove_garbage() override;
  std::uint64_t log_bytes() const override { return store_.log_bytes(); }
  std::uint64_t free_bytes() const override { return free; }

 private:
  using Job = std::function<void(DiskEvents&)>;
  storage::MemStore& store_;
  std::deque<Job> log_;
  std::deque<Job> image_;
  std::map<std::uint64_t, std::unique_ptr<storage::ImageReader>> readers_;
};

// One replica's place in the cell: its disk stays when the process ends.
struct Node final : public Transport {
  Node(Cell& home, ServerId name) : cell(home), id(name) {}

  Cell& cell;
  ServerId id;
  std::unique_ptr<storage::MemStore> store = std::make_unique<storage::MemStore>();
  std::unique_ptr<QueuedDisk> disk;
  std::unique_ptr<Replica> replica;  // Null while the process is down.
  std::uint64_t incarnation = 0;
  std::vector<std::string> log;
  std::optional<std::string> fatal;
  std::size_t barriers_asked = 0;  // READINDEX messages to a leader.
  std::size_t unflushed = 0;       // Messages since the last flush().

  bool has_logged(const std::string& words) const;
  bool is_up() const { return replica != nullptr && !fatal; }
  void notify(ServerId to, const zab::Notification& notification) override;
  void dial(DialId dial, ServerId to) override;
  void send(ConnId conn, zab::Message message) override;
  void close(ConnId conn, const std::string& reason) override;
  void flush() override { unflushed = 0; }
};

struct CellOptions {
  int voters = 3;
  int observers = 0;
  Ticks tick_ms = 10;
  bool calls_wait = false;  // Clients' calls are carried out behind what is on its way.
  std::function<void(ReplicaOptions&)> adjust;
};

class Cell {
 public:
  explicit Cell(CellOptions options);
  ~Cell();

  ManualClock clock;

  // Processes. A replica is killed without a word to anybody but closed connections.
  void start(int id);
  void start_wiped(int id);  // Its disk was lost: --rejoin.
  void kill(int id);
  bool is_up(int id) { return node(id).is_up(); }
  Node& node(int id) { return *nodes_.at(static_cast<std::size_t>(id) - 1); }
  Replica& replica(int id) { return *node(id).replica; }

  // Network: no message passes between the two groups any more; what was on its way is lost.
  void cut_off(int id);
  void heal();
  bool are_connected(int from, int to);
  // The first replica says this to the second, on the connection that they have.
  void inject(int from, int to, const zab::Message& message);

  std::function<void()> on_step;  // Called after each thing that settle() lets happen.

  // One thing happens, if there is any that can without time passing.
  void step_once() { step(); }
  // Everything that can happen without time passing.
  void settle();
  // Time passes, tick by tick.
  void advance(Ticks ms);
  // Time passes until it holds; false when it does not within the time.
  bool wait_for(const std::function<bool()>& holds, Ticks ms);

  // The one replica that leads and serves; 0 for none, or when two do.
  int leader();
  int wait_for_leader();
  // Any running replica that does not lead.
  int follower();

 private:
  friend struct Node;
  struct End {
    ServerId node;
    ConnId conn;
  };

  bool reaches(ServerId a, ServerId b) const;
  bool step();
  void boot(Node& node, storage::OpenOptions::Start how);
  void close_end(ConnId conn);

  CellOptions options_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::deque<std::function<void()>> network_;
  std::map<ConnId, End> other_end_;  // Of each end of a connection.
  std::map<ConnId, ServerId> owner_;
  std::set<ConnId> broken_;  // Messages into them are lost.
  std::uint64_t next_conn_ = 0;
  std::set<ServerId> isolated_;
};

}  // namespace holdfast::replica::testing
