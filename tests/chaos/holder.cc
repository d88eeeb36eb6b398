#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "client/session.h"

// A program that takes a lock again and again through the client library, and asks held() all the
// time that it has it. For each tenure a line of JSON: when it asked, when the lock was granted,
// and the latest moment at which a question was begun that was answered with true. It may be
// stopped and killed at any moment.
//
// Usage: holdfast_chaos_holder ENDPOINT,… LOCK LEASE_MS SEED

namespace {

using holdfast::client::LockGuard;
using holdfast::client::Milliseconds;
using holdfast::client::Session;

std::atomic<bool> stopping = false;

double now_s() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

struct Tenure {
  double asked_at = 0;
  double granted_at = 0;
  double believed_until = 0;
};

// `state`: "granted" when it begins, "over" when it ends; a tenure without an end was killed.
void say(const char* state, const LockGuard& lock, const Tenure& tenure) {
  std::printf(R"({"state": "%s", "acquisition": %llu, "asked_at": %.6f, "granted_at": %.6f, )"
              R"("believed_until": %.6f, "lost": %s})"
              "\n",
              state, static_cast<unsigned long long>(lock.acquisition().value), tenure.asked_at,
              tenure.granted_at, tenure.believed_until, lock.lost() ? "true" : "false");
  std::fflush(stdout);
}

// Until the time is over, through jeopardy and back, or the lock is lost.
void hold(const LockGuard& lock, Tenure& tenure, double seconds) {
  while (!lock.lost() && now_s() < tenure.granted_at + seconds) {
    const double asked_at = now_s();
    if (lock.held()) tenure.believed_until = asked_at;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

// False when the session is over.
bool take_once(Session& session, const std::string& path, double seconds) {
  Tenure tenure{.asked_at = now_s()};
  auto lock = session.acquire(path, {.wait = Milliseconds(5'000)});
  if (!lock) return session.state() != holdfast::client::SessionState::kExpired;
  tenure.granted_at = now_s();
  say("granted", *lock, tenure);
  hold(*lock, tenure, seconds);
  say("over", *lock, tenure);
  if (lock->lost()) return false;
  const auto released = lock->release({.timeout = Milliseconds(5'000)});
  return released.ok();
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 64;
  std::signal(SIGTERM, [](int) { stopping = true; });
  std::minstd_rand dice(static_cast<unsigned>(number(arguments[4])));
  std::uniform_real_distribution<double> seconds(0.0, 0.6);
  while (!stopping) {
    auto session = Session::open({.endpoints = split(arguments[1]),
                                  .lease = Milliseconds(number(arguments[3])),
                                  .grace = Milliseconds(10'000),
                                  .client_name = "holder"});
    while (session && !stopping && take_once(*session, arguments[2], seconds(dice))) {
    }
  }
  return 0;
}
