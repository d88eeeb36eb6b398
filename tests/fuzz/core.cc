#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/net/peer_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/core_bench.h"
#include "tests/fuzz/random_messages.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// A replica's core in every role, among peers who may say anything at any time. It may close
// connections, leave its role, and stop for a message that proves that committed entries are lost
// (ZAB.md R16); nothing that a peer says may reach a broken invariant.

namespace holdfast::fuzz {

namespace {

constexpr int kStepsMax = 200;

CoreBench::Setup setup_of(ByteSource& source) {
  CoreBench::Setup setup;
  const std::size_t bits = source.below(256);
  const std::size_t voters = 1 + 2 * (bits % 3);
  for (std::size_t id = 1; id <= voters; ++id) {
    setup.options.config.voters.emplace_back(id);
  }
  setup.options.config.observers.emplace_back(voters + 1);
  setup.options.self = ServerId((bits & 4U) != 0 && (bits & 8U) != 0 ? voters + 1 : 1);
  constexpr CoreBench::Disk kDisks[] = {CoreBench::Disk::kProvisioned,
                                        CoreBench::Disk::kProvisioned, CoreBench::Disk::kFresh,
                                        CoreBench::Disk::kRejoining};
  setup.disk = kDisks[(bits >> 4U) % 4];
  setup.entries = setup.disk == CoreBench::Disk::kProvisioned ? source.below(7) : 0;
  const std::size_t size = source.below(4);
  if (size > 0) {
    setup.options.log_window_bytes = size == 1 ? 0 : 200;
    setup.options.proposal_run_bytes = 40 * size;
    setup.options.learner_in_flight_bytes = 100 * size;
    setup.options.in_flight_entries = 3;
    setup.options.snap_chunk_bytes = 8;
    setup.options.snap_chunks_in_flight = size;
    setup.options.snap_percent = size == 3 ? 1 : 33;
  }
  if ((bits & 192U) == 192U) {
    setup.options.counter_max = 12;
    setup.options.counter_reserve = 4;
    setup.options.epoch_max = 8;
  }
  return setup;
}

ConnId connection_of(ByteSource& source, const CoreBench& bench) {
  const std::vector<ConnId>& open = bench.connections();
  const std::size_t choice = source.below(8);
  if (open.empty()) return ConnId(choice);
  return choice < 5 ? open.back() : open[choice % open.size()];
}

// Bytes as they would come from the wire.
void say_bytes(ByteSource& source, CoreBench& bench) {
  const ConnId conn = connection_of(source, bench);
  Result<net::PeerFrame> frame = net::decode_peer_frame(source.text());
  if (!frame.ok()) return;
  net::PeerFrame value = std::move(frame).value();
  if (auto* message = std::get_if<zab::Message>(&value)) bench.say(conn, std::move(*message));
  if (auto* word = std::get_if<zab::Notification>(&value)) bench.notify(*word);
}

// All voters agree that this one leads.
void elect(ServerId leader, CoreBench& bench) {
  const zab::CoreView view = bench.core().view();
  for (const ServerId voter : bench.core().state().ground.options.config.voters) {
    if (!bench.is_alive()) return;
    zab::Vote vote = view.vote;
    vote.leader = leader;
    bench.notify({.from = voter,
                  .incarnation = Incarnation(7),
                  .role = voter == leader && leader != bench.core().state().ground.self()
                              ? zab::Role::kLeading
                              : zab::Role::kLooking,
                  .vote = vote,
                  .round = view.round,
                  .membership = bench.core().state().ground.shown_membership(),
                  .config_version = Zxid()});
  }
  if (bench.is_alive()) bench.pass_time(100);
}

void client_step(ByteSource& source, CoreBench& bench) {
  zab::Core& core = bench.core();
  const std::vector<SessionId> touched = {SessionId(1)};
  switch (source.below(8)) {
    case 0:
    case 1:
      core.propose(SharedBytes(std::string(source.below(64), 'c')));
      break;
    case 2:
      core.forward(SharedBytes("forwarded"));
      break;
    case 3:
      core.read_barrier(source.byte());
      break;
    case 4:
      core.touch(touched);
      break;
    case 5:
      core.purge(core.view().applied);
      break;
    case 6:
      core.set_free_bytes(source.byte());
      break;
    default:
      core.resign("an operator stops it");
      break;
  }
  bench.settle();
}

void disk_step(ByteSource& source, CoreBench& bench) {
  switch (source.below(8)) {
    case 0:
      return bench.work_disk_unheard(1);
    case 1:
      return bench.work_disk(1);
    case 2:
      return bench.load_image();
    case 3:
      return bench.sync_image();
    case 4:
      return bench.go_on_sending_image();
    default:
      return bench.work_disk(100);
  }
}

void network_step(ByteSource& source, CoreBench& bench) {
  switch (source.below(6)) {
    case 0:
      return bench.accept();
    case 1:
      return bench.answer_dial(true);
    case 2:
      return bench.answer_dial(false);
    case 3:
      return bench.close(connection_of(source, bench));
    case 4:
      return bench.refuse_peer(ServerId(source.below(6)));
    default:
      return bench.notify(random_notification(source, bench.around(ConnId())));
  }
}

void polite_step(ByteSource& source, CoreBench& bench) {
  const ConnId conn = connection_of(source, bench);
  if (auto message = polite_message(bench.around(conn))) bench.say(conn, std::move(*message));
  if (bench.is_alive()) bench.work_disk(100);
}

// A learner that finds its leader, or a leader that is found.
void meeting_step(ByteSource& source, CoreBench& bench) {
  const zab::CoreView view = bench.core().view();
  if (view.role == zab::Role::kLeading) {
    bench.accept();
    if (!bench.is_alive() || bench.connections().empty()) return;
    const ServerId from(2 + source.below(3));
    const zab::Config& config = bench.core().state().ground.options.config;
    bench.say(bench.connections().back(),
              zab::LearnerInfo{.from = from,
                               .incarnation = Incarnation(1),
                               .observer = !config.is_voter(from),
                               .membership = bench.core().state().ground.shown_membership(),
                               .accepted = view.accepted,
                               .config_version = Zxid()});
  } else {
    bench.answer_dial(true);
  }
  if (bench.is_alive()) bench.work_disk(100);
}

void step(ByteSource& source, CoreBench& bench) {
  switch (source.below(16)) {
    case 0:
      return bench.pass_time(1 + static_cast<Ticks>(source.below(256)));
    case 1:
      return bench.pass_time(20 * static_cast<Ticks>(1 + source.below(256)));
    case 2:
    case 3:
      return disk_step(source, bench);
    case 4:
      return network_step(source, bench);
    case 5:
      return client_step(source, bench);
    case 6:
      return say_bytes(source, bench);
    case 7:
      return elect(ServerId(1 + source.below(3)), bench);
    case 8:
      return meeting_step(source, bench);
    case 9:
    case 10:
      return polite_step(source, bench);
    case 11:
      return source.below(8) == 0 ? bench.restart() : bench.work_disk(100);
    default: {
      const ConnId conn = connection_of(source, bench);
      return bench.say(conn, random_message(source, bench.around(conn)));
    }
  }
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  CoreBench bench(setup_of(source));
  for (int count = 0; count < kStepsMax && !source.is_empty() && bench.is_alive(); ++count) {
    step(source, bench);
  }
  if (!bench.is_alive()) return;
  bench.work_disk(100);
  if (bench.is_alive()) bench.restart();
}

}  // namespace holdfast::fuzz
