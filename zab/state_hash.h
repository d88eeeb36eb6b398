#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "zab/base/hash.h"
#include "zab/base/ids.h"

namespace holdfast::zab {

// Gathers the parts of a state into one number. Times go in as distances from `now`, so that a
// state and the same state an hour later are equal.
class StateHash {
 public:
  explicit StateHash(Ticks now) : now_(now) {}

  template <typename T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) StateHash& add(T value) {
    value_ = hash_u64(static_cast<std::uint64_t>(value), value_);
    return *this;
  }
  template <typename Tag, typename Rep>
  StateHash& add(StrongId<Tag, Rep> id) {
    return add(id.value);
  }
  StateHash& add(Zxid zxid) { return add(zxid.value); }
  StateHash& add(std::string_view text) {
    value_ = hash_bytes(text, value_);
    return add(text.size());
  }
  StateHash& add_time(Ticks at) { return add(at - now_); }

  Ticks now() const { return now_; }
  std::uint64_t value() const { return value_; }

 private:
  Ticks now_;
  std::uint64_t value_ = kHashSeed;
};

}  // namespace holdfast::zab
