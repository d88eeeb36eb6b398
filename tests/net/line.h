#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/net/rpc_routes.h"
#include "tests/net/edge.h"
#include "tests/net/stock_client.h"

// Connections to the edge, with the stock client at their other end: bytes go in and come out as on
// a socket.

namespace holdfast::net::testing {

// One connection to the edge.
class Line {
 public:
  Line(Edge& edge, WireProtocol protocol)
      : edge_(edge), protocol_(protocol), lane_(edge.service.open_lane()) {}
  ~Line() { close(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // Everything that comes back is kept, in its order.
  Status send(std::string_view bytes);
  const std::vector<std::string>& replies() const { return replies_; }
  std::vector<std::string> take_replies() { return std::exchange(replies_, {}); }
  void close();

  // Sends and lets time pass until there is an answer; nothing when none comes within a minute of
  // the cell's time.
  template <typename Request, typename Reply>
  std::optional<Answer<Reply>> ask(SendCall<Request> send_call, ReceiveReply<Reply> receive,
                                   const Request& request) {
    const std::size_t before = replies_.size();
    const Status sent = send(StockClient(protocol_).call(send_call, request));
    if (!sent.ok() || !edge_.cell.wait_for([&] { return replies_.size() > before; }, 60'000)) {
      return std::nullopt;
    }
    return StockClient(protocol_, replies_.back()).reply(receive);
  }
  // The reply, or a failure of the test.
  template <typename Request, typename Reply>
  Reply get(SendCall<Request> send_call, ReceiveReply<Reply> receive, const Request& request) {
    auto answer = ask(send_call, receive, request);
    const auto* error = answer ? std::get_if<api::LockServiceError>(&*answer) : nullptr;
    if (!answer || error != nullptr) {
      unexpected(error);
      return {};
    }
    return std::get<Reply>(std::move(*answer));
  }
  // The error, or a failure of the test.
  template <typename Request, typename Reply>
  api::LockServiceError refused(SendCall<Request> send_call, ReceiveReply<Reply> receive,
                                const Request& request) {
    auto answer = ask(send_call, receive, request);
    if (!answer || std::holds_alternative<Reply>(*answer)) {
      unexpected(nullptr);
      return {};
    }
    return std::get<api::LockServiceError>(std::move(*answer));
  }

  WireProtocol protocol() const { return protocol_; }

 private:
  static void unexpected(const api::LockServiceError* error);

  Edge& edge_;
  WireProtocol protocol_;
  LockService::Lane lane_;
  bool open_ = true;
  std::vector<std::string> replies_;
};

// A connection with a session, which numbers its requests.
class Caller : public Line {
 public:
  explicit Caller(Edge& edge) : Caller(edge, WireProtocol::kCompact) {}
  Caller(Edge& edge, WireProtocol protocol);

  // For a request that changes nothing, and for the next that changes something.
  api::RequestHeader header() const;
  api::RequestHeader next();

  std::int64_t session = 0;
  std::string secret;
  std::int64_t number = 0;
};

// A path with its parents' help: an until-free lock that is asked for exclusively, without waiting.
api::AcquireRequest try_lock(api::RequestHeader header, const std::string& path);
api::CreateRequest create_node(api::RequestHeader header, const std::string& path);

}  // namespace holdfast::net::testing
