#include "client/threads.h"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

namespace holdfast::client {
namespace {

namespace asio = boost::asio;

void end(std::thread& thread) {
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

}  // namespace

// Lives as long as the Threads or one of its threads.
struct Threads::Own {
  asio::io_context io{1};
  asio::io_context callbacks{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> io_work;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> callback_work;

  Own() : io_work(io.get_executor()), callback_work(callbacks.get_executor()) {}
};

Threads::Threads(std::shared_ptr<const UserExecutor> user) : user_(std::move(user)) {
  if (user_ != nullptr) {
    io_ = asio::make_strand(user_->executor);
    callbacks_ = asio::make_strand(user_->executor);
    return;
  }
  own_ = std::make_shared<Own>();
  io_ = own_->io.get_executor();
  callbacks_ = own_->callbacks.get_executor();
  io_thread_ = std::thread([own = own_] { own->io.run(); });
  callback_thread_ = std::thread([own = own_] { own->callbacks.run(); });
  io_thread_id_ = io_thread_.get_id();
  callback_thread_id_ = callback_thread_.get_id();
}

void Threads::finish() {
  if (own_ == nullptr) return;
  // What the first thread still has to say is said on the second.
  own_->io_work.reset();
  end(io_thread_);
  own_->callback_work.reset();
  end(callback_thread_);
}

bool Threads::runs_here() const {
  if (user_ != nullptr) return runs_here(*user_);
  const std::thread::id here = std::this_thread::get_id();
  return here == io_thread_id_ || here == callback_thread_id_;
}

bool Threads::runs_here(const UserExecutor& user) {
  if (const auto* context = user.executor.target<asio::io_context::executor_type>()) {
    return context->running_in_this_thread();
  }
  if (const auto* pool = user.executor.target<asio::thread_pool::executor_type>()) {
    return pool->running_in_this_thread();
  }
  return false;
}

}  // namespace holdfast::client
