#include "tests/world/client.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tests/world/host.h"
#include "zab/base/limits.h"

namespace holdfast::world {
namespace {

constexpr Ticks kCloseMs = 2'000;

HostClock::Error client_clock_error(const Design& design, Random& dice) {
  const auto width = static_cast<std::uint64_t>(2 * design.clock_ppm_max + 1);
  HostClock::Error error{
      .offset_ms = static_cast<Ticks>(1'000 + dice.below(100'000'000)),
      .ppm = static_cast<std::int64_t>(dice.below(width)) - design.clock_ppm_max};
  if (design.mistake == Mistake::kClockTooSlow) error.ppm = -600'000;
  return error;
}

std::uint64_t key(std::uint64_t run, std::uint64_t id) {
  return run << 40U | id;
}

}  // namespace

Client::Process::Process(client::CoreOptions options, const Beliefs::World& beliefs_world,
                         const CallCheck::World& calls_world, const EventBook& events,
                         Verdict& verdict, const std::string& who)
    : core(std::move(options)),
      beliefs(beliefs_world, who),
      calls(calls_world, who),
      watches(events, verdict, who),
      reader(limits::kClientFrameBytesMax) {}

Client::Client(std::uint64_t number, const World& world, Random dice)
    : number_(number),
      world_(world),
      dice_(dice),
      clock_(world.time, client_clock_error(world.design, dice_)),
      machine_(world.network.add(*this)) {}

// ---- the process --------------------------------------------------------------------------------

void Client::start() {
  if (is_up()) return;
  ++runs_;
  over_ = false;
  const WorkPlan& work = world_.design.work;
  const auto width = static_cast<std::uint64_t>(work.lease_max_ms - work.lease_min_ms + 1);
  client::CoreOptions options;
  for (std::uint64_t i = 1; i <= world_.design.voters + world_.design.observers; ++i) {
    options.endpoints.push_back(client_address(i));
  }
  options.seed = dice_.next();
  options.cell_name = kCellName;
  options.lease_ms = work.lease_min_ms + static_cast<Ticks>(dice_.below(width));
  options.grace_ms = work.grace_ms;
  options.client_name = name();
  options.host = "host" + std::to_string(number_);
  options.secret = std::to_string(number_) + "." + std::to_string(runs_);
  options.secret.resize(16, 's');
  process_ = std::make_unique<Process>(
      std::move(options),
      Beliefs::World{
          .clock = clock_, .book = world_.locks, .story = world_.story, .verdict = world_.verdict},
      CallCheck::World{.time = world_.time,
                       .ledger = world_.ledger,
                       .locks = world_.locks,
                       .registers = world_.registers,
                       .story = world_.story,
                       .verdict = world_.verdict},
      world_.events, world_.verdict, name() + "." + std::to_string(runs_));
  world_.program.on_started(*this);
  process_->core.start(now());
  settle();
}

void Client::crash() {
  if (!is_up()) return;
  if (is_asleep()) wake_up(world_.time);
  process_.reset();
  world_.network.die(machine_, Network::Death::kTold);
}

void Client::end_process() {
  crash();
  world_.program.on_over(*this);
}

void Client::pause() {
  fall_asleep();
  world_.network.pause(machine_);
}

void Client::resume() {
  if (!is_asleep()) return;
  wake_up(world_.time);
  world_.network.resume(machine_);
}

void Client::on_wake(std::uint32_t what, std::uint64_t which) {
  if (!is_up()) return;
  if (what == kThink) {
    if (which != runs_) return;
    world_.program.on_think(*this);
  } else if (which >> 40U != runs_) {
    return;
  } else if (what == kHoldOver) {
    world_.program.on_hold_over(*this, client::GuardId(which & 0xff'ffff'ffffULL));
  } else if (what == kTold) {
    auto node = process_->telling.extract(which & 0xff'ffff'ffffULL);
    if (!node.empty()) process_->core.on_told(now(), node.mapped());
  } else {
    process_->wake.reset();
    process_->core.tick(now());
  }
  settle();
}

// Whatever was asked of the core is carried out, and it is woken in time.
void Client::settle() {
  if (!is_up()) return;
  take_outputs();
  if (over_) return end_process();
  process_->beliefs.check_all();
  arrange_wake();
}

void Client::take_outputs() {
  while (true) {
    std::vector<client::Output> outputs = process_->core.take();
    if (outputs.empty()) return;
    for (client::Output& output : outputs) {
      world_.story.mix(number_ * 32 + output.index());
      std::visit([this](auto& it) { carry_out(it); }, output);
    }
  }
}

void Client::arrange_wake() {
  const std::optional<Ticks> at = process_->core.wake_at();
  if (!at) return;
  const SimTime time = clock_.when(*at);
  if (process_->wake && *process_->wake <= time) return;
  process_->wake = time;
  world_.time.wake_at(time, *this, kTick, key(runs_, 0));
}

void Client::think_in(SimTime after) {
  world_.time.wake_at(world_.time.now() + after, *this, kThink, runs_);
}

void Client::hold_for(client::GuardId guard, SimTime time) {
  world_.time.wake_at(world_.time.now() + time, *this, kHoldOver, key(runs_, guard.value));
}

// ---- the connection -----------------------------------------------------------------------------

void Client::on_connected(EndId end) {
  if (!is_up() || end != process_->end) return;
  process_->core.on_connected(now(), process_->connection);
}

void Client::on_bytes(EndId end, std::string_view bytes) {
  if (!is_up() || end != process_->end) return;
  process_->reader.feed(bytes);
  while (is_up() && end == process_->end) {
    const Result<std::optional<std::string_view>> frame = process_->reader.next();
    if (!frame.ok()) {
      world_.verdict.fail("FRAMES", name() + ": " + frame.status().message());
      return;
    }
    if (!frame->has_value()) return;
    process_->core.on_message(now(), process_->connection, **frame);
    take_outputs();
  }
}

void Client::on_gone(EndId end, Gone why) {
  if (!is_up() || end != process_->end) return;
  process_->end = EndId();
  process_->core.on_closed(now(), process_->connection,
                           why == Gone::kRefused ? "connection refused" : "connection lost");
}

void Client::carry_out(client::Connect& output) {
  process_->connection = output.connection;
  process_->reader = FrameReader(limits::kClientFrameBytesMax);
  const auto replica = static_cast<std::uint32_t>(replica_at(output.address));
  process_->end =
      world_.network.dial(machine_, {.machine = MachineId(replica), .port = Port::kClient}, *this);
  world_.story.tell_long([&] { return name() + " connects to r" + std::to_string(replica); });
}

// Endpoints are addresses here.
void Client::carry_out(client::Resolve& output) {
  world_.verdict.fail("RESOLVE", name() + " looks up " + output.endpoint);
}

void Client::carry_out(client::Disconnect& output) {
  if (output.connection != process_->connection || process_->end.is_none()) return;
  world_.network.close(std::exchange(process_->end, EndId()));
  world_.story.count("client leaves a connection");
}

void Client::carry_out(client::Send& output) {
  if (output.connection != process_->connection || process_->end.is_none()) return;
  world_.network.send(process_->end, std::move(output.bytes));
}

// ---- outputs ------------------------------------------------------------------------------------

void Client::carry_out(client::Opened& output) {
  process_->is_open = true;
  process_->beliefs.on(output);
  process_->watches.on_opened(output.facts.id);
  world_.story.tell([&] {
    return name() + " has opened session " + to_string(Zxid(output.facts.id.value)) + ", lease " +
           std::to_string(output.facts.lease_ms) + " ms";
  });
  world_.program.on_opened(*this);
}

void Client::carry_out(client::OpenFailed& output) {
  world_.story.count("error " + std::string(client::error_name(output.error.code)));
  over_ = true;
}

void Client::carry_out(client::StateChanged& output) {
  process_->beliefs.on(output);
  world_.story.tell([&] {
    const char* const names[] = {"is safe again", "is in jeopardy", "has lost its session",
                                 "closes its session"};
    return name() + " " + names[static_cast<int>(output.state)];
  });
  if (output.state == client::SessionState::kExpired) {
    process_->is_open = false;
    over_ = true;
  }
  if (output.state == client::SessionState::kClosed) process_->is_open = false;
}

void Client::carry_out(client::EventsCame& output) {
  if (world_.design.mistake != Mistake::kNone) twist(output);
  process_->watches.on_told(output);
  world_.story.count("events told", output.events.size());
  const bool has_lost =
      std::any_of(output.events.begin(), output.events.end(), [](const client::EventTold& told) {
        return told.event.kind == client::EventKind::kEventsLost;
      });
  if (has_lost) world_.story.count("event events lost");
  const std::uint64_t id = ++process_->told;
  process_->telling[id] = output.through;
  // A callback that takes its time, now and then.
  const SimTime takes = dice_.chance(1, 50) ? 400 * kMillisecond : 0;
  world_.time.wake_at(world_.time.now() + takes, *this, kTold, key(runs_, id));
}

void Client::carry_out(client::WatchEnded& output) {
  process_->watches.on_ended(output.watch);
  std::erase(process_->standing, output.watch);
}

bool Client::finish_watch(const client::Answered& output) {
  const auto node = process_->watch_calls.extract(output.call);
  if (node.empty()) return false;
  if (output.outcome) {
    const auto& started = std::get<client::WatchStarted>(*output.outcome);
    process_->watches.on_started(started.watch, started.active_from);
    process_->standing.push_back(started.watch);
  } else {
    process_->watches.on_ended(node.mapped());
    world_.story.count("error " + std::string(client::error_name(output.outcome.error().code)));
  }
  return true;
}

void Client::carry_out(client::Answered& output) {
  if (output.call == process_->closing) {
    over_ = true;
    return;
  }
  if (finish_watch(output)) return;
  const auto twists = world_.design.mistake == Mistake::kAnswerForged && output.outcome;
  if (twists && std::holds_alternative<client::AnyReply>(*output.outcome)) {
    twist(std::get<client::AnyReply>(*output.outcome));
  }
  world_.story.tell_long([&] {
    const Asked* asked = process_->calls.find(output.call);
    return name() + ": " + (asked == nullptr ? "?" : asked->method + " " + asked->path) +
           (output.outcome ? " is done" : ": " + client::to_string(output.outcome.error()));
  });
  const Asked* const asked_for = process_->calls.find(output.call);
  const std::string path = asked_for == nullptr ? std::string() : asked_for->path;
  const Zxid shown = process_->calls.on_answered(output.call, output.outcome);
  if (!shown.is_none()) process_->watches.on_shown(shown);
  if (!output.outcome) return;
  if (const auto* granted = std::get_if<client::Granted>(&*output.outcome)) {
    const bool stands = process_->beliefs.guards().contains(granted->guard);
    if (stands) world_.program.on_granted(*this, granted->guard);
  } else if (const auto* reply = std::get_if<client::AnyReply>(&*output.outcome)) {
    world_.program.on_reply(*this, path, *reply);
  }
}

// ---- what the program asks for ------------------------------------------------------------------

client::CallId Client::call(client::AnyRequest request, std::optional<Ticks> timeout_ms,
                            Asked asked) {
  const client::CallId call = process_->core.call(now(), std::move(request), timeout_ms);
  world_.story.tell_long([&] {
    std::string tokens;
    for (const std::string& token : asked.tokens) tokens += " " + token.substr(0, 30);
    return name() + " asks for " + asked.method + " " + asked.path + tokens;
  });
  process_->calls.on_asked(call, std::move(asked));
  return call;
}

void Client::acquire(const client::AcquireAsk& ask) {
  const client::CallId call = process_->core.acquire(now(), ask);
  world_.story.tell_long([&] { return name() + " asks for the lock " + ask.path; });
  Asked asked;
  asked.method = ask.mode == LockMode::kShared ? "acquire shared" : "acquire";
  asked.path = ask.path;
  asked.changes = true;
  process_->calls.on_asked(call, std::move(asked));
  if (ask.wait_ms && *ask.wait_ms > 0 && dice_.chance(1, 20)) {
    process_->core.withdraw(now(), call);
    world_.story.count("acquire withdrawn");
  }
}

void Client::release(client::GuardId guard) {
  const auto found = process_->beliefs.guards().find(guard);
  if (found == process_->beliefs.guards().end()) return;
  Asked asked;
  asked.method = "release";
  asked.path = found->second.path;
  asked.changes = true;
  process_->beliefs.release(guard);
  const client::CallId call = process_->core.release(now(), guard, std::nullopt);
  process_->calls.on_asked(call, std::move(asked));
}

void Client::watch(client::WatchOptions options) {
  const client::Core::WatchCall made = process_->core.watch(now(), options);
  process_->watch_calls[made.call] = made.watch;
  process_->watches.on_asked(made.watch, options);
  world_.story.count("call watch");
}

void Client::unwatch_one() {
  if (process_->standing.empty()) return;
  const client::WatchId watch = process_->standing.back();
  process_->standing.pop_back();
  process_->watches.on_ended(watch);
  process_->core.unwatch(now(), watch);
  world_.story.count("call unwatch");
}

void Client::close() {
  process_->is_open = false;
  process_->closing = process_->core.close(now(), kCloseMs);
  world_.story.count("call close session");
}

// ---- mistakes, for tests of the checkers --------------------------------------------------------

void Client::twist(client::AnyReply& reply) {
  auto* contents = std::get_if<client::Contents>(&reply);
  if (contents != nullptr && !contents->contents.empty()) contents->contents.back() ^= 1;
}

void Client::twist(client::EventsCame& came) {
  if (came.events.empty()) return;
  if (world_.design.mistake == Mistake::kEventDropped) came.events.pop_back();
  if (world_.design.mistake == Mistake::kEventRepeated) came.events.push_back(came.events.back());
}

}  // namespace holdfast::world
