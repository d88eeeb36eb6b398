#include "lockserver/daemon.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <glog/logging.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lockserver/net/lock_service.h"
#include "lockserver/net/peer_mesh.h"
#include "lockserver/net/rpc_server.h"
#include "lockserver/replica/disk_threads.h"
#include "lockserver/replica/replica.h"
#include "lockserver/storage/leveldb_store.h"
#include "lockserver/system_clock.h"
#include "lockserver/version.h"
#include "thrift/path.h"
#include "thrift/sequencer.h"

namespace holdfast {
namespace {

constexpr std::chrono::milliseconds kTick{10};
constexpr Ticks kKeepAliveGatherMs = 50;
// Of the newest entries, which stay in memory for followers that come back after a moment. Others
// get them from the disk.
constexpr std::size_t kLogWindowBytes = 8U << 20U;
// How long a stop may wait for what is proposed to commit.
constexpr std::chrono::seconds kStopPatience{10};

int fail(const std::string& what) {
  std::fprintf(stderr, "holdfastd: %s\n", what.c_str());
  return 1;
}

// The process ends here and at once (R6): nothing that is in memory may be trusted to reach the
// disk in order.
[[noreturn]] void die(const std::string& why) {
  LOG(ERROR) << "fatal: " << why;
  google::FlushLogFiles(google::INFO);
  std::fprintf(stderr, "holdfastd: %s\n", why.c_str());
  std::fflush(stderr);
  _exit(1);
}

void log_line(const std::string& line) {
  LOG(INFO) << line;
}

std::uint64_t random_u64() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

// 20,000 clients need as many descriptors; the soft limit is usually 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// "00ff…" to bytes. The id has been checked.
std::string bytes_of_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

std::string describe(const storage::Recovered& recovered, std::chrono::milliseconds took) {
  const zab::DurableState& durable = recovered.durable;
  const Zxid last(durable.epochs.back().epoch, durable.epochs.back().last_counter);
  std::string line =
      "recovered: accepted_epoch=" + to_string(durable.accepted) +
      " current_epoch=" + to_string(durable.current) + " log=(" + to_string(durable.base) + ".." +
      to_string(last) + "] entries=" + std::to_string(recovered.log_entries) +
      " log_bytes=" + std::to_string(recovered.log_bytes) + " image=" + to_string(durable.applied) +
      " image_records=" + std::to_string(recovered.image_records) +
      " image_bytes=" + std::to_string(recovered.image_bytes) +
      " took_ms=" + std::to_string(took.count());
  if (recovered.torn_bytes_cut > 0) {
    line += " torn_bytes_cut=" + std::to_string(recovered.torn_bytes_cut);
  }
  return line;
}

// Disk answers for a replica that does not exist yet when its disk is made.
class DiskRelay final : public replica::DiskEvents {
 public:
  void set_target(replica::DiskEvents& target) { target_ = &target; }
  void on_persisted(Token through) override { target_->on_persisted(through); }
  void on_log_read(std::uint64_t read, std::vector<zab::Entry> entries) override {
    target_->on_log_read(read, std::move(entries));
  }
  void on_image_written(Zxid applied) override { target_->on_image_written(applied); }
  void on_image_synced(Zxid applied) override { target_->on_image_synced(applied); }
  void on_image_opened(std::uint64_t transfer, Zxid zxid, std::uint64_t bytes) override {
    target_->on_image_opened(transfer, zxid, bytes);
  }
  void on_image_chunk(std::uint64_t transfer, std::string bytes, bool is_last) override {
    target_->on_image_chunk(transfer, std::move(bytes), is_last);
  }
  void on_image_loaded(replica::ImageRecords image) override {
    target_->on_image_loaded(std::move(image));
  }
  void on_disk_failed(const Status& status) override { target_->on_disk_failed(status); }

 private:
  replica::DiskEvents* target_ = nullptr;
};

// Everything of one replica, in the order in which it may come and go.
class Daemon {
 public:
  Daemon(const RunOptions& options, storage::Opened opened, Members members)
      : options_(options),
        opened_(std::move(opened)),
        members_(std::move(members)),
        mesh_(io_, mesh_options(), log_line),
        rpc_(io_, rpc_options(), log_line),
        disk_(*opened_.store, relay_,
              [this](std::function<void()> work) { boost::asio::post(io_, std::move(work)); }),
        tick_(io_),
        patience_(io_),
        signals_(io_, SIGTERM, SIGINT) {}

