// A client of the storage server: takes the lock of a volume, and works there with its sequencer.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

#include "client/session.h"
#include "thrift/gen/Storage.h"

namespace {

namespace hf = holdfast::client;
namespace st = holdfast::example::storage;
namespace thrift = apache::thrift;

constexpr int kTimeoutMs = 30'000;

enum ExitCode { kDone = 0, kRefused = 1, kFailed = 2, kNoLock = 75, kLost = 76 };

constexpr const char* kDescription =
    R"(Takes the lock of a volume, and works there with its sequencer.)";
constexpr const char* kFooter = R"(Within `holdfast lock run VOLUME -- …` the lock is taken already:
HOLDFAST_SEQUENCER is used then, and no other lock is asked for.

Exit codes: 0 done; 1 the server refused, and says why; 2 something else failed; 75 the lock was not
had in time; 76 the lock was lost before all was written.)";

struct Options {
  std::string storage = "127.0.0.1:7500";
  std::string endpoints;
  std::string sequencer;
  int lease_ms = 12'000;
  int wait_ms = 30'000;
  bool stops = false;
  std::string volume;
  std::string file;
  std::vector<std::string> contents;
};

class Server {
 public:
  explicit Server(const std::string& endpoint) {
    const std::size_t colon = endpoint.rfind(':');
    const std::string host = endpoint.substr(0, colon);
    const int port = colon == std::string::npos ? 0 : std::atoi(endpoint.c_str() + colon + 1);
    socket_ = std::make_shared<thrift::transport::TSocket>(host, port);
    socket_->setConnTimeout(kTimeoutMs);
    socket_->setRecvTimeout(kTimeoutMs);
    socket_->setSendTimeout(kTimeoutMs);
  }

  // Connects for each call: between two of them this process may be stopped for a long time.
  ExitCode call(const std::function<void(st::StorageClient&)>& what) {
    try {
      const auto frames = std::make_shared<thrift::transport::TFramedTransport>(socket_);
      st::StorageClient client(std::make_shared<thrift::protocol::TBinaryProtocol>(frames));
      frames->open();
      what(client);
      frames->close();
      return kDone;
    } catch (const st::Refused& refused) {
      std::printf("refused: %s: %s\n", st::_RefusalCode_VALUES_TO_NAMES.at(refused.code),
                  refused.message.c_str());
      return kRefused;
    } catch (const thrift::TException& failure) {
      std::fprintf(stderr, "storage_client: %s\n", failure.what());
      return kFailed;
    }
  }

 private:
  std::shared_ptr<thrift::transport::TSocket> socket_;
};

// The lock of the volume: our own, or that of `holdfast lock run` around us, which ends us when it
// is lost.
class Holder {
 public:
  ExitCode take(const Options& options, holdfast::LockMode mode) {
    if (!options.sequencer.empty()) {
      sequencer_ = options.sequencer;
      return kDone;
    }
    hf::SessionOptions session{.lease = hf::Milliseconds(options.lease_ms),
                               .client_name = "storage_client"};
    for (const std::string& endpoint : CLI::detail::split(options.endpoints, ',')) {
      session.endpoints.push_back(endpoint);
    }
    auto opened = hf::Session::open(std::move(session));
    if (!opened) return fail(opened.error(), kFailed);
    session_ = std::move(opened).value();
    auto taken =
        session_.acquire(options.volume, {.mode = mode, .wait = hf::Milliseconds(options.wait_ms)});
    if (!taken) return fail(taken.error(), kNoLock);
    guard_ = std::move(taken).value();
    sequencer_ = guard_->sequencer();
    return kDone;
  }

  bool held() const { return !guard_ || guard_->held(); }
  const std::string& sequencer() const { return sequencer_; }

 private:
  static ExitCode fail(const hf::Error& error, ExitCode code) {
    std::fprintf(stderr, "storage_client: %s\n", to_string(error).c_str());
    return code;
  }

  hf::Session session_;
  std::optional<hf::LockGuard> guard_;
  std::string sequencer_;
};

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

ExitCode put(const Options& options) {
  Server server(options.storage);
  Holder holder;
  if (const ExitCode code = holder.take(options, holdfast::LockMode::kExclusive)) return code;
  for (const std::string& contents : options.contents) {
    if (!holder.held()) {
      say("the lock is lost");
      return kLost;
    }
    if (options.stops) {  // As a full swap or a moved virtual machine would.
      say("stops");
      std::raise(SIGSTOP);
    }
    st::PutRequest request;
    request.sequencer = holder.sequencer();
    request.volume = options.volume;
    request.file = options.file;
    request.contents = contents;
    const ExitCode code = server.call([&](st::StorageClient& to) { to.put(request); });
    if (code != kDone) return code;
    say("written: " + contents);
  }
  return kDone;
}

ExitCode get(const Options& options) {
  Server server(options.storage);
  Holder holder;
  if (const ExitCode code = holder.take(options, holdfast::LockMode::kShared)) return code;
  st::GetRequest request;
  request.sequencer = holder.sequencer();
  request.volume = options.volume;
  request.file = options.file;
  std::string contents;
  const ExitCode code = server.call([&](st::StorageClient& from) { from.get(contents, request); });
  if (code == kDone) say(contents);
  return code;
}

void add_commands(CLI::App& app, Options& options, ExitCode& code) {
  app.add_option("--storage", options.storage, "HOST:PORT of the storage server")
      ->envname("HOLDFAST_STORAGE")
      ->capture_default_str();
  app.add_option("--endpoints", options.endpoints, "HOST:PORT,… of the cell's replicas")
      ->envname("HOLDFAST_ENDPOINTS");
  app.add_option("--sequencer", options.sequencer, "Of a lock that is held already")
      ->envname("HOLDFAST_SEQUENCER");
  app.add_option("--lease-ms", options.lease_ms, "Of the session")->capture_default_str();
  app.add_option("--wait-ms", options.wait_ms, "How long to stand in the lock's queue")
      ->capture_default_str();
  app.add_flag("--stop", options.stops,
               "Stops itself (SIGSTOP) between the look whether it holds the lock and each write, "
               "to show what happens then; kill -CONT lets it go on");
  CLI::App* const writes = app.add_subcommand("put", "Hold the lock alone, and write a file");
  writes->add_option("volume", options.volume, "The path of the lock")->required();
  writes->add_option("file", options.file, "Its name")->required();
  writes->add_option("contents", options.contents, "Written one after the other")->required();
  writes->callback([&] { code = put(options); });
  CLI::App* const reads = app.add_subcommand("get", "Hold the lock with others, and read a file");
  reads->add_option("volume", options.volume, "The path of the lock")->required();
  reads->add_option("file", options.file, "Its name")->required();
  reads->callback([&] { code = get(options); });
  app.require_subcommand(1);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  ExitCode code = kDone;
  CLI::App app(kDescription, "holdfast_example_storage_client");
  app.footer(kFooter);
  app.fallthrough();
  add_commands(app, options, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? kDone : kFailed;
  }
  return code;
}
