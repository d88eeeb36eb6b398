#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "client/error.h"
#include "client/options.h"
#include "zab/base/ids.h"

namespace holdfast::client::detail {

inline std::optional<Ticks> to_ticks(const std::optional<Milliseconds>& timeout) {
  return timeout ? std::optional<Ticks>(timeout->count()) : std::nullopt;
}

// The blocking form of a call: starts the asynchronous one and waits for its result.
// `would_wait_for_itself`: the calling thread is the one that has to bring the result.
template <typename Value, typename Start>
Outcome<Value> wait_for(bool would_wait_for_itself, std::optional<Milliseconds> timeout,
                        Start start) {
  if (would_wait_for_itself) {
    return Error{.code = ErrorCode::kBadArgument,
                 .message =
                     "A blocking call inside a callback of the library would wait for "
                     "itself; use the asynchronous form."};
  }
  // The core keeps the time; this is for a callback of the program that holds up the dispatcher.
  constexpr Milliseconds kSlack(250);
  const auto promise = std::make_shared<std::promise<Outcome<Value>>>();
  std::future<Outcome<Value>> result = promise->get_future();
  start([promise](Outcome<Value> outcome) { promise->set_value(std::move(outcome)); });
  if (timeout && result.wait_for(*timeout + kSlack) != std::future_status::ready) {
    return Error{.code = ErrorCode::kTimeout,
                 .message = "The time given to the call is over.",
                 .retryable = true,
                 .outcome_pending = true};
  }
  return result.get();
}

}  // namespace holdfast::client::detail
