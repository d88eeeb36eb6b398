#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lockserver/replica/call_id.h"
#include "lockserver/replica/calls.h"
#include "lockserver/state/error_code.h"
#include "zab/base/bytes.h"
#include "zab/base/status.h"

// The refusals of a replica: what is answered without being part of the history.

namespace holdfast::replica {

struct LimitReached {
  std::string name;  // As docs/operations.md has it.
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;  // What the request would have made of it.
};

// Nothing was done and nothing will be; the same request may succeed later or elsewhere.
Refusal refuse_no_quorum(std::string_view why);
Refusal refuse_no_space();
// The time of the call is over. `kOpen`: its command may have been carried out, or may be yet.
enum class OutcomeIs { kNothing, kOpen };
Refusal refuse_timeout(OutcomeIs outcome);
Refusal refuse_behind(Zxid last_seen, Zxid applied);
// The client must do something else first.
Refusal refuse_not_bound(SessionId session);
Refusal refuse_expired(SessionId session);
Refusal refuse_wrong_secret(SessionId session);
Refusal refuse_bad_argument(std::string_view why);
Refusal refuse_limit(const LimitReached& reached);
Refusal refuse_full(const LimitReached& reached);  // As above, but passes by itself.
Refusal refuse_too_large(const LimitReached& reached);

// The leader's refusal of a forwarded command, on its way to the replica that forwarded it (Refusal
// of thrift/peer.thrift).
struct ForwardRefusal {
  CallId call;  // None when the leader could not read the command.
  Refusal refusal;
};
SharedBytes encode_forward_refusal(const ForwardRefusal& refusal);
Result<ForwardRefusal> decode_forward_refusal(std::string_view bytes);

}  // namespace holdfast::replica
