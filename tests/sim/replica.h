#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/sim/chain_state.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "tests/sim/subject.h"
#include "tests/sim/witness.h"
#include "zab/base/random.h"
#include "zab/core.h"

namespace holdfast::sim {

// What all replicas of a simulated cell share.
struct World {
  SimTime now = 0;
  Network network;
  Witness* witness = nullptr;
};

// One replica: a core with its disk, its state machine and its clock, and the driver between them.
// The process may be stopped and started; the disk stays. Things that take time stand in `chores`,
// each carried out when its time has come.
class Replica : public Subject {
 public:
  struct Timing {
    SimTime disk_min = 0;
    SimTime disk_max = 0;
    std::uint32_t stall_per_mille = 0;  // Of all batches.
    SimTime stall_max = 0;
    std::uint64_t batch_ops_max = 1;  // Operations that complete together.
    SimTime apply_max = 0;
    SimTime read_max = 0;          // Of the log or an image.
    SimTime image_sync_every = 0;  // 0: the image is never synced by itself.
    SimTime tick_every = 0;        // 0: no ticks by themselves.
    std::int64_t clock_ppm = 0;    // How much too fast this replica's clock runs.
    std::size_t image_filler_bytes_max = 0;
    std::size_t tail_entries_max = 0;  // Of the log, kept in memory at a start.
    std::uint32_t refuse_forwards_per_mille = 0;
    // A driver's bug, to show that the checkers see it: completions are reported while the disk
    // still works.
    bool reports_too_early = false;
  };
  enum class Chore { kTick, kDisk, kApply, kAnswer, kImageSync };
  struct Due {
    SimTime at;
    Chore chore;
  };
  struct Applied {
    std::vector<zab::Entry> entries;
  };
  struct Loaded {
    Zxid zxid;
  };

  Replica(zab::Options options, Timing timing, std::uint64_t seed, World& world);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  ServerId id() const override { return options_.self; }
  bool is_observer() const override { return is_observer_; }
  const zab::Options& options() const { return options_; }
  Timing& timing() { return timing_; }
  const Disk& disk() const override { return disk_; }
  Disk& disk() { return disk_; }

  // The process. `unprovisioned` says what an empty disk means: the first start of the cell, or
  // --rejoin.
  void start(zab::Membership unprovisioned);
  // How much of what was not yet answered survives the crash.
  struct Survivors {
    std::size_t ops = 0;             // Oldest queued operations that reach the disk whole.
    std::size_t torn_entries = 0;    // Entries of the next one, when it is an append.
    std::uint64_t image_choice = 0;  // Picks one of the image states since the last sync.
  };
  void crash(Survivors survivors);
  bool is_running() const override { return core_.has_value(); }
  bool has_failed() const { return failure_.has_value(); }
  const std::string& failure() const {
    return *failure_;
  }  // The Fatal with which the core ended it.
  void forget_failure() { failure_.reset(); }

  const zab::Core& core() const override { return *core_; }
  const zab::CoreView& view() const override;
  // Gives an input to the core, and carries out what it answers.
  template <typename Function>
  void input(Function give) {
    give(*core_);
    view_.reset();
    drain();
  }
  Incarnation incarnation() const { return options_.incarnation; }

  // Inputs that need the driver's knowledge.
  zab::ProposeResult propose(SharedBytes payload);
  bool read_barrier(std::uint64_t tag);

  // State machine.
  const ChainState& state() const override { return state_; }

  // Time.
  std::optional<Due> next_chore() const;
  void carry_out(Chore chore);
  Ticks clock() const;

  // By hand, for scenarios: completes the oldest `ops` operations of the disk's queue at once.
  void persist(std::size_t ops);
  bool has_to_apply() const { return !to_apply_.empty(); }
  bool has_to_answer() const { return !answers_.empty(); }
  bool has_work() const;  // Anything but ticks and syncing of the image.

 private:
  struct Transfer {
    std::string bytes;
    std::size_t offset = 0;
  };
  using Answer = std::variant<zab::ReadLog, zab::OpenImage, zab::ReadImageChunk>;

  void drain();
  void execute(const zab::Output& output);
  void schedule_disk();
  void complete_disk();
  void apply_some();
  void give_answer();
  void answer(const zab::ReadLog& request);
  void answer(const zab::OpenImage& request);
  void answer(const zab::ReadImageChunk& request);
  void sync_image();
  void decide_forwarded(const zab::ForwardedRequest& request);
  SimTime sometime(SimTime max);

  zab::Options options_;
  bool is_observer_;
  Timing timing_;
  Random random_;
  World& world_;
  Disk disk_;
  std::uint64_t starts_ = 0;
  std::optional<zab::Core> core_;
  mutable std::optional<zab::CoreView> view_;  // Of the core as it is, when somebody has asked.
  std::optional<std::string> failure_;

  // All of the following belongs to one run of the process.
  std::uint64_t disk_batch_ = 0;  // Operations of the queue that the disk works on.
  SimTime disk_due_ = 0;
  Token reported_early_;
  ChainState state_;
  std::uint64_t image_number_ = 0;    // Of the image that state_ has grown from.
  std::vector<ChainState> unsynced_;  // States since the image was last synced.
  std::deque<std::variant<Applied, Loaded>> to_apply_;
  SimTime apply_due_ = 0;
  std::deque<Answer> answers_;
  SimTime answer_due_ = 0;
  std::map<std::uint64_t, Transfer> transfers_;
  SimTime next_tick_ = 0;
  SimTime next_image_sync_ = 0;
};

}  // namespace holdfast::sim
