#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "lockserver/state/command.h"
#include "zab/base/status.h"
#include "zab/types.h"

// Words shared by the microbenchmarks. Each checks what it has measured: one that is wrong says so
// instead of giving a figure.

namespace holdfast::micro {

inline constexpr std::size_t kPayloadBytes = 100;

// False, and the benchmark fails with this sentence, when the condition does not hold.
inline bool check(benchmark::State& state, bool holds, const std::string& otherwise) {
  if (!holds) state.SkipWithError(otherwise.c_str());
  return holds;
}

inline bool check(benchmark::State& state, const Status& status) {
  return check(state, status.ok(), status.message());
}

// Consecutive entries of epoch 1 with payloads of kPayloadBytes.
inline std::vector<zab::Entry> entries_after(std::uint32_t last, std::uint32_t count) {
  std::vector<zab::Entry> entries;
  entries.reserve(count);
  for (std::uint32_t counter = last + 1; counter <= last + count; ++counter) {
    const Zxid prev = counter == 1 ? Zxid() : Zxid(Epoch(1), counter - 1);
    entries.push_back({.zxid = Zxid(Epoch(1), counter),
                       .prev = prev,
                       .payload = SharedBytes(std::string(kPayloadBytes, 'p'))});
  }
  return entries;
}

// A client's numbered request to set these contents.
inline state::Command set_contents(std::uint64_t number, std::string path) {
  state::Command command;
  command.session = SessionId(Zxid(Epoch(1), 2).value);
  command.request = state::RequestNumber(number);
  command.answered_below = state::RequestNumber(number);
  command.stamp = {.cluster_ms = 1000, .wall_ms = 1'700'000'000'000};
  state::SetContents set;
  set.path = std::move(path);
  set.contents = std::string(kPayloadBytes, 'c');
  command.op = std::move(set);
  return command;
}

}  // namespace holdfast::micro
