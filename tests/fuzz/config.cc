#include "lockserver/config.h"

#include <string>

#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"
#include "zab/quorum.h"

// What operators write about a cell, and the line in which a replica's directory keeps it.

namespace holdfast::fuzz {

namespace {

void check_members(const Members& members) {
  const Result<Members> again = parse_members_line(to_line(members));
  HOLDFAST_CHECK(again.ok() && *again == members, "the line makes other members");
  const zab::Config config = members.config();
  HOLDFAST_CHECK(!config.voters.empty() && config.voters.size() <= limits::kVotersMax,
                 "a cell has voters, and not too many");
  HOLDFAST_CHECK(config.observers.size() <= limits::kObserversMax, "too many observers");
  const zab::QuorumSet quorum(config);  // Has checks of its own.
  for (const Member& member : members.members) {
    HOLDFAST_CHECK(!member.id.is_none() && !member.peer_address.host.empty(),
                   "a member without a name");
    HOLDFAST_CHECK(quorum.is_voter(member.id) == member.voter, "a voter that has no vote");
    HOLDFAST_CHECK(members.find(member.id) == &member, "two members of one name");
  }
}

}  // namespace

void run(std::string_view input) {
  if (const Result<Endpoint> endpoint = parse_endpoint(input); endpoint.ok()) {
    const Result<Endpoint> again = parse_endpoint(to_string(*endpoint));
    HOLDFAST_CHECK(again.ok() && *again == *endpoint, "an endpoint is written otherwise");
    is_loopback(*endpoint);
  }
  if (const Result<Members> members = parse_members_line(input); members.ok()) {
    check_members(*members);
  }
  ByteSource source(input);
  const std::string_view voters = source.text();
  if (const Result<Members> members = parse_members(voters, source.rest()); members.ok()) {
    check_members(*members);
  }
  if (check_cell_id(input).ok()) HOLDFAST_CHECK(input.size() == 32, "a cell id has 32 digits");
}

}  // namespace holdfast::fuzz
