#include <algorithm>
#include <utility>

#include "lockserver/net/lock_service.h"
#include "lockserver/net/lock_service_calls.h"
#include "zab/base/limits.h"

namespace holdfast::net {
namespace {

// What one child costs in a reply beside its name, with a stat and without.
constexpr std::size_t kChildBytes = 16;
constexpr std::size_t kChildWithStatBytes = 120;

state::Error no_node(const std::string& path) {
  state::Error error = make_error(state::ErrorCode::kNoNode, "there is no node " + path);
  error.path = path;
  return error;
}

struct ChildPage {
  std::string path;
  std::string after;
  std::size_t limit = 0;
  bool with_stats = false;
};

std::optional<state::Error> list_page(const state::StateMachine& state, const ChildPage& page,
                                      api::ListChildrenReply& out) {
  const std::optional<state::StateMachine::Node> node = state.get(page.path);
  auto children = state.list(page.path, page.after, page.limit + 1);
  if (!node || !children) return no_node(page.path);
  out.stat = to_wire(node->stat);
  std::size_t bytes = 0;
  for (const state::ListedNode& listed : *children) {
    bytes += listed.name.size() + (page.with_stats ? kChildWithStatBytes : kChildBytes);
    if (out.children.size() == page.limit ||
        (bytes > limits::kListPageBytesMax && !out.children.empty())) {
      out.more = true;
      break;
    }
    api::Child& child = out.children.emplace_back();
    child.name = listed.name;
    if (page.with_stats) child.__set_stat(to_wire(listed.stat));
  }
  return std::nullopt;
}

}  // namespace

void LockService::create(Lane lane, const api::CreateRequest& request,
                         Respond<api::CreateReply> respond) {
  write<api::CreateReply>(lane, request.header, parse_create(request, options_.cell), 0,
                          std::move(respond), [](const state::Reply& reply, api::CreateReply& out) {
                            const auto* created = std::get_if<state::Created>(&reply);
                            if (created == nullptr) return false;
                            out.path = created->path;
                            out.stat = to_wire(created->stat);
                            return true;
                          });
}

void LockService::remove(Lane lane, const api::RemoveRequest& request,
                         Respond<api::RemoveReply> respond) {
  write<api::RemoveReply>(lane, request.header, parse_remove(request, options_.cell), 0,
                          std::move(respond), [](const state::Reply& reply, api::RemoveReply&) {
                            return std::holds_alternative<state::Removed>(reply);
                          });
}

void LockService::get(Lane lane, const api::GetRequest& request, Respond<api::GetReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  read<api::GetReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [path = std::get<std::string>(path)](const state::StateMachine& state,
                                           api::GetReply& out) -> std::optional<state::Error> {
        const std::optional<state::StateMachine::Node> node = state.get(path);
        if (!node) return no_node(path);
        out.contents = std::string(node->contents);
        out.stat = to_wire(node->stat);
        return std::nullopt;
      });
}

void LockService::exists(Lane lane, const api::ExistsRequest& request,
                         Respond<api::ExistsReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  read<api::ExistsReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [path = std::get<std::string>(path)](const state::StateMachine& state,
                                           api::ExistsReply& out) -> std::optional<state::Error> {
        const std::optional<state::StateMachine::Node> node = state.get(path);
        if (node) out.__set_stat(to_wire(node->stat));
        return std::nullopt;
      });
}

void LockService::list_children(Lane lane, const api::ListChildrenRequest& request,
                                Respond<api::ListChildrenReply> respond) {
  Parsed<std::string> path = parse_client_path(request.path, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&path)) return respond_error(respond, *error);
  ChildPage page{.path = std::get<std::string>(std::move(path)),
                 .after = request.after,
                 .limit = limits::kListPageMax,
                 .with_stats = request.with_stats};
  if (request.limit > 0) {
    page.limit = std::min(static_cast<std::size_t>(request.limit), limits::kListPageMax);
  }
  read<api::ListChildrenReply>(
      lane, request.header, consistency_of(request.stale_ok), std::move(respond),
      [page = std::move(page)](const state::StateMachine& state, api::ListChildrenReply& out) {
        return list_page(state, page, out);
      });
}

