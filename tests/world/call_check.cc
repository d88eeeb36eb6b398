#include "tests/world/call_check.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace holdfast::world {

void CallCheck::on_asked(client::CallId call, Asked asked) {
  asked.order = ++calls_;
  asked.floor = world_.ledger.last();
  asked.seen = seen_;
  asked.at = world_.time.now();
  world_.story.count("call " + asked.method);
  open_.emplace(call, std::move(asked));
}

std::optional<SimTime> CallCheck::oldest() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->second.at;
}

const Asked* CallCheck::find(client::CallId call) const {
  const auto found = open_.find(call);
  return found == open_.end() ? nullptr : &found->second;
}

void CallCheck::fail(const Asked& asked, const std::string& what) {
  std::string tokens;
  for (const std::string& token : asked.tokens) tokens += " " + token.substr(0, 40);
  world_.verdict.fail("LINEARIZABILITY", who_ + ", call " + std::to_string(asked.order) + " " +
                                             asked.method + " " + asked.path + tokens +
                                             " (asked at " + std::to_string(asked.at) +
                                             " us after " + to_string(asked.floor) + "): " + what);
}

Zxid CallCheck::on_answered(client::CallId call,
                            const client::Outcome<client::CallValue>& outcome) {
  auto node = open_.extract(call);
  if (node.empty()) {
    world_.verdict.fail("ANSWERED-ONCE", who_ + ": call " + to_string(call) + " is not open");
    return Zxid();
  }
  const Asked& asked = node.mapped();
  if (!outcome) {
    check_error(asked, outcome.error());
    if (open_.empty()) effects_.clear();
    return Zxid();
  }
  Zxid zxid;
  if (const auto* reply = std::get_if<client::AnyReply>(&*outcome)) {
    zxid = std::visit([](const auto& it) { return it.zxid; }, *reply);
    const bool is_status = std::holds_alternative<client::CellStatus>(*reply);
    if (is_status) return Zxid();  // Of the replica as it is, for any age.
    check_order(asked, zxid);
    std::visit([&](const auto& it) { check(asked, it); }, *reply);
  } else if (const auto* released = std::get_if<client::Released>(&*outcome)) {
    zxid = released->zxid;
    check_order(asked, zxid);
  }
  seen_ = std::max(seen_, zxid);
  if (open_.empty()) effects_.clear();
  return zxid;
}

// Real time, and the order of one client's calls.
void CallCheck::check_order(const Asked& asked, Zxid zxid) {
  require(zxid <= world_.ledger.last(), asked, [&] {
    return std::string("the answer is as of " + to_string(zxid) + ", which nobody has applied");
  });
  const Zxid least = asked.is_stale_read ? asked.seen : asked.floor;
  require(zxid >= least, asked, [&] {
    return std::string("the answer is as of " + to_string(zxid) + ", before " + to_string(least));
  });
  for (const auto& [order, effect] : effects_) {
    require(order > asked.order || zxid >= effect, asked, [&] {
      return std::string("the answer is as of " + to_string(zxid) +
                         ", but the same client's call " + std::to_string(order) +
                         " took effect with " + to_string(effect));
    });
  }
}

void CallCheck::check_error(const Asked& asked, const client::Error& error) {
  world_.story.count("error " + std::string(client::error_name(error.code)));
  if (asked.changes && !error.outcome_pending) {
    for (const std::string& token : asked.tokens) world_.registers.forbid(token);
  }
  if (error.code == client::ErrorCode::kNoNode && asked.method == "get") {
    check_never(asked, false);
  }
}

// Between the asking and now there was a moment at which the node was there, or was not.
void CallCheck::check_never(const Asked& asked, bool exists) {
  const Zxid from = asked.is_stale_read ? asked.seen : asked.floor;
  const auto fits = [&](Zxid zxid) {
    const Registers::Version* version = world_.registers.at(asked.path, zxid);
    return (version != nullptr && version->exists) == exists;
  };
  if (fits(from)) return;
  for (auto it = world_.ledger.entries().rbegin();
       it != world_.ledger.entries().rend() && it->zxid > from; ++it) {
    if (fits(it->zxid)) return;
  }
  fail(asked, exists ? "the node was never there" : "the node was there all the time");
}

void CallCheck::check_stat(const Asked& asked, const client::Stat& stat, Zxid zxid) {
  const Registers::Version* version = world_.registers.at(asked.path, zxid);
  if (version == nullptr || !version->exists) {
    return fail(asked, "the node was not there at " + to_string(zxid));
  }
  const Result<state::NodeMeta> meta = state::decode_node(version->meta);
  if (!meta.ok()) return fail(asked, meta.status().message());
  require(meta->instance == stat.instance && meta->content_generation == stat.content_generation &&
              meta->child_generation == stat.child_generation &&
              meta->modified_zxid == stat.modified &&
              meta->lock_generation == stat.lock_generation &&
              version->contents.size() == stat.content_length,
          asked, [&] { return std::string("the stat is not the one after " + to_string(zxid)); });
}

