#include <algorithm>
#include <cstring>
#include <deque>

#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

enum class Counts { kWholeCycle, kAcquire };

// One lock as its clients know it.
struct Lock {
  std::string folder;
  std::string last_granted;  // The sequential names are its generations.
  std::size_t holders = 0;
};

// One client's way through one acquisition after the other.
struct Taker {
  Window& window;
  zhandle_t* session;
  Lock& lock;
  Counts counts;
  std::size_t& outstanding;
  std::string own;  // The name of the node that stands for its wish.
  Nanoseconds begun_at = 0;

  void begin();
  void look();
  void on_children(const String_vector& children);
  void watch(const char* before);
  void on_granted();
  void on_released();

  std::string path(const char* name) const { return lock.folder + '/' + name; }
  void check(int code, const char* what) {
    if (code != ZOK) window.on_failure(problem(what, code));
  }
};

Taker& taker_of(const void* data) {
  return *static_cast<Taker*>(const_cast<void*>(data));  // NOLINT
}

void on_created(int code, const char* path, const void* data) {
  Taker& taker = taker_of(data);
  if (code != ZOK) return taker.check(code, "create");
  taker.own = std::strrchr(path, '/') + 1;
  taker.look();
}

void on_children(int code, const String_vector* children, const void* data) {
  Taker& taker = taker_of(data);
  if (code != ZOK) return taker.check(code, "children");
  taker.on_children(*children);
}

void on_one_before_gone(zhandle_t* /*handle*/, int type, int /*state*/, const char* /*path*/,
                        void* context) {
  if (type == ZOO_DELETED_EVENT) taker_of(context).look();
}

// The watch tells when it goes; if it is gone already there is none.
void on_one_before(int code, const Stat* /*stat*/, const void* data) {
  if (code == ZNONODE) return taker_of(data).look();
  taker_of(data).check(code, "watch");
}

void on_deleted(int code, const void* data) {
  Taker& taker = taker_of(data);
  if (code != ZOK) return taker.check(code, "delete");
  taker.on_released();
}

void Taker::begin() {
  begun_at = now_ns();
  ++outstanding;
  check(zoo_acreate(session, path("lock-").c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE,
                    ZOO_EPHEMERAL | ZOO_SEQUENCE, &on_created, this),
        "create");
}

void Taker::look() {
  check(zoo_aget_children(session, lock.folder.c_str(), 0, &zookeeper::on_children, this),
        "children");
}

void Taker::on_children(const String_vector& children) {
  const char* before = nullptr;
  bool is_there = false;
  for (int i = 0; i < children.count; ++i) {
    const char* name = children.data[i];
    const int order = own.compare(name);
    if (order == 0) is_there = true;
    if (order > 0 && (before == nullptr || std::strcmp(name, before) > 0)) before = name;
  }
  if (!is_there) return window.on_mismatch("the own node is gone");
  if (before == nullptr) return on_granted();
  watch(before);
}

void Taker::watch(const char* before) {
  check(
      zoo_awexists(session, path(before).c_str(), &on_one_before_gone, this, &on_one_before, this),
      "watch");
}

void Taker::on_granted() {
  if (own <= lock.last_granted) window.on_mismatch("the generation does not grow");
  if (++lock.holders != 1) window.on_mismatch(lock.folder + " has two holders");
  lock.last_granted = own;
  if (counts == Counts::kWholeCycle) window.on_acquired(now_ns() - begun_at);
  if (counts == Counts::kAcquire) window.on_success(begun_at);
  --lock.holders;
  check(zoo_adelete(session, path(own.c_str()).c_str(), -1, &on_deleted, this), "delete");
}

void Taker::on_released() {
  if (counts == Counts::kWholeCycle) window.on_success(begun_at);
  --outstanding;
  if (!window.is_over() && !window.has_failed()) begin();
}

Figures measure(const Plan& plan, Counts counts) {
  Window window(plan.servers);
  std::size_t outstanding = 0;
  std::deque<Lock> locks;
  std::deque<Taker> takers;
  Sessions sessions(plan, {});
  sessions.open(plan.clients);
  sessions.make_node("/lock", "");
  for (std::size_t i = 0; i < plan.clients; ++i) {
    if (counts == Counts::kWholeCycle || i == 0) {
      const bool is_own = counts == Counts::kWholeCycle;
      locks.push_back({.folder = "/lock/" + (is_own ? "c" + std::to_string(i) : "one")});
      sessions.make_node(locks.back().folder, "");
    }
    takers.push_back({.window = window,
                      .session = sessions.handle(i),
                      .lock = locks.back(),
                      .counts = counts,
                      .outstanding = outstanding});
  }
  for (std::size_t i = 0; i < sessions.size(); ++i) sessions.sync(i);
  for (Taker& taker : takers) taker.begin();
  sessions.run_window(plan, window, outstanding);
  Figures figures;
  window.add_to(figures);
  return figures;
}

}  // namespace

Figures measure_lock_cycles(const Plan& plan) {
  return measure(plan, Counts::kWholeCycle);
}
Figures measure_hand_over(const Plan& plan) {
  return measure(plan, Counts::kAcquire);
}

}  // namespace holdfast::bench::zookeeper
