#include "tests/world/world.h"

#include <string>
#include <variant>

namespace holdfast::world {
namespace {

std::string name_of(const state::Op& op) {
  static constexpr const char* kNames[] = {
      "open session", "close session", "expire session", "kill session",   "acquire",
      "cancel wait",  "release",       "break lock",     "end lock-delay", "epoch begun",
      "create",       "remove",        "set contents",   "multi"};
  static_assert(std::size(kNames) == std::variant_size_v<state::Op>);
  return kNames[op.index()];
}

}  // namespace

void Narrator::on_committed(const Committed& entry, const state::Command& command,
                            const Applied& effects) {
  story_.tell_long([&] {
    return "committed " + to_string(entry.zxid) + ": " + name_of(command.op) + ", request " +
           to_string(command.request) + " of session " + to_string(Zxid(command.session.value)) +
           (std::holds_alternative<state::Error>(effects.reply)
                ? ": " + std::get<state::Error>(effects.reply).message
                : std::string());
  });
}

World::World(const Design& design, Story::Detail detail)
    : design_(design),
      story_(time_, detail),
      dice_(design.seed * 0x9e3779b97f4a7c15ULL + 7),
      network_(time_, story_, dice_.fork()),
      ledger_(design_.limits, std::string(kCellId).substr(0, 16), time_, verdict_),
      locks_(design_, story_, verdict_),
      registers_(design_, verdict_),
      events_(story_),
      checks_(design_, ledger_, story_, verdict_),
      workload_(design_, time_, story_) {
  network_.set_timing(design_.network);
  ledger_.add_witness(narrator_);
  ledger_.add_witness(locks_);
  ledger_.add_witness(registers_);
  ledger_.add_witness(events_);
  ledger_.add_witness(*this);
  const Host::World around{.time = time_,
                           .network = network_,
                           .story = story_,
                           .verdict = verdict_,
                           .ledger = ledger_,
                           .design = design_,
                           .witness = checks_};
  std::vector<Host*> watched;
  for (std::uint64_t id = 1; id <= design_.voters + design_.observers; ++id) {
    hosts_.push_back(std::make_unique<Host>(ServerId(id), around, dice_.fork()));
    watched.push_back(hosts_.back().get());
  }
  checks_.watch(std::move(watched));
  const Client::World for_clients{.time = time_,
                                  .network = network_,
                                  .story = story_,
                                  .verdict = verdict_,
                                  .ledger = ledger_,
                                  .locks = locks_,
                                  .registers = registers_,
                                  .events = events_,
                                  .design = design_,
                                  .program = workload_};
  for (std::uint64_t number = 1; number <= design_.work.clients; ++number) {
    clients_.push_back(std::make_unique<Client>(number, for_clients, dice_.fork()));
  }
  workload_.watch_over(clients_);
}

void World::begin() {
  for (const auto& host : hosts_) host->start();
  workload_.begin();
}

void World::run_until(SimTime time) {
  while (!is_violated()) {
    const std::optional<SimTime> next = time_.next();
    if (!next || *next > time) return time_.pass_until(time);
    time_.run_next();
  }
}

// After the books: what clients believe about the locks that this entry concerns.
void World::on_committed(const Committed&, const state::Command&, const Applied&) {
  for (const auto& client : clients_) {
    if (!client->is_up()) continue;
    for (const SessionId session : locks_.expired()) client->beliefs().check_expired(session);
    for (const std::string& path : locks_.changed()) client->beliefs().check(path);
  }
}

std::optional<std::string> World::find_unrest() {
  const Zxid last = ledger_.last();
  bool has_leader = false;
  for (const auto& host : hosts_) {
    if (!host->is_up()) return host->name() + " is down";
    const zab::CoreView view = host->replica().core().view();
    if (!view.serving) return host->name() + " does not serve";
    if (view.applied != last || view.committed != last || view.last != last) {
      return host->name() + " has applied through " + to_string(view.applied) + " of " +
             to_string(last);
    }
    has_leader = has_leader || view.role == zab::Role::kLeading;
  }
  if (!has_leader) return "nobody leads";
  for (const auto& client : clients_) {
    if (client->is_up() && client->calls().open() > 0) {
      const auto since = client->calls().oldest();
      const Asked& asked = client->calls().oldest_call();
      return client->name() + " has the call " + asked.method + " " + asked.path + " open since " +
             std::to_string(*since / kMillisecond) + " ms";
    }
  }
  return std::nullopt;
}

void World::check_end() {
  for (const auto& host : hosts_) checks_.check_state(*host);
  story_.mix(ledger_.state().hash());
  story_.mix(ledger_.entries().size());
}

}  // namespace holdfast::world
