#pragma once

#include <memory>
#include <optional>
#include <thread>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "client/async.h"

namespace holdfast::client {

// Where a session runs: its input and output in one order, the program's callbacks in another. Two
// threads of its own, so that a callback that takes long delays no keep-alive; or two strands of
// the program's executor.
class Threads {
 public:
  explicit Threads(std::shared_ptr<const UserExecutor> user);
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { finish(); }

  // Ends the threads when they have nothing left to do. On one of them it does not wait for that
  // one. What is posted afterwards is never run.
  void finish();

  const boost::asio::any_io_executor& io() const { return io_; }
  const boost::asio::any_io_executor& callbacks() const { return callbacks_; }
  // Asked by a function that would wait: does the calling thread itself run one of the two?
  bool runs_here() const;
  // The same of an executor, as far as it can be told (io_context and thread_pool).
  static bool runs_here(const UserExecutor& user);

 private:
  struct Own;

  std::shared_ptr<const UserExecutor> user_;
  std::shared_ptr<Own> own_;
  std::thread io_thread_;
  std::thread callback_thread_;
  std::thread::id io_thread_id_;
  std::thread::id callback_thread_id_;
  boost::asio::any_io_executor io_;
  boost::asio::any_io_executor callbacks_;
};

}  // namespace holdfast::client
