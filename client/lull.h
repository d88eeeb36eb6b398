#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

namespace holdfast::client {

// Work that has time until what has come from the cell has been read, on all connections that run
// in the same execution context (a program may have thousands of sessions in one). Everybody is
// told first, and then everybody says that he was.
//
// Any thread may call these.
class Lull : public boost::asio::execution_context::service {
 public:
  using key_type = Lull;

  static Lull& of(const boost::asio::any_io_executor& executor);

  explicit Lull(boost::asio::execution_context& context);

  // Something was read on a connection.
  void on_read() { ++reads_; }
  // Runs the work on the executor when all there was to read has been read. Where a great many have
  // something to say, a moment of silence is waited for as well: a replica tells so many in several
  // goes. A stream that never ends keeps the work waiting for 20 ms and no longer.
  void defer(const boost::asio::any_io_executor& executor, std::function<void()> work);

 private:
  struct Deferred {
    boost::asio::any_io_executor executor;
    std::function<void()> work;
  };

  void shutdown() override;
  void begin();
  void look_again(const boost::asio::any_io_executor& executor);
  void look_later(const boost::asio::any_io_executor& executor);
  void look(const boost::asio::any_io_executor& executor);
  enum class Next { kLook, kLookLater, kRun };
  Next judge();

  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;  // Of what follows.
  std::vector<Deferred> deferred_;
  std::vector<Deferred> ready_;  // Taken out of there: of the look that runs. Both keep their room.
  bool somebody_looks_ = false;
  std::uint64_t reads_seen_ = 0;
  bool has_waited_ = false;  // A moment, since the last read.
  std::chrono::steady_clock::time_point began_;
};

}  // namespace holdfast::client
