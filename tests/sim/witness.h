#pragma once

#include "tests/sim/subject.h"
#include "zab/output.h"

namespace holdfast::sim {

// Who looks on while a replica runs: checkers, counters, the trace. Called at the moment of the
// event, so the disk and the core of `replica` are as they are just then.
class Witness {
 public:
  virtual ~Witness() = default;

  // The core has taken an input. What it asks for in answer follows with on_output.
  virtual void on_input(const Subject& replica) = 0;
  // The core asks for this; it is carried out afterwards.
  virtual void on_output(const Subject& replica, const zab::Output& output) = 0;
  // The message is given to the core next.
  virtual void on_message(const Subject& replica, ConnId at, const zab::Message& message) = 0;
  // The operation is on the disk now.
  virtual void on_disk(const Subject& replica, const zab::PersistOp& op) = 0;
  // The leader has given this entry its place in the history.
  virtual void on_proposed(const Subject& replica, const zab::Entry& entry) = 0;
  // The core has taken a read barrier.
  virtual void on_barrier(const Subject& replica, std::uint64_t tag) = 0;
  // The state machine has moved.
  virtual void on_applied(const Subject& replica) = 0;
  // A process begins with what is on its disk.
  virtual void on_start(const Subject& replica) = 0;
};

}  // namespace holdfast::sim
