#include "client/sequencer_checker.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <utility>

#include "client/blocking.h"
#include "client/boot_clock.h"
#include "client/cell_client.h"
#include "client/confirmations.h"
#include "client/high_water_marks.h"
#include "client/runtime.h"
#include "client/session.h"
#include "thrift/sequencer.h"

namespace holdfast::client {
namespace {

constexpr Milliseconds kDefaultTimeout(10'000);
constexpr std::size_t kConfirmationsMax = 100'000;

Verdict unknown(Reason reason) {
  return {.standing = Standing::kUnknown, .reason = reason};
}

Verdict no_answer(Error error) {
  return {.standing = Standing::kUnknown, .reason = Reason::kNoAnswer, .error = std::move(error)};
}

Verdict refused(std::string message) {
  return no_answer({.code = ErrorCode::kBadArgument, .message = std::move(message)});
}

Verdict of_the_cell(SequencerState state) {
  switch (state) {
    case SequencerState::kValid:
      return {.standing = Standing::kValid, .reason = Reason::kConfirmed};
    case SequencerState::kStale:
      return {.standing = Standing::kStale, .reason = Reason::kEnded};
    case SequencerState::kOtherCell:
      return unknown(Reason::kOtherCell);
    case SequencerState::kMalformed:
      break;
  }
  return unknown(Reason::kMalformed);
}

}  // namespace

std::string_view reason_text(Reason reason) {
  switch (reason) {
    case Reason::kConfirmed:
      return "the cell says that the acquisition stands";
    case Reason::kNotOvertaken:
      return "no later holder was seen here";
    case Reason::kOvertaken:
      return "a later holder was seen here";
    case Reason::kEnded:
      return "the cell says that the acquisition has ended";
    case Reason::kMalformed:
      return "it is not a sequencer";
    case Reason::kOtherCell:
      return "it is of another cell";
    case Reason::kNoAnswer:
      return "the cell could not be asked";
    case Reason::kFull:
      return "too many locks are remembered already";
    case Reason::kNotSaved:
      return "the generation could not be saved";
  }
  return "?";
}

class SequencerChecker::Impl : public std::enable_shared_from_this<SequencerChecker::Impl> {
 public:
  using Done = std::function<void(Verdict)>;

  explicit Impl(SequencerCheckerOptions options)
      : options_(std::move(options)),
        marks_(options_.locks_max),
        confirmations_(std::min(options_.locks_max, kConfirmationsMax)) {
    if (options_.session != nullptr) {
      runtime_ = options_.session->runtime();
      if (!options_.cell_id) options_.cell_id = options_.session->cell_id();
      can_follow_ = *options_.cell_id == options_.session->cell_id();
    }
    if (options_.cell_id) own_prefix_ = cell_prefix(*options_.cell_id);
    if (options_.store) {
      for (const HighWater& mark : options_.store->load()) marks_.raise(mark);
    }
    const std::size_t connections = options_.endpoints.empty() ? 0 : options_.connections;
    for (std::size_t i = 0; i < connections; ++i) {
      clients_.push_back(
          std::make_unique<CellClient>(CellClientOptions{.endpoints = options_.endpoints,
                                                         .dns_servers = options_.dns_servers,
                                                         .cell_id = options_.cell_id,
                                                         .executor = options_.executor}));
    }
  }

  // Ends the connections and watches: what is open is answered while the checker is still there.
  void close() {
    clients_.clear();
    const std::lock_guard lock(follow_mutex_);
    for (auto& [path, follow] : follows_) follow->is_dropped = true;
    follows_.clear();
  }

  bool would_wait_for_itself(SequencerCheck check) const {
    if (check == SequencerCheck::kLocal) return false;
    if (clients_.empty()) return runtime_ != nullptr && runtime_->runs_here();
    return std::any_of(clients_.begin(), clients_.end(),
                       [](const auto& client) { return client->runs_here(); });
  }

  void check(const std::string& text, SequencerCheck check, const CallOptions& options, Done done) {
    const Result<Sequencer> parsed = parse_sequencer(text);
    if (!parsed.ok()) return done(unknown(Reason::kMalformed));
    if (own_prefix_ && parsed->cell_prefix != *own_prefix_) {
      return done(unknown(Reason::kOtherCell));
    }
    if (is_overtaken(*parsed)) {
      return done({.standing = Standing::kStale, .reason = Reason::kOvertaken});
    }
    if (check == SequencerCheck::kLocal) return done(accept(*parsed, Reason::kNotOvertaken));
    if (check == SequencerCheck::kFollow) return check_followed(text, *parsed, options, done);
    if (check == SequencerCheck::kInterval && is_fresh(text)) {
      return done(accept(*parsed, Reason::kConfirmed));
    }
    ask(text, *parsed, options, std::move(done));
  }

  Zxid high_water(std::uint64_t prefix, const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return marks_.mark(prefix, path);
  }

