#include <algorithm>
#include <deque>

#include <boost/asio/use_awaitable.hpp>

#include "tests/bench/holdfast/workloads.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Contents;
using client::Outcome;
using client::Session;
using client::Written;

// One request at a time, on a node of its own.
struct Slot {
  Session& session;
  std::string path;
  std::string contents;
  std::uint64_t generation = 0;
};

asio::awaitable<void> write_again_and_again(Window& window, Slot& slot) {
  while (!window.is_over()) {
    const Nanoseconds begun_at = now_ns();
    auto writing =
        client::async_call(slot.session, client::Set{.path = slot.path, .contents = slot.contents},
                           {}, asio::use_awaitable);
    const Outcome<Written> written = co_await std::move(writing);
    if (!written) {
      window.on_failure(to_string(written.error()));
      co_return;
    }
    if (written->stat.content_generation != ++slot.generation) {
      window.on_mismatch("a write is not the next of " + slot.path);
      co_return;
    }
    window.on_success(begun_at);
  }
}

asio::awaitable<void> read_again_and_again(Window& window, Slot& slot, bool stale_ok) {
  while (!window.is_over()) {
    const Nanoseconds begun_at = now_ns();
    auto reading =
        client::async_call(slot.session, client::Get{.path = slot.path, .stale_ok = stale_ok}, {},
                           asio::use_awaitable);
    const Outcome<Contents> read = co_await std::move(reading);
    if (!read) {
      window.on_failure(to_string(read.error()));
      co_return;
    }
    if (read->contents != slot.contents) {
      window.on_mismatch("other contents than were written to " + slot.path);
      co_return;
    }
    window.on_success(begun_at);
  }
}

// A deque, because the loops keep references.
asio::awaitable<std::deque<Slot>> make_slots(Generator& generator) {
  const Plan& plan = generator.plan();
  co_await generator.open_sessions(std::min(plan.outstanding, plan.connections));
  std::deque<Slot> slots;
  for (std::size_t i = 0; i < plan.outstanding; ++i) {
    Slot slot{.session = generator.session(i), .path = "/w/k" + std::to_string(i)};
    slot.contents = value_for(slot.path, plan.value_bytes);
    auto making = generator.make_node(slot.path, slot.contents);
    const client::Stat stat = co_await std::move(making);
    slot.generation = stat.content_generation;
    slots.push_back(std::move(slot));
  }
  // Every replica that is read from knows the nodes from here on.
  for (Session& session : generator.sessions()) co_await generator.must(session, client::Sync{});
  co_return slots;
}

// What was acknowledged is there, once.
asio::awaitable<void> check_writes(Generator& generator, Window& window,
                                   const std::deque<Slot>& slots) {
  for (const Slot& slot : slots) {
    auto reading = generator.must(generator.session(0), client::Get{.path = slot.path});
    const Contents read = co_await std::move(reading);
    if (read.contents != slot.contents) {
      window.on_mismatch("other contents than were written to " + slot.path);
    }
    if (read.stat.content_generation != slot.generation) {
      window.on_mismatch(slot.path + " was written another number of times");
    }
  }
}

asio::awaitable<Figures> measure_reads(Generator& generator, bool stale_ok) {
  Window window(generator.plan().servers);
  std::deque<Slot> slots = co_await make_slots(generator);
  for (Slot& slot : slots) generator.start_loop(read_again_and_again(window, slot, stale_ok));
  co_await generator.run_window(window);
  co_await generator.close_sessions();
  co_return generator.figures_of(window);
}

}  // namespace

asio::awaitable<Figures> measure_writes(Generator& generator) {
  Window window(generator.plan().servers);
  std::deque<Slot> slots = co_await make_slots(generator);
  for (Slot& slot : slots) generator.start_loop(write_again_and_again(window, slot));
  co_await generator.run_window(window);
  co_await check_writes(generator, window, slots);
  co_await generator.close_sessions();
  co_return generator.figures_of(window);
}

asio::awaitable<Figures> measure_stale_reads(Generator& generator) {
  return measure_reads(generator, true);
}

asio::awaitable<Figures> measure_linearizable_reads(Generator& generator) {
  return measure_reads(generator, false);
}

}  // namespace holdfast::bench
