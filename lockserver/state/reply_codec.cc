#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/state/image_codec.h"
#include "lockserver/state/record_codec.h"

namespace holdfast::state {
namespace {

using holdfast::state::from_record;
using holdfast::state::to_record;

record::Stat to_record(const Stat& stat) {
  record::Stat out;
  out.instance = to_i64(stat.instance.value);
  out.content_generation = to_i64(stat.content_generation);
  out.child_generation = to_i64(stat.child_generation);
  out.lock_generation = to_i64(stat.lock_generation.value);
  out.modified_zxid = to_i64(stat.modified_zxid.value);
  out.created_wall_ms = stat.created_wall_ms;
  out.modified_wall_ms = stat.modified_wall_ms;
  out.contents_length = to_i64(stat.contents_length);
  out.contents_checksum = to_i64(stat.contents_checksum);
  out.children = to_i64(stat.children);
  out.ephemeral_owner = to_i64(stat.ephemeral_owner.value);
  out.kind = to_record(stat.kind);
  out.created_zxid = to_i64(stat.created_zxid.value);
  return out;
}

Stat from_record(const record::Stat& stat) {
  return {.instance = Zxid(to_u64(stat.instance)),
          .content_generation = to_u64(stat.content_generation),
          .child_generation = to_u64(stat.child_generation),
          .lock_generation = Zxid(to_u64(stat.lock_generation)),
          .created_zxid = Zxid(to_u64(stat.created_zxid)),
          .modified_zxid = Zxid(to_u64(stat.modified_zxid)),
          .created_wall_ms = stat.created_wall_ms,
          .modified_wall_ms = stat.modified_wall_ms,
          .contents_length = to_u64(stat.contents_length),
          .contents_checksum = to_u64(stat.contents_checksum),
          .children = to_u64(stat.children),
          .ephemeral_owner = SessionId(to_u64(stat.ephemeral_owner)),
          .kind = from_record(stat.kind)};
}

record::WaitEdge to_record(const WaitEdge& edge) {
  record::WaitEdge out;
  out.session = to_i64(edge.session.value);
  out.owner = to_i64(edge.owner.value);
  out.path = edge.path;
  return out;
}

WaitEdge from_record(const record::WaitEdge& edge) {
  return {.session = SessionId(to_u64(edge.session)),
          .owner = OwnerId(to_u64(edge.owner)),
          .path = edge.path};
}

template <typename From>
auto list_to_record(const std::vector<From>& list) {
  std::vector<decltype(to_record(list.front()))> out;
  out.reserve(list.size());
  for (const From& element : list) out.push_back(to_record(element));
  return out;
}

template <typename From>
auto list_from_record(const std::vector<From>& list) {
  std::vector<decltype(from_record(list.front()))> out;
  out.reserve(list.size());
  for (const From& element : list) out.push_back(from_record(element));
  return out;
}

record::Error to_record(const Error& error) {
  record::Error out;
  out.code = static_cast<std::int32_t>(error.code);
  out.message = error.message;
  out.path = error.path;
  out.holders = list_to_record(error.holders);
  out.remaining_ms = error.remaining_ms;
  if (error.previous_holder) out.__set_previous_holder(to_record(*error.previous_holder));
  out.limit_name = error.limit_name;
  out.limit = to_i64(error.limit);
  out.actual = to_i64(error.actual);
  out.cycle = list_to_record(error.cycle);
  return out;
}

Error from_record(const record::Error& error) {
  Error out{.code = static_cast<ErrorCode>(error.code),
            .message = error.message,
            .path = error.path,
            .holders = list_from_record(error.holders),
            .remaining_ms = error.remaining_ms,
            .previous_holder = std::nullopt,
            .limit_name = error.limit_name,
            .limit = to_u64(error.limit),
            .actual = to_u64(error.actual),
            .cycle = list_from_record(error.cycle)};
  if (error.__isset.previous_holder) out.previous_holder = from_record(error.previous_holder);
  return out;
}

record::Created to_record(const Created& created) {
  record::Created out;
  out.path = created.path;
  out.stat = to_record(created.stat);
  return out;
}

Created from_record(const record::Created& created) {
  return {.path = created.path, .stat = from_record(created.stat)};
}

record::ContentsSet to_record(const ContentsSet& set) {
  record::ContentsSet out;
  out.stat = to_record(set.stat);
  return out;
}

ContentsSet from_record(const record::ContentsSet& set) {
  return {.stat = from_record(set.stat)};
}

struct MultiOpResultField {
  record::MultiOpResult& out;
  void operator()(const Created& result) const { out.__set_created(to_record(result)); }
  void operator()(const Removed&) const { out.__set_removed({}); }
  void operator()(const ContentsSet& result) const { out.__set_contents_set(to_record(result)); }
  void operator()(const Checked& result) const {
    record::Checked checked;
    if (result.stat) checked.__set_stat(to_record(*result.stat));
    out.__set_checked(checked);
  }
};

record::MultiOpResult to_record(const MultiOpResult& result) {
  record::MultiOpResult out;
  std::visit(MultiOpResultField{out}, result);
  return out;
}

MultiOpResult from_record(const record::MultiOpResult& result) {
  if (result.__isset.created) return from_record(result.created);
  if (result.__isset.removed) return Removed{};
  if (result.__isset.contents_set) return from_record(result.contents_set);
  Checked checked;
  if (result.checked.__isset.stat) checked.stat = from_record(result.checked.stat);
  return checked;
}

struct ReplyField {
  record::Reply& out;
  void operator()(const Error& reply) const { out.__set_error(to_record(reply)); }
  void operator()(const SessionOpened& reply) const {
    record::SessionOpened opened;
    opened.session = to_i64(reply.session.value);
    opened.lease_ms = reply.lease_ms;
    opened.previous_closed = reply.previous_closed;
    out.__set_session_opened(opened);
  }
  void operator()(const Done&) const { out.__set_done({}); }
  void operator()(const Killed& reply) const {
    record::Killed killed;
    killed.killed = reply.killed;
    out.__set_killed(killed);
  }
  void operator()(const Broken& reply) const {
    record::Broken broken;
    broken.broken = list_to_record(reply.broken);
    broken.delay_ms = reply.delay_ms;
    out.__set_broken(broken);
  }
  void operator()(const Granted& reply) const {
    record::Granted granted;
    granted.sequencer = to_record(reply.sequencer);
    granted.lock_delay_ms = reply.lock_delay_ms;
    out.__set_granted(granted);
  }
  void operator()(const Waiting& reply) const {
    record::Waiting waiting;
    waiting.ahead = to_i64(reply.ahead);
    out.__set_waiting(waiting);
  }
  void operator()(const WaitCancelled&) const { out.__set_wait_cancelled({}); }
  void operator()(const Created& reply) const { out.__set_created(to_record(reply)); }
  void operator()(const Removed&) const { out.__set_removed({}); }
  void operator()(const ContentsSet& reply) const { out.__set_contents_set(to_record(reply)); }
  void operator()(const MultiDone& reply) const {
    record::MultiDone done;
    for (const MultiOpResult& result : reply.results) done.results.push_back(to_record(result));
    out.__set_multi_done(done);
  }
  void operator()(const MultiFailed& reply) const {
    record::MultiFailed failed;
    failed.index = static_cast<std::int32_t>(reply.index);
    failed.error = to_record(reply.error);
    out.__set_multi_failed(failed);
  }
};

// A record without any reply becomes some reply, which is not encoded as it was.
Reply from_record(const record::Reply& reply) {
  const auto& is = reply.__isset;
  if (is.error) return from_record(reply.error);
  if (is.session_opened) {
    return SessionOpened{.session = SessionId(to_u64(reply.session_opened.session)),
                         .lease_ms = reply.session_opened.lease_ms,
                         .previous_closed = reply.session_opened.previous_closed};
  }
  if (is.killed) return Killed{.killed = reply.killed.killed};
  if (is.broken) {
    return Broken{.broken = list_from_record(reply.broken.broken),
                  .delay_ms = reply.broken.delay_ms};
  }
  if (is.granted) {
    return Granted{.sequencer = from_record(reply.granted.sequencer),
                   .lock_delay_ms = reply.granted.lock_delay_ms};
  }
  if (is.waiting) return Waiting{.ahead = to_u64(reply.waiting.ahead)};
  if (is.wait_cancelled) return WaitCancelled{};
  if (is.created) return from_record(reply.created);
  if (is.removed) return Removed{};
  if (is.contents_set) return from_record(reply.contents_set);
  if (is.multi_done) {
    MultiDone done;
    for (const auto& result : reply.multi_done.results) done.results.push_back(from_record(result));
    return done;
  }
  if (is.multi_failed) {
    return MultiFailed{.index = static_cast<std::uint32_t>(reply.multi_failed.index),
                       .error = from_record(reply.multi_failed.error)};
  }
  return Done{};
}

}  // namespace

std::string encode_reply(const Reply& reply) {
  record::Reply out;
  std::visit(ReplyField{out}, reply);
  return encode_compact(out);
}

Result<Reply> decode_reply(std::string_view bytes) {
  return decode_canonical<record::Reply>(
      bytes, [](const record::Reply& reply) { return from_record(reply); }, encode_reply);
}

}  // namespace holdfast::state
