#include <string>
#include <utility>
#include <vector>

#include "lockserver/state/image_codec.h"
#include "lockserver/state/state_machine.h"
#include "lockserver/storage/mem_store.h"
#include "lockserver/storage/record_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/random_commands.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"
#include "zab/base/hash.h"

// An image as it comes from a disk or, in chunks, from a leader. The first byte says what the input
// is: 0, one record; 1, a chunk as it came; else records, of which the checksums are right. What
// loads is a state that goes on: it takes commands and never contradicts itself.

namespace holdfast::fuzz {

namespace {

constexpr char kCellPrefix[] = "0011223344556677";

void accept_only(std::string_view bytes, const std::string& written) {
  HOLDFAST_CHECK(written == bytes, "a record is accepted that is not as this program writes it");
}

struct ReadValue {
  std::string_view value;

  void operator()(const state::MetaKey&) const {
    if (const auto meta = state::decode_meta(value); meta.ok()) {
      accept_only(value, state::encode_meta(*meta));
    }
  }
  void operator()(const state::NodeKey&) const {
    if (const auto node = state::decode_node(value); node.ok()) {
      accept_only(value, state::encode_node(*node));
    }
  }
  void operator()(const state::ContentsKey&) const {}
  void operator()(const state::SessionKey& key) const {
    if (const auto session = state::decode_session(key.session, value); session.ok()) {
      accept_only(value, state::encode_session(*session));
    }
  }
  void operator()(const state::ResultKey&) const {
    if (const auto reply = state::decode_reply(value); reply.ok()) {
      accept_only(value, state::encode_reply(*reply));
    }
  }
  void operator()(const state::RequestKey& key) const {
    if (const auto request = state::decode_request(key.asked, value); request.ok()) {
      accept_only(value, state::encode_request(*request));
    }
  }
  void operator()(const state::DelayKey&) const {
    if (const auto delay = state::decode_delay(value); delay.ok()) {
      accept_only(value, state::encode_delay(*delay));
    }
  }
  void operator()(const state::EventsKey& key) const {
    if (const auto events = state::decode_events(key.zxid, value); events.ok()) {
      accept_only(value, state::encode_events(*events));
    }
  }
};

// Everything that anybody may ask of a state.
void ask_everything(const state::StateMachine& machine) {
  machine.dues();
  machine.list_locks("/", "", 100);
  for (const state::SessionInfo& session : machine.sessions(SessionId(), 100)) {
    machine.acknowledged(session.id, machine.newest_event());
    machine.remembered(session.id, state::RequestNumber(1));
  }
  for (const char* path : {"/", "/a", "/a/b", "/lock", "/x"}) {
    machine.get(path);
    machine.list(path, "", 100);
    machine.lock_info(path);
  }
  machine.events_after(state::EventName(), [](const state::Event&) { return true; });
}

void go_on(state::StateMachine& machine, ByteSource& source) {
  ask_everything(machine);
  const Zxid loaded = machine.applied();
  if (loaded.epoch().value >= 0xfffffff0U) return;  // Beyond what a cell may reach.
  Zxid zxid(loaded.epoch().next(), 1);
  state::Command first;
  first.op = state::EpochBegun{.leader = ServerId(1)};
  machine.apply(zxid, first);
  for (int count = 0; count < 24; ++count) {
    zxid = Zxid(zxid.value + 1);
    machine.apply(zxid, random_command(source, count % 2 == 0 ? zxid : loaded));
    const Status sound = machine.audit();
    HOLDFAST_CHECK(sound.ok(), sound.message());
  }
  ask_everything(machine);
}

using Records = std::vector<std::pair<std::string, std::string>>;

void load(const Records& records, ByteSource& source) {
  state::StateMachine machine(state::StateLimits::defaults(), kCellPrefix);
  for (const auto& [key, value] : records) {
    if (!machine.load(key, value).ok()) return;
  }
  if (!machine.finish_load().ok()) return;
  const Status sound = machine.audit();
  HOLDFAST_CHECK(sound.ok(), "what loads is sound: " + sound.message());
  go_on(machine, source);
}

// A chunk on its way through a learner's store into its state.
void install(const std::string& chunk, ByteSource& source) {
  storage::MemStore store;
  const Zxid zxid(Epoch(1), 7);
  const std::vector<zab::PersistOp> ops = {
      zab::SetAcceptedEpoch{Epoch(1), true}, zab::BeginImage{zxid},
      zab::StageChunk{SharedBytes(chunk)}, zab::InstallImage{zxid}};
  const Status installed = store.persist(ops);
  if (!installed.ok()) {
    HOLDFAST_CHECK(installed.code() == StatusCode::kCorrupt, installed.message());
    return;
  }
  Records records;
  const auto loaded = store.load_image([&](std::string_view key, std::string_view value) {
    records.emplace_back(key, value);
    return Status();
  });
  HOLDFAST_CHECK(loaded.ok() && loaded->applied == zxid, "an installed image is not there");
  load(records, source);
}

void read_records(ByteSource& source) {
  Records records;
  storage::ChunkWriter chunk;
  for (std::size_t count = source.below(64); count > 0; --count) {
    const std::string key(source.text());
    const std::string value(source.text());
    if (records.empty() || records.back().first < key) chunk.add(key, value);
    records.emplace_back(key, value);
  }
  ByteSource commands = source;
  install(chunk.finish(), commands);
  load(records, source);
}

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  switch (source.byte()) {
    case 0: {
      const std::string_view key = source.text();
      const Result<state::ImageKey> parsed = state::parse_key(key);
      if (parsed.ok()) std::visit(ReadValue{source.rest()}, *parsed);
      return;
    }
    case 1: {
      const std::string chunk(source.text());
      return install(chunk, source);
    }
    default:
      return read_records(source);
  }
}

}  // namespace holdfast::fuzz
