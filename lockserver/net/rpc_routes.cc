#include "lockserver/net/rpc_routes.h"

#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "thrift/gen/LockService.h"
#include "thrift/printable.h"

namespace holdfast::net {
namespace {

struct Call {
  LockService& service;
  LockService::Lane lane;
  std::string_view message;
  MessageHead head;
  OnReply reply;
};

// The type of the reply, read off the method's own.
template <typename Method>
struct SuccessOf;
template <typename Request, typename Success>
struct SuccessOf<void (LockService::*)(LockService::Lane, const Request&, Respond<Success>)> {
  using Type = Success;
};

template <typename Result, typename Success>
std::string encode_answer(const MessageHead& head, Answer<Success> answer) {
  Result result;
  if (auto* error = std::get_if<api::LockServiceError>(&answer)) {
    result.error = std::move(*error);
    result.__isset.error = true;
  } else {
    result.success = std::get<Success>(std::move(answer));
    result.__isset.success = true;
  }
  return encode_message(head, result);
}

template <typename Args, typename Result, auto kMethod>
Status carry_out(Call call) {
  using Success = typename SuccessOf<decltype(kMethod)>::Type;
  const auto args = decode_message_body<Args>(call.message, kRequestLimits);
  if (!args.ok()) return args.status();
  if (!(*args)->__isset.request) {
    return {StatusCode::kInvalid, "a call of " + call.head.method + " without its request"};
  }
  call.head.type = apache::thrift::protocol::T_REPLY;
  (call.service.*kMethod)(
      call.lane, (*args)->request,
      [head = std::move(call.head), reply = std::move(call.reply)](Answer<Success> answer) {
        reply(encode_answer<Result, Success>(head, std::move(answer)));
      });
  return {};
}

using Route = Status (*)(Call call);

#define HOLDFAST_ROUTE(method)                                                                  \
  {                                                                                             \
#method, &carry_out < api::LockService_##method##_args, api::LockService_##method##_result, \
        &LockService::method>                                                                   \
  }

const std::map<std::string_view, Route>& routes() {
  static const std::map<std::string_view, Route> kRoutes = {HOLDFAST_ROUTE(open_session),
                                                            HOLDFAST_ROUTE(resume_session),
                                                            HOLDFAST_ROUTE(close_session),
                                                            HOLDFAST_ROUTE(keep_alive),
                                                            HOLDFAST_ROUTE(list_sessions),
                                                            HOLDFAST_ROUTE(kill_session),
                                                            HOLDFAST_ROUTE(acquire),
                                                            HOLDFAST_ROUTE(cancel),
                                                            HOLDFAST_ROUTE(release),
                                                            HOLDFAST_ROUTE(get_sequencer),
                                                            HOLDFAST_ROUTE(check_sequencers),
                                                            HOLDFAST_ROUTE(lock_info),
                                                            HOLDFAST_ROUTE(list_locks),
                                                            HOLDFAST_ROUTE(break_lock),
                                                            HOLDFAST_ROUTE(create),
                                                            HOLDFAST_ROUTE(remove),
                                                            HOLDFAST_ROUTE(get),
                                                            HOLDFAST_ROUTE(exists),
                                                            HOLDFAST_ROUTE(list_children),
                                                            HOLDFAST_ROUTE(set_contents),
                                                            HOLDFAST_ROUTE(multi),
                                                            HOLDFAST_ROUTE(sync),
                                                            HOLDFAST_ROUTE(watch),
                                                            HOLDFAST_ROUTE(unwatch),
                                                            HOLDFAST_ROUTE(cell_status)};
  return kRoutes;
}

#undef HOLDFAST_ROUTE

}  // namespace

Status route(LockService& service, LockService::Lane lane, std::string_view message,
             OnReply reply) {
  Result<MessageHead> head = decode_message_head(message, kRequestLimits);
  if (!head.ok()) return head.status();
  if (head->type != apache::thrift::protocol::T_CALL) {
    return {StatusCode::kInvalid, "a Thrift message that is no call"};
  }
  const auto found = routes().find(head->method);
  if (found == routes().end()) {
    return {StatusCode::kInvalid, "a call of the unknown method " + printable(head->method)};
  }
  return found->second({.service = service,
                        .lane = lane,
                        .message = message,
                        .head = std::move(head).value(),
                        .reply = std::move(reply)});
}

}  // namespace holdfast::net
