#include "zab/quorum.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "zab/base/random.h"

namespace holdfast::zab {
namespace {

Config voters(const std::vector<std::uint64_t>& ids) {
  Config config;
  for (const std::uint64_t id : ids) config.voters.push_back(ServerId(id));
  return config;
}

Config first_voters(std::uint64_t count) {
  Config config;
  for (std::uint64_t id = 1; id <= count; ++id) config.voters.push_back(ServerId(id));
  return config;
}

Config random_config(Random& random) {
  Config config;
  for (std::uint64_t id = 1; id <= 7; ++id) {
    if (random.chance(1, 2)) config.voters.push_back(ServerId(id));
  }
  if (config.voters.empty()) config.voters.push_back(ServerId(1 + random.below(7)));
  return config;
}

std::set<ServerId> subset(std::uint64_t mask) {
  std::set<ServerId> ids;
  for (std::uint64_t id = 1; mask != 0; ++id, mask >>= 1U) {
    if ((mask & 1U) != 0) ids.insert(ServerId(id));
  }
  return ids;
}

// The definition: more than half of the voters.
bool is_majority(const Config& config, const std::set<ServerId>& ids) {
  std::size_t agreeing = 0;
  for (const ServerId id : config.voters) agreeing += ids.count(id);
  return 2 * agreeing > config.voters.size();
}

// The definition: the largest zxid that the members of some quorum have all reached.
Zxid naive_reached(const QuorumSet& quorum, const std::map<ServerId, Zxid>& reached) {
  Zxid best;
  for (const auto& [id, zxid] : reached) {
    std::set<ServerId> there;
    for (const auto& [other, theirs] : reached) {
      if (theirs >= zxid) there.insert(other);
    }
    if (quorum.is_quorum(there)) best = std::max(best, zxid);
  }
  return best;
}

TEST(Quorums, AMajorityIsMoreThanHalfOfTheVoters) {
  for (std::uint64_t count = 1; count <= 9; ++count) {
    const Config config = first_voters(count);
    const QuorumSet quorum(config);
    for (std::uint64_t mask = 0; mask < (1ULL << count); ++mask) {
      EXPECT_EQ(quorum.is_quorum(subset(mask)), is_majority(config, subset(mask)));
    }
  }
}

TEST(Quorums, AnyTwoIntersect) {
  for (std::uint64_t count = 1; count <= 7; ++count) {
    const QuorumSet quorum(first_voters(count));
    for (std::uint64_t one = 0; one < (1ULL << count); ++one) {
      if (!quorum.is_quorum(subset(one))) continue;
      const std::uint64_t rest = ~one & ((1ULL << count) - 1);
      EXPECT_FALSE(quorum.is_quorum(subset(rest))) << count << " voters, " << one;
    }
  }
}

TEST(Quorums, OfTwoConfigurationsAreMajoritiesInBoth) {
  Random random(11);
  for (int i = 0; i < 200; ++i) {
    const Config now = random_config(random);
    const Config next = random_config(random);
    const QuorumSet quorum(now, next);
    for (std::uint64_t mask = 0; mask < 128; ++mask) {
      const std::set<ServerId> ids = subset(mask);
      EXPECT_EQ(quorum.is_quorum(ids), is_majority(now, ids) && is_majority(next, ids));
    }
  }
}

TEST(Quorums, TheAllRuleWantsEveryVoterOfEveryConfiguration) {
  const QuorumSet one = QuorumSet(first_voters(3)).with_rule(QuorumSet::Rule::kAll);
  EXPECT_FALSE(one.is_quorum(subset(0b011)));
  EXPECT_TRUE(one.is_quorum(subset(0b111)));
  const QuorumSet two = QuorumSet(voters({1, 2}), voters({2, 3})).with_rule(QuorumSet::Rule::kAll);
  EXPECT_FALSE(two.is_quorum(subset(0b110)));
  EXPECT_TRUE(two.is_quorum(subset(0b111)));
  EXPECT_NE(one, QuorumSet(first_voters(3)));
  EXPECT_EQ(one.with_rule(QuorumSet::Rule::kMajority), QuorumSet(first_voters(3)));
}

TEST(Quorums, CountVotersOnly) {
  const QuorumSet quorum(first_voters(3));
  EXPECT_FALSE(quorum.is_quorum({ServerId(1), ServerId(8), ServerId(9)}));
  EXPECT_TRUE(quorum.is_voter(ServerId(3)));
  EXPECT_FALSE(quorum.is_voter(ServerId(4)));
}

TEST(Quorums, NameTheVotersOfAllConfigurationsOnce) {
  const QuorumSet quorum(voters({2, 4}), voters({1, 2}));
  EXPECT_EQ(quorum.voters(), (std::vector<ServerId>{ServerId(1), ServerId(2), ServerId(4)}));
}

TEST(Quorums, TheZxidReachedIsThatOfTheDefinition) {
  Random random(12);
  for (int i = 0; i < 5000; ++i) {
    QuorumSet quorum = random.chance(1, 2)
                           ? QuorumSet(random_config(random))
                           : QuorumSet(random_config(random), random_config(random));
    if (random.chance(1, 4)) quorum = quorum.with_rule(QuorumSet::Rule::kAll);
    std::map<ServerId, Zxid> reached;
    for (std::uint64_t id = 1; id <= 8; ++id) {
      if (random.chance(4, 5)) reached[ServerId(id)] = Zxid(random.below(6));
    }
    EXPECT_EQ(quorum.reached_by_quorum(reached), naive_reached(quorum, reached));
  }
}

TEST(Quorums, AMissingVoterHasReachedNothing) {
  const QuorumSet quorum(first_voters(3));
  EXPECT_EQ(quorum.reached_by_quorum({}), Zxid());
  EXPECT_EQ(quorum.reached_by_quorum({{ServerId(1), Zxid(9)}}), Zxid());
  EXPECT_EQ(quorum.reached_by_quorum({{ServerId(1), Zxid(9)}, {ServerId(3), Zxid(4)}}), Zxid(4));
}

TEST(QuorumsDeathTest, NeedVotersInOrder) {
  EXPECT_DEATH(QuorumSet{Config()}, "without voters");
  EXPECT_DEATH(QuorumSet(voters({2, 1})), "ascending");
  EXPECT_DEATH(QuorumSet(voters({1, 1})), "ascending");
}

}  // namespace
}  // namespace holdfast::zab
