#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace holdfast {

// An integer that does not mix with integers of another meaning. 0 is "none" unless the alias below
// says otherwise.
template <typename Tag, typename Rep = std::uint64_t>
struct StrongId {
  Rep value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}

  constexpr bool is_none() const { return value == 0; }
  constexpr StrongId next() const { return StrongId(static_cast<Rep>(value + 1)); }
  constexpr auto operator<=>(const StrongId&) const = default;
};

// Number of a leader's reign. 0 is the epoch before the first leader.
using Epoch = StrongId<struct EpochTag, std::uint32_t>;

// Names one replica of a cell; unique, fixed, at least 1.
using ServerId = StrongId<struct ServerIdTag>;

// Names one run of a replica's process: drawn at random at its start.
using Incarnation = StrongId<struct IncarnationTag>;

// Names one connection between two replicas at one of its ends. Given by the driver, never reused
// within a run.
using ConnId = StrongId<struct ConnIdTag>;

// Names one attempt of the core to connect to a peer. Given by the core, never reused within a run.
using DialId = StrongId<struct DialIdTag>;

// Position in the persist queue of one run of a replica: strictly increasing from 1.
using Token = StrongId<struct TokenTag>;

// A client's session: the zxid of the entry that opened it, as an integer.
using SessionId = StrongId<struct SessionIdTag>;

// Milliseconds of a monotonic, suspend-aware clock with an arbitrary start. The core only compares
// and subtracts them.
using Ticks = std::int64_t;

// Position of a committed command in the history: epoch in the high, counter in the low 32 bits.
// The first proposal of an epoch has counter 1; (e, 0) names the point at which epoch e begins and
// belongs to no entry. (0, 0) is the empty history.
struct Zxid {
  std::uint64_t value = 0;

  constexpr Zxid() = default;
  constexpr explicit Zxid(std::uint64_t v) : value(v) {}
  constexpr Zxid(Epoch epoch, std::uint32_t counter)
      : value((static_cast<std::uint64_t>(epoch.value) << 32U) | counter) {}

  constexpr Epoch epoch() const { return Epoch(static_cast<std::uint32_t>(value >> 32U)); }
  constexpr std::uint32_t counter() const { return static_cast<std::uint32_t>(value); }
  constexpr bool is_none() const { return value == 0; }
  constexpr auto operator<=>(const Zxid&) const = default;
};

// "7.41" for the 41st entry of epoch 7.
inline std::string to_string(Zxid zxid) {
  return std::to_string(zxid.epoch().value) + "." + std::to_string(zxid.counter());
}

template <typename Tag, typename Rep>
std::string to_string(StrongId<Tag, Rep> id) {
  return std::to_string(id.value);
}

}  // namespace holdfast
