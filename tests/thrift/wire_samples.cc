#include "tests/thrift/wire_samples.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "thrift/gen/LockService.h"

namespace holdfast::testing {
namespace {

using apache::thrift::protocol::T_CALL;
using apache::thrift::protocol::T_REPLY;
using apache::thrift::protocol::TMessageType;

constexpr std::int64_t kSession = 0x0000000700000005;

struct Kind {
  std::string name;
  std::string method;
  TMessageType type;
  std::int32_t sequence_id;
};

template <typename Body>
void add_sample(std::vector<WireSample>& samples, const Kind& kind, const Body& body) {
  for (const WireProtocol protocol : {WireProtocol::kBinary, WireProtocol::kCompact}) {
    WireSample sample;
    sample.name = kind.name;
    sample.head = {.protocol = protocol,
                   .method = kind.method,
                   .type = kind.type,
                   .sequence_id = kind.sequence_id};
    sample.bytes = encode_message(sample.head, body);
    sample.decode_and_encode = [](std::string_view bytes) -> Result<std::string> {
      const Result<std::unique_ptr<Body>> decoded = decode_message_body<Body>(bytes, kReplyLimits);
      if (!decoded.ok()) {
        return decoded.status();
      }
      const Result<MessageHead> head = decode_message_head(bytes, kReplyLimits);
      return encode_message(*head, **decoded);
    };
    samples.push_back(std::move(sample));
  }
}

api::RequestHeader request_header(std::int64_t number) {
  api::RequestHeader header;
  header.session_id = kSession;
  header.request_number = number;
  header.answered_below = number - 1;
  header.last_seen_zxid = 0x0000000700000028;
  return header;
}

api::ReplyHeader reply_header() {
  api::ReplyHeader header;
  header.zxid = 0x0000000700000029;
  header.events_through.zxid = 0x0000000700000028;
  header.events_through.index = 2;
  header.lease_ms = 12'000;
  header.replica_id = 3;
  return header;
}

api::LockParty party() {
  api::LockParty holder;
  holder.session_id = kSession;
  holder.owner = -1;
  holder.client_name = "report";
  holder.host = "web-3";
  holder.description = "nightly run, Grüße";
  holder.mode = api::LockMode::SHARED;
  holder.zxid = 0x0000000700000029;
  holder.since_wall_ms = 1'700'000'000'000;
  holder.lock_delay_ms = 1'500;
  return holder;
}

void add_sessions(std::vector<WireSample>& samples) {
  api::LockService_open_session_args open;
  open.request.lease_ms = 30'000;
  open.request.client_name = "report";
  open.request.host = "web-3";
  open.request.secret = std::string(15, '\0') + '\xff';
  open.request.__set_instance_name("report@web-3");
  api::PreviousSession previous;
  previous.instance_name = "report@web-3";
  previous.secret = std::string(16, '\x7f');
  open.request.__set_previous(previous);
  add_sample(samples, {"open_session_call", "open_session", T_CALL, 1}, open);

  api::LockService_keep_alive_result events;
  api::Event changed;
  changed.name.zxid = 0x0000000700000028;
  changed.kind = api::EventKind::CONTENTS_CHANGED;
  changed.path = "/config";
  changed.instance = 0x0000000100000003;
  changed.__set_content_generation(5);
  api::Event lost;
  lost.name.zxid = 0x0000000700000028;
  lost.name.index = 1;
  lost.kind = api::EventKind::LOCK_LOST;
  lost.path = "/reports/nightly";
  lost.instance = 0x0000000100000004;
  lost.__set_session_id(kSession);
  lost.__set_owner(0);
  lost.__set_mode(api::LockMode::EXCLUSIVE);
  lost.__set_generation(0x0000000700000009);
  lost.__set_acquisition(0x0000000700000009);
  lost.__set_reason("Broken by ops: it hangs.");
  events.success.header = reply_header();
  events.success.events = {changed, lost};
  events.success.delivered_through = lost.name;
  events.success.more = true;
  events.__isset.success = true;
  add_sample(samples, {"keep_alive_reply", "keep_alive", T_REPLY, 77}, events);
}

void add_locks(std::vector<WireSample>& samples) {
  api::LockService_acquire_args acquire;
  acquire.request.header = request_header(12);
  acquire.request.path = "/reports/nightly";
  acquire.request.mode = api::LockMode::SHARED;
  acquire.request.wait_ms = 30'000;
  acquire.request.lock_delay_ms = 1'500;
  acquire.request.owner = -1;
  acquire.request.description = "nightly run";
  acquire.request.create = api::CreateMode::UNTIL_FREE;
  acquire.request.__set_max_hold_ms(20'000);
  add_sample(samples, {"acquire_call", "acquire", T_CALL, -2}, acquire);

  api::LockService_acquire_result granted;
  granted.success.header = reply_header();
  granted.success.outcome = api::AcquireOutcome::GRANTED;
  api::LockGrant grant;
  grant.sequencer =
      "1:x:0000000700000029:0000000700000029:0000000100000003:0123456789abcdef:/reports/nightly";
  grant.generation = 0x0000000700000029;
  grant.acquisition = 0x0000000700000029;
  grant.instance = 0x0000000100000003;
  grant.lock_delay_ms = 1'500;
  granted.success.__set_grant(grant);
  granted.__isset.success = true;
  add_sample(samples, {"acquire_granted_reply", "acquire", T_REPLY, -2}, granted);

  api::LockService_acquire_result refused;
  refused.error.code = api::ErrorCode::LOCK_HELD;
  refused.error.message = "The lock of /reports/nightly is held by report on web-3.";
  refused.error.retryable = true;
  refused.error.header = reply_header();
  refused.error.__set_path("/reports/nightly");
  refused.error.__set_holders({party(), party()});
  refused.__isset.error = true;
  add_sample(samples, {"acquire_refused_reply", "acquire", T_REPLY, 5}, refused);
}

void add_data(std::vector<WireSample>& samples) {
  api::LockService_multi_args multi;
  multi.request.header = request_header(13);
  multi.request.header.__set_guard(
      "1:s:0000000700000029:000000070000002a:0000000100000003:0123456789abcdef:/reports/nightly");
  multi.request.ops.resize(4);
  api::CreateOp create;
  create.path = "/reports/run-";
  create.contents = std::string("\x00\xff", 2);
  create.kind = api::NodeKind::EPHEMERAL;
  create.sequential = true;
  multi.request.ops[0].__set_create(create);
  api::SetContentsOp set;
  set.path = "/reports/last";
  set.contents = "42";
  set.__set_if_content_generation(6);
  multi.request.ops[1].__set_set_contents(set);
  api::CheckAbsentOp absent;
  absent.path = "/reports/stop";
  multi.request.ops[2].__set_check_absent(absent);
  api::CheckNodeOp node;
  node.path = "/reports";
  node.__set_if_instance(0x0000000100000003);
  multi.request.ops[3].__set_check_node(node);
  add_sample(samples, {"multi_call", "multi", T_CALL, 1'000'000}, multi);

  api::LockService_watch_args watch;
  watch.request.header = request_header(0);
  watch.request.watch_id = 4;
  watch.request.path = "/reports";
  watch.request.recursive = true;
  watch.request.kinds = {api::EventKind::CHILD_ADDED, api::EventKind::NODE_DELETED,
                         api::EventKind::LOCK_CONFLICT};
  api::EventName after;
  after.zxid = 0x0000000700000028;
  after.index = 1;
  watch.request.__set_after(after);
  add_sample(samples, {"watch_call", "watch", T_CALL, 9}, watch);
}

void add_cell(std::vector<WireSample>& samples) {
  api::LockService_cell_status_result status;
  status.success.header = reply_header();
  status.success.cell_name = "prod-1";
  status.success.cell_id = "0123456789abcdef";
  status.success.replica.replica_id = 3;
  status.success.replica.role = api::ReplicaRole::LEADER;
  status.success.replica.serving = true;
  status.success.replica.leader_id = 3;
  status.success.replica.current_epoch = 7;
  status.success.replica.committed_zxid = 0x0000000700000029;
  status.success.members.resize(3);
  for (std::size_t i = 0; i < status.success.members.size(); ++i) {
    status.success.members[i].replica_id = static_cast<std::int64_t>(i + 1);
    status.success.members[i].peer_endpoint = "127.0.0.1:4700" + std::to_string(i + 1);
    status.success.members[i].voter = i < 2;
  }
  status.success.state.nodes = 12;
  api::LimitInfo limit;
  limit.name = "state_bytes_max";
  limit.limit = 1'073'741'824;
  limit.used = 4'096;
  status.success.limits = {limit};
  status.success.version = "0.1.0";
  status.success.state_machine_version = 1;
  status.__isset.success = true;
  add_sample(samples, {"cell_status_reply", "cell_status", T_REPLY, 3}, status);
}

}  // namespace

std::string WireSample::file_name() const {
  return name + (head.protocol == WireProtocol::kBinary ? ".binary.hex" : ".compact.hex");
}

std::vector<WireSample> wire_samples() {
  std::vector<WireSample> samples;
  add_sessions(samples);
  add_locks(samples);
  add_data(samples);
  add_cell(samples);
  return samples;
}

}  // namespace holdfast::testing
