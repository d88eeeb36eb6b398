#pragma once

#include <string>

#include "tests/zab/scenario/stage.h"

// The verbs of scenarios. Each gives what it has to say beyond what happened, which the stage
// prints by itself.

namespace holdfast::scenario {

// cell voters=3 observers=1 [fresh] [explored] [election=real] [accepted=1:5,2:4] [counter_max=
// counter_reserve= snap_percent=
//   chunk_bytes= window_bytes= run_bytes= in_flight= epoch_max=]
//   Makes the cell and starts it. Disks are provisioned and empty unless it is fresh. Elections
//   wait for `elect` unless real. Explored: as ./dev explore plays; nothing times out, and what is
//   under way on a lost connection arrives until `lose`.
std::string cell(Stage& stage, const Command& command);

// elect leader=1 quorum=1,2        Makes those who look join the leader, whatever the best vote is.
std::string elect(Stage& stage, const Command& command);
// notify to=1 from=2 role=following leader=1 epoch=1 zxid=1.3 round=4     One forged notification.
std::string notify(Stage& stage, const Command& command);

// propose at=1 count=3
std::string propose(Stage& stage, const Command& command);
// read at=2                        Asks for a read barrier.
std::string read(Stage& stage, const Command& command);
// forward at=2                     A client's command at a learner.
std::string forward(Stage& stage, const Command& command);

// persist at=2 ops=1|all           The oldest operations reach the disk.
std::string persist(Stage& stage, const Command& command);
// apply at=2                       The state machine applies what was delivered.
std::string apply(Stage& stage, const Command& command);
// answer at=1                      Reads of the log or an image that the core has asked for.
std::string answer(Stage& stage, const Command& command);
// sync-image at=1                  The image is synced through what is applied.
std::string sync_image(Stage& stage, const Command& command);
// purge at=1 through=1.5
std::string purge(Stage& stage, const Command& command);
// queue at=2                       Shows what waits for the disk.
std::string queue(Stage& stage, const Command& command);

// connect from=2 to=1              The attempt of 2 to connect succeeds, and 1 accepts.
std::string connect(Stage& stage, const Command& command);
// deliver from=1 to=2 count=1|all [line=accepted.2]     By the newest connection of the two, or by
// the second oldest of those that `to` has accepted (dialled: has made).
std::string deliver(Stage& stage, const Command& command);
// drop from=1 to=2                 The connection breaks and what is under way on it is lost;
// nobody has noticed yet.
std::string drop(Stage& stage, const Command& command);
// lose at=2 from=1 [line=]         2 notices that the connection is lost; what was on its way to 2
// is lost with it.
std::string lose(Stage& stage, const Command& command);
// break 1 2                        As drop, and both notice.
std::string break_connection(Stage& stage, const Command& command);
// isolate 1                        No packet passes between 1 and others, on both channels.
std::string isolate(Stage& stage, const Command& command);
// heal
std::string heal(Stage& stage, const Command& command);

// crash 2 [keep=1] [torn=1] [silent]   Of its queue the oldest `keep` operations reach the disk, of
// the next one `torn` entries.
std::string crash(Stage& stage, const Command& command);
// restart 2 [rejoin]
std::string restart(Stage& stage, const Command& command);
// wipe 2
std::string wipe(Stage& stage, const Command& command);
// resign 1
std::string resign(Stage& stage, const Command& command);

// tick ms=100 [at=1,2]             Time passes, and those named hear of it.
std::string tick(Stage& stage, const Command& command);
// run ms=2000 [only=1,2]           Time passes in small steps, and everything happens as it comes.
std::string run(Stage& stage, const Command& command);
// stabilize [only=1,2]             Everything that waits happens at once.
std::string stabilize(Stage& stage, const Command& command);

// state [at=1,2]                   One line a replica.
std::string state(Stage& stage, const Command& command);
// log [at=1,2]                     What is on the disks.
std::string log(Stage& stage, const Command& command);

}  // namespace holdfast::scenario
