#include "client/lull.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>

namespace holdfast::client {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMany = 16;
constexpr std::chrono::milliseconds kSilence{1};
constexpr std::chrono::milliseconds kWaitMax{20};

}  // namespace

Lull& Lull::of(const asio::any_io_executor& executor) {
  return asio::use_service<Lull>(asio::query(executor, asio::execution::context));
}

Lull::Lull(asio::execution_context& context) : service(context) {}

void Lull::defer(const asio::any_io_executor& executor, std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    deferred_.push_back({.executor = executor, .work = std::move(work)});
    if (std::exchange(somebody_looks_, true)) return;
    begin();
  }
  look_again(executor);
}

void Lull::begin() {
  reads_seen_ = reads_;
  has_waited_ = false;
  began_ = std::chrono::steady_clock::now();
}

// Behind what is ready to run by now, and behind what is found to be readable then.
void Lull::look_again(const asio::any_io_executor& executor) {
  asio::post(executor, [this, executor] { look(executor); });
}

void Lull::look_later(const asio::any_io_executor& executor) {
  const auto timer = std::make_shared<asio::steady_timer>(executor, kSilence);
  timer->async_wait([this, timer, executor](boost::system::error_code) { look(executor); });
}

// Under the mutex.
Lull::Next Lull::judge() {
  const std::uint64_t reads = reads_;
  const bool is_silent = std::exchange(reads_seen_, reads) == reads;
  if (std::chrono::steady_clock::now() - began_ >= kWaitMax) return Next::kRun;
  if (!is_silent) {
    has_waited_ = false;
    return Next::kLook;
  }
  if (deferred_.size() < kMany || std::exchange(has_waited_, true)) return Next::kRun;
  return Next::kLookLater;
}

void Lull::look(const asio::any_io_executor& executor) {
  Next next = Next::kLook;
  {
    const std::lock_guard lock(mutex_);
    next = judge();
    if (next == Next::kRun) ready_.swap(deferred_);
  }
  if (next == Next::kLook) return look_again(executor);
  if (next == Next::kLookLater) return look_later(executor);
  for (Deferred& deferred : ready_) {
    asio::dispatch(deferred.executor, std::move(deferred.work));
  }
  ready_.clear();
  {
    const std::lock_guard lock(mutex_);
    somebody_looks_ = !deferred_.empty();
    if (!somebody_looks_) return;
    begin();
  }
  look_again(executor);
}

void Lull::shutdown() {
  const std::lock_guard lock(mutex_);
  deferred_.clear();
  ready_.clear();
}

}  // namespace holdfast::client
