#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lockserver/net/lock_service.h"
#include "lockserver/replica/replica.h"
#include "tests/world/design.h"
#include "tests/world/disk.h"
#include "tests/world/edge.h"
#include "tests/world/host_clock.h"
#include "tests/world/ledger.h"
#include "tests/world/mesh.h"

namespace holdfast::world {

class Host;

// Who looks on after each input to a replica.
class HostWitness {
 public:
  virtual void on_input(Host& host) = 0;
  virtual void on_start(Host& host) = 0;

 protected:
  ~HostWitness() = default;
};

// The machine of one replica: its clock, its disk, and the process that runs there now and then:
// the production replica with the production service at its edge.
class Host final : public Actor, public Machine, private DiskWitness {
 public:
  struct World {
    Scheduler& time;
    Network& network;
    Story& story;
    Verdict& verdict;
    Ledger& ledger;
    const Design& design;
    HostWitness& witness;
  };

  Host(ServerId id, const World& world, Random dice);

  ServerId id() const { return id_; }
  MachineId machine() const { return machine_; }
  bool is_voter() const { return id_.value <= world_.design.voters; }
  std::string name() const { return "replica " + to_string(id_); }

  // The process. Starting one that runs, or whose disk is damaged, changes nothing.
  void start();
  bool is_up() const { return process_ != nullptr; }
  struct Death {
    Network::Death network = Network::Death::kTold;
    storage::MemStore::Loss image = storage::MemStore::Loss::kNothing;
  };
  void die(const Death& death);
  void stop();  // SIGTERM: the process ends by itself.
  bool is_stopping() const { return is_up() && process_->stopping; }
  void pause();
  void resume();
  replica::Replica& replica() { return *process_->replica; }
  const replica::Replica& replica() const { return *process_->replica; }
  Incarnation incarnation() const { return process_->incarnation; }
  // After something from outside was given to the replica.
  void settle();

  // The disk. A wiped one is started with --rejoin until it is provisioned again.
  void wipe();
  bool is_damaged() const { return damaged_; }
  // No wiped disk that the cell has not brought up to date yet.
  bool is_provisioned() const { return store_->log_state().provisioned; }
  bool holds(Zxid zxid) const;
  Zxid base() const { return store_->log_state().base; }
  Result<std::vector<zab::Entry>> logged(Zxid after, Zxid through) const;
  DiskTemper& temper() { return temper_; }
  void on_temper_changed();
  HostClock& clock() { return clock_; }

  Listener* accept(EndId end, MachineId from, Port port) override;
  void on_input_done() override;

 private:
  enum Wake : std::uint32_t { kTick, kLogDone, kImageDone, kDialOverdue, kSoon };
  struct Process {
    Incarnation incarnation;
    std::uint64_t run = 0;
    std::unique_ptr<SimMesh> mesh;
    std::unique_ptr<SimDisk> disk;
    std::unique_ptr<replica::Replica> replica;
    std::unique_ptr<net::LockService> service;
    std::unique_ptr<ClientEdge> edge;
    std::function<void()> soon;  // Asked for by the replica, to be run at the next kSoon.
    std::optional<std::string> fatal;
    bool stopping = false;
    bool stopped = false;
  };

  void on_wake(std::uint32_t what, std::uint64_t which) override;
  void on_logged(const zab::PersistOp& op) override;
  void on_image_written(const storage::ImageBatch& batch) override;
  void load_image_sum();
  void check_image(Zxid zxid, const char* when);
  std::optional<replica::ImageRecords> recover(zab::DurableState& durable);
  replica::ReplicaOptions replica_options(Incarnation incarnation) const;
  net::LockService::Options service_options() const;
  void make_mesh(Process& process);
  void make_disk(Process& process);
  void log_line(const std::string& line);
  void run_soon(Process& process, std::function<void()> work);
  void on_said(ServerId to, const zab::Message& message);
  void on_fatal();

  ServerId id_;
  World world_;
  Random dice_;
  HostClock clock_;
  MachineId machine_;
  DiskTemper temper_;
  std::unique_ptr<storage::MemStore> store_ = std::make_unique<storage::MemStore>();
  bool rejoins_ = false;
  bool damaged_ = false;
  ImageSum image_;
  std::uint64_t runs_ = 0;
  std::unique_ptr<Process> process_;
};

// How the replicas and clients name the one cell.
inline constexpr char kCellName[] = "sim";
inline constexpr char kCellId[] = "00112233445566778899aabbccddeeff";
std::string cell_id_bytes();

}  // namespace holdfast::world
