#include "tests/net/line.h"

#include <gtest/gtest.h>

namespace holdfast::net::testing {

Status Line::send(std::string_view bytes) {
  return route(edge_.service, lane_, bytes,
               [this](std::string message) { replies_.push_back(std::move(message)); });
}

void Line::close() {
  if (open_) edge_.service.close_lane(lane_);
  open_ = false;
}

void Line::unexpected(const api::LockServiceError* error) {
  ADD_FAILURE() << (error != nullptr ? error->message : "another answer than this, or none");
}

Caller::Caller(Edge& edge, WireProtocol protocol) : Line(edge, protocol) {
  static std::uint64_t drawn = 0;  // Secrets differ; that is all that matters.
  secret = std::to_string(++drawn);
  secret.resize(16, 's');
  api::OpenSessionRequest open;
  open.lease_ms = 10'000;
  open.client_name = "caller-" + std::to_string(drawn);
  open.host = "host";
  open.secret = secret;
  session = get(HOLDFAST_METHOD(open_session), open).session_id;
}

api::RequestHeader Caller::header() const {
  api::RequestHeader out;
  out.session_id = session;
  return out;
}

api::RequestHeader Caller::next() {
  api::RequestHeader out = header();
  out.request_number = ++number;
  return out;
}

api::AcquireRequest try_lock(api::RequestHeader header, const std::string& path) {
  api::AcquireRequest request;
  request.header = std::move(header);
  request.path = path;
  request.create = api::CreateMode::UNTIL_FREE;
  return request;
}

api::CreateRequest create_node(api::RequestHeader header, const std::string& path) {
  api::CreateRequest request;
  request.header = std::move(header);
  request.path = path;
  request.create_parents = true;
  return request;
}

}  // namespace holdfast::net::testing