 private:
  // A lock that is watched, or is going to be.
  struct Follow {
    const std::shared_ptr<Followed> lock = std::make_shared<Followed>();  // Shared with the watch.
    std::list<std::string>::iterator place;
    Watch watch;
    bool stands = false;
    bool is_dropped = false;
  };

  bool is_overtaken(const Sequencer& sequencer) const {
    const std::lock_guard lock(mutex_);
    return marks_.find(sequencer) == HighWaterMarks::Finding::kOvertaken;
  }

  bool is_fresh(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    const std::optional<Ticks> asked_at = confirmations_.asked_at(text);
    return asked_at && BootClock::now_ms() < *asked_at + options_.interval.count();
  }

  // Looks again under the lock: another thread may have raised the mark meanwhile, and what is
  // accepted must not be below it.
  Verdict accept(const Sequencer& sequencer, Reason reason) {
    const std::lock_guard lock(mutex_);
    switch (marks_.find(sequencer)) {
      case HighWaterMarks::Finding::kOvertaken:
        return {.standing = Standing::kStale, .reason = Reason::kOvertaken};
      case HighWaterMarks::Finding::kKnown:
        break;
      case HighWaterMarks::Finding::kFull:
        return full(sequencer);
      case HighWaterMarks::Finding::kHigher:
        const HighWater mark = HighWaterMarks::mark_of(sequencer);
        if (const Status saved = save(mark); !saved.ok()) return not_saved(mark, saved);
        marks_.raise(mark);
        break;
    }
    return {.standing = Standing::kValid, .reason = reason};
  }

  Status save(const HighWater& mark) {
    return options_.store ? options_.store->save(mark) : Status();
  }

  Verdict full(const Sequencer& sequencer) const {
    return {.standing = Standing::kUnknown,
            .reason = Reason::kFull,
            .error = Error{.code = ErrorCode::kLimit,
                           .message = "So many locks are remembered already; the limit locks_max "
                                      "is " +
                                      std::to_string(options_.locks_max) + ".",
                           .path = sequencer.path,
                           .limit_name = "locks_max",
                           .limit = static_cast<std::int64_t>(options_.locks_max),
                           .actual = options_.locks_max + 1}};
  }

  static Verdict not_saved(const HighWater& mark, const Status& why) {
    return {.standing = Standing::kUnknown,
            .reason = Reason::kNotSaved,
            .error = Error{.code = ErrorCode::kNoSpace,
                           .message = "The generation of the lock " + mark.path +
                                      " could not be saved: " + why.message(),
                           .retryable = true,
                           .path = mark.path}};
  }

  void ask(const std::string& text, const Sequencer& sequencer, const CallOptions& options,
           Done done) {
    const Milliseconds timeout = options.timeout.value_or(kDefaultTimeout);
    const Ticks asked_at = BootClock::now_ms();
    auto on_states = [weak = weak_from_this(), text, sequencer, asked_at,
                      done = std::move(done)](Outcome<AnyReply> outcome) {
      if (!outcome) return done(no_answer(std::move(outcome).error()));
      const auto& states = std::get<SequencerStates>(*outcome).states;
      const std::shared_ptr<Impl> self = weak.lock();
      if (self == nullptr || states.size() != 1) {
        return done(
            no_answer({.code = ErrorCode::kCancelled, .message = "The check was not finished."}));
      }
      done(self->judge(text, sequencer, asked_at, states.front()));
    };
    CheckSequencers request{.sequencers = {text}};
    if (!clients_.empty()) {
      clients_[next_client_++ % clients_.size()]->submit(std::move(request), {.timeout = timeout},
                                                         std::move(on_states));
    } else if (runtime_ != nullptr) {
      runtime_->submit(std::move(request), timeout.count(),
                       [on_states = std::move(on_states)](Outcome<CallValue> outcome) {
                         if (!outcome) return on_states(std::move(outcome).error());
                         on_states(std::get<AnyReply>(std::move(outcome).value()));
                       });
    } else {
      on_states(Error{.code = ErrorCode::kBadArgument,
                      .message = "The checker was given no endpoint of the cell to ask."});
    }
  }

  Verdict judge(const std::string& text, const Sequencer& sequencer, Ticks asked_at,
                SequencerState state) {
    Verdict verdict = of_the_cell(state);
    if (verdict) verdict = accept(sequencer, Reason::kConfirmed);
    const std::lock_guard lock(mutex_);
    if (verdict) {
      confirmations_.confirm(text, asked_at);
    } else {
      confirmations_.forget(text);
    }
    return verdict;
  }

  // ---- following ----

  Followed::AsOf as_of(const Follow& follow) const {
    return {.changes = follow.lock->changes(), .jeopardies = runtime_->jeopardies()};
  }

  // The clock may be ahead of the thread that watches it.
  bool is_live() const {
    return runtime_->state() == SessionState::kLive &&
           BootClock::now_ms() < runtime_->lease_deadline();
  }

