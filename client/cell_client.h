#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "client/error.h"
#include "client/options.h"
#include "client/requests.h"

namespace holdfast::client {

namespace detail {
class CellClientHandle;
}

// Reads, checks of sequencers and the operator's calls without a session: nothing is written into
// the cell's history for it, and nothing has to be kept alive. One connection, made when it is
// needed. All members may be used from any thread at any time.
//
//   auto client = CellClient(CellClientOptions{.endpoints = {"127.0.0.1:7401"}});
//   auto status = client.call(GetCellStatus{}, {.timeout = Milliseconds(2'000)});
class CellClient {
 public:
  // Options that cannot be right are told to every call: BAD_ARGUMENT.
  explicit CellClient(CellClientOptions options);
  CellClient(CellClient&&) noexcept = default;
  CellClient& operator=(CellClient&& other) noexcept;
  CellClient(const CellClient&) = delete;
  CellClient& operator=(const CellClient&) = delete;
  ~CellClient();  // Calls that are open answer CANCELLED.

  // A request that was not answered is repeated elsewhere until the time is over. BreakLock without
  // an acquisition is not: when its connection breaks it answers TIMEOUT with outcome_pending.
  template <typename Request>
  Outcome<typename Request::Reply> call(Request request) {
    return call(std::move(request), CallOptions{});
  }
  template <typename Request>
  Outcome<typename Request::Reply> call(Request request, const CallOptions& options) {
    static_assert(kNeedsNoSession<Request>, "this call needs a Session");
    Outcome<AnyReply> outcome = call_any(std::move(request), options);
    if (!outcome) return std::move(outcome).error();
    return std::get<typename Request::Reply>(std::move(outcome).value());
  }
  // The form on which the others are made; `done` is called on the dispatcher. BAD_ARGUMENT for a
  // request that needs a session.
  void submit(AnyRequest request, const CallOptions& options,
              std::function<void(Outcome<AnyReply>)> done);

 private:
  friend class SequencerChecker;
  bool runs_here() const;  // On its dispatcher, where nobody may wait for it.
  Outcome<AnyReply> call_any(AnyRequest request, const CallOptions& options);

  std::string refusal_;  // Of every call, for the options; then there is no handle.
  std::shared_ptr<detail::CellClientHandle> handle_;
};

}  // namespace holdfast::client
