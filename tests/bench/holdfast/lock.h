#pragma once

#include <cstddef>
#include <string>

#include "client/lock_guard.h"

namespace holdfast::bench {

// What is known about one lock from the answers to all who take it.
struct Lock {
  std::string path;
  Zxid generation{};
  std::size_t holders = 0;  // To be taken back when the lock is given back.

  // What cannot be about this grant; empty if nothing.
  std::string on_granted(const client::LockGuard& guard) {
    const bool has_grown = guard.generation() > generation;
    generation = guard.generation();
    if (++holders != 1) return path + " has two holders";
    if (!has_grown) return "the generation of " + path + " does not grow";
    return guard.held() ? "" : "a lock that was granted is not held";
  }
};

}  // namespace holdfast::bench
