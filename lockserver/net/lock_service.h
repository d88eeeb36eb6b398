#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/net/client_codec.h"
#include "lockserver/replica/replica.h"
#include "thrift/gen/lockservice_types.h"
#include "zab/base/ids.h"

namespace holdfast::net {

// A reply, or the exception of the contract.
template <typename Reply>
using Answer = std::variant<Reply, api::LockServiceError>;
// Called once for each request, on the strand, perhaps before the request's method returns.
template <typename Reply>
using Respond = std::function<void(Answer<Reply>)>;

// The methods of thrift/lockservice.thrift over a replica: turns requests into calls and answers
// into replies, and decides nothing that the replica or the state machine decides. One for the
// whole daemon; `lane` is the connection.
class LockService {
 public:
  using Lane = replica::LaneId;

  struct Member {
    ServerId id;
    bool voter = true;
    std::string peer_endpoint;
  };
  struct Options {
    CellNames cell;
    ServerId self;
    std::vector<Member> members;  // All, ascending by id.
    std::string version;
  };
  // What other rooms know: where clients reach a replica ("" if unknown), and whether a peer is
  // connected.
  struct Directory {
    std::function<std::string(ServerId)> client_endpoint;
    std::function<bool(ServerId)> is_connected;
  };

  // `log` takes a line for people: the operator's calls leave one each.
  LockService(Options options, replica::Replica& replica, Directory directory,
              std::function<void(const std::string&)> log);

  Lane open_lane() { return replica_.open_lane(); }
  void close_lane(Lane lane) { replica_.close_lane(lane); }

  void open_session(Lane lane, const api::OpenSessionRequest& request,
                    Respond<api::OpenSessionReply> respond);
  void resume_session(Lane lane, const api::ResumeSessionRequest& request,
                      Respond<api::ResumeSessionReply> respond);
  void close_session(Lane lane, const api::CloseSessionRequest& request,
                     Respond<api::CloseSessionReply> respond);
  void keep_alive(Lane lane, const api::KeepAliveRequest& request,
                  Respond<api::KeepAliveReply> respond);
  void list_sessions(Lane lane, const api::ListSessionsRequest& request,
                     Respond<api::ListSessionsReply> respond);
  void kill_session(Lane lane, const api::KillSessionRequest& request,
                    Respond<api::KillSessionReply> respond);
  void acquire(Lane lane, const api::AcquireRequest& request, Respond<api::AcquireReply> respond);
  void cancel(Lane lane, const api::CancelRequest& request, Respond<api::CancelReply> respond);
  void release(Lane lane, const api::ReleaseRequest& request, Respond<api::ReleaseReply> respond);
  void get_sequencer(Lane lane, const api::GetSequencerRequest& request,
                     Respond<api::GetSequencerReply> respond);
  void check_sequencers(Lane lane, const api::CheckSequencersRequest& request,
                        Respond<api::CheckSequencersReply> respond);
  void lock_info(Lane lane, const api::LockInfoRequest& request,
                 Respond<api::LockInfoReply> respond);
  void list_locks(Lane lane, const api::ListLocksRequest& request,
                  Respond<api::ListLocksReply> respond);
  void break_lock(Lane lane, const api::BreakLockRequest& request,
                  Respond<api::BreakLockReply> respond);
  void create(Lane lane, const api::CreateRequest& request, Respond<api::CreateReply> respond);
  void remove(Lane lane, const api::RemoveRequest& request, Respond<api::RemoveReply> respond);
  void get(Lane lane, const api::GetRequest& request, Respond<api::GetReply> respond);
  void exists(Lane lane, const api::ExistsRequest& request, Respond<api::ExistsReply> respond);
  void list_children(Lane lane, const api::ListChildrenRequest& request,
                     Respond<api::ListChildrenReply> respond);
  void set_contents(Lane lane, const api::SetContentsRequest& request,
                    Respond<api::SetContentsReply> respond);
  void multi(Lane lane, const api::MultiRequest& request, Respond<api::MultiReply> respond);
  void sync(Lane lane, const api::SyncRequest& request, Respond<api::SyncReply> respond);
  void watch(Lane lane, const api::WatchRequest& request, Respond<api::WatchReply> respond);
  void unwatch(Lane lane, const api::UnwatchRequest& request, Respond<api::UnwatchReply> respond);
  void cell_status(Lane lane, const api::CellStatusRequest& request,
                   Respond<api::CellStatusReply> respond);

 private:
  // lock_service_calls.h: the ways that many methods share.
  template <typename Reply, typename Convert>
  void write(Lane lane, const api::RequestHeader& header, Parsed<state::Op> op, Ticks max_hold_ms,
             Respond<Reply> respond, Convert convert);
  template <typename Reply, typename Answering>
  void read(Lane lane, const api::RequestHeader& header, replica::Consistency consistency,
            Respond<Reply> respond, Answering answering);

  api::LockServiceError refusal(const replica::Refusal& refusal, const replica::Facts& facts) const;
  api::LockServiceError error(const state::Error& error, const replica::Facts& facts) const;
  api::ReplyHeader header(const replica::Facts& facts) const {
    return to_wire(facts, options_.self);
  }
  Ticks hold_of(SessionId session, const api::AcquireRequest& request) const;
  api::ReplicaStatus replica_status(const replica::StatusFacts& facts) const;
  std::vector<api::MemberInfo> member_infos(const replica::StatusFacts& facts) const;
  api::StateStatus state_status() const;
  std::vector<api::LimitInfo> limit_infos(const replica::StatusFacts& facts) const;

  Options options_;
  replica::Replica& replica_;
  Directory directory_;
  std::function<void(const std::string&)> log_;
};

}  // namespace holdfast::net
