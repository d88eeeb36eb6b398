#include "tests/bench/peers/zookeeper/sessions.h"

#include <algorithm>
#include <array>

#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

namespace holdfast::bench::zookeeper {
namespace {

constexpr std::size_t kOpenedAtOnce = 40;
constexpr std::size_t kClosedAtMost = 128;  // More of them are left to expire with their cell.
constexpr int kEventsAtOnce = 256;
constexpr int kPacketsAtOnce = 16;
constexpr Nanoseconds kMillisecond = 1'000'000;

void on_data(int code, const char* value, int size, const Stat* stat, const void* data) {
  auto* answer = static_cast<Sessions::Answer*>(const_cast<void*>(data));  // NOLINT
  answer->has_come = true;
  answer->code = code;
  if (code != ZOK) return;
  answer->stat = *stat;
  answer->contents.assign(value, static_cast<std::size_t>(std::max(0, size)));
}

void on_stat(int code, const Stat* stat, const void* data) {
  auto* answer = static_cast<Sessions::Answer*>(const_cast<void*>(data));  // NOLINT
  answer->has_come = true;
  answer->code = code;
  if (code == ZOK) answer->stat = *stat;
}

void on_string(int code, const char* /*value*/, const void* data) {
  auto* answer = static_cast<Sessions::Answer*>(const_cast<void*>(data));  // NOLINT
  answer->has_come = true;
  answer->code = code;
}

}  // namespace

std::string problem(const std::string& what, int code) {
  return what + ": " + zerror(code);
}

Sessions::Sessions(const Plan& plan, const SessionOptions& options)
    : plan_(plan), options_(options), epoll_(epoll_create1(0)) {}

Sessions::~Sessions() {
  if (all_.size() <= kClosedAtMost) {
    for (const ClientSession& session : all_) zookeeper_close(session.handle);
  }
  close(epoll_);
}

void Sessions::on_state(ClientSession& session, int state) {
  if (state == ZOO_CONNECTED_STATE) {
    if (!session.is_up) ++up_;
    session.is_up = true;
    return;
  }
  if (!session.is_up) return;
  session.is_up = false;
  --up_;
  ++lost_;
  session.is_expired = state == ZOO_EXPIRED_SESSION_STATE;
}

// The library tells which session it is by its place, and whose by the context.
struct Context {
  Sessions* sessions;
  ClientSession* session;
};

void Sessions::on_event(zhandle_t* /*handle*/, int type, int state, const char* /*path*/,
                        void* context) {
  const auto* whose = static_cast<const Context*>(context);
  if (type == ZOO_SESSION_EVENT) whose->sessions->on_state(*whose->session, state);
}

void Sessions::open_one(const std::string& endpoints) {
  ClientSession& session = all_.emplace_back();
  auto* context = new Context{this, &session};  // As long as the process, as is the session.
  session.handle =
      zookeeper_init(endpoints.c_str(), &on_event, options_.timeout_ms, nullptr, context, 0);
  if (session.handle == nullptr) give_up("no session could be made");
}

void Sessions::open(std::size_t count) {
  const Nanoseconds end = now_ns() + to_ns(plan_.limit_s);
  while (up_ < count) {
    while (all_.size() < count && all_.size() - up_ < kOpenedAtOnce) {
      open_one(plan_.endpoints[all_.size() % plan_.endpoints.size()]);
    }
    turn(5);
    if (now_ns() > end) give_up("only " + std::to_string(up_) + " sessions came up");
  }
  lost_ = 0;
}

void Sessions::open_roaming() {
  zoo_deterministic_conn_order(1);
  std::string endpoints;
  for (const std::string& endpoint : plan_.endpoints) {
    endpoints += (endpoints.empty() ? "" : ",") + endpoint;
  }
  open_one(endpoints);
  run_until("the session is up", [this] { return up_ == 1; });
}

// What the library waits for changes with every call. A socket that it has closed meanwhile is seen
// at the next look.
void Sessions::refresh(ClientSession& session) {
  if (session.is_expired) return;
  int fd = -1;
  int interest = 0;
  timeval wait{};
  zookeeper_interest(session.handle, &fd, &interest, &wait);
  if (fd < 0) {
    session.fd = -1;
    return;
  }
  const std::uint32_t events = ((interest & ZOOKEEPER_READ) != 0 ? EPOLLIN : 0U) |
                               ((interest & ZOOKEEPER_WRITE) != 0 ? EPOLLOUT : 0U);
  if (fd == session.fd && events == session.events && session.is_up) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &session;
  if (epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0 &&
      epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    session.fd = -1;
    return;
  }
  session.fd = fd;
  session.events = events;
}

void Sessions::sweep() {
  if (now_ns() - swept_at_ < options_.sweep && up_ == all_.size()) return;
  swept_at_ = now_ns();
  for (ClientSession& session : all_) refresh(session);
}

void Sessions::turn(int milliseconds) {
  sweep();
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce, milliseconds);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    auto& session = *static_cast<ClientSession*>(event.data.ptr);
    int ready = (event.events & EPOLLOUT) != 0 ? ZOOKEEPER_WRITE : 0;
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ready |= ZOOKEEPER_READ;
    // The library takes one packet a call.
    for (int packet = 0; packet < kPacketsAtOnce; ++packet) {
      const int code = zookeeper_process(session.handle, ready);
      ready = ZOOKEEPER_READ;
      if (code != ZOK || !session.is_up) break;
    }
    refresh(session);
  }
}

