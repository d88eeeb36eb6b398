// The story of docs/guide.md: two lines are added to a file under a lock, but the process stops
// after it has looked whether it holds the lock. late_writer FILE HOST:PORT…

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "client/cell_client.h"
#include "client/session.h"

namespace hf = holdfast::client;

namespace {

// As a debugger, a full swap or a moved virtual machine would.
void stop_for_a_while() {
  std::puts("STOPS");
  std::fflush(stdout);
  std::raise(SIGSTOP);
}

// The server that keeps the file. The cell tells it what the sequencer is worth now.
void append_checked(hf::CellClient& cell, const std::string& file, const std::string& line,
                    const std::string& sequencer) {
  const auto checked = cell.call(hf::CheckSequencers{.sequencers = {sequencer}});
  if (!checked || checked->states.front() != hf::SequencerState::kValid) {
    std::puts("REFUSED");
    return;
  }
  std::ofstream(file, std::ios::app) << line << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string file = argv[1];
  const std::vector<std::string> endpoints(argv + 2, argv + argc);
  hf::CellClient cell(hf::CellClientOptions{.endpoints = endpoints});
  auto session = hf::Session::open(
      {.endpoints = endpoints, .lease = hf::Milliseconds(3'000), .client_name = "late"});
  if (!session) return 1;
  auto lock = session->acquire("/guide/file", {.wait = hf::Milliseconds(30'000)});
  if (!lock) return 1;
  const std::string sequencer = lock->sequencer();
  // [late]
  if (lock->held()) {
    stop_for_a_while();  // The lease ends; the lock goes to the next.
    std::ofstream(file, std::ios::app) << "from the late one\n";
    append_checked(cell, file, "checked, from the late one", sequencer);
  }
  // [/late]
  std::puts(lock->held() ? "HELD" : "NOT HELD");
}
