// The recipes that client/README.md shows, in one program that runs through all of them:
// recipes HOST:PORT…

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/recipes/barrier.h"
#include "client/recipes/config_watch.h"
#include "client/recipes/election.h"
#include "client/recipes/group.h"
#include "client/recipes/semaphore.h"

namespace hf = holdfast::client;

namespace {

// Ends the example at a refusal that it does not expect.
template <typename T>
T must(hf::Outcome<T> outcome) {
  if (outcome) return std::move(outcome).value();
  std::fprintf(stderr, "recipes: %s\n", to_string(outcome.error()).c_str());
  std::exit(1);
}

void serve(const std::string& sequencer) {
  std::printf("leads: %d\n", !sequencer.empty());
}

void lead(hf::Session& session, hf::Session& other) {
  // [election]
  hf::Election election(session, "/svc/leader");
  hf::LockGuard lead =
      must(election.campaign({.value = "10.0.0.3:80", .wait = hf::Milliseconds(30'000)}));
  lead.on_lost([](const hf::Loss& loss) { std::fprintf(stderr, "%s\n", loss.message.c_str()); });
  if (lead.held()) serve(lead.sequencer());
  must(election.proclaim(lead, "10.0.0.3:81"));
  // [/election]
  // [observe]
  auto leaders = must(hf::Election(other, "/svc/leader").observe({}));
  const std::optional<hf::Leader> leader =
      must(leaders.next({.timeout = hf::Milliseconds(30'000)}));
  std::printf("at %s\n", leader && leader->value ? leader->value->c_str() : "nowhere");
  // [/observe]
  must(election.resign(lead));
  must(leaders.wait_until([](const std::optional<hf::Leader>& now) { return !now; }, {}));
  std::printf("nobody leads\n");
}

void configure(hf::Session& session, hf::Session& other) {
  must(other.create("/svc/mode", "blue"));
  // [config]
  hf::ConfigWatch mode = must(hf::ConfigWatch::open(session, "/svc/mode", [](const auto& now) {
    std::printf("the mode is %s\n", now.contents.value_or("not set").c_str());
  }));
  const bool may_be_old = !mode.is_current();
  // [/config]
  if (may_be_old) std::printf("perhaps\n");
  must(other.set("/svc/mode", "green"));
  must(mode.wait_until([](const hf::ConfigValue& now) { return now.contents == "green"; }, {}));
}

void gather(hf::Session& session, hf::Session& other) {
  // [group]
  hf::Group workers(session, "/svc/workers");
  hf::Membership me = must(workers.join({.name = "web-3", .contents = "10.0.0.3:80"}));
  for (const hf::Member& member : must(workers.members()).members) {
    std::printf("%s at %s\n", member.name.c_str(), member.contents.c_str());
  }
  // [/group]
  auto seen = must(hf::Group(other, "/svc/workers").watch({}));
  must(me.leave());
  must(seen.wait_until([](const hf::Members& now) { return now.members.empty(); }, {}));
  std::printf("nobody works\n");
}

void limit(hf::Session& session) {
  // [semaphore]
  hf::Semaphore printers = must(hf::Semaphore::open(session, "/svc/printers", 2));
  hf::Permit permit = must(printers.acquire({.wait = hf::Milliseconds(30'000)}));
  if (permit.held()) std::printf("prints\n");
  must(permit.release());
  // [/semaphore]
  hf::Permit one = must(printers.acquire({}));
  const hf::Permit two = must(printers.acquire({}));
  std::printf("a third: %s\n", std::string(error_name(printers.acquire({}).error().code)).c_str());
}

void step(hf::Session& session) {
  // [barrier]
  hf::DoubleBarrier barrier = must(hf::DoubleBarrier::open(session, "/svc/step", 2));
  must(barrier.enter({.wait = hf::Milliseconds(60'000)}));  // Until both are there.
  must(barrier.leave({}));                                  // Until both have left, or died.
  // [/barrier]
}

void tour(const std::vector<std::string>& endpoints) {
  hf::Session alice = must(hf::Session::open({.endpoints = endpoints, .client_name = "alice"}));
  hf::Session bob = must(hf::Session::open({.endpoints = endpoints, .client_name = "bob"}));
  lead(alice, bob);
  configure(alice, bob);
  gather(alice, bob);
  limit(alice);
  std::thread together([&] { step(bob); });
  step(alice);
  together.join();
  std::printf("in step\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    tour({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "recipes: %s\n", failure.what());
    return 1;
  }
}
