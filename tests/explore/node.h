#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/explore/action.h"
#include "tests/explore/message_pool.h"
#include "tests/sim/chain_state.h"
#include "tests/sim/disk.h"
#include "tests/sim/subject.h"
#include "tests/sim/witness.h"
#include "zab/core.h"
#include "zab/state_hash.h"

namespace holdfast::explore {

// A mistake of the surroundings, never of the core, to show that a search finds what it looks for.
enum class Mistake {
  kNone,
  kDiskForgets,        // A crash also takes the newest entry that was synced.
  kPromiseForgotten,   // A crash takes the accepted epoch back to the current one.
  kReportsTooEarly,    // Completions are reported while the disk still works.
  kAcksForLearners,    // The network itself acknowledges NEWLEADER, as if the learner had.
  kNetworkRepeatsAcks  // An AckNewLeader that was delivered once may arrive again later.
};

// What is the same for all replicas and all the time.
struct Setup {
  zab::Options options;  // `self` is filled in.
  Mistake mistake = Mistake::kNone;
};
// Nothing happens by time alone, and no wait is ever over by itself.
Setup make_setup();

// What a replica is given: an action, with the message that is delivered or the number of the
// proposal or read.
struct Input {
  Action action;
  std::uint32_t value = 0;
};

// What it says in answer to the others, in order.
struct Said {
  enum class What : std::uint8_t { kSend, kClose, kOpen };
  What what = What::kSend;
  Line line;  // As of before the input; of kOpen: the new one.
  MessageId message = 0;
};

// One replica as a value: a core with its disk and its state machine, and the driver between them.
// What takes a real driver time without consequence is done at once: applying, reading the log or
// an image.
class Node : public sim::Subject {
 public:
  Node(const Setup& setup, std::uint8_t index) : setup_(&setup), index_(index) {}

  // Carries the input out. The checkers, or whoever else looks on, see each step of it.
  std::vector<Said> take(const Input& input, MessagePool& pool, sim::Witness& witness);

  ServerId id() const override { return ServerId(index_ + 1U); }
  bool is_observer() const override { return false; }
  bool is_running() const override { return core_.has_value(); }
  const sim::Disk& disk() const override { return disk_; }
  sim::Disk& disk() { return disk_; }
  const zab::Core& core() const override { return *core_; }
  const zab::CoreView& view() const override;
  const sim::ChainState& state() const override { return state_; }

  // What decides its future, when the replica with index i is called names[i].
  std::uint64_t hash(const std::array<std::uint8_t, kVoters>& names) const;

 private:
  struct End {
    Line line;
    ConnId conn;
    bool is_closed = false;
  };
  struct Applied {};
  struct Dialled {
    DialId dial;
    ConnId conn;
  };
  struct Early {
    Token token;
  };
  using Answer =
      std::variant<Applied, Dialled, Early, zab::ReadLog, zab::OpenImage, zab::ReadImageChunk>;
  struct Step {
    MessagePool& pool;
    sim::Witness& witness;
    std::vector<Said> said;
    std::vector<Answer> answers;  // To be given to the core when its outputs are carried out.
  };

  template <typename Give>
  void give(Step& step, Give input);
  void drain(Step& step);
  void carry_out(Step& step, const zab::Output& output);
  void answer(Step& step, const Answer& answer);

  void join(Step& step, ServerId leader);
  void accept(Step& step, const Line& line);
  void deliver(Step& step, const Line& line, MessageId message);
  void notice(Step& step, const Line& line);
  void persist(Step& step);
  void propose(Step& step, std::uint32_t number);
  void crash(Step& step, const Action& action);
  void restart(Step& step);
  void ping(Step& step);
  void read(Step& step, std::uint32_t tag);
  void sync_image(Step& step);

  End& end(const Line& line);
  End& end(ConnId conn);
  ConnId open(const Line& line);
  std::uint8_t ends_with(std::uint8_t peer, bool dialled) const;

  const Setup* setup_;
  std::uint8_t index_;
  sim::Disk disk_;
  std::optional<zab::Core> core_;
  mutable std::optional<zab::CoreView> view_;
  sim::ChainState state_;
  std::vector<End> ends_;  // By age.
  std::uint64_t last_conn_ = 0;
  Ticks clock_ = 0;
  std::string image_;  // The bytes of the image that is being read.
};

}  // namespace holdfast::explore
