#pragma once

#include <string>
#include <vector>

#include "client/error.h"
#include "client/requests.h"
#include "client/values.h"
#include "client/wire.h"
#include "thrift/gen/lockservice_types.h"
#include "thrift/numbers.h"

// Generated structs to plain values and back. Unknown numbers of enumerations are kept as they are.

namespace holdfast::client::wire {

inline Zxid to_zxid(std::int64_t value) {
  return Zxid(to_u64(value));
}
// A count of things; negative numbers, which no server sends, become 0.
template <typename Integer>
std::size_t to_count(Integer value) {
  return value < 0 ? 0 : static_cast<std::size_t>(value);
}

api::EventName to_api(const EventName& name);
EventName from_api(const api::EventName& name);
Stat from_api(const api::Stat& stat);
LockGrant from_api(const api::LockGrant& grant);
LockParty from_api(const api::LockParty& party);
LockInfo from_api(const api::LockInfo& info);
WaitEdge from_api(const api::WaitEdge& edge);
SessionInfo from_api(const api::SessionInfo& info);
Event from_api(const api::Event& event);
bool is_known(api::EventKind::type kind);
MemberInfo from_api(const api::MemberInfo& member);
LimitInfo from_api(const api::LimitInfo& limit);
ReplicaStatus from_api(const api::ReplicaStatus& status);
StateStatus from_api(const api::StateStatus& status);
Facts from_api(const api::ReplyHeader& header);
Error from_api(const api::LockServiceError& error);

template <typename From>
auto from_api(const std::vector<From>& list) {
  std::vector<decltype(from_api(list.front()))> out;
  out.reserve(list.size());
  for (const From& item : list) out.push_back(from_api(item));
  return out;
}

}  // namespace holdfast::client::wire