  Status listen() {
    if (Status status = mesh_.listen(); !status.ok()) return status;
    return rpc_.listen();
  }

  Status start() {
    Result<replica::ImageRecords> image = load_image();
    if (!image.ok()) return image.status();
    const replica::World world{
        .transport = &mesh_,
        .disk = &disk_,
        .clock = &clock_,
        .fatal = die,
        .log = log_line,
        .soon = [this](std::function<void()> work) { boost::asio::post(io_, std::move(work)); }};
    replica_ = std::make_unique<replica::Replica>(
        replica_options(), world, opened_.recovered.durable, std::move(image).value());
    relay_.set_target(*replica_);
    service_ =
        std::make_unique<net::LockService>(service_options(), *replica_, directory(), log_line);
    mesh_.start(*replica_);
    rpc_.start(*service_);
    return {};
  }

  int run() {
    LOG(INFO) << "serving clients at " << client_endpoint() << ", peers at "
              << to_string(peer_endpoint());
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (!error) stop(signal);
    });
    tick();
    io_.run();
    rpc_.stop();
    mesh_.stop();
    disk_.stop();
    LOG(INFO) << "stopped";
    return 0;
  }

 private:
  const Member& self() const { return *members_.find(opened_.identity.id); }
  Endpoint peer_endpoint() const { return options_.peer_listen.value_or(self().peer_address); }
  std::string client_endpoint() const {
    Endpoint endpoint = options_.client_advertise.value_or(options_.client_listen);
    if (endpoint.port == 0) endpoint.port = rpc_.port();
    return to_string(endpoint);
  }

  net::MeshOptions mesh_options() const {
    net::MeshOptions out;
    out.cell_name = opened_.identity.cell_name;
    out.cell_id = opened_.identity.cell_id;
    out.self = opened_.identity.id;
    out.incarnation = incarnation_;
    out.listen = {.host = peer_endpoint().host, .port = peer_endpoint().port};
    out.client_endpoint = to_string(options_.client_advertise.value_or(options_.client_listen));
    for (const Member& member : members_.members) {
      out.members.push_back(
          {.id = member.id,
           .address = {.host = member.peer_address.host, .port = member.peer_address.port}});
    }
    out.dial_timeout = std::chrono::milliseconds(options_.failure_timeout_ms);
    return out;
  }

  net::RpcServer::Options rpc_options() const {
    return {.host = options_.client_listen.host, .port = options_.client_listen.port};
  }

  replica::ReplicaOptions replica_options() const {
    replica::ReplicaOptions out;
    out.core.self = opened_.identity.id;
    out.core.incarnation = incarnation_;
    out.core.config = members_.config();
    out.core.seed = random_u64();
    out.core.heartbeat = options_.heartbeat_ms;
    out.core.failure_timeout = options_.failure_timeout_ms;
    out.core.log_window_bytes = kLogWindowBytes;
    out.limits = state::StateLimits::defaults();
    out.limits.state_bytes_max = options_.state_bytes_max;
    out.limits.event_history_bytes = options_.event_history_bytes;
    out.cell_name = opened_.identity.cell_name;
    out.cell_id = opened_.identity.cell_id;
    out.keep_alive_gather_ms = kKeepAliveGatherMs;
    out.log_bytes_max = options_.log_bytes_max;
    return out;
  }

  net::LockService::Options service_options() const {
    net::LockService::Options out;
    out.cell.name = opened_.identity.cell_name;
    out.cell.id = bytes_of_hex(opened_.identity.cell_id);
    out.cell.sequencer_prefix = cell_prefix(out.cell.id);
    out.self = opened_.identity.id;
    for (const Member& member : members_.members) {
      out.members.push_back({.id = member.id,
                             .voter = member.voter,
                             .peer_endpoint = to_string(member.peer_address)});
    }
    out.version = kVersion;
    return out;
  }

  net::LockService::Directory directory() {
    return {.client_endpoint =
                [this](ServerId id) {
                  return id == opened_.identity.id ? client_endpoint() : mesh_.client_endpoint(id);
                },
            .is_connected = [this](ServerId id) { return mesh_.is_connected(id); }};
  }

