#pragma once

namespace holdfast::cli {

// What the process answers. `holdfast help-exit-codes`, README and docs/operations.md say the same.
enum ExitCode : int {
  kOk = 0,
  kRefused = 1,  // The cell refused: the error's code and sentence are on standard error. sequencer
                 // check: stale.
  kUnknown = 2,  // sequencer check: nothing is known about it.
  kUsage = 64,
  kUnreachable = 69,  // No replica with a quorum behind it could be reached in time.
  kInternal = 70,     // The machine refused something: no memory, no process.
  kNotAcquired = 75,  // lock run, lock hold: the lock was not had in the time given.
  kLost = 76,  // lock run, lock hold: the lock was lost; the command was stopped before that.
  kNotRunnable = 127  // lock run: the command could not be started.
};

}  // namespace holdfast::cli
