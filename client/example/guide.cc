// The code of docs/guide.md, in one program that runs through all of it: guide HOST:PORT…

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client/sequencer_checker.h"
#include "client/session.h"

namespace hf = holdfast::client;

namespace {

// [must]
// Ends the example at a refusal that it does not expect.
template <typename T>
T must(hf::Outcome<T> outcome) {
  if (outcome) return std::move(outcome).value();
  std::fprintf(stderr, "guide: %s\n", to_string(outcome.error()).c_str());
  std::exit(1);
}
// [/must]

// [guarded]
void close_month(hf::Session& session, const hf::LockGuard& lock, int month) {
  must(session.call(hf::Set{.path = "/guide/accounts",
                            .contents = "closed: " + std::to_string(month),
                            .guard = lock.sequencer()}));
}
// [/guarded]

void take(hf::Session& session) {
  // [take]
  hf::LockGuard lock = must(session.acquire(
      "/guide/accounts", {.wait = hf::Milliseconds(30'000), .description = "end of year"}));
  lock.on_lost([](const hf::Loss& loss) { std::fprintf(stderr, "%s\n", loss.message.c_str()); });
  for (int month = 1; month <= 12 && lock.held(); ++month) {
    close_month(session, lock, month);
  }
  must(lock.release());
  // [/take]
}

// [server]
class Storage {
 public:
  explicit Storage(std::vector<std::string> cell) : checker_({.endpoints = std::move(cell)}) {}

  // The check and the write are one step: the write of a later holder cannot come between them.
  bool append(const std::string& line, const std::string& sequencer) {
    const std::lock_guard one_step(mutex_);
    if (!checker_.check(sequencer, hf::SequencerCheck::kCell, {})) return false;
    lines_.push_back(line);
    return true;
  }

 private:
  std::mutex mutex_;
  hf::SequencerChecker checker_;
  std::vector<std::string> lines_;
};
// [/server]

// A holder who is overtaken: an operator takes the lock away at once, another gets it.
void overtaken(hf::Session& alice, hf::Session& bob, const std::vector<std::string>& cell) {
  Storage storage(cell);
  const hf::LockGuard hers = must(alice.acquire("/guide/ledger", {}));
  std::printf("alice appends: %d\n", storage.append("from alice", hers.sequencer()));
  must(bob.call(hf::BreakLock{
      .path = "/guide/ledger", .reason = "to show it", .operator_name = "the guide", .now = true}));
  hf::LockGuard his = must(bob.acquire("/guide/ledger", {.wait = hf::Milliseconds(30'000)}));
  std::printf("bob appends: %d\n", storage.append("from bob", his.sequencer()));
  std::printf("alice appends again: %d\n", storage.append("too late", hers.sequencer()));
  const auto refused = alice.call(
      hf::Set{.path = "/guide/ledger", .contents = "too late", .guard = hers.sequencer()});
  std::printf("alice writes in the cell: %s\n",
              std::string(refused ? "done" : error_name(refused.error().code)).c_str());
}

void try_once(hf::Session& alice, hf::Session& bob) {
  const hf::LockGuard hers = must(alice.acquire("/guide/once", {.description = "the nightly job"}));
  // [try]
  auto lock = bob.acquire("/guide/once", {});  // Does not wait.
  if (!lock && lock.error().code == hf::ErrorCode::kLockHeld) {
    const hf::LockParty& holder = lock.error().holders.front();
    std::printf("%s does it: %s\n", holder.client_name.c_str(), holder.description.c_str());
  }
  // [/try]
}

void share(hf::Session& alice, hf::Session& bob) {
  // [shared]
  const hf::LockGuard reads = must(alice.acquire("/guide/tables", {.mode = hf::LockMode::kShared}));
  const hf::LockGuard also = must(bob.acquire("/guide/tables", {.mode = hf::LockMode::kShared}));
  // [/shared]
  std::printf("both read: %d\n", reads.held() && also.held());
}

void be_present(hf::Session& alice, hf::Session& bob) {
  must(alice.call(hf::Create{.path = "/guide/workers", .create_parents = true}));
  // [presence]
  must(alice.call(hf::Create{.path = "/guide/workers/alice",
                             .contents = "10.0.0.7:8080",
                             .kind = hf::NodeKind::kEphemeral}));
  for (const hf::Child& worker : must(bob.list("/guide/workers")).children) {
    std::printf("there is %s\n", worker.name.c_str());
  }
  // [/presence]
}

void follow_config(hf::Session& alice, hf::Session& bob) {
  must(alice.create("/guide/mode", "blue"));
  // [config]
  hf::Watch changes =
      must(bob.watch({.path = "/guide/mode", .kinds = {hf::EventKind::kContentsChanged}}, {}));
  std::string mode = must(bob.get("/guide/mode")).contents;  // After the watch: no gap.
  // [/config]
  must(alice.set("/guide/mode", "green"));
  // [next]
  const hf::Event event = must(changes.next({.timeout = hf::Milliseconds(30'000)}));
  mode = must(bob.get(event.path)).contents;
  // [/next]
  std::printf("the mode is %s\n", mode.c_str());
}

void tour(const std::vector<std::string>& endpoints) {
  // [open]
  hf::Session session = must(hf::Session::open(
      {.endpoints = endpoints, .lease = hf::Milliseconds(12'000), .client_name = "accounts"}));
  // [/open]
  take(session);
  hf::Session alice = must(hf::Session::open({.endpoints = endpoints, .client_name = "alice"}));
  hf::Session bob = must(hf::Session::open({.endpoints = endpoints, .client_name = "bob"}));
  overtaken(alice, bob, endpoints);
  try_once(alice, bob);
  share(alice, bob);
  be_present(alice, bob);
  follow_config(alice, bob);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    tour({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "guide: %s\n", failure.what());
    return 1;
  }
}