void Sessions::run_for(Nanoseconds time) {
  const Nanoseconds end = now_ns() + time;
  for (Nanoseconds now = now_ns(); now < end; now = now_ns()) {
    turn(static_cast<int>(std::min((end - now) / kMillisecond + 1, Nanoseconds{10})));
  }
}

void Sessions::run_until(const char* what, const std::function<bool()>& holds) {
  const Nanoseconds end = now_ns() + to_ns(plan_.limit_s);
  while (!holds()) {
    turn(1);
    if (now_ns() > end) give_up(std::string("waited too long until ") + what);
  }
}

Sessions::Answer Sessions::wait_for(const std::function<int(Answer*)>& start) {
  Answer answer;
  if (const int code = start(&answer); code != ZOK) give_up(problem("a request", code));
  run_until("a request is answered", [&answer] { return answer.has_come; });
  return answer;
}

Stat Sessions::make_node(const std::string& path, const std::string& contents) {
  const int size = static_cast<int>(contents.size());
  const Answer created = wait_for([&](Answer* answer) {
    return zoo_acreate(handle(0), path.c_str(), contents.data(), size, &ZOO_OPEN_ACL_UNSAFE, 0,
                       &on_string, answer);
  });
  if (created.code != ZOK && created.code != ZNODEEXISTS) give_up(problem(path, created.code));
  const Answer set = wait_for([&](Answer* answer) {
    return zoo_aset(handle(0), path.c_str(), contents.data(), size, -1, &on_stat, answer);
  });
  if (set.code != ZOK) give_up(problem(path, set.code));
  return set.stat;
}

Sessions::Answer Sessions::get(const std::string& path) {
  Answer read = wait_for(
      [&](Answer* answer) { return zoo_aget(handle(0), path.c_str(), 0, &on_data, answer); });
  if (read.code != ZOK) give_up(problem(path, read.code));
  return read;
}

void Sessions::sync(std::size_t place) {
  const Answer synced =
      wait_for([&](Answer* answer) { return zoo_async(handle(place), "/", &on_string, answer); });
  if (synced.code != ZOK) give_up(problem("sync", synced.code));
}

void Sessions::run_window(const Plan& plan, Window& window, const std::size_t& outstanding) {
  run_for(to_ns(plan.warm_up_s));
  window.open();
  run_for(to_ns(plan.seconds));
  window.close();
  if (!window.has_failed()) {
    run_until("what is outstanding is answered", [&outstanding] { return outstanding == 0; });
  }
  if (lost_ > 0) window.on_mismatch("a session lost its connection");
}

}  // namespace holdfast::bench::zookeeper
