#include "zab/quorum.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "zab/base/check.h"

namespace holdfast::zab {
namespace {

std::size_t votes_needed(const Config& config, QuorumSet::Rule rule) {
  return rule == QuorumSet::Rule::kAll ? config.voters.size() : config.voters.size() / 2 + 1;
}

void check_voters(const Config& config) {
  HOLDFAST_CHECK(!config.voters.empty(), "a configuration without voters has no quorum");
  const auto out_of_order =
      std::adjacent_find(config.voters.begin(), config.voters.end(), std::greater_equal<>());
  HOLDFAST_CHECK(out_of_order == config.voters.end(), "voters stand ascending, each once");
}

}  // namespace

QuorumSet::QuorumSet(Config config) {
  check_voters(config);
  configs_.push_back(std::move(config));
}

QuorumSet::QuorumSet(Config config, Config next) : QuorumSet(std::move(config)) {
  check_voters(next);
  configs_.push_back(std::move(next));
}

QuorumSet QuorumSet::with_rule(Rule rule) const {
  QuorumSet result = *this;
  result.rule_ = rule;
  return result;
}

bool QuorumSet::is_voter(ServerId id) const {
  return std::any_of(configs_.begin(), configs_.end(),
                     [id](const Config& config) { return config.is_voter(id); });
}

std::vector<ServerId> QuorumSet::voters() const {
  std::set<ServerId> all;
  for (const Config& config : configs_) all.insert(config.voters.begin(), config.voters.end());
  return {all.begin(), all.end()};
}

bool QuorumSet::is_quorum(const std::set<ServerId>& ids) const {
  for (const Config& config : configs_) {
    const auto agreeing = std::count_if(config.voters.begin(), config.voters.end(),
                                        [&ids](ServerId id) { return ids.contains(id); });
    if (static_cast<std::size_t>(agreeing) < votes_needed(config, rule_)) return false;
  }
  return true;
}

Zxid QuorumSet::reached_by_quorum(const std::map<ServerId, Zxid>& reached) const {
  std::optional<Zxid> result;
  std::vector<Zxid> zxids;
  for (const Config& config : configs_) {
    zxids.clear();
    for (const ServerId id : config.voters) {
      const auto it = reached.find(id);
      zxids.push_back(it == reached.end() ? Zxid() : it->second);
    }
    std::sort(zxids.begin(), zxids.end(), std::greater<>());
    const Zxid here = zxids[votes_needed(config, rule_) - 1];
    result = result ? std::min(*result, here) : here;
  }
  return *result;
}

}  // namespace holdfast::zab
