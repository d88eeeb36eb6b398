#include "client/session.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <utility>

#include <sys/random.h>
#include <unistd.h>

#include "client/blocking.h"
#include "client/endpoint.h"
#include "client/runtime.h"
#include "client/session_ref.h"
#include "zab/base/check.h"
#include "zab/base/limits.h"

namespace holdfast::client {
namespace {

constexpr Milliseconds kCloseTimeout(5'000);
constexpr Milliseconds kDestructionTimeout(2'000);
constexpr std::size_t kSecretBytes = 16;
constexpr std::uint64_t kLibraryOwners = std::uint64_t{1} << 63U;

Error bad_argument(std::string message) {
  return {.code = ErrorCode::kBadArgument, .message = std::move(message)};
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  HOLDFAST_CHECK(got == static_cast<ssize_t>(count), "the system gives no random bytes");
  return bytes;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  for (const char byte : random_bytes(sizeof seed)) {
    seed = seed << 8U | static_cast<unsigned char>(byte);
  }
  return seed;
}

std::string host_name() {
  std::string name(limits::kClientNameBytesMax + 1, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  name.resize(name.find('\0'));
  return name;
}

std::optional<Error> check(const SessionOptions& options) {
  if (options.endpoints.empty()) return bad_argument("A session needs at least one endpoint.");
  for (const Status& status :
       {check_endpoints(options.endpoints), check_dns_servers(options.dns_servers)}) {
    if (!status.ok()) return bad_argument(status.message());
  }
  if (options.secret && options.secret->size() != kSecretBytes) {
    return bad_argument("The secret of a session has 16 bytes.");
  }
  if (options.previous && options.previous->secret.size() != kSecretBytes) {
    return bad_argument("The secret of the previous session has 16 bytes.");
  }
  if (options.lease.count() <= 0 || options.grace.count() < 0) {
    return bad_argument("The lease must be above 0, and the grace period not below.");
  }
  return std::nullopt;
}

CoreOptions core_options(const SessionOptions& options) {
  return {.endpoints = options.endpoints,
          .with_session = true,
          .seed = random_seed(),
          .open_calls_max = options.open_calls_max,
          .cell_name = options.cell_name,
          .lease_ms = options.lease.count(),
          .grace_ms = options.grace.count(),
          .open_timeout_ms = detail::to_ticks(options.open_timeout),
          .client_name = options.client_name,
          .host = options.host.empty() ? host_name() : options.host,
          .secret = options.secret ? *options.secret : random_bytes(kSecretBytes),
          .instance_name = options.instance_name,
          .previous = options.previous};
}

}  // namespace

// Owners are never used again, unlike the system's names of threads: a guard may outlive the thread
// that acquired it, and the next thread of that name must not find itself holding its lock.
OwnerId new_owner() {
  static std::atomic<std::uint64_t> newest{0};
  return OwnerId(kLibraryOwners | ++newest);
}

OwnerId this_thread_owner() {
  thread_local const OwnerId owner = new_owner();
  return owner;
}

namespace detail {

// What the Session objects of one session share: the runtime, and the end of it.
class SessionHandle {
 public:
  SessionHandle(std::shared_ptr<Runtime> runtime, std::string secret)
      : runtime_(std::move(runtime)), secret_(std::move(secret)) {}
  SessionHandle(const SessionHandle&) = delete;
  SessionHandle& operator=(const SessionHandle&) = delete;

  ~SessionHandle() {
    const auto closed = std::make_shared<std::promise<void>>();
    std::future<void> wait = closed->get_future();
    const Ticks timeout_ms = kDestructionTimeout.count();
    if (runtime_->runs_here()) {
      // Nobody may wait here: the threads end by themselves when the cell has answered.
      runtime_->close(timeout_ms, Runtime::Where::kInput,
                      [runtime = runtime_](const Outcome<CallValue>&) { runtime->shut_down(); });
      return;
    }
    runtime_->close(timeout_ms, Runtime::Where::kInput,
                    [closed](const Outcome<CallValue>&) { closed->set_value(); });
    wait.wait_for(kDestructionTimeout * 2);
    runtime_->shut_down();
    runtime_->threads()->finish();
  }

  Runtime& runtime() { return *runtime_; }
  const std::shared_ptr<Runtime>& shared_runtime() const { return runtime_; }
  const std::string& secret() const { return secret_; }
  const SessionFacts& facts() const { return facts_; }
  void set_facts(SessionFacts facts) { facts_ = std::move(facts); }

 private:
  std::shared_ptr<Runtime> runtime_;
  const std::string secret_;
  SessionFacts facts_;  // Set before anybody has the session.
};

SessionRef SessionRef::of(const Session& session) {
  return SessionRef(session.handle_->shared_runtime());
}

}  // namespace detail

Outcome<Session> Session::open(SessionOptions options) {
  const bool runs_here = options.executor != nullptr && Threads::runs_here(*options.executor);
  return detail::wait_for<Session>(runs_here, std::nullopt,
                                   [&](auto done) { open(std::move(options), std::move(done)); });
}

void Session::open(SessionOptions options, std::function<void(Outcome<Session>)> done) {
  if (std::optional<Error> error = check(options)) return done(std::move(*error));
  CoreOptions core = core_options(options);
  std::string secret = core.secret;
  const auto threads = std::make_shared<Threads>(options.executor);
  const auto runtime = std::make_shared<detail::Runtime>(
      std::move(core), std::move(options.callbacks), threads, std::move(options.dns_servers));
  auto handle = std::make_shared<detail::SessionHandle>(runtime, std::move(secret));
  runtime->start(
      [handle = std::move(handle), done = std::move(done)](Outcome<SessionFacts> facts) mutable {
        // The program's session is the only one that is left: whoever destroys it waits for the
        // close.
        std::shared_ptr<detail::SessionHandle> mine = std::exchange(handle, nullptr);
        if (!facts) return done(std::move(facts).error());
        mine->set_facts(std::move(facts).value());
        done(Session(std::move(mine)));
      });
}

Session& Session::operator=(Session&& other) noexcept {
  handle_ = std::move(other.handle_);
  return *this;
}

Session::~Session() = default;

SessionId Session::id() const {
  return handle_->facts().id;
}
const std::string& Session::secret() const {
  return handle_->secret();
}
const std::string& Session::cell_name() const {
  return handle_->facts().cell_name;
}
const std::string& Session::cell_id() const {
  return handle_->facts().cell_id;
}
Milliseconds Session::lease() const {
  return Milliseconds(handle_->facts().lease_ms);
}

SessionState Session::state() const {
  return detail::SessionRef::of(*this).state();
}
Milliseconds Session::remaining() const {
  return detail::SessionRef::of(*this).remaining();
}

Outcome<Closed> Session::close() {
  return close(CallOptions{});
}

Outcome<Closed> Session::close(const CallOptions& options) {
  return detail::wait_for<Closed>(handle_->runtime().runs_here(), std::nullopt,
                                  [&](auto done) { close(options, std::move(done)); });
}

void Session::close(const CallOptions& options, std::function<void(Outcome<Closed>)> done) {
  handle_->runtime().close(options.timeout.value_or(kCloseTimeout).count(),
                           detail::Runtime::Where::kDispatcher,
                           [done = std::move(done)](Outcome<CallValue> outcome) {
                             if (!outcome) return done(std::move(outcome).error());
                             done(Closed{});
                           });
}

Outcome<LockGuard> Session::acquire(std::string path, AcquireOptions options) {
  if (!options.owner) options.owner = this_thread_owner();
  return detail::wait_for<LockGuard>(handle_->runtime().runs_here(), std::nullopt, [&](auto done) {
    acquire(std::move(path), std::move(options), std::move(done));
  });
}

void Session::acquire(std::string path, AcquireOptions options,
                      std::function<void(Outcome<LockGuard>)> done) {
  detail::SessionRef::of(*this).acquire(std::move(path), std::move(options), std::move(done));
}

std::shared_ptr<detail::Runtime> Session::runtime() const {
  return handle_->runtime().shared_from_this();
}

Outcome<AnyReply> Session::call_any(AnyRequest request, const CallOptions& options) {
  return detail::wait_for<AnyReply>(
      handle_->runtime().runs_here(), options.timeout,
      [&](auto done) { submit(std::move(request), options, std::move(done)); });
}

void Session::submit(AnyRequest request, const CallOptions& options,
                     std::function<void(Outcome<AnyReply>)> done) {
  detail::SessionRef::of(*this).submit(std::move(request), options, std::move(done));
}

Outcome<Watch> Session::watch(WatchOptions options, std::function<void(const Event&)> on_event) {
  return detail::wait_for<Watch>(handle_->runtime().runs_here(), std::nullopt, [&](auto done) {
    watch(std::move(options), std::move(on_event), std::move(done));
  });
}

void Session::watch(WatchOptions options, std::function<void(const Event&)> on_event,
                    std::function<void(Outcome<Watch>)> done) {
  detail::SessionRef::of(*this).watch(std::move(options), std::move(on_event), std::move(done));
}

}  // namespace holdfast::client
