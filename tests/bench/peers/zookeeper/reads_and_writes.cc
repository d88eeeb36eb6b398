#include <algorithm>
#include <cstring>
#include <deque>

#include "tests/bench/peers/zookeeper/workloads.h"

namespace holdfast::bench::zookeeper {
namespace {

enum class Kind { kWrite, kStaleRead, kSyncedRead };

struct Slot;

struct Loop {
  Kind kind;
  Window& window;
  std::size_t outstanding = 0;
};

// One request at a time, on a node of its own.
struct Slot {
  Loop& loop;
  zhandle_t* session;
  std::string path;
  std::string contents;
  std::int32_t version = 0;
  Nanoseconds begun_at = 0;

  void ask();
  void end() {
    --loop.outstanding;
    if (!loop.window.is_over() && !loop.window.has_failed()) ask();
  }
  void fail(int code) {
    loop.window.on_failure(problem(path, code));
    end();
  }
};

Slot& slot_of(const void* data) {
  return *static_cast<Slot*>(const_cast<void*>(data));  // NOLINT
}

void on_written(int code, const Stat* stat, const void* data) {
  Slot& slot = slot_of(data);
  if (code != ZOK) return slot.fail(code);
  if (stat->version != ++slot.version) {
    slot.loop.window.on_mismatch("a write is not the next of " + slot.path);
  }
  slot.loop.window.on_success(slot.begun_at);
  slot.end();
}

void on_read(int code, const char* value, int size, const Stat* /*stat*/, const void* data) {
  Slot& slot = slot_of(data);
  if (code != ZOK) return slot.fail(code);
  const bool is_right = static_cast<std::size_t>(size) == slot.contents.size() &&
                        std::memcmp(value, slot.contents.data(), slot.contents.size()) == 0;
  if (!is_right) slot.loop.window.on_mismatch("other contents than were written to " + slot.path);
  slot.loop.window.on_success(slot.begun_at);
  slot.end();
}

void on_synced(int code, const char* /*value*/, const void* data) {
  if (code != ZOK) slot_of(data).loop.window.on_failure(problem("sync", code));
}

void Slot::ask() {
  begun_at = now_ns();
  ++loop.outstanding;
  int code = ZOK;
  if (loop.kind == Kind::kSyncedRead) code = zoo_async(session, path.c_str(), &on_synced, this);
  if (code == ZOK) {
    code = loop.kind == Kind::kWrite
               ? zoo_aset(session, path.c_str(), contents.data(), static_cast<int>(contents.size()),
                          -1, &on_written, this)
               : zoo_aget(session, path.c_str(), 0, &on_read, this);
  }
  if (code == ZOK) return;
  --loop.outstanding;
  loop.window.on_failure(problem(path, code));
}

// What was acknowledged is there, once.
void check_writes(Sessions& sessions, Window& window, const std::deque<Slot>& slots) {
  sessions.sync(0);
  for (const Slot& slot : slots) {
    const Sessions::Answer read = sessions.get(slot.path);
    if (read.contents != slot.contents) {
      window.on_mismatch("other contents than were written to " + slot.path);
    }
    if (read.stat.version != slot.version) {
      window.on_mismatch(slot.path + " was written another number of times");
    }
  }
}

Figures measure(const Plan& plan, Kind kind) {
  Window window(plan.servers);
  Loop loop{.kind = kind, .window = window};
  Sessions sessions(plan, {});
  sessions.open(std::min(plan.outstanding, plan.connections));
  sessions.make_node("/w", "");
  std::deque<Slot> slots;
  for (std::size_t i = 0; i < plan.outstanding; ++i) {
    Slot slot{.loop = loop, .session = sessions.handle(i), .path = "/w/k" + std::to_string(i)};
    slot.contents = value_for(slot.path, plan.value_bytes);
    slot.version = sessions.make_node(slot.path, slot.contents).version;
    slots.push_back(slot);
  }
  // Every server that is read from knows the nodes from here on.
  for (std::size_t i = 0; i < sessions.size(); ++i) sessions.sync(i);
  for (Slot& slot : slots) slot.ask();
  sessions.run_window(plan, window, loop.outstanding);
  if (kind == Kind::kWrite) check_writes(sessions, window, slots);
  Figures figures;
  window.add_to(figures);
  return figures;
}

}  // namespace

Figures measure_writes(const Plan& plan) {
  return measure(plan, Kind::kWrite);
}
Figures measure_stale_reads(const Plan& plan) {
  return measure(plan, Kind::kStaleRead);
}
Figures measure_synced_reads(const Plan& plan) {
  return measure(plan, Kind::kSyncedRead);
}

}  // namespace holdfast::bench::zookeeper
