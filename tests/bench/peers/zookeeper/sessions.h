#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include <zookeeper/zookeeper.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/figures.h"
#include "tests/bench/load/plan.h"
#include "tests/bench/load/window.h"

namespace holdfast::bench::zookeeper {

// One session of ZooKeeper's own C client, in its asynchronous form without threads.
struct ClientSession {
  zhandle_t* handle = nullptr;
  int fd = -1;
  std::uint32_t events = 0;
  bool is_up = false;
  bool is_expired = false;
};

struct SessionOptions {
  int timeout_ms = 10'000;
  // How often each session is looked at to see whether it has to ping.
  Nanoseconds sweep = 20'000'000;
};

// Sessions, and the loop that drives them all in one thread.
class Sessions {
 public:
  Sessions(const Plan& plan, const SessionOptions& options);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Connection i to endpoint i modulo their number; returns when all are up.
  void open(std::size_t count);
  // One session that knows them all, tried in their order.
  void open_roaming();

  zhandle_t* handle(std::size_t place) { return all_[place % all_.size()].handle; }
  std::size_t size() const { return all_.size(); }
  std::size_t up() const { return up_; }
  std::size_t lost() const { return lost_; }

  // Waits for input for so long at most, and handles it.
  void turn(int milliseconds);
  void run_for(Nanoseconds time);
  // Gives up, with `what`, after Plan::limit_s.
  void run_until(const char* what, const std::function<bool()>& holds);

  // One call that has to succeed: `start` is given the completion's data, and answers a code.
  struct Answer {
    bool has_come = false;
    int code = ZOK;
    Stat stat{};
    std::string contents;
  };
  Answer wait_for(const std::function<int(Answer*)>& start);
  // The node with these contents, made if it is missing.
  Stat make_node(const std::string& path, const std::string& contents);
  Answer get(const std::string& path);
  // What was answered anywhere before is known at the server of this session afterwards.
  void sync(std::size_t place);

  // Warm-up, window, and the end of what is outstanding.
  void run_window(const Plan& plan, Window& window, const std::size_t& outstanding);

 private:
  static void on_event(zhandle_t* handle, int type, int state, const char* path, void* context);
  void on_state(ClientSession& session, int state);
  void open_one(const std::string& endpoints);
  void refresh(ClientSession& session);
  void sweep();

  const Plan& plan_;
  const SessionOptions options_;
  const int epoll_;
  std::deque<ClientSession> all_;
  std::size_t up_ = 0;
  std::size_t lost_ = 0;
  Nanoseconds swept_at_ = 0;
};

// "what: no node"
std::string problem(const std::string& what, int code);

}  // namespace holdfast::bench::zookeeper
