#include "lockserver/state/state_machine.h"

#include <utility>

#include "lockserver/state/apply.h"
#include "lockserver/state/image_codec.h"
#include "lockserver/state/image_loader.h"
#include "lockserver/state/lock_views.h"
#include "lockserver/state/rooms.h"
#include "zab/base/check.h"
#include "zab/base/hash.h"
#include "zab/base/limits.h"

namespace holdfast::state {
namespace {

constexpr std::size_t kPrefixDigits = 16;

std::uint64_t parse_prefix(const std::string& digits) {
  HOLDFAST_CHECK(digits.size() == kPrefixDigits, "a cell prefix has 16 hex digits: " + digits);
  std::uint64_t prefix = 0;
  for (const char digit : digits) {
    const std::size_t value = std::string_view("0123456789abcdef").find(digit);
    HOLDFAST_CHECK(value != std::string_view::npos, "no lower-case hex digit in " + digits);
    prefix = prefix << 4U | value;
  }
  return prefix;
}

SessionInfo describe(const Rooms& rooms, const Sessions::Entry& entry) {
  const Session& session = entry.session;
  SessionInfo info{.id = session.id,
                   .lease_ms = session.lease_ms,
                   .client_name = session.client_name,
                   .host = session.host,
                   .instance_name = session.instance_name,
                   .opened_wall_ms = session.opened_wall_ms,
                   .ephemerals = rooms.nodes.ephemerals_of(session.id).size(),
                   .results_kept = entry.results.size(),
                   .killed = session.killed};
  for (const auto& [place, asked] : rooms.locks.places_of(session.id)) {
    const bool holds = rooms.locks.find(place.path)->holders.contains(asked);
    (holds ? info.locks_held : info.locks_waited_for) += 1;
  }
  return info;
}

}  // namespace

StateLimits StateLimits::defaults() {
  return {.state_bytes_max = limits::kStateBytesMax,
          .content_bytes_max = limits::kContentBytesMax,
          .event_history_bytes = limits::kEventHistoryBytes,
          .sessions_max = limits::kSessionsMax};
}

struct StateMachine::State {
  State(const StateLimits& state_limits, std::uint64_t prefix) : rooms(state_limits, prefix) {}

