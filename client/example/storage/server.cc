// A server that keeps files for holders of locks, and refuses who is not one any more: see
// storage.thrift and docs/examples.md.

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <pthread.h>
#include <thrift/TConfiguration.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>
#include <unistd.h>

#include "client/example/storage/file_store.h"
#include "client/example/storage/handler.h"
#include "client/mark_file.h"
#include "client/sequencer_checker.h"
#include "client/session.h"

namespace {

namespace hf = holdfast::client;
namespace ex = holdfast::example;
namespace thrift = apache::thrift;

constexpr int kFrameOverheadMax = 8'192;  // Names, sequencer and framing around a file.

struct Options {
  std::string data;
  std::string listen = "127.0.0.1:7500";
  std::string check = "cell";
  int interval_ms = 1'000;
  int lease_ms = 5'000;
  int check_timeout_ms = 2'000;
  std::string marks = "file";
  std::size_t locks_max = 100'000;
  std::string endpoints;
  std::string cell_id;
  int clients_max = 64;
  int file_bytes_max = 1'048'576;
  int idle_ms = 60'000;
};

const std::map<std::string, hf::SequencerCheck> kChecks = {
    {"local", hf::SequencerCheck::kLocal},
    {"cell", hf::SequencerCheck::kCell},
    {"interval", hf::SequencerCheck::kInterval},
    {"follow", hf::SequencerCheck::kFollow}};

constexpr const char* kDescription =
    R"(Keeps files for holders of locks. A volume is named by the path of the lock that guards it;
each request carries its holder's sequencer, and is refused when that has been overtaken.)";

constexpr const char* kFooter = R"(What --check is worth:
  local     Refuses an exclusive holder as soon as a later one has been here. Asks nobody, needs
            no cell. A holder that was overtaken by somebody who has not been here is accepted.
  cell      Asks the cell about each request. Also refuses who was overtaken elsewhere, or has
            given the lock back; also a late shared holder.
  interval  As cell, but what was valid counts for --interval-ms without asking: so long may a
            holder be late who was not overtaken here.
  follow    As cell, but asks once, and again when the cell tells that something happened to the
            lock: at once in a cell that is well, and for no longer than --lease-ms too late.
Only local accepts anything while the cell cannot be asked; interval and follow what they may still
count as valid. Each begins with the comparison of local. With follow the server has a session of
its own, and ends, to be started again, when that is lost.

With --marks file the highest generation seen of each lock is kept in DATA/marks, on the disk
before the request is carried out: a server that was killed refuses whom it would have refused
before. With --marks memory a restart forgets. A lock is remembered for ever: beyond --locks-max
requests of further locks are refused as UNKNOWN.

Listens on loopback unless told otherwise: whoever reaches it with a valid sequencer may write.)";

