#pragma once

#include <cstddef>
#include <unordered_map>

#include "zab/base/ids.h"

namespace holdfast::replica {

struct HashOfId {
  template <typename Tag>
  std::size_t operator()(StrongId<Tag> id) const noexcept {
    return id.value;
  }
};

// Where tens of thousands are looked up all the time and nobody asks for their order: the way down
// a tree would be a dozen misses of the cache.
template <typename Id, typename Value>
using IdMap = std::unordered_map<Id, Value, HashOfId>;

}  // namespace holdfast::replica
