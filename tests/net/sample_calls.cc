#include <utility>

#include "tests/net/samples.h"
#include "tests/net/stock_client.h"

namespace holdfast::net::testing {

namespace {

constexpr char kCellIdBytes[] = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
constexpr char kSequencer[] =
    "1:x:0000000100000005:0000000100000005:0000000100000003:0011223344556677:/a/lock";

// Collects the calls of one protocol.
class Calls {
 public:
  explicit Calls(WireProtocol protocol) : protocol_(protocol) {}

  template <typename Request>
  void add(const std::string& name, SendCall<Request> send, const Request& request) {
    all_.push_back({name, StockClient(protocol_).call(send, request)});
  }
  std::vector<NamedBytes> take() { return std::move(all_); }

 private:
  WireProtocol protocol_;
  std::vector<NamedBytes> all_;
};

api::RequestHeader header(std::int64_t number) {
  api::RequestHeader out;
  out.session_id = kSampleSession;
  out.request_number = number;
  out.answered_below = number > 0 ? 1 : 0;
  out.last_seen_zxid = 0x0000000100000001;
  out.__set_timeout_ms(2'000);
  out.__set_cell_name("test");
  out.__set_cell_id(std::string(kCellIdBytes, 16));
  return out;
}

api::RequestHeader guarded(std::int64_t number) {
  api::RequestHeader out = header(number);
  out.__set_guard(kSequencer);
  return out;
}

template <typename Request>
Request with(api::RequestHeader head) {
  Request request;
  request.header = std::move(head);
  return request;
}

void add_sessions(Calls& calls) {
  api::OpenSessionRequest open;
  open.header.__set_cell_name("test");
  open.lease_ms = 30'000;
  open.client_name = "report";
  open.host = "web-3";
  open.secret = std::string(16, '\x51');
  open.__set_instance_name("report@web-3");
  api::PreviousSession previous;
  previous.instance_name = "report@web-3";
  previous.secret = std::string(16, '\x50');
  open.__set_previous(previous);
  calls.add("open_session", &api::LockServiceClient::send_open_session, open);

  auto resume = with<api::ResumeSessionRequest>(header(0));
  resume.secret = std::string(16, '\x51');
  calls.add("resume_session", &api::LockServiceClient::send_resume_session, resume);

  auto keep = with<api::KeepAliveRequest>(header(0));
  keep.acknowledged.zxid = 0x0000000100000002;
  keep.acknowledged.index = 1;
  keep.max_wait_ms = 100;
  calls.add("keep_alive", &api::LockServiceClient::send_keep_alive, keep);

  auto list = with<api::ListSessionsRequest>(header(0));
  list.limit = 10;
  list.after_session_id = 1;
  list.stale_ok = true;
  calls.add("list_sessions", &api::LockServiceClient::send_list_sessions, list);

  auto kill = with<api::KillSessionRequest>(header(2));
  kill.session_id = 77;
  kill.reason = "it hangs";
  kill.operator_name = "ops";
  kill.now = true;
  calls.add("kill_session", &api::LockServiceClient::send_kill_session, kill);
}

void add_locks(Calls& calls) {
  auto acquire = with<api::AcquireRequest>(header(3));
  acquire.path = "/a/lock";
  acquire.mode = api::LockMode::SHARED;
  acquire.wait_ms = 30'000;
  acquire.lock_delay_ms = 1'500;
  acquire.owner = -1;
  acquire.description = "nightly run";
  acquire.create = api::CreateMode::UNTIL_FREE;
  acquire.__set_max_hold_ms(20'000);
  calls.add("acquire", &api::LockServiceClient::send_acquire, acquire);

  auto cancel = with<api::CancelRequest>(header(4));
  cancel.path = "/a/lock";
  cancel.owner = 5;
  calls.add("cancel", &api::LockServiceClient::send_cancel, cancel);

  auto release = with<api::ReleaseRequest>(guarded(5));
  release.path = "/a/lock";
  release.owner = -1;
  calls.add("release", &api::LockServiceClient::send_release, release);

  auto sequencer = with<api::GetSequencerRequest>(header(0));
  sequencer.path = "/a/lock";
  sequencer.owner = -1;
  calls.add("get_sequencer", &api::LockServiceClient::send_get_sequencer, sequencer);

  auto check = with<api::CheckSequencersRequest>(header(0));
  check.sequencers = {kSequencer, "none"};
  calls.add("check_sequencers", &api::LockServiceClient::send_check_sequencers, check);

  auto info = with<api::LockInfoRequest>(header(0));
  info.path = "/a/lock";
  info.waiters_limit = 3;
  info.stale_ok = true;
  calls.add("lock_info", &api::LockServiceClient::send_lock_info, info);

  auto list = with<api::ListLocksRequest>(header(0));
  list.prefix = "/a";
  list.limit = 2;
  list.after = "/a/b";
  list.only_session_id = kSampleSession;
  list.stale_ok = true;
  calls.add("list_locks", &api::LockServiceClient::send_list_locks, list);

  auto broken = with<api::BreakLockRequest>(header(6));
  broken.path = "/a/lock";
  broken.acquisition = 0x0000000100000005;
  broken.reason = "it hangs";
  broken.operator_name = "ops";
  broken.now = true;
  calls.add("break_lock", &api::LockServiceClient::send_break_lock, broken);
}

void add_nodes(Calls& calls) {
  auto create = with<api::CreateRequest>(guarded(7));
  create.path = "/a/run-";
  create.contents = std::string("\x00\xff", 2);
  create.kind = api::NodeKind::EPHEMERAL;
  create.sequential = true;
  create.create_parents = true;
  calls.add("create", &api::LockServiceClient::send_create, create);

  auto remove = with<api::RemoveRequest>(header(8));
  remove.path = "/a/b";
  remove.owner = 9;
  remove.__set_if_instance(3);
  remove.__set_if_content_generation(4);
  calls.add("remove", &api::LockServiceClient::send_remove, remove);

  auto get = with<api::GetRequest>(header(0));
  get.path = "/ls/local/a";
  get.stale_ok = true;
  calls.add("get", &api::LockServiceClient::send_get, get);

  auto exists = with<api::ExistsRequest>(header(0));
  exists.path = "/a";
  exists.stale_ok = true;
  calls.add("exists", &api::LockServiceClient::send_exists, exists);

  auto list = with<api::ListChildrenRequest>(header(0));
  list.path = "/";
  list.limit = 4;
  list.after = "a";
  list.with_stats = true;
  list.stale_ok = true;
  calls.add("list_children", &api::LockServiceClient::send_list_children, list);

  auto set = with<api::SetContentsRequest>(header(9));
  set.path = "/a";
  set.contents = "new";
  set.__set_if_instance(3);
  set.__set_if_content_generation(1);
  calls.add("set_contents", &api::LockServiceClient::send_set_contents, set);
}

std::vector<api::Op> every_op() {
  std::vector<api::Op> ops(6);
  api::CreateOp create;
  create.path = "/m";
  create.contents = "x";
  create.create_parents = true;
  ops[0].__set_create(create);
  api::SetContentsOp set;
  set.path = "/m";
  set.contents = "y";
  set.__set_if_content_generation(1);
  ops[1].__set_set_contents(set);
  api::RemoveOp remove;
  remove.path = "/m";
  remove.owner = 2;
  remove.__set_if_instance(3);
  ops[2].__set_remove(remove);
  api::CheckNodeOp node;
  node.path = "/";
  node.__set_if_content_generation(1);
  ops[3].__set_check_node(node);
  api::CheckAbsentOp absent;
  absent.path = "/absent";
  ops[4].__set_check_absent(absent);
  api::CheckSequencerOp sequencer;
  sequencer.sequencer = kSequencer;
  ops[5].__set_check_sequencer(sequencer);
  return ops;
}

void add_rest(Calls& calls) {
  auto multi = with<api::MultiRequest>(header(10));
  multi.ops = every_op();
  calls.add("multi", &api::LockServiceClient::send_multi, multi);
  calls.add("sync", &api::LockServiceClient::send_sync, with<api::SyncRequest>(header(0)));

  auto watch = with<api::WatchRequest>(header(0));
  watch.watch_id = 4;
  watch.path = "/a";
  watch.recursive = true;
  watch.kinds = {api::EventKind::CONTENTS_CHANGED, api::EventKind::LOCK_CONFLICT,
                 api::EventKind::EVENTS_LOST};
  watch.after.zxid = 0x0000000100000001;
  watch.after.index = 1;
  watch.__isset.after = true;
  calls.add("watch", &api::LockServiceClient::send_watch, watch);
  auto unwatch = with<api::UnwatchRequest>(header(0));
  unwatch.watch_id = 4;
  calls.add("unwatch", &api::LockServiceClient::send_unwatch, unwatch);
  calls.add("cell_status", &api::LockServiceClient::send_cell_status,
            with<api::CellStatusRequest>(header(0)));
  calls.add("close_session", &api::LockServiceClient::send_close_session,
            with<api::CloseSessionRequest>(header(11)));
}

}  // namespace

std::vector<NamedBytes> sample_calls(WireProtocol protocol) {
  Calls calls(protocol);
  add_sessions(calls);
  add_locks(calls);
  add_nodes(calls);
  add_rest(calls);
  return calls.take();
}

}  // namespace holdfast::net::testing
