#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "zab/base/hash.h"
#include "zab/base/ids.h"

namespace holdfast::zab {

// Which differences between two states count. The default: all that decide the future.
struct Sight {
  // Without them two states are equal that differ only in deadlines, dice and votes: for who lets
  // time-outs and elections come at will.
  bool clock_and_election = true;
  // Other names of replicas and connections; what is not listed keeps its own.
  std::vector<std::pair<ServerId, std::uint64_t>> servers;
  std::vector<std::pair<ConnId, std::uint64_t>> conns;
};

// Gathers the parts of a state into one number. Times go in as distances from `now`, so that a
// state and the same state an hour later are equal.
class StateHash {
 public:
  explicit StateHash(Ticks now) : now_(now) {}
  // `sight` has to outlive this.
  StateHash(Ticks now, const Sight& sight) : now_(now), sight_(&sight) {}

  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) StateHash& add(T value) {
    value_ = mix(value_ ^ static_cast<std::uint64_t>(value));
    return *this;
  }
  template <typename Tag, typename Rep>
  StateHash& add(StrongId<Tag, Rep> id) {
    return add(id.value);
  }
  StateHash& add(ServerId id) { return add(sight_ ? name_of(sight_->servers, id) : id.value); }
  StateHash& add(ConnId id) { return add(sight_ ? name_of(sight_->conns, id) : id.value); }
  StateHash& add(Zxid zxid) { return add(zxid.value); }
  StateHash& add(std::string_view text) {
    return add(hash_bytes(text, kHashSeed)).add(text.size());
  }
  StateHash& add_time(Ticks at) { return sees_clock_and_election() ? add(at - now_) : *this; }
  // The elements of a set or map: `add_one(hash, element)` is called for each, and their order does
  // not count, because it would change with the names.
  template <typename Range, typename AddOne>
  StateHash& add_set(const Range& range, AddOne add_one) {
    std::uint64_t sum = range.size();
    for (const auto& element : range) {
      StateHash one(*this);
      one.value_ = kHashSeed;
      add_one(one, element);
      sum += one.value_;
    }
    return add(sum);
  }
  // A set of ids.
  template <typename Range>
  StateHash& add_ids(const Range& ids) {
    return add_set(ids, [](StateHash& hash, const auto& id) { hash.add(id); });
  }

  bool sees_clock_and_election() const { return !sight_ || sight_->clock_and_election; }
  std::uint64_t value() const { return value_; }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x *= 0x9fb21c651e98df25ULL;
    x ^= x >> 32U;
    x *= 0xd6e8feb86659fd93ULL;
    return x ^ (x >> 29U);
  }
  template <typename Id>
  static std::uint64_t name_of(const std::vector<std::pair<Id, std::uint64_t>>& names, Id id) {
    for (const auto& [own, name] : names) {
      if (own == id) {
        return name;
      }
    }
    return id.value;
  }

  Ticks now_;
  const Sight* sight_ = nullptr;
  std::uint64_t value_ = kHashSeed;
};

}  // namespace holdfast::zab
