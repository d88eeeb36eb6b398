#include "tests/world/workload.h"

#include <algorithm>
#include <utility>

namespace holdfast::world {
namespace {

constexpr std::size_t kSequencersKept = 12;
constexpr std::size_t kWatchesMax = 4;

}  // namespace

// ---- the life of a client -----------------------------------------------------------------------

void Workload::begin() {
  for (const auto& client : *clients_) {
    const auto after = static_cast<SimTime>(client->dice().below(300 * kMillisecond));
    time_.wake_at(time_.now() + after, *this, 0, client->number());
  }
}

void Workload::on_wake(std::uint32_t, std::uint64_t which) {
  if (!finishing_) (*clients_)[which - 1]->start();
}

void Workload::on_started(Client& client) {
  Mind& it = mind(client);
  it.generations.clear();
  it.own_nodes.clear();
}

void Workload::on_opened(Client& client) {
  story_.count("session opened");
  // The registers come into being early, and again after they were removed.
  create_known(client, "/r/" + std::to_string(client.number() % work_.nodes));
  create_known(client, node(client));
  client.think_in(some_time(client, work_.think));
}

void Workload::on_over(Client& client) {
  const auto after = static_cast<SimTime>(client.dice().below(500 * kMillisecond));
  time_.wake_at(time_.now() + after, *this, 0, client.number());
}

SimTime Workload::some_time(Client& client, SimTime mean) const {
  return static_cast<SimTime>(client.dice().below(static_cast<std::uint64_t>(2 * mean) + 1));
}

void Workload::on_think(Client& client) {
  if (!client.is_open() || finishing_) return;
  if (client.calls().open() < work_.open_calls_max) act(client);
  if (client.is_open()) client.think_in(some_time(client, work_.think));
}

void Workload::act(Client& client) {
  const std::uint64_t dice = client.dice().below(100);
  if (dice < work_.odd_percent) {
    act_oddly(client);
  } else if (dice < work_.odd_percent + work_.lock_percent) {
    act_on_locks(client);
  } else {
    act_on_data(client);
  }
}

void Workload::act_on_data(Client& client) {
  switch (client.dice().below(20)) {
    case 0:
    case 1:
      return create(client);
    case 2:
      return remove(client);
    case 3:
    case 4:
      return multi(client);
    case 5:
      return watch(client);
    case 6:
      return list(client);
    case 7:
      return exists(client);
    case 8:
      return set_fenced(client);
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
      return set(client);
    case 14:
      return create_known(client, node(client));
    default:
      return get(client);
  }
}

// ---- names and values ---------------------------------------------------------------------------

Asked Workload::asked(const char* method, const std::string& path) const {
  Asked it;
  it.method = method;
  it.path = path;
  return it;
}

std::string Workload::token(Client& client) {
  std::string text(1, Registers::kTokenMark);
  text += std::to_string(client.number()) + "." + std::to_string(client.run()) + "." +
          std::to_string(++mind(client).tokens) + " ";
  text.resize(text.size() + client.dice().below(work_.payload_bytes_max + 1), 'x');
  return text;
}

std::string Workload::node(Client& client) const {
  return "/r/" + std::to_string(client.dice().below(work_.nodes));
}

std::string Workload::lock(Client& client) const {
  return "/l/" + std::to_string(client.dice().below(work_.locks));
}

std::optional<Ticks> Workload::timeout(Client& client) const {
  if (!client.dice().chance(1, 4)) return std::nullopt;
  return static_cast<Ticks>(50 + client.dice().below(3'000));
}

std::optional<Sequencer> Workload::a_sequencer(Client& client) {
  const std::vector<Sequencer>& known = mind(client).sequencers;
  if (known.empty()) return std::nullopt;
  return known[client.dice().below(known.size())];
}

// ---- data ---------------------------------------------------------------------------------------

void Workload::set(Client& client) {
  client::Set request{.path = node(client), .contents = token(client)};
  Asked it = asked("set", request.path);
  it.changes = true;
  it.tokens = {request.contents};
  const auto& known = mind(client).generations;
  const auto found = known.find(request.path);
  if (found != known.end() && client.dice().chance(1, 3)) {
    it.method = "conditional set";
    it.if_generation = request.if_content_generation = found->second;
  }
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::set_fenced(Client& client) {
  const std::optional<Sequencer> guard = a_sequencer(client);
  if (!guard) return get(client);
  client::Set request{.path = node(client), .contents = token(client)};
  request.guard = format_sequencer(*guard);
  Asked it = asked("guarded set", request.path);
  it.changes = true;
  it.tokens = {request.contents};
  it.guard = guard;
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::get(Client& client) {
  client::Get request{.path = node(client), .stale_ok = client.dice().chance(1, 4)};
  Asked it = asked("get", request.path);
  it.is_stale_read = request.stale_ok;
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::create(Client& client) {
  client::Create request{.contents = token(client), .create_parents = true};
  Mind& it = mind(client);
  const std::uint64_t kind = client.dice().below(4);
  request.path = "/t/" + std::to_string(client.number()) + "-" + std::to_string(it.tokens);
  if (kind == 0) request.kind = client::NodeKind::kEphemeral;
  if (kind == 1) {
    request.path = "/q/job-";
    request.sequential = true;
  }
  Asked asked_for = asked(kind == 0   ? "create ephemeral"
                          : kind == 1 ? "create sequential"
                                      : "create",
                          request.path);
  asked_for.changes = true;
  asked_for.tokens = {request.contents};
  client.call(std::move(request), timeout(client), std::move(asked_for));
}

// The registers themselves, so that they come into being; mostly they are there already.
void Workload::create_known(Client& client, const std::string& path) {
  client::Create request{.path = path, .contents = token(client), .create_parents = true};
  Asked it = asked("create", request.path);
  it.changes = true;
  it.tokens = {request.contents};
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::remove(Client& client) {
  Mind& it = mind(client);
  client::Remove request;
  if (it.own_nodes.empty() || client.dice().chance(1, 20)) {
    request.path = client.dice().chance(1, 4) ? node(client) : std::string("/t/never");
  } else {
    request.path = it.own_nodes.back();
    it.own_nodes.pop_back();
  }
  Asked asked_for = asked("remove", request.path);
  asked_for.changes = true;
  client.call(std::move(request), timeout(client), std::move(asked_for));
}

void Workload::multi(Client& client) {
  const std::size_t first = client.dice().below(work_.nodes);
  const std::string a = "/r/" + std::to_string(first);
  const std::string b = "/r/" + std::to_string((first + 1) % work_.nodes);
  Asked it = asked("multi", a);
  it.changes = true;
  it.tokens = {token(client), token(client)};
  client::Multi request;
  request.check({.path = a}).set({.path = a, .contents = it.tokens[0]});
  const std::optional<Sequencer> sequencer =
      client.dice().chance(1, 3) ? a_sequencer(client) : std::nullopt;
  if (sequencer) {
    it.guard = sequencer;
    request.check_sequencer(format_sequencer(*sequencer));
  }
  if (client.dice().chance(1, 4)) request.check_absent("/never");
  request.set({.path = b, .contents = it.tokens[1]});
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::watch(Client& client) {
  if (client.watches() >= kWatchesMax) return client.unwatch_one();
  using client::EventKind;
  client::WatchOptions options;
  options.recursive = client.dice().chance(1, 2);
  const char* const roots[] = {"/r", "/l", "/t", "/"};
  options.path = options.recursive            ? roots[client.dice().below(4)]
                 : client.dice().chance(1, 2) ? node(client)
                                              : lock(client);
  for (const EventKind kind :
       {EventKind::kContentsChanged, EventKind::kChildAdded, EventKind::kChildRemoved,
        EventKind::kNodeDeleted, EventKind::kNodeCreated, EventKind::kLockAcquired,
        EventKind::kLockReleased, EventKind::kLockLost, EventKind::kLockConflict,
        EventKind::kLeaderChanged}) {
    if (client.dice().chance(2, 3)) options.kinds.insert(kind);
  }
  if (options.kinds.empty()) options.kinds.insert(EventKind::kContentsChanged);
  client.watch(std::move(options));
}

void Workload::list(Client& client) {
  const char* const roots[] = {"/r", "/t", "/q", "/"};
  client::List request{.path = roots[client.dice().below(4)],
                       .stale_ok = client.dice().chance(1, 4)};
  Asked it = asked("list", request.path);
  it.is_stale_read = request.stale_ok;
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::exists(Client& client) {
  client::Exists request{.path = node(client), .stale_ok = client.dice().chance(1, 4)};
  Asked it = asked("exists", request.path);
  it.is_stale_read = request.stale_ok;
  client.call(std::move(request), timeout(client), std::move(it));
}

void Workload::on_reply(Client& client, const std::string& path, const client::AnyReply& reply) {
  Mind& it = mind(client);
  if (const auto* written = std::get_if<client::Written>(&reply)) {
    it.generations[path] = written->stat.content_generation;
  } else if (const auto* created = std::get_if<client::Created>(&reply)) {
    if (created->path.starts_with("/t/") || created->path.starts_with("/q/")) {
      it.own_nodes.push_back(created->path);
    }
  } else if (const auto* contents = std::get_if<client::Contents>(&reply)) {
    it.generations[path] = contents->stat.content_generation;
  }
}

// ---- locks --------------------------------------------------------------------------------------

void Workload::act_on_locks(Client& client) {
  const std::uint64_t dice = client.dice().below(10);
  if (dice < 6) return acquire(client);
  if (dice < 8) return check_sequencers(client);
  const std::string path = lock(client);
  client.call(client::GetLockInfo{.path = path}, timeout(client), asked("lock info", path));
}

void Workload::acquire(Client& client) {
  Random& dice = client.dice();
  client::AcquireAsk ask;
  ask.path = lock(client);
  ask.mode = dice.chance(1, 3) ? LockMode::kShared : LockMode::kExclusive;
  // A few threads, so that now and then one asks again for what it holds, or in a circle.
  ask.owner = client::OwnerId(1 + dice.below(3));
  if (dice.chance(1, 2)) ask.owner = client::OwnerId(1'000 + ++mind(client).tokens);
  switch (dice.below(4)) {
    case 0:
      ask.wait_ms = 0;
      break;
    case 1:
      ask.wait_ms = std::nullopt;
      ask.timeout_ms = static_cast<Ticks>(200 + dice.below(8'000));
      break;
    default:
      ask.wait_ms = static_cast<Ticks>(1 + dice.below(4'000));
  }
  if (dice.chance(1, 3)) ask.lock_delay_ms = static_cast<Ticks>(dice.below(3'000));
  ask.create = dice.chance(1, 3) ? client::CreateMode::kUntilFree : client::CreateMode::kPersistent;
  ask.lost_at_jeopardy = dice.chance(1, 8);
  client.acquire(ask);
}

void Workload::on_granted(Client& client, client::GuardId guard) {
  const auto& grant = client.beliefs().guards().at(guard).grant;
  const Result<Sequencer> sequencer = parse_sequencer(grant.sequencer);
  if (sequencer.ok()) {
    std::vector<Sequencer>& known = mind(client).sequencers;
    known.push_back(*sequencer);
    if (known.size() > kSequencersKept) known.erase(known.begin());
  }
  client.hold_for(guard, some_time(client, work_.hold_max / 2));
}

void Workload::on_hold_over(Client& client, client::GuardId guard) {
  if (client.is_open()) client.release(guard);
}

void Workload::check_sequencers(Client& client) {
  Asked it = asked("check sequencers", "");
  it.sequencers = mind(client).sequencers;
  if (it.sequencers.empty()) return get(client);
  client::CheckSequencers request;
  for (const Sequencer& each : it.sequencers) {
    request.sequencers.push_back(format_sequencer(each));
  }
  client.call(std::move(request), timeout(client), std::move(it));
}

}  // namespace holdfast::world
