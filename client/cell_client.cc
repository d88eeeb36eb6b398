#include "client/cell_client.h"

#include <type_traits>
#include <utility>

#include <sys/random.h>

#include "client/blocking.h"
#include "client/endpoint.h"
#include "client/runtime.h"

namespace holdfast::client {
namespace {

constexpr Milliseconds kDefaultTimeout(30'000);

bool needs_session(const AnyRequest& request) {
  return std::visit(
      [](const auto& in) { return !kNeedsNoSession<std::remove_cvref_t<decltype(in)>>; }, request);
}

CoreOptions core_options(CellClientOptions options) {
  std::uint64_t seed = 0;
  // Without random bytes the clients of a cell come in step; nothing else depends on them.
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) seed = 1;
  return {.endpoints = std::move(options.endpoints),
          .with_session = false,
          .seed = seed,
          .open_calls_max = options.open_calls_max,
          .cell_name = std::move(options.cell_name),
          .cell_id = options.cell_id.value_or("")};
}

}  // namespace

namespace detail {

class CellClientHandle {
 public:
  explicit CellClientHandle(CellClientOptions options) {
    const auto threads = std::make_shared<Threads>(options.executor);
    std::vector<std::string> dns_servers = std::move(options.dns_servers);
    runtime_ = std::make_shared<Runtime>(core_options(std::move(options)), SessionCallbacks{},
                                         threads, std::move(dns_servers));
  }
  CellClientHandle(const CellClientHandle&) = delete;
  CellClientHandle& operator=(const CellClientHandle&) = delete;
  ~CellClientHandle() {
    runtime_->shut_down();
    if (!runtime_->runs_here()) runtime_->threads()->finish();
  }

  Runtime& runtime() { return *runtime_; }

 private:
  std::shared_ptr<Runtime> runtime_;
};

}  // namespace detail

CellClient::CellClient(CellClientOptions options) {
  // What cannot be right is told to every call.
  if (options.endpoints.empty()) refusal_ = "A client of a cell needs at least one endpoint.";
  for (const Status& status :
       {check_endpoints(options.endpoints), check_dns_servers(options.dns_servers)}) {
    if (!status.ok()) refusal_ = status.message();
  }
  if (!refusal_.empty()) return;
  handle_ = std::make_shared<detail::CellClientHandle>(std::move(options));
}

CellClient& CellClient::operator=(CellClient&& other) noexcept {
  refusal_ = std::move(other.refusal_);
  handle_ = std::move(other.handle_);
  return *this;
}

CellClient::~CellClient() = default;

bool CellClient::runs_here() const {
  return handle_ != nullptr && handle_->runtime().runs_here();
}

Outcome<AnyReply> CellClient::call_any(AnyRequest request, const CallOptions& options) {
  return detail::wait_for<AnyReply>(
      runs_here(), options.timeout.value_or(kDefaultTimeout),
      [&](auto done) { submit(std::move(request), options, std::move(done)); });
}

void CellClient::submit(AnyRequest request, const CallOptions& options,
                        std::function<void(Outcome<AnyReply>)> done) {
  std::string refusal = refusal_;
  if (needs_session(request)) refusal = "This request needs a session.";
  if (!refusal.empty()) {
    return done(Error{.code = ErrorCode::kBadArgument, .message = std::move(refusal)});
  }
  handle_->runtime().submit(std::move(request), options.timeout.value_or(kDefaultTimeout).count(),
                            [done = std::move(done)](Outcome<CallValue> outcome) {
                              if (!outcome) return done(std::move(outcome).error());
                              done(std::get<AnyReply>(std::move(outcome).value()));
                            });
}

}  // namespace holdfast::client
