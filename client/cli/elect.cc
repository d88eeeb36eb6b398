#include "client/cli/elect.h"

#include <cstdio>
#include <memory>
#include <optional>

#include "client/cli/contents.h"
#include "client/cli/lock_hold.h"
#include "client/watch.h"

namespace holdfast::cli {
namespace {

constexpr Milliseconds kObservePoll{100};
constexpr Milliseconds kReadTimeMax{1000};  // Ctrl-C is not heard meanwhile.

// Who leads, with what he says; nothing while nobody has both the lock and a value of his own.
struct Leader {
  Zxid generation;
  std::uint64_t content_generation = 0;
  std::string value;
  client::LockParty holder;
};

bool is_outage(const client::Error& error) {
  return error.code == client::ErrorCode::kTimeout || error.code == client::ErrorCode::kNoQuorum;
}

client::Outcome<std::optional<Leader>> read_leader(client::Session& session,
                                                   const std::string& path) {
  const client::CallOptions call_options = {.timeout = kReadTimeMax};
  // The value first: who is found to hold the lock after that under the generation of the value's
  // writer is the one who wrote it.
  const auto got = session.call(client::Get{.path = path}, call_options);
  if (!got && got.error().code == client::ErrorCode::kNoNode) return std::optional<Leader>();
  if (!got) return got.error();
  client::GetLockInfo ask;
  ask.path = path;
  const auto info = session.call(std::move(ask), call_options);
  if (!info && info.error().code == client::ErrorCode::kNoNode) return std::optional<Leader>();
  if (!info) return info.error();
  const client::LockInfo& lock = info->lock;
  const bool is_led = lock.holders.size() == 1 &&
                      lock.holders.front().mode == LockMode::kExclusive &&
                      got->stat.modified > lock.generation;
  if (!is_led) return std::optional<Leader>();
  return std::optional<Leader>({.generation = lock.generation,
                                .content_generation = got->stat.content_generation,
                                .value = got->contents,
                                .holder = lock.holders.front()});
}

// Says who leads when that has changed.
class LeaderLines {
 public:
  explicit LeaderLines(bool json) : lines_(json) {}

  void tell(const std::string& path, const std::optional<Leader>& leader) {
    const bool is_same = has_told_ && leader.has_value() == last_.has_value() &&
                         (!leader || (leader->generation == last_->generation &&
                                      leader->content_generation == last_->content_generation));
    if (is_same) return;
    has_told_ = true;
    last_ = leader;
    if (!leader) return lines_.say("no-leader", {{"election", path}});
    Json facts = {{"election", path}};
    add_contents(facts, "value", leader->value);
    facts["generation"] = std::to_string(leader->generation.value);
    facts["client_name"] = leader->holder.client_name;
    facts["host"] = leader->holder.host;
    lines_.say("leader", facts);
  }

 private:
  EventLines lines_;
  bool has_told_ = false;
  std::optional<Leader> last_;
};

}  // namespace

int elect(const Context& context, const ElectArguments& arguments) {
  const bool runs_command = !arguments.lock.command.empty();
  const SignalQueue signals(runs_command ? kRunSignals : kStopSignals);
  auto session = context.open_session(lease_of(arguments.lock));
  if (!session) return fail(session.error());
  const auto lines = std::make_shared<EventLines>(context.json);
  const auto on_waiting = [lines, runs_command](std::size_t ahead) {
    if (runs_command) return say_waiting(ahead);
    lines->say("waiting", {{"ahead", ahead}});
  };
  Acquired acquired = acquire(context, *session, arguments.lock, signals, on_waiting);
  if (!acquired.guard) return acquired.exit_code;
  client::LockGuard& guard = *acquired.guard;
  const std::string value = arguments.value.empty() ? who_am_i() : arguments.value;
  client::Set set;
  set.path = guard.path();
  set.contents = value;
  set.guard = guard.sequencer();
  const auto written = session->call(std::move(set), context.call_options());
  if (!written) return fail(written.error());
  if (runs_command) {
    return run_while_held(context, *session, guard, arguments.lock.command, signals);
  }
  lines->say("elected", {{"election", guard.path()},
                         {"value", value},
                         {"sequencer", guard.sequencer()},
                         {"generation", std::to_string(guard.generation().value)},
                         {"lease_ms", session->lease().count()}});
  const auto lost = report_guard(guard, lines);
  wait_for_end(signals, *lost, arguments.lock.ends_with_stdin);
  if (*lost) return kLost;
  const auto released = guard.release(context.call_options());
  if (!released) return fail(released.error());
  lines->say("resigned", Json::object());
  return kOk;
}

int observe(const Context& context, const ElectArguments& arguments) {
  const SignalQueue signals(kStopSignals);
  auto session = context.open_session(lease_of(arguments.lock));
  if (!session) return fail(session.error());
  const std::string path = context.lock_path(arguments.lock.name);
  client::WatchOptions options;
  options.path = path;
  using enum client::EventKind;
  options.kinds = {kContentsChanged, kNodeDeleted,  kNodeCreated,
                   kLockAcquired,    kLockReleased, kLockLost};
  auto watch = session->watch(std::move(options), {});
  if (!watch) return fail(watch.error());
  LeaderLines lines(context.json);
  while (true) {
    const auto leader = read_leader(*session, path);
    // Without a quorum nobody can tell who leads; the next try may succeed.
    if (!leader && !is_outage(leader.error())) return fail(leader.error());
    if (leader) lines.tell(path, *leader);
    auto event = watch->next({.timeout = kObservePoll});
    while (!event && event.error().code == client::ErrorCode::kTimeout && leader) {
      if (signals.next(0)) return kOk;
      event = watch->next({.timeout = kObservePoll});
    }
    if (signals.next(0)) return kOk;
    if (!event && event.error().code != client::ErrorCode::kTimeout) return fail(event.error());
  }
}

}  // namespace holdfast::cli
