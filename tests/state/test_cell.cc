#include "tests/state/test_cell.h"

#include <algorithm>

namespace holdfast::state {
namespace {

struct Describe {
  std::string operator()(const Error& reply) const {
    return "error " + std::to_string(static_cast<int>(reply.code)) + ": " + reply.message;
  }
  std::string operator()(const SessionOpened&) const { return "session opened"; }
  std::string operator()(const Done&) const { return "done"; }
  std::string operator()(const Killed&) const { return "killed"; }
  std::string operator()(const Broken&) const { return "broken"; }
  std::string operator()(const Granted&) const { return "granted"; }
  std::string operator()(const Waiting&) const { return "waiting"; }
  std::string operator()(const WaitCancelled&) const { return "wait cancelled"; }
  std::string operator()(const Created& reply) const { return "created " + reply.path; }
  std::string operator()(const Removed&) const { return "removed"; }
  std::string operator()(const ContentsSet&) const { return "contents set"; }
  std::string operator()(const MultiDone&) const { return "multi done"; }
  std::string operator()(const MultiFailed& reply) const {
    return "multi failed at " + std::to_string(reply.index) + ": " + (*this)(reply.error);
  }
};

}  // namespace

SecretHash secret_of(std::string_view name) {
  std::string bytes(name);
  bytes.resize(32, '.');
  return {bytes};
}

std::string describe(const Reply& reply) {
  return std::visit(Describe{}, reply);
}

Error error_of(const Reply& reply) {
  if (const auto* failed = std::get_if<MultiFailed>(&reply)) return failed->error;
  return as<Error>(reply);
}

ErrorCode code_of(const Reply& reply) {
  return error_of(reply).code;
}

TestCell::TestCell(const StateLimits& limits)
    : limits_(limits), machine_(limits, std::string(kCellPrefix)) {}

void TestCell::reload() {
  StateMachine loaded(limits_, std::string(kCellPrefix));
  for (auto record = image_.rbegin(); record != image_.rend(); ++record) {
    const Status status = loaded.load(record->first, record->second);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  const Status status = loaded.finish_load();
  ASSERT_TRUE(status.ok()) << status.message();
  machine_ = std::move(loaded);
  ASSERT_EQ(machine_.applied(), zxid_);
  check();
}

Reply TestCell::apply(Command command) {
  zxid_ = Zxid(zxid_.value + 1);
  now_ms_ += 1;
  command.stamp = {.cluster_ms = now_ms_, .wall_ms = now_ms_ + 1'000'000};
  last_ = machine_.apply(zxid_, command);
  EventName before;
  for (const Event& event : last_.events) {
    EXPECT_LT(before, event.name);
    EXPECT_EQ(event.name.zxid, zxid_);
    before = event.name;
  }
  last_writes_ = machine_.take_writes();
  for (const Write& write : last_writes_) {
    if (write.value) {
      image_[write.key] = *write.value;
    } else {
      image_.erase(write.key);
    }
  }
  check();
  return last_.reply;
}

void TestCell::check() {
  const Status sound = machine_.audit();
  EXPECT_TRUE(sound.ok()) << sound.message();
  std::map<std::string, std::string> whole;
  for (const Write& write : machine_.image()) {
    ASSERT_TRUE(write.value);
    ASSERT_TRUE(whole.emplace(write.key, *write.value).second) << "a key twice";
  }
  EXPECT_EQ(whole, image_);
}

Reply TestCell::ask(SessionId session, Op op) {
  return ask_numbered(session, {.number = ++numbers_[session]}, std::move(op));
}

Reply TestCell::ask_guarded(SessionId session, Op op, const Sequencer& guard) {
  Command command;
  command.session = session;
  command.request = RequestNumber(++numbers_[session]);
  command.guard = guard;
  command.op = std::move(op);
  return apply(std::move(command));
}

Reply TestCell::ask_numbered(SessionId session, const Numbered& numbered, Op op) {
  Command command;
  command.session = session;
  command.request = RequestNumber(numbered.number);
  command.answered_below = RequestNumber(numbered.answered_below);
  command.op = std::move(op);
  return apply(std::move(command));
}

Reply TestCell::lead(Op op) {
  Command command;
  command.op = std::move(op);
  return apply(std::move(command));
}

SessionId TestCell::open(std::string_view name) {
  OpenSession open;
  open.secret = secret_of(name);
  open.client_name = name;
  open.host = "host";
  return as<SessionOpened>(lead(open)).session;
}

Granted TestCell::acquire(SessionId session, Acquire acquire) {
  return as<Granted>(ask(session, std::move(acquire)));
}

void TestCell::create(SessionId session, std::string_view path) {
  as<Created>(ask(session, node(std::string(path))));
}

void TestCell::begin_epoch() {
  zxid_ = Zxid(zxid_.epoch().next(), 0);
  as<Done>(lead(EpochBegun{.leader = ServerId(1)}));
}

std::vector<Event> TestCell::last_events(EventKind kind) const {
  std::vector<Event> events;
  std::copy_if(last_.events.begin(), last_.events.end(), std::back_inserter(events),
               [kind](const Event& event) { return event.kind == kind; });
  return events;
}

Reply TestCell::last_outcome() const {
  EXPECT_EQ(last_.outcomes.size(), 1U);
  return last_.outcomes.empty() ? Reply(Error{}) : last_.outcomes.front().reply;
}

std::vector<SessionId> TestCell::holders(std::string_view path) const {
  std::vector<SessionId> sessions;
  if (const auto info = machine_.lock_info(path)) {
    for (const LockParty& party : info->holders) sessions.push_back(party.session);
  }
  return sessions;
}

std::vector<SessionId> TestCell::waiters(std::string_view path) const {
  std::vector<SessionId> sessions;
  if (const auto info = machine_.lock_info(path)) {
    for (const LockParty& party : info->waiters) sessions.push_back(party.session);
  }
  return sessions;
}

bool TestCell::is_delayed(std::string_view path) const {
  const auto info = machine_.lock_info(path);
  return info && info->delayed;
}

}  // namespace holdfast::state