void add_options(CLI::App& app, Options& options) {
  app.add_option("--data", options.data, "Folder of the files and marks; made if it is missing")
      ->required();
  app.add_option("--listen", options.listen, "HOST:PORT")
      ->envname("HOLDFAST_STORAGE")
      ->capture_default_str();
  app.add_option("--check", options.check, "local, cell, interval or follow; see below")
      ->check(CLI::IsMember({"local", "cell", "interval", "follow"}))
      ->capture_default_str();
  app.add_option("--interval-ms", options.interval_ms, "Of --check interval")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  app.add_option("--lease-ms", options.lease_ms, "Of the session of --check follow")
      ->check(CLI::Range(1'000, 120'000))
      ->capture_default_str();
  app.add_option("--check-timeout-ms", options.check_timeout_ms, "Of a question to the cell")
      ->check(CLI::Range(1, 600'000))
      ->capture_default_str();
  app.add_option("--marks", options.marks, "file or memory; see below")
      ->check(CLI::IsMember({"file", "memory"}))
      ->capture_default_str();
  app.add_option("--locks-max", options.locks_max, "So many locks are remembered at most")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--endpoints", options.endpoints,
                 "HOST:PORT,… of the cell's replicas; not needed for --check local")
      ->envname("HOLDFAST_ENDPOINTS");
  app.add_option("--cell-id", options.cell_id,
                 "32 hex digits: sequencers of other cells are refused; needed for --check local");
  app.add_option("--clients-max", options.clients_max, "Connections at a time; others wait")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--file-bytes-max", options.file_bytes_max, "Of one file")
      ->check(CLI::Range(1, 64 * 1'048'576))
      ->capture_default_str();
  app.add_option("--idle-ms", options.idle_ms, "A connection that is silent for so long is closed")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "storage_server: %s\n", why.c_str());
  std::exit(1);
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::optional<std::string> cell_id_of(const std::string& hex) {
  if (hex.empty()) return std::nullopt;
  if (hex.size() != 32 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fail("--cell-id has 32 hex digits in lower case");
  }
  std::string id;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    id.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return id;
}

// Of --check follow. When it is lost, the process ends as if it had been told to.
std::optional<hf::Session> open_session(const Options& options, std::atomic<bool>& is_lost) {
  if (options.check != "follow") return std::nullopt;
  hf::SessionOptions made{.endpoints = split(options.endpoints),
                          .lease = hf::Milliseconds(options.lease_ms),
                          .client_name = "storage_server"};
  made.callbacks.on_expired = [&is_lost] {
    is_lost = true;
    kill(getpid(), SIGTERM);
  };
  auto session = hf::Session::open(std::move(made));
  if (!session) fail(to_string(session.error()));
  return std::move(session).value();
}

// [checker]
hf::SequencerChecker make_checker(const Options& options, hf::Session* session) {
  hf::SequencerCheckerOptions made{.endpoints = split(options.endpoints),
                                   .cell_id = cell_id_of(options.cell_id),
                                   .interval = hf::Milliseconds(options.interval_ms),
                                   .session = session,
                                   .locks_max = options.locks_max};
  if (options.marks == "file") {
    auto marks = hf::MarkFile::open(options.data + "/marks");
    if (!marks.ok()) fail(marks.status().message());
    made.store = std::move(marks).value();
  }
  return hf::SequencerChecker(std::move(made));
}
// [/checker]

// What one connection may make the server keep is bounded by the frame.
class Frames : public thrift::transport::TTransportFactory {
 public:
  explicit Frames(int bytes_max)
      : limits_(std::make_shared<thrift::TConfiguration>(bytes_max, bytes_max)) {}
  std::shared_ptr<thrift::transport::TTransport> getTransport(
      std::shared_ptr<thrift::transport::TTransport> socket) override {
    return std::make_shared<thrift::transport::TFramedTransport>(socket, limits_);
  }

 private:
  std::shared_ptr<thrift::TConfiguration> limits_;
};

class SaysWhenItServes : public thrift::server::TServerEventHandler {
 public:
  explicit SaysWhenItServes(std::string listen) : listen_(std::move(listen)) {}
  void preServe() override {
    std::printf("serves %s\n", listen_.c_str());
    std::fflush(stdout);
  }

 private:
  std::string listen_;
};

void serve(const Options& options, const std::shared_ptr<ex::Handler>& handler,
           const sigset_t& ending) {
  const std::size_t colon = options.listen.rfind(':');
  if (colon == std::string::npos) fail("--listen is HOST:PORT");
  const int port = std::atoi(options.listen.c_str() + colon + 1);
  auto socket =
      std::make_shared<thrift::transport::TServerSocket>(options.listen.substr(0, colon), port);
  socket->setRecvTimeout(options.idle_ms);
  socket->setSendTimeout(options.idle_ms);
  thrift::server::TThreadedServer server(
      std::make_shared<ex::storage::StorageProcessor>(handler), socket,
      std::make_shared<Frames>(options.file_bytes_max + kFrameOverheadMax),
      std::make_shared<thrift::protocol::TBinaryProtocolFactory>());
  server.setConcurrentClientLimit(options.clients_max);
  server.setServerEventHandler(std::make_shared<SaysWhenItServes>(options.listen));
  std::thread stopper([&server, ending] {
    int which = 0;
    sigwait(&ending, &which);
    server.stop();
  });
  try {
    server.serve();
  } catch (const thrift::TException& failure) {
    fail(options.listen + ": " + failure.what());
  }
  stopper.join();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(kDescription, "holdfast_example_storage_server");
  app.footer(kFooter);
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.check == "local" && options.cell_id.empty()) {
    fail("--check local needs --cell-id: a lock of another cell may have the same path");
  }
  if (options.check != "local" && options.endpoints.empty()) {
    fail("--check " + options.check + " needs --endpoints (or HOLDFAST_ENDPOINTS)");
  }
  sigset_t ending;  // Before any thread is made: all inherit that these wait for sigwait().
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  const auto files = ex::FileStore::open(options.data);
  if (!files.ok()) fail(files.status().message());
  std::atomic<bool> is_lost = false;
  std::optional<hf::Session> session = open_session(options, is_lost);
  hf::SequencerChecker checker = make_checker(options, session ? &*session : nullptr);
  const auto handler = std::make_shared<ex::Handler>(
      **files, checker,
      ex::Handler::Options{.check = kChecks.at(options.check),
                           .check_timeout = hf::Milliseconds(options.check_timeout_ms),
                           .file_bytes_max = static_cast<std::size_t>(options.file_bytes_max)});
  serve(options, handler, ending);
  if (is_lost) fail("the session by which it followed the locks is lost");
}
