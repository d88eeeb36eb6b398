#include "tests/client/rig.h"

#include <utility>

#include <gtest/gtest.h>

#include "thrift/frame.h"
#include "zab/base/limits.h"

namespace holdfast::client::test {
namespace {

struct Record {
  Rig& rig;

  void operator()(const Connect& output) const {
    rig.connecting = output.connection;
    rig.dialed.push_back(output.address);
  }
  // At once, by an address that is written as the endpoint is.
  void operator()(const Resolve& output) const {
    if (!rig.resolves) return rig.resolving.push_back(output.endpoint);
    rig.core.on_resolved(
        rig.now, output.endpoint,
        std::vector<Place>{{.name = output.endpoint, .addresses = {output.endpoint}}});
  }
  void operator()(const Disconnect&) const {
    rig.connecting.reset();
    rig.connection.reset();
    rig.requests.clear();
  }
  void operator()(const Send& output) const {
    ASSERT_EQ(output.connection, rig.connection);
    FrameReader frames(limits::kClientFrameBytesMax);
    frames.feed(output.bytes);
    while (const auto frame = *frames.next()) rig.requests.push_back(parse_request(*frame));
  }
  void operator()(const Opened&) const { rig.is_opened = true; }
  void operator()(const OpenFailed& output) const { rig.open_failure = output.error; }
  void operator()(const LeaseMoved& output) const { rig.lease_deadline = output.deadline; }
  void operator()(const StateChanged& output) const { rig.states.push_back(output.state); }
  void operator()(const GuardMade&) const {}
  void operator()(const GuardDoubtful& output) const { rig.doubtful.push_back(output.guard); }
  void operator()(const GuardCertain& output) const { rig.certain.push_back(output.guard); }
  void operator()(const GuardLost& output) const {
    rig.lost.push_back(output.guard);
    rig.losses[output.guard] = output.loss;
    rig.log.push_back("lost");
  }
  void operator()(const GuardReleased& output) const { rig.released.push_back(output.guard); }
  void operator()(const GuardUnwanted&) const {}
  void operator()(const Queued& output) const { rig.queued.push_back(output.waiters_ahead); }
  void operator()(const EventsCame& output) const {
    rig.events.insert(rig.events.end(), output.events.begin(), output.events.end());
    rig.told_through = output.through;
    rig.log.push_back("events");
  }
  void operator()(const WatchEnded& output) const { rig.ended_watches.push_back(output.watch); }
  void operator()(const Answered& output) const {
    const bool is_first = rig.answers.emplace(output.call, output.outcome).second;
    ASSERT_TRUE(is_first) << "a call was answered twice";
    rig.log.push_back("answer");
  }
};

}  // namespace

CoreOptions Rig::options() {
  return {.endpoints = {"a:1", "b:2", "c:3"},
          .seed = 7,
          .lease_ms = kLeaseMs,
          .grace_ms = kGraceMs,
          .open_timeout_ms = 15'000,
          .client_name = "test",
          .secret = "fedcba9876543210"};
}

void Rig::run() {
  for (std::vector<Output> outputs = core.take(); !outputs.empty(); outputs = core.take()) {
    for (const Output& output : outputs) std::visit(Record{*this}, output);
  }
}

void Rig::pass(Ticks ms) {
  const Ticks end = now + ms;
  run();
  while (true) {
    const std::optional<Ticks> wake = core.wake_at();
    if (!wake || *wake > end) break;
    ASSERT_TRUE(*wake > now || now == end) << "the core wants a tick at once, again and again";
    now = std::max(now, *wake);
    core.tick(now);
    run();
    if (now == end) break;
  }
  now = end;
  core.tick(now);
  run();
}

void Rig::connect() {
  run();
  while (!connecting) {
    ASSERT_TRUE(core.wake_at());
    pass(*core.wake_at() - now);
  }
  connection = std::exchange(connecting, std::nullopt);
  core.on_connected(now, *connection);
  run();
}

void Rig::open() {
  core.start(now);
  connect();
  reply(opened(take("open_session"), at(1), kSession));
  ASSERT_TRUE(is_opened);
}

void Rig::break_connection() {
  ASSERT_TRUE(connection);
  core.on_closed(now, *connection, "broken");
  run();
}

void Rig::reconnect() {
  connect();
  reply(resumed(take("resume_session"), at(1)));
}

Seen Rig::take(const std::string& method) {
  for (auto seen = requests.begin(); seen != requests.end(); ++seen) {
    if (seen->method != method) continue;
    Seen found = *seen;
    requests.erase(seen);
    return found;
  }
  ADD_FAILURE() << "there is no request " << method;
  return {};
}

bool Rig::has(const std::string& method) const {
  for (const Seen& seen : requests) {
    if (seen.method == method) return true;
  }
  return false;
}

void Rig::reply(const std::string& message) {
  ASSERT_TRUE(connection);
  core.on_message(now, *connection, message);
  run();
}

void Rig::deliver(const std::vector<Event>& new_events, std::uint64_t zxid) {
  const EventName last = new_events.back().name;
  reply(kept_alive(take("keep_alive"),
                   {.zxid = Zxid(zxid), .events_through = last, .lease_ms = kLeaseMs}, new_events,
                   last));
}

void Rig::told() {
  core.on_told(now, told_through);
  run();
}

CallId Rig::get(const std::string& path) {
  const CallId call = core.call(now, Get{.path = path}, std::nullopt);
  run();
  return call;
}

CallId Rig::set(const std::string& path) {
  const CallId call = core.call(now, Set{.path = path, .contents = path}, std::nullopt);
  run();
  return call;
}

CallId Rig::acquire(AcquireAsk ask) {
  const CallId call = core.acquire(now, ask);
  run();
  return call;
}

}  // namespace holdfast::client::test
