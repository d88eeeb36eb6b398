#include "tests/sim/coverage.h"

#include <type_traits>
#include <variant>

namespace holdfast::sim {

void Coverage::add(const Coverage& other) {
  for (const auto& [kind, count] : other.counts_) counts_[kind] += count;
}

std::uint64_t Coverage::of(const std::string& kind) const {
  const auto found = counts_.find(kind);
  return found == counts_.end() ? 0 : found->second;
}

void Coverage::count_output(const Subject& replica, const zab::Output& output) {
  std::visit(
      [&](const auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, zab::Send>) {
          count_send(replica, o);
        } else if constexpr (std::is_same_v<T, zab::Close>) {
          count_close(o);
        } else if constexpr (std::is_same_v<T, zab::ReadLog>) {
          count("log read from disk");
        } else if constexpr (std::is_same_v<T, zab::ReadReady>) {
          count("read answered");
        } else if constexpr (std::is_same_v<T, zab::ImageInstalled>) {
          count("image installed");
        } else if constexpr (std::is_same_v<T, zab::ForwardRefused>) {
          count("forward refused");
        } else if constexpr (std::is_same_v<T, zab::Touched>) {
          count("touches counted");
        } else if constexpr (std::is_same_v<T, zab::Serve>) {
          count(o.role == zab::Role::kLeading ? "serves as leader" : "serves as learner");
        } else if constexpr (std::is_same_v<T, zab::Persist>) {
          if (std::holds_alternative<zab::Purge>(o.op)) count("purge");
          if (std::holds_alternative<zab::TruncateTo>(o.op)) count("truncation");
        }
      },
      output);
}

void Coverage::count_close(const zab::Close& close) {
  const auto says = [&](const char* words) {
    return close.reason.find(words) != std::string::npos;
  };
  if (says("has a newer history")) count("resigns before a newer history");
  if (says("is used up")) count("counter used up");
  if (says("no quorum heard")) count("resigns without a quorum");
  if (says("has promised epoch")) count("resigns before a higher promise");
  if (says("in time") || says("is silent")) count("gives up on silence");
}

void Coverage::count_send(const Subject& replica, const zab::Send& send) {
  if (const auto* info = std::get_if<zab::LearnerInfo>(&send.message)) {
    if (info->observer) count("observer joins");
  } else if (const auto* ack = std::get_if<zab::AckEpoch>(&send.message)) {
    count(ack->promised ? "promise of an epoch" : "epoch promised before");
  } else if (std::holds_alternative<zab::NewLeader>(send.message)) {
    count(replica.view().established ? "late joiner" : "joiner before establishment");
  } else if (std::holds_alternative<zab::Snap>(send.message)) {
    count("SNAP");
  }
}

void Coverage::count_message(const Subject& replica, const zab::Message& message) {
  const zab::CoreView& view = replica.view();
  if (const auto* diff = std::get_if<zab::Diff>(&message)) {
    count(diff->from < view.last ? "DIFF below the end" : "DIFF");
  } else if (std::holds_alternative<zab::Trunc>(message)) {
    count("TRUNC");
    truncated_.insert(replica.id());
  } else if (std::holds_alternative<zab::NewLeader>(message)) {
    truncated_.erase(replica.id());
  } else if (const auto* proposal = std::get_if<zab::Proposal>(&message)) {
    if (!view.established && proposal->entries.size() > 1) count("run of entries within a sync");
    if (truncated_.contains(replica.id())) count("TRUNC followed by entries");
  } else if (std::holds_alternative<zab::Inform>(message)) {
    count("INFORM");
  } else if (const auto* ack = std::get_if<zab::Ack>(&message)) {
    if (ack->durable.counter() > 0) count("ACK");
  }
}

const std::vector<std::string>& Coverage::expected() {
  static const std::vector<std::string> kinds = {
      // Faults.
      "crash", "crash of all", "crash loses queued operations", "crash within a sync",
      "silent death", "restart", "pause", "wipe", "wiped voter is provisioned again",
      "break of a connection", "isolated replica", "halves", "one-way link", "hub", "dial refused",
      "dial unanswered", "told to resign", "purge wished for",
      "start with entries newer than current epoch", "forged election",
      // Protocol.
      "DIFF", "TRUNC", "TRUNC followed by entries", "SNAP", "truncation", "image installed",
      "purge", "log read from disk", "joiner before establishment", "late joiner", "observer joins",
      "INFORM", "ACK", "promise of an epoch", "epoch promised before",
      "run of entries within a sync", "resigns before a newer history", "counter used up",
      "resigns without a quorum", "gives up on silence", "serves as leader", "serves as learner",
      // Clients.
      "read barrier", "read answered", "forward", "forward refused", "touches counted",
      "proposal refused: full", "proposal refused: no leader"};
  return kinds;
}

}  // namespace holdfast::sim
