#include <cstdio>

#include "client/session.h"

namespace hf = holdfast::client;

int fail(const hf::Error& error) {
  std::fprintf(stderr, "report: %s\n", to_string(error).c_str());
  return 1;
}

int main(int argc, char** argv) {  // report HOST:PORT…
  auto session = hf::Session::open({.endpoints = {argv + 1, argv + argc}, .client_name = "report"});
  if (!session) return fail(session.error());
  auto lock = session->acquire("/reports", {.wait = hf::Milliseconds(30'000)});
  if (!lock) return fail(lock.error());
  // A guarded write: the cell refuses it once the lock is somebody else's.
  auto written = session->call(
      hf::Set{.path = "/reports", .contents = "all is well", .guard = lock->sequencer()});
  if (!written) return fail(written.error());
  // For other servers: hand them the sequencer. held() turns false before the lock could pass on.
  if (lock->held()) std::puts(lock->sequencer().c_str());
}  // The lock is released, then the session closed.