  // The state is taken down before anything is asked: what changes while the cell answers is not
  // confirmed.
  void check_followed(const std::string& text, const Sequencer& sequencer,
                      const CallOptions& options, const Done& done) {
    if (!can_follow_) {
      return done(refused("To follow a lock, the checker needs a session of the lock's cell."));
    }
    const std::shared_ptr<Follow> follow = follow_of(sequencer.path);
    Followed::AsOf before;
    bool stands = false;
    bool is_valid = false;
    {
      const std::lock_guard lock(follow_mutex_);
      stands = follow->stands;
      before = as_of(*follow);
      is_valid = stands && follow->lock->is_valid(text, before) && is_live();
    }
    if (is_valid) return done(accept(sequencer, Reason::kConfirmed));
    ask(text, sequencer, options,
        [weak = weak_from_this(), follow, stands, before, text, done](Verdict verdict) {
          if (const std::shared_ptr<Impl> self = weak.lock(); self && verdict && stands) {
            const std::lock_guard lock(self->follow_mutex_);
            follow->lock->confirm(text, before);
          }
          done(std::move(verdict));
        });
  }

  // Until its watch stands the cell is asked each time.
  std::shared_ptr<Follow> follow_of(const std::string& path) {
    std::shared_ptr<Follow> ended;  // Their watches end when nobody holds the mutex.
    std::shared_ptr<Follow> oldest;
    auto follow = std::make_shared<Follow>();
    {
      const std::lock_guard lock(follow_mutex_);
      if (const auto known = follows_.find(path); known != follows_.end()) {
        if (!known->second->lock->has_ended()) {
          order_.splice(order_.end(), order_, known->second->place);
          return known->second;
        }
        ended = take_out(path);
      }
      follow->place = order_.insert(order_.end(), path);
      follows_.emplace(path, follow);
      if (follows_.size() > options_.followed_max) oldest = take_out(order_.front());
    }
    runtime_->watch_at_once({.path = path,
                             .kinds = {EventKind::kLockAcquired, EventKind::kLockReleased,
                                       EventKind::kLockLost, EventKind::kNodeDeleted}},
                            {.on_event = [lock = follow->lock](const Event&) { lock->on_change(); },
                             .on_ended = [lock = follow->lock] { lock->on_ended(); }},
                            [weak = weak_from_this(), follow, path](Outcome<Watch> made) {
                              if (const std::shared_ptr<Impl> self = weak.lock()) {
                                self->on_watch(path, follow, std::move(made));
                              }
                            });
    return follow;
  }

  void on_watch(const std::string& path, const std::shared_ptr<Follow>& follow,
                Outcome<Watch> made) {
    const std::lock_guard lock(follow_mutex_);
    if (follow->is_dropped) return;
    if (!made) {
      take_out(path);
      return;
    }
    follow->watch = std::move(made).value();
    follow->stands = true;
  }

  std::shared_ptr<Follow> take_out(const std::string& path) {
    auto found = follows_.find(path);
    std::shared_ptr<Follow> follow = found->second;
    follow->is_dropped = true;
    follows_.erase(found);
    order_.erase(follow->place);
    return follow;
  }

  SequencerCheckerOptions options_;
  std::optional<std::uint64_t> own_prefix_;
  std::shared_ptr<detail::Runtime> runtime_;  // Of the session, if there is one.
  bool can_follow_ = false;                   // The session is of the cell whose locks these are.
  std::vector<std::unique_ptr<CellClient>> clients_;
  std::atomic<std::size_t> next_client_ = 0;

  mutable std::mutex mutex_;  // For what follows, and one call of the store at a time.
  HighWaterMarks marks_;
  Confirmations confirmations_;

  std::mutex follow_mutex_;  // For what follows, and what is confirmed in it.
  std::map<std::string, std::shared_ptr<Follow>> follows_;
  std::list<std::string> order_;  // Of their paths; the one not asked about for longest first.
};

SequencerChecker::SequencerChecker(SequencerCheckerOptions options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}
SequencerChecker::SequencerChecker(SequencerChecker&&) noexcept = default;
SequencerChecker& SequencerChecker::operator=(SequencerChecker&& other) noexcept {
  const SequencerChecker old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}
SequencerChecker::~SequencerChecker() {
  if (impl_ != nullptr) impl_->close();
}

Verdict SequencerChecker::check(const std::string& sequencer, SequencerCheck check,
                                const CallOptions& options) {
  Outcome<Verdict> verdict = detail::wait_for<Verdict>(
      impl_->would_wait_for_itself(check), options.timeout.value_or(kDefaultTimeout),
      [&](auto done) { impl_->check(sequencer, check, options, std::move(done)); });
  return verdict ? std::move(verdict).value() : no_answer(std::move(verdict).error());
}

void SequencerChecker::check(const std::string& sequencer, SequencerCheck check,
                             const CallOptions& options, std::function<void(Verdict)> done) {
  impl_->check(sequencer, check, options, std::move(done));
}

Zxid SequencerChecker::high_water(std::uint64_t prefix, const std::string& path) const {
  return impl_->high_water(prefix, path);
}

}  // namespace holdfast::client
