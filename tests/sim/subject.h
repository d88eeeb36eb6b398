#pragma once

#include "tests/sim/chain_state.h"
#include "tests/sim/disk.h"
#include "zab/core.h"

namespace holdfast::sim {

// One replica as those see it who look on: its core, its disk and its state machine, as they are at
// this moment.
class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = default;
  Subject& operator=(const Subject&) = default;
  virtual ~Subject() = default;

  virtual ServerId id() const = 0;
  virtual bool is_observer() const = 0;
  virtual bool is_running() const = 0;
  virtual const Disk& disk() const = 0;
  virtual const zab::Core& core() const = 0;  // Of a running replica.
  virtual const zab::CoreView& view() const = 0;
  virtual const ChainState& state() const = 0;
};

}  // namespace holdfast::sim
