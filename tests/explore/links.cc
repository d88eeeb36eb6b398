#include "tests/explore/links.h"

#include <algorithm>
#include <utility>

#include "zab/base/check.h"
#include "zab/state_hash.h"

namespace holdfast::explore {
namespace {

std::uint64_t hash_of(const Link& link, const MessagePool& pool) {
  zab::StateHash hash(0);
  hash.add(link.size());
  for (const Connection& connection : link) {
    for (std::size_t side = 0; side < 2; ++side) {
      hash.add(connection.is_open[side]).add(connection.inbox[side].size());
      for (const MessageId id : connection.inbox[side]) hash.add(pool.hash(id));
    }
  }
  return hash.value();
}

// Index of the connection whose end on `side` has this rank among the open ones.
std::size_t index_of(const Link& link, std::size_t side, std::size_t rank) {
  for (std::size_t i = 0; i < link.size(); ++i) {
    if (link[i].is_open[side] && rank-- == 0) return i;
  }
  HOLDFAST_CHECK(false, "no such connection");
}

void close(Connection& connection, std::size_t side) {
  connection.is_open[side] = false;
  connection.inbox[side].clear();
}

void send(Connection& connection, std::size_t side, MessageId message) {
  const std::size_t other = 1 - side;
  if (connection.is_open[other]) connection.inbox[other].push_back(message);
}

// A network that claims for the learner what only the learner can know.
void acknowledge(Connection& connection, std::size_t side, MessageId message, MessagePool& pool) {
  const auto* newleader = std::get_if<zab::NewLeader>(&pool.at(message));
  if (newleader == nullptr) return;
  const zab::AckNewLeader ack{newleader->epoch};
  connection.inbox[side].push_back(pool.intern(ack));
}

}  // namespace

LinkId Links::intern(Link link) {
  const std::uint64_t hash = hash_of(link, *pool_);
  const auto [at, is_new] = ids_.try_emplace(hash, static_cast<LinkId>(links_.size()));
  if (!is_new) return at->second;
  Known known{.link = std::move(link), .hash = hash, .ends = {}};
  for (const Connection& connection : known.link) {
    for (std::size_t side = 0; side < 2; ++side) {
      if (!connection.is_open[side]) continue;
      OpenEnd end{.rank = static_cast<std::uint8_t>(known.ends[side].size()),
                  .has_message = !connection.inbox[side].empty(),
                  .is_orphaned = !connection.is_open[1 - side]};
      if (end.has_message) end.oldest = connection.inbox[side].front();
      known.ends[side].push_back(end);
    }
  }
  links_.push_back(std::move(known));
  return at->second;
}

Link change(const Link& link, const LinkChange& what, MessagePool& pool) {
  Link next = link;
  const std::size_t side = what.side;
  const bool dialled = side == 0;
  const auto concerns = [&](const Line& line) {
    return line.peer == what.peer && line.dialled == dialled;
  };
  const Action& action = what.input.action;
  if (action.kind == Kind::kDeliver && concerns(action.line)) {
    auto& inbox = next[index_of(link, side, action.line.rank)].inbox[side];
    const bool repeats = what.setup.mistake == Mistake::kNetworkRepeatsAcks &&
                         std::holds_alternative<zab::AckNewLeader>(pool.at(inbox.front()));
    if (!repeats) inbox.erase(inbox.begin());
  }
  for (const Said& said : what.said) {
    if (!concerns(said.line)) continue;
    if (said.what == Said::What::kOpen) {
      next.emplace_back();
      continue;
    }
    // Ranks are those of before; a new connection comes behind them.
    std::size_t index = next.size() - 1;
    if (said.line.rank <
        std::count_if(
            link.begin(), link.end(), [&](const Connection& c) { return c.is_open[side]; })) {
      index = index_of(link, side, said.line.rank);
    }
    if (said.what == Said::What::kClose) {
      close(next[index], side);
    } else {
      send(next[index], side, said.message);
      if (what.setup.mistake == Mistake::kAcksForLearners) {
        acknowledge(next[index], side, said.message, pool);
      }
    }
  }
  std::erase_if(next, [](const Connection& c) { return !c.is_open[0] && !c.is_open[1]; });
  return next;
}

}  // namespace holdfast::explore