  Rooms rooms;
  std::unique_ptr<ImageLoader> loader;  // Between the first load() and finish_load().
};

StateMachine::StateMachine(StateLimits state_limits, std::string cell_prefix)
    : state_(std::make_unique<State>(state_limits, parse_prefix(cell_prefix))) {}
StateMachine::~StateMachine() = default;
StateMachine::StateMachine(StateMachine&&) noexcept = default;
StateMachine& StateMachine::operator=(StateMachine&&) noexcept = default;

Status StateMachine::load(std::string_view key, std::string_view value) {
  HOLDFAST_CHECK(applied().is_none(), "an image is loaded over a state");
  if (!state_->loader) state_->loader = std::make_unique<ImageLoader>(state_->rooms);
  return state_->loader->load(key, value);
}

Status StateMachine::finish_load() {
  if (!state_->loader) return {};
  return std::exchange(state_->loader, nullptr)->finish();
}

Effects StateMachine::apply(Zxid zxid, const Command& command) {
  HOLDFAST_CHECK(!state_->loader, "a command before the image is whole");
  return apply_command(state_->rooms, zxid, command);
}

std::vector<Write> StateMachine::take_writes() {
  return state_->rooms.take_writes();
}

Zxid StateMachine::applied() const {
  return state_->rooms.meta.applied;
}
Stamp StateMachine::last_stamp() const {
  return state_->rooms.meta.stamp;
}

std::optional<StateMachine::Node> StateMachine::get(std::string_view path) const {
  const state::Node* node = state_->rooms.nodes.find(path);
  if (node == nullptr) return std::nullopt;
  return Node{.contents = node->contents, .stat = node->stat()};
}

std::optional<std::vector<ListedNode>> StateMachine::list(std::string_view path,
                                                          std::string_view after,
                                                          std::size_t limit) const {
  const state::Node* node = state_->rooms.nodes.find(path);
  if (node == nullptr) return std::nullopt;
  std::vector<ListedNode> page;
  if (!node->children) return page;
  auto child = node->children->upper_bound(after);
  for (; child != node->children->end() && page.size() < limit; ++child) {
    page.push_back({.name = child->first, .stat = child->second.stat()});
  }
  return page;
}

std::optional<LockInfo> StateMachine::lock_info(std::string_view path) const {
  return state::lock_info(state_->rooms, path);
}

std::vector<LockInfo> StateMachine::list_locks(std::string_view prefix, std::string_view after,
                                               std::size_t limit) const {
  return state::list_locks(state_->rooms, {.prefix = prefix, .after = after, .limit = limit});
}

std::optional<Error> StateMachine::check_sequencer(const Sequencer& sequencer) const {
  return judge_sequencer(state_->rooms, sequencer);
}

std::optional<Sequencer> StateMachine::sequencer_of(SessionId session, OwnerId owner,
                                                    std::string_view path) const {
  const Rooms& rooms = state_->rooms;
  const LockRequest* request = rooms.locks.request_of({.session = session, .owner = owner}, path);
  if (request == nullptr || request->acquisition.is_none()) return std::nullopt;
  return state::sequencer_of(rooms, path, *request);
}

std::optional<Reply> StateMachine::acquire_state(SessionId session, OwnerId owner,
                                                 std::string_view path,
                                                 RequestNumber request) const {
  const Rooms& rooms = state_->rooms;
  if (rooms.sessions.find(session) == nullptr) return std::nullopt;
  return state::acquire_state(rooms, path,
                              {.party = {.session = session, .owner = owner}, .request = request});
}

std::optional<SessionInfo> StateMachine::session(SessionId id) const {
  const Sessions::Entry* entry = state_->rooms.sessions.find(id);
  return entry == nullptr ? std::nullopt : std::optional(describe(state_->rooms, *entry));
}

std::optional<SessionId> StateMachine::session_of(const SecretHash& secret) const {
  return state_->rooms.sessions.find_by_secret(secret);
}

bool StateMachine::secret_fits(SessionId id, const SecretHash& secret) const {
  const Sessions::Entry* entry = state_->rooms.sessions.find(id);
  return entry != nullptr && entry->session.secret == secret;
}

std::vector<SessionInfo> StateMachine::sessions(SessionId after, std::size_t limit) const {
  std::vector<SessionInfo> page;
  const Sessions::Map& all = state_->rooms.sessions.all();
  for (auto entry = all.upper_bound(after); entry != all.end() && page.size() < limit; ++entry) {
    page.push_back(describe(state_->rooms, entry->second));
  }
  return page;
}

std::optional<Reply> StateMachine::remembered(SessionId session, RequestNumber request) const {
  const Sessions::Entry* entry = state_->rooms.sessions.find(session);
  if (entry == nullptr) return std::nullopt;
  const auto result = entry->results.find(request);
  if (result == entry->results.end()) return std::nullopt;
  return decode_reply(result->second).value();
}

std::vector<Due> StateMachine::dues() const {
  std::vector<Due> dues;
  for (const auto& [path, lock] : state_->rooms.locks.all()) {
    for (Due& due : dues_of(path)) dues.push_back(std::move(due));
  }
  return dues;
}

std::vector<Due> StateMachine::dues_of(std::string_view path) const {
  return state::dues_of(state_->rooms, path);
}

std::vector<Op> StateMachine::acknowledged(SessionId session, EventName through) const {
  return state::acknowledged(state_->rooms, session, through);
}

bool StateMachine::events_after(EventName after,
                                const std::function<bool(const Event&)>& visit) const {
  return state_->rooms.history.visit_after(after, visit);
}

EventName StateMachine::newest_event() const {
  return state_->rooms.history.newest();
}
Zxid StateMachine::history_begins_after() const {
  return state_->rooms.history.floor().zxid;
}

std::uint64_t StateMachine::state_bytes() const {
  return state_->rooms.bytes();
}
std::uint64_t StateMachine::node_count() const {
  return state_->rooms.nodes.node_count();
}
std::uint64_t StateMachine::session_count() const {
  return state_->rooms.sessions.all().size();
}
std::uint64_t StateMachine::lock_count() const {
  return state_->rooms.locks.all().size();
}

std::uint64_t StateMachine::hash() const {
  std::uint64_t hash = kHashSeed;
  for (const Write& write : image()) {
    hash = hash_bytes(write.key, hash_u64(write.key.size(), hash));
    hash = hash_bytes(*write.value, hash_u64(write.value->size(), hash));
  }
  return hash;
}

Status StateMachine::audit() const {
  return state_->rooms.audit();
}
std::vector<Write> StateMachine::image() const {
  return state_->rooms.all_writes();
}

}  // namespace holdfast::state
