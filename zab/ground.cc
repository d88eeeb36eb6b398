#include "zab/ground.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "zab/base/check.h"

namespace holdfast::zab {

namespace {

std::vector<ServerId> members_of(const Config& config) {
  std::vector<ServerId> members = config.voters;
  members.insert(members.end(), config.observers.begin(), config.observers.end());
  std::sort(members.begin(), members.end());
  return members;
}

Election::Timing timing_of(const Options& options) {
  return Election::Timing{.finalize = options.finalize,
                          .resend_min = options.resend_min,
                          .resend_max = options.resend_max};
}

}  // namespace

Ground::Ground(Options opts, const DurableState& start, Ticks at)
    : options(std::move(opts)),
      quorum(options.config),
      now(at),
      promises{start.accepted, start.current, start.membership},
      log(start, options.log_window_bytes),
      delivery(start.applied),
      committed(start.applied),
      election(quorum, members_of(options.config), timing_of(options), options.seed) {}

Membership Ground::shown_membership() const {
  const bool is_unborn = promises.membership == Membership::kProvisioned && is_voter() &&
                         !promises.accepted.is_none() && promises.current.is_none() &&
                         log.last().is_none();
  return is_unborn && !cell_lives ? Membership::kFresh : promises.membership;
}

void Ground::note_membership(ServerId peer, Membership membership) {
  if (membership == Membership::kProvisioned && quorum.is_voter(peer)) {
    cell_lives = true;
  }
}

Zxid Ground::floor() const {
  return std::max(log.base(), delivery.delivered());
}

void Ground::set_accepted(const SetAcceptedEpoch& op) {
  HOLDFAST_CHECK(op.epoch > promises.accepted, "accepted epoch " + to_string(op.epoch) + " after " +
                                                   to_string(promises.accepted));
  persist.push(op, out);
  promises.accepted = op.epoch;
  if (op.provisions) {
    gate(GatedAction::kProvisioned, 0);
  }
}

void Ground::set_current(const SetCurrentEpoch& op) {
  HOLDFAST_CHECK(op.epoch >= promises.current && op.epoch <= promises.accepted,
                 "current epoch " + to_string(op.epoch) + " with accepted " +
                     to_string(promises.accepted) + " and current " + to_string(promises.current));
  persist.push(op, out);
  promises.current = op.epoch;
  if (op.provisions) {
    gate(GatedAction::kProvisioned, 0);
  }
}

void Ground::append(const Entry& entry) {
  log.append(entry, persist.append(entry));
}

void Ground::truncate(Zxid to) {
  HOLDFAST_CHECK(to >= floor(), "truncation to " + to_string(to) + " below " + to_string(floor()));
  log.truncate(to, persist.push(TruncateTo{to}, out));
}

void Ground::install(Zxid zxid) {
  delivery.install_queued(zxid);
  log.install(zxid, persist.push(InstallImage{zxid}, out));
  persist.gate(
      Gate{.generation = generation, .action = GatedAction::kImageInstalled, .zxid = zxid});
}

void Ground::gate(GatedAction action, std::uint64_t count) {
  persist.gate(Gate{.generation = generation, .action = action, .count = count});
}

void Ground::raise_committed(Zxid zxid) {
  committed = std::max(committed, zxid);
}

void Ground::announce(Role role, Phase phase, Epoch epoch, ServerId leader) {
  out.push(RoleChange{role, phase, epoch, leader, generation});
}

void Ground::serve(Role role, Epoch epoch) {
  HOLDFAST_CHECK(!serving, "serving begins twice");
  serving = true;
  out.push(Serve{role, epoch});
}

void Ground::leave(std::string reason) {
  if (!departure) {
    departure = Departure{std::move(reason)};
  }
}

void Ground::stop(std::string reason) {
  if (!fatal) {
    fatal = std::move(reason);
  }
}

Election::Self Ground::election_self() const {
  return Election::Self{.id = options.self,
                        .incarnation = options.incarnation,
                        .membership = shown_membership(),
                        .voter = is_voter(),
                        .current = promises.current,
                        .last = log.last(),
                        .config_version = options.config.version};
}

void Ground::hash_into(StateHash& hash) const {
  hash.add(options.self).add(promises.accepted).add(promises.current).add(promises.membership);
  hash.add(committed);
  log.hash_into(hash);
  if (hash.sees_clock_and_election()) {
    election.hash_into(hash);
  }
  persist.hash_into(hash, generation);
  delivery.hash_into(hash);
  hash.add_set(held, [](StateHash& one, const auto& item) {
    const auto& [conn, connection] = item;
    one.add(conn).add_time(connection.since).add(connection.info.has_value());
    if (connection.info) {
      const LearnerInfo& info = *connection.info;
      one.add(info.from).add(info.observer).add(info.membership);
      one.add(info.accepted).add(info.config_version);
    }
  });
  hash.add(cell_lives)
      .add(highest_seen)
      .add(image_bytes)
      .add(free_bytes)
      .add(serving)
      .add(open_dial.has_value());
}

std::string rejoin_advice(ServerId peer) {
  return "this replica is fresh, but replica " + to_string(peer) +
         " belongs to a cell that has begun its life. If this replica's disk was lost, start it "
         "with "
         "--rejoin; it will count in no quorum until the cell has brought it up to date.";
}

}  // namespace holdfast::zab
