#include "client/sequencer_checker.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "client/blocking.h"
#include "client/cell_client.h"
#include "client/high_water_marks.h"
#include "thrift/sequencer.h"

namespace holdfast::client {
namespace {

constexpr Milliseconds kDefaultTimeout(10'000);

}  // namespace

class SequencerChecker::Impl : public std::enable_shared_from_this<SequencerChecker::Impl> {
 public:
  explicit Impl(SequencerCheckerOptions options)
      : options_(std::move(options)), marks_(options_.locks_max) {
    if (options_.load) {
      for (const HighWater& mark : options_.load()) marks_.raise(mark);
    }
    if (options_.cell_id) own_prefix_ = cell_prefix(*options_.cell_id);
    const std::size_t connections = options_.endpoints.empty() ? 0 : options_.connections;
    for (std::size_t i = 0; i < connections; ++i) {
      clients_.push_back(
          std::make_unique<CellClient>(CellClientOptions{.endpoints = options_.endpoints,
                                                         .dns_servers = options_.dns_servers,
                                                         .cell_id = options_.cell_id,
                                                         .executor = options_.executor}));
    }
  }

  void check(const std::string& text, SequencerCheck check, const CallOptions& options,
             std::function<void(Outcome<Verdict>)> done) {
    const Result<Sequencer> parsed = parse_sequencer(text);
    if (!parsed.ok()) return done(Verdict{.state = SequencerState::kMalformed});
    if (own_prefix_ && parsed->cell_prefix != *own_prefix_) {
      return done(Verdict{.state = SequencerState::kOtherCell});
    }
    if (is_overtaken(*parsed)) return done(Verdict{.state = SequencerState::kStale});
    if (check == SequencerCheck::kLocal) return done(accept(*parsed, /*confirmed=*/false));
    ask_cell(text, *parsed, options, std::move(done));
  }

  Zxid high_water(std::uint64_t prefix, const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return marks_.mark(prefix, path);
  }

 private:
  bool is_overtaken(const Sequencer& sequencer) const {
    const std::lock_guard lock(mutex_);
    return marks_.find(sequencer) == HighWaterMarks::Finding::kOvertaken;
  }

  // Looks again under the lock: another thread may have raised the mark meanwhile, and what is
  // accepted must not be below it.
  Outcome<Verdict> accept(const Sequencer& sequencer, bool confirmed) {
    const std::lock_guard lock(mutex_);
    const HighWater mark = HighWaterMarks::mark_of(sequencer);
    switch (marks_.find(sequencer)) {
      case HighWaterMarks::Finding::kOvertaken:
        return Verdict{.state = SequencerState::kStale};
      case HighWaterMarks::Finding::kKnown:
        break;
      case HighWaterMarks::Finding::kFull:
        return Error{.code = ErrorCode::kLimit,
                     .message = "So many locks are remembered already; the limit locks_max is " +
                                std::to_string(options_.locks_max) + ".",
                     .path = sequencer.path,
                     .limit_name = "locks_max",
                     .limit = static_cast<std::int64_t>(options_.locks_max),
                     .actual = options_.locks_max + 1};
      case HighWaterMarks::Finding::kHigher:
        if (options_.save && !options_.save(mark)) {
          return Error{
              .code = ErrorCode::kNoSpace,
              .message = "The generation of the lock " + sequencer.path + " could not be saved.",
              .retryable = true,
              .path = sequencer.path};
        }
        marks_.raise(mark);
        break;
    }
    return Verdict{.state = SequencerState::kValid, .confirmed = confirmed};
  }

  void ask_cell(const std::string& text, const Sequencer& sequencer, const CallOptions& options,
                std::function<void(Outcome<Verdict>)> done) {
    if (clients_.empty()) {
      return done(Error{.code = ErrorCode::kBadArgument,
                        .message = "The checker was given no endpoint of the cell to ask."});
    }
    const CallOptions bounded{.timeout = options.timeout.value_or(kDefaultTimeout)};
    CellClient& client = *clients_[next_client_++ % clients_.size()];
    client.submit(
        CheckSequencers{.sequencers = {text}}, bounded,
        [weak = weak_from_this(), sequencer, done = std::move(done)](Outcome<AnyReply> outcome) {
          if (!outcome) return done(std::move(outcome).error());
          const auto& states = std::get<SequencerStates>(*outcome).states;
          const std::shared_ptr<Impl> self = weak.lock();
          if (self == nullptr || states.size() != 1) {
            return done(
                Error{.code = ErrorCode::kCancelled, .message = "The check was not finished."});
          }
          if (states.front() != SequencerState::kValid) {
            return done(Verdict{.state = states.front(), .confirmed = true});
          }
          done(self->accept(sequencer, /*confirmed=*/true));
        });
  }

  const SequencerCheckerOptions options_;
  std::optional<std::uint64_t> own_prefix_;
  std::vector<std::unique_ptr<CellClient>> clients_;
  std::atomic<std::size_t> next_client_ = 0;
  mutable std::mutex mutex_;  // For the marks, and one call of save() at a time.
  HighWaterMarks marks_;
};

SequencerChecker::SequencerChecker(SequencerCheckerOptions options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}
SequencerChecker::SequencerChecker(SequencerChecker&&) noexcept = default;
SequencerChecker& SequencerChecker::operator=(SequencerChecker&&) noexcept = default;
SequencerChecker::~SequencerChecker() = default;

Outcome<Verdict> SequencerChecker::check(const std::string& sequencer, SequencerCheck check,
                                         const CallOptions& options) {
  // The clients know their own threads; a check that asks no cell waits for nobody.
  return detail::wait_for<Verdict>(
      false, options.timeout.value_or(kDefaultTimeout),
      [&](auto done) { impl_->check(sequencer, check, options, std::move(done)); });
}

void SequencerChecker::check(const std::string& sequencer, SequencerCheck check,
                             const CallOptions& options,
                             std::function<void(Outcome<Verdict>)> done) {
  impl_->check(sequencer, check, options, std::move(done));
}

Zxid SequencerChecker::high_water(std::uint64_t prefix, const std::string& path) const {
  return impl_->high_water(prefix, path);
}

}  // namespace holdfast::client