void LockService::set_contents(Lane lane, const api::SetContentsRequest& request,
                               Respond<api::SetContentsReply> respond) {
  write<api::SetContentsReply>(lane, request.header, parse_set(request, options_.cell), 0,
                               std::move(respond),
                               [](const state::Reply& reply, api::SetContentsReply& out) {
                                 const auto* set = std::get_if<state::ContentsSet>(&reply);
                                 if (set == nullptr) return false;
                                 out.stat = to_wire(set->stat);
                                 return true;
                               });
}

void LockService::multi(Lane lane, const api::MultiRequest& request,
                        Respond<api::MultiReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  Parsed<state::Op> op = parse_multi(request, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&op)) return respond_error(respond, *error);
  replica_.write(lane, std::get<replica::Terms>(terms), std::get<state::Op>(std::move(op)), 0,
                 [this, respond = std::move(respond),
                  number = request.header.request_number](const replica::WriteAnswer& answer) {
                   if (const auto* refused = std::get_if<replica::Refusal>(&answer.outcome)) {
                     return respond(refusal(*refused, answer.facts));
                   }
                   const state::Reply& reply = std::get<replica::Applied>(answer.outcome).reply;
                   if (const auto* failed = std::get_if<state::Error>(&reply)) {
                     return respond(error(*failed, answer.facts));
                   }
                   if (const auto* failed = std::get_if<state::MultiFailed>(&reply)) {
                     api::LockServiceError out = error(failed->error, answer.facts);
                     out.__set_op_index(static_cast<std::int32_t>(failed->index));
                     return respond(std::move(out));
                   }
                   const auto* done = std::get_if<state::MultiDone>(&reply);
                   if (done == nullptr)
                     return respond(error(of_another_request(number), answer.facts));
                   api::MultiReply out;
                   out.header = header(answer.facts);
                   for (const state::MultiOpResult& result : done->results) {
                     out.results.push_back(to_wire(result));
                   }
                   respond(std::move(out));
                 });
}

void LockService::sync(Lane lane, const api::SyncRequest& request,
                       Respond<api::SyncReply> respond) {
  read<api::SyncReply>(lane, request.header, replica::Consistency::kLinearizable,
                       std::move(respond),
                       [](const state::StateMachine&,
                          api::SyncReply&) -> std::optional<state::Error> { return std::nullopt; });
}

void LockService::watch(Lane lane, const api::WatchRequest& request,
                        Respond<api::WatchReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  Parsed<replica::Watch> watch = parse_watch(request, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&watch)) return respond_error(respond, *error);
  replica_.watch(lane, std::get<replica::Terms>(terms), std::get<replica::Watch>(watch),
                 [this, respond = std::move(respond)](const replica::WatchAnswer& answer) {
                   if (answer.refusal) return respond(refusal(*answer.refusal, answer.facts));
                   api::WatchReply out;
                   out.header = header(answer.facts);
                   out.active_from_zxid = to_i64(answer.active_from);
                   respond(std::move(out));
                 });
}

void LockService::unwatch(Lane lane, const api::UnwatchRequest& request,
                          Respond<api::UnwatchReply> respond) {
  Parsed<replica::Terms> terms = parse_terms(request.header, options_.cell);
  if (const auto* error = std::get_if<state::Error>(&terms)) return respond_error(respond, *error);
  replica_.unwatch(lane, std::get<replica::Terms>(terms), to_u64(request.watch_id),
                   [this, respond = std::move(respond)](const replica::WatchAnswer& answer) {
                     if (answer.refusal) return respond(refusal(*answer.refusal, answer.facts));
                     api::UnwatchReply out;
                     out.header = header(answer.facts);
                     respond(std::move(out));
                   });
}

}  // namespace holdfast::net
