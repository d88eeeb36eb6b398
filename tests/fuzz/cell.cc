#include "tests/replica/cell.h"

#include <string>
#include <utility>

#include "lockserver/state/command_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/random_commands.h"
#include "tests/fuzz/random_messages.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// A cell of three whole replicas which now and then say what they should not: any message on a
// connection that stands, commands of any content to be forwarded and to be applied. Histories may
// then contradict each other, so a replica may stop, with a sentence; none reaches a broken
// invariant, none that serves has an unsound state, and each can start again.

namespace holdfast::fuzz {

namespace {

using replica::testing::Cell;

constexpr int kReplicas = 3;
constexpr int kStepsMax = 48;

int replica_of(ByteSource& source) {
  return 1 + static_cast<int>(source.below(kReplicas));
}

Surroundings around(Cell& cell, int id) {
  Surroundings out;
  out.view = cell.replica(id).status().core;
  out.agreed = out.view.accepted;
  out.epochs = {{.epoch = out.view.last.epoch(), .last_counter = out.view.last.counter()}};
  return out;
}

SharedBytes payload_of(ByteSource& source, Cell& cell, int from, int to) {
  if (source.below(16) == 0) return SharedBytes(std::string(source.text()));
  const Zxid near(cell.replica(to).status().core.last.value + 1);
  state::Command command = random_command(source, near);
  // Else its leader would refuse it at the door.
  command.origin.server = ServerId(static_cast<std::uint64_t>(from));
  return SharedBytes(state::encode_command(command));
}

zab::Message message_of(ByteSource& source, Cell& cell, int from, int to) {
  const Surroundings receiver = around(cell, to);
  const std::size_t choice = source.below(4);
  if (choice == 0) {
    return zab::Request{receiver.agreed, payload_of(source, cell, from, to)};
  }
  zab::Message message = random_message(source, receiver);
  if (auto* proposal = std::get_if<zab::Proposal>(&message); proposal != nullptr && choice == 1) {
    for (zab::Entry& entry : proposal->entries) {
      entry.payload = payload_of(source, cell, from, to);
    }
  }
  return message;
}

void lie(ByteSource& source, Cell& cell) {
  const int from = replica_of(source);
  const int to = replica_of(source);
  if (from == to || !cell.is_up(from) || !cell.is_up(to)) return;
  if (source.below(8) == 0) {
    zab::Notification word = random_notification(source, around(cell, to));
    word.from = ServerId(static_cast<std::uint64_t>(from));
    cell.node(from).notify(ServerId(static_cast<std::uint64_t>(to)), word);
  } else if (cell.are_connected(from, to)) {
    cell.inject(from, to, message_of(source, cell, from, to));
  }
}

void open_session(ByteSource& source, Cell& cell) {
  const int at = replica_of(source);
  if (!cell.is_up(at)) return;
  const replica::LaneId lane = cell.replica(at).open_lane();
  state::OpenSession open;
  open.secret.bytes = std::string(32, static_cast<char>('a' + source.below(4)));
  open.lease_ms = 5'000;
  cell.replica(at).open_session(lane, replica::Terms(), std::move(open),
                                [](const replica::WriteAnswer&) {});
}

void restart(ByteSource& source, Cell& cell) {
  const int id = replica_of(source);
  cell.kill(id);
  cell.start(id);
}

void step(ByteSource& source, Cell& cell) {
  switch (source.below(8)) {
    case 0:
      return cell.advance(10 * static_cast<Ticks>(1 + source.below(256)));
    case 1:
      return open_session(source, cell);
    case 2:
      return source.below(8) == 0 ? restart(source, cell) : cell.step_once();
    case 3:
      return cell.settle();
    default:
      return lie(source, cell);
  }
}

void check(Cell& cell) {
  for (int id = 1; id <= kReplicas; ++id) {
    if (cell.is_up(id)) {
      const Status sound = cell.replica(id).state().audit();
      HOLDFAST_CHECK(sound.ok(), sound.message());
    } else {
      HOLDFAST_CHECK(!cell.node(id).fatal->empty(), "a replica stopped without a word");
      cell.kill(id);
      cell.start(id);
    }
  }
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  Cell cell(replica::testing::CellOptions{.voters = kReplicas});
  cell.wait_for_leader();
  for (int count = 0; count < kStepsMax && !source.is_empty(); ++count) step(source, cell);
  cell.settle();
  check(cell);
  cell.advance(3'000);
}

}  // namespace holdfast::fuzz