  Result<replica::ImageRecords> load_image() {
    replica::ImageRecords out;
    const auto loaded =
        opened_.store->load_image([&out](std::string_view key, std::string_view value) {
          out.records.push_back({.key = std::string(key), .value = std::string(value)});
          return Status();
        });
    if (!loaded.ok()) return loaded.status();
    out.applied = loaded->applied;
    out.generation = loaded->generation;
    return out;
  }

  void tick() {
    tick_.expires_after(kTick);
    tick_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      replica_->tick();
      tick();
    });
  }

  void stop(int signal) {
    LOG(INFO) << "stopping on signal " << signal;
    rpc_.stop_accepting();
    signals_.async_wait([](boost::system::error_code error, int) {
      if (!error) die("told to stop twice: stopped at once");
    });
    patience_.expires_after(kStopPatience);
    patience_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      LOG(WARNING) << "stopping without a quorum: what is proposed may or may not be committed";
      finish();
    });
    replica_->stop([this] { finish(); });
  }

  // After the replies that are on their way: their flush has been posted before this.
  void finish() {
    boost::asio::post(io_, [this] { boost::asio::post(io_, [this] { io_.stop(); }); });
  }

  RunOptions options_;
  storage::Opened opened_;
  Members members_;
  Incarnation incarnation_{random_u64()};
  SystemClock clock_;
  boost::asio::io_context io_{1};
  DiskRelay relay_;
  net::PeerMesh mesh_;
  net::RpcServer rpc_;
  replica::DiskThreads disk_;
  std::unique_ptr<replica::Replica> replica_;
  std::unique_ptr<net::LockService> service_;
  boost::asio::steady_timer tick_;
  boost::asio::steady_timer patience_;
  boost::asio::signal_set signals_;
};

void warn_of_open_doors(const RunOptions& options, const Endpoint& peers) {
  for (const Endpoint& endpoint : {options.client_listen, peers}) {
    if (is_loopback(endpoint)) continue;
    LOG(WARNING) << to_string(endpoint)
                 << " can be reached from other machines, and this release has neither access "
                    "control nor encryption: whoever reaches it can do everything";
  }
}

}  // namespace

int init_replica(const InitOptions& options) {
  if (const Status status = check_cell_name(options.cell_name); !status.ok()) {
    return fail(status.message());
  }
  if (const Status status = check_cell_id(options.cell_id); !status.ok()) {
    return fail(status.message());
  }
  const Result<Members> members = parse_members(options.voters, options.observers);
  if (!members.ok()) return fail(members.status().message());
  if (members->find(ServerId(options.id)) == nullptr) {
    return fail("replica " + std::to_string(options.id) + " is not among the members given");
  }
  const storage::Identity identity{.cell_name = options.cell_name,
                                   .cell_id = options.cell_id,
                                   .id = ServerId(options.id),
                                   .members = to_line(*members)};
  const Status made = storage::init(options.data_dir, identity, nullptr);
  if (!made.ok()) return fail(made.message());
  std::printf("replica %llu of cell %s is made in %s; start it with: holdfastd run --data %s\n",
              static_cast<unsigned long long>(options.id), options.cell_name.c_str(),
              options.data_dir.c_str(), options.data_dir.c_str());
  return 0;
}

int run_replica(const RunOptions& options) {
  raise_descriptor_limit();
  const auto began = std::chrono::steady_clock::now();
  storage::OpenOptions how;
  how.start =
      options.rejoin ? storage::OpenOptions::Start::kRejoin : storage::OpenOptions::Start::kNormal;
  Result<storage::Opened> opened = storage::open(options.data_dir, how);
  if (!opened.ok()) return fail(opened.status().message());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  const storage::Identity& identity = opened->identity;
  LOG(INFO) << "holdfastd " << kVersion << ": replica " << to_string(identity.id) << " of cell "
            << identity.cell_name << " (" << identity.cell_id << ") in " << options.data_dir;
  LOG(INFO) << describe(opened->recovered, took);
  Result<Members> members = parse_members_line(identity.members);
  if (!members.ok() || members->find(identity.id) == nullptr) {
    return fail("the members in " + options.data_dir + " are damaged: " + identity.members);
  }
  warn_of_open_doors(options,
                     options.peer_listen.value_or(members->find(identity.id)->peer_address));
  Daemon daemon(options, std::move(opened).value(), std::move(members).value());
  if (const Status status = daemon.listen(); !status.ok()) return fail(status.message());
  if (const Status status = daemon.start(); !status.ok()) return fail(status.message());
  return daemon.run();
}

}  // namespace holdfast