void CallCheck::check(const Asked& asked, const client::Contents& reply) {
  check_stat(asked, reply.stat, reply.zxid);
  const Registers::Version* version = world_.registers.at(asked.path, reply.zxid);
  const std::string expected = version == nullptr ? std::string() : version->contents;
  require(expected == reply.contents, asked, [&] {
    return std::string("as of " + to_string(reply.zxid) + " it was answered " +
                       reply.contents.substr(0, 40) + ", but the node had " +
                       expected.substr(0, 40));
  });
}

void CallCheck::check(const Asked& asked, const client::Existence& reply) {
  if (reply.stat) return check_stat(asked, *reply.stat, reply.zxid);
  const Registers::Version* version = world_.registers.at(asked.path, reply.zxid);
  require(version == nullptr || !version->exists, asked,
          [&] { return std::string("the node was there at " + to_string(reply.zxid)); });
}

void CallCheck::check(const Asked& asked, const client::Children& reply) {
  if (reply.more) return;
  std::vector<std::string> names;
  for (const client::Child& child : reply.children) names.push_back(child.name);
  require(names == world_.registers.children_at(asked.path, reply.zxid), asked,
          [&] { return std::string("the children are not those at " + to_string(reply.zxid)); });
}

// The one entry that carried it out: after it was asked for, and not after its answer.
void CallCheck::check_written(const Asked& asked, Zxid zxid) {
  for (const std::string& token : asked.tokens) {
    const Zxid written = world_.registers.written(token);
    require(!written.is_none() && written > asked.floor && written <= zxid, asked, [&] {
      return std::string("it is said to be done as of " + to_string(zxid) +
                         ", and took effect with " + to_string(written));
    });
    if (!asked.guard) continue;
    const Sequencer& guard = *asked.guard;
    require(world_.locks.stood(guard.path, guard.acquisition, guard.mode, Zxid(written.value - 1)),
            asked, [&] {
              return std::string("its sequencer " + format_sequencer(guard) + " was not valid at " +
                                 to_string(written));
            });
    world_.story.count("guarded write carried out");
  }
  if (!asked.tokens.empty()) {
    effects_.emplace_back(asked.order, world_.registers.written(asked.tokens.front()));
  }
}

void CallCheck::check(const Asked& asked, const client::Written& reply) {
  check_written(asked, reply.zxid);
  require(reply.stat.modified == world_.registers.written(asked.tokens.front()), asked, [&] {
    return std::string("it is said to be written by " + to_string(reply.stat.modified));
  });
  require(!asked.if_generation || reply.stat.content_generation == *asked.if_generation + 1, asked,
          [&] { return std::string("the condition did not hold"); });
  check_stat(asked, reply.stat, reply.stat.modified);
}

void CallCheck::check(const Asked& asked, const client::Created& reply) {
  check_written(asked, reply.zxid);
  require(reply.stat.instance == world_.registers.written(asked.tokens.front()), asked, [&] {
    return std::string("it is said to be created by " + to_string(reply.stat.instance));
  });
}

void CallCheck::check(const Asked& asked, const client::Removed& reply) {
  for (auto it = world_.ledger.entries().rbegin();
       it != world_.ledger.entries().rend() && it->zxid > asked.floor; ++it) {
    const Registers::Version* version = world_.registers.at(asked.path, it->zxid);
    const bool is_end = version != nullptr && version->since == it->zxid && !version->exists;
    if (is_end && it->zxid <= reply.zxid) return;
  }
  fail(asked, "nothing has removed it up to " + to_string(reply.zxid));
}

void CallCheck::check(const Asked& asked, const client::MultiDone& reply) {
  check_written(asked, reply.zxid);
  const Zxid first = asked.tokens.empty() ? Zxid() : world_.registers.written(asked.tokens.front());
  for (const std::string& token : asked.tokens) {
    require(world_.registers.written(token) == first, asked,
            [&] { return std::string("its parts took effect apart"); });
  }
}

void CallCheck::check(const Asked& asked, const client::SequencerStates& reply) {
  require(reply.states.size() == asked.sequencers.size(), asked,
          [&] { return std::string("not one state for each"); });
  for (std::size_t i = 0; i < std::min(reply.states.size(), asked.sequencers.size()); ++i) {
    const Sequencer& sequencer = asked.sequencers[i];
    const bool stood =
        world_.locks.stood(sequencer.path, sequencer.acquisition, sequencer.mode, reply.zxid);
    const bool said = reply.states[i] == client::SequencerState::kValid;
    world_.story.count(said ? "sequencer valid" : "sequencer stale");
    require(stood == said, asked, [&] {
      return std::string(format_sequencer(sequencer) + " is said to be " +
                         (said ? "valid" : "stale") + " at " + to_string(reply.zxid));
    });
  }
}

void CallCheck::check(const Asked& asked, const client::LockInfoReply& reply) {
  std::vector<Zxid> said;
  for (const client::LockParty& holder : reply.lock.holders) said.push_back(holder.zxid);
  std::vector<Zxid> expected;
  for (const LockBook::Acquisition* each : world_.locks.holders_at(asked.path, reply.zxid)) {
    expected.push_back(each->granted);
  }
  std::sort(said.begin(), said.end());
  std::sort(expected.begin(), expected.end());
  require(said == expected, asked,
          [&] { return std::string("the holders are not those at " + to_string(reply.zxid)); });
}

}  // namespace holdfast::world
