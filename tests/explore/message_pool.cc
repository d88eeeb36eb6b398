#include "tests/explore/message_pool.h"

#include <variant>

#include "zab/base/check.h"
#include "zab/state_hash.h"

namespace holdfast::explore {
namespace {

using zab::StateHash;

void add(StateHash& hash, const zab::Entry& entry) {
  hash.add(entry.zxid).add(entry.prev).add(entry.payload.view());
}

template <typename M>
void add_epochs_and_zxids(StateHash& hash, const M& m) {
  if constexpr (requires { m.epoch; }) hash.add(m.epoch);
  if constexpr (requires {
                  m.from.is_none();
                  m.from.counter();
                })
    hash.add(m.from);
  if constexpr (requires { m.to; }) hash.add(m.to);
  if constexpr (requires { m.zxid; }) hash.add(m.zxid);
  if constexpr (requires { m.last; }) hash.add(m.last);
  if constexpr (requires { m.durable; }) hash.add(m.durable);
  if constexpr (requires { m.committed; }) hash.add(m.committed);
  if constexpr (requires { m.applied; }) hash.add(m.applied);
  if constexpr (requires { m.floor; }) hash.add(m.floor);
  if constexpr (requires { m.accepted; }) hash.add(m.accepted);
  if constexpr (requires { m.current; }) hash.add(m.current);
  if constexpr (requires { m.config_version; }) hash.add(m.config_version);
}

template <typename M>
void add_numbers(StateHash& hash, const M& m) {
  if constexpr (requires { m.observer; }) hash.add(m.observer);
  if constexpr (requires { m.membership; }) hash.add(m.membership);
  if constexpr (requires { m.bootstrap; }) hash.add(m.bootstrap);
  if constexpr (requires { m.promised; }) hash.add(m.promised);
  if constexpr (requires { m.chunks; }) hash.add(m.chunks);
  if constexpr (requires { m.checksum; }) hash.add(m.checksum);
  if constexpr (requires { m.round; }) hash.add(m.round);
  if constexpr (requires { m.free_bytes; }) hash.add(m.free_bytes);
  if constexpr (requires { m.tag; }) hash.add(m.tag);
}

template <typename M>
void add_contents(StateHash& hash, const M& m) {
  if constexpr (requires { m.bytes; }) hash.add(m.bytes.view());
  if constexpr (requires { m.payload; }) hash.add(m.payload.view());
  if constexpr (requires { m.entries; }) {
    hash.add(m.entries.size());
    for (const zab::Entry& entry : m.entries) add(hash, entry);
  }
  if constexpr (requires { m.epochs; }) {
    hash.add(m.epochs.size());
    for (const zab::EpochEnd& end : m.epochs) hash.add(end.epoch).add(end.last_counter);
  }
  if constexpr (requires { m.touched; }) {
    for (const SessionId session : m.touched) hash.add(session);
  }
}

std::uint64_t hash_of(const zab::Message& message) {
  StateHash hash(0);
  hash.add(message.index());
  std::visit(
      [&hash](const auto& m) {
        add_epochs_and_zxids(hash, m);
        add_numbers(hash, m);
        add_contents(hash, m);
      },
      message);
  return hash.value();
}

}  // namespace

MessageId MessagePool::intern(zab::Message message) {
  if (auto* info = std::get_if<zab::LearnerInfo>(&message)) info->from = ServerId();
  const std::uint64_t hash = hash_of(message);
  const auto [at, is_new] = ids_.try_emplace(hash, static_cast<MessageId>(messages_.size()));
  if (is_new) messages_.push_back({message, hash});
  HOLDFAST_CHECK(messages_[at->second].message == message,
                 "two messages with one hash: " + zab::describe(message));
  return at->second;
}

zab::Message MessagePool::from(ServerId sender, MessageId id) const {
  zab::Message message = at(id);
  if (auto* info = std::get_if<zab::LearnerInfo>(&message)) info->from = sender;
  return message;
}

}  // namespace holdfast::explore
