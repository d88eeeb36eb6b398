#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "lockserver/net/peer_codec.h"
#include "lockserver/state/command_codec.h"
#include "lockserver/storage/record_codec.h"
#include "tests/bench/micro/words.h"
#include "thrift/gen/LockService.h"
#include "thrift/message.h"

// Bytes made of values and values of bytes, of a write of 100 bytes on all its way.

namespace holdfast::micro {
namespace {

void command_encode(benchmark::State& state) {
  const state::Command command = set_contents(7, "/a/node");
  std::string bytes;
  for (auto _ : state) {
    bytes = state::encode_command(command);
    benchmark::DoNotOptimize(bytes);
  }
  const Result<state::Command> decoded = state::decode_command(bytes);
  check(state, decoded.ok() && *decoded == command, "the command has changed");
}
BENCHMARK(command_encode)->Name("codec/command_encode");

void command_decode(benchmark::State& state) {
  const state::Command command = set_contents(7, "/a/node");
  const std::string bytes = state::encode_command(command);
  Result<state::Command> decoded = state::decode_command(bytes);
  for (auto _ : state) {
    decoded = state::decode_command(bytes);
    benchmark::DoNotOptimize(decoded);
  }
  check(state, decoded.ok() && *decoded == command, "the command has changed");
}
BENCHMARK(command_decode)->Name("codec/command_decode");

zab::Message proposal(std::int64_t entries) {
  return zab::Proposal{.epoch = Epoch(1),
                       .entries = entries_after(5, static_cast<std::uint32_t>(entries)),
                       .committed = Zxid(Epoch(1), 5)};
}

void peer_encode(benchmark::State& state) {
  const zab::Message message = proposal(state.range(0));
  std::string bytes;
  for (auto _ : state) {
    bytes = net::encode_peer_frame(message);
    benchmark::DoNotOptimize(bytes);
  }
  const Result<net::PeerFrame> decoded = net::decode_peer_frame(bytes);
  check(state, decoded.ok() && *decoded == net::PeerFrame(message), "the message has changed");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(peer_encode)->Name("codec/peer_proposal_encode")->Arg(1)->Arg(32);

void peer_decode(benchmark::State& state) {
  const zab::Message message = proposal(state.range(0));
  const std::string bytes = net::encode_peer_frame(message);
  Result<net::PeerFrame> decoded = net::decode_peer_frame(bytes);
  for (auto _ : state) {
    decoded = net::decode_peer_frame(bytes);
    benchmark::DoNotOptimize(decoded);
  }
  check(state, decoded.ok() && *decoded == net::PeerFrame(message), "the message has changed");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(peer_decode)->Name("codec/peer_proposal_decode")->Arg(1)->Arg(32);

using Arguments = api::LockService_set_contents_args;

Arguments call_arguments() {
  Arguments arguments;
  arguments.request.header.session_id = 0x0000000100000002;
  arguments.request.header.request_number = 7;
  arguments.request.path = "/a/node";
  arguments.request.contents = std::string(kPayloadBytes, 'c');
  return arguments;
}

MessageHead call_head() {
  return {.protocol = WireProtocol::kCompact,
          .method = "set_contents",
          .type = apache::thrift::protocol::T_CALL,
          .sequence_id = 9};
}

void client_encode(benchmark::State& state) {
  const Arguments arguments = call_arguments();
  std::string bytes;
  for (auto _ : state) {
    bytes = encode_message(call_head(), arguments);
    benchmark::DoNotOptimize(bytes);
  }
  const auto decoded = decode_message_body<Arguments>(bytes, kRequestLimits);
  check(state, decoded.ok() && **decoded == arguments, "the call has changed");
}
BENCHMARK(client_encode)->Name("codec/client_call_encode");

void client_decode(benchmark::State& state) {
  const Arguments arguments = call_arguments();
  const std::string bytes = encode_message(call_head(), arguments);
  auto decoded = decode_message_body<Arguments>(bytes, kRequestLimits);
  for (auto _ : state) {
    decoded = decode_message_body<Arguments>(bytes, kRequestLimits);
    benchmark::DoNotOptimize(decoded);
  }
  check(state, decoded.ok() && **decoded == arguments, "the call has changed");
}
BENCHMARK(client_decode)->Name("codec/client_call_decode");

void log_record_encode(benchmark::State& state) {
  const zab::Entry entry = entries_after(5, 1).front();
  const std::string key = storage::entry_key(entry.zxid);
  std::string record;
  for (auto _ : state) {
    storage::encode_entry(entry, key, record);
    benchmark::DoNotOptimize(record);
  }
  const Result<zab::Entry> decoded = storage::decode_entry(entry.zxid, record);
  check(state, decoded.ok() && *decoded == entry, "the entry has changed");
}
BENCHMARK(log_record_encode)->Name("codec/log_record_encode");

void log_record_decode(benchmark::State& state) {
  const zab::Entry entry = entries_after(5, 1).front();
  const std::string record = storage::encode_entry(entry);
  Result<zab::Entry> decoded = storage::decode_entry(entry.zxid, record);
  for (auto _ : state) {
    decoded = storage::decode_entry(entry.zxid, record);
    benchmark::DoNotOptimize(decoded);
  }
  check(state, decoded.ok() && *decoded == entry, "the entry has changed");
}
BENCHMARK(log_record_decode)->Name("codec/log_record_decode");

constexpr int kChunkRecords = 1000;

std::string image_chunk() {
  storage::ChunkWriter chunk;
  for (int i = 0; i < kChunkRecords; ++i) {
    chunk.add("n/a/node-" + std::to_string(i), std::string(kPayloadBytes, 'c'));
  }
  return chunk.finish();
}

void image_chunk_encode(benchmark::State& state) {
  std::string bytes;
  for (auto _ : state) {
    bytes = image_chunk();
    benchmark::DoNotOptimize(bytes);
  }
  int records = 0;
  check(state,
        storage::decode_chunk(bytes, [&](std::string_view, std::string_view) { ++records; }));
  check(state, records == kChunkRecords, "records are missing");
  state.SetItemsProcessed(state.iterations() * kChunkRecords);
}
BENCHMARK(image_chunk_encode)->Name("codec/image_chunk_encode");

void image_chunk_decode(benchmark::State& state) {
  const std::string bytes = image_chunk();
  std::int64_t records = 0;
  for (auto _ : state) {
    if (!check(state, storage::decode_chunk(
                          bytes, [&](std::string_view, std::string_view) { ++records; }))) {
      return;
    }
  }
  check(state, records == state.iterations() * kChunkRecords, "records are missing");
  state.SetItemsProcessed(records);
}
BENCHMARK(image_chunk_decode)->Name("codec/image_chunk_decode");

}  // namespace
}  // namespace holdfast::micro
