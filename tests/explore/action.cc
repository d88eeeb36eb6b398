#include "tests/explore/action.h"

namespace holdfast::explore {

std::uint32_t pack(const Action& action) {
  return static_cast<std::uint32_t>(action.kind) | (std::uint32_t{action.at} << 4U) |
         (std::uint32_t{action.line.peer} << 6U) | (action.line.dialled ? 1U << 8U : 0U) |
         (std::uint32_t{action.line.rank} << 9U) | (std::uint32_t{action.keep} << 14U) |
         (std::uint32_t{action.torn} << 22U);
}

Action unpack(std::uint32_t packed) {
  return {.kind = static_cast<Kind>(packed & 0xfU),
          .at = static_cast<std::uint8_t>((packed >> 4U) & 3U),
          .line = {.peer = static_cast<std::uint8_t>((packed >> 6U) & 3U),
                   .dialled = ((packed >> 8U) & 1U) != 0,
                   .rank = static_cast<std::uint8_t>((packed >> 9U) & 0x1fU)},
          .keep = static_cast<std::uint8_t>((packed >> 14U) & 0xffU),
          .torn = static_cast<std::uint8_t>((packed >> 22U) & 0xffU)};
}

const char* name_of(Kind kind) {
  constexpr std::array<const char*, kKinds> kNames = {
      "lead",    "follow",  "deliver", "notice", "persist", "propose", "crash",
      "restart", "timeout", "ping",    "read",   "image",   "accept"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Action& action) {
  const std::string who = "replica " + std::to_string(action.at + 1);
  const std::string peer = std::to_string(action.line.peer + 1);
  switch (action.kind) {
    case Kind::kLead:
      return who + " is elected and leads";
    case Kind::kFollow:
      return who + " follows replica " + peer + " and connects to it";
    case Kind::kDeliver:
      return who + " receives the oldest message from replica " + peer;
    case Kind::kNotice:
      return who + " notices that a connection with replica " + peer + " is lost";
    case Kind::kPersist:
      return who + "'s disk completes the oldest operation";
    case Kind::kPropose:
      return who + " proposes";
    case Kind::kCrash:
      return who + " crashes; " + std::to_string(action.keep) + " queued operations survive" +
             (action.torn > 0 ? ", and " + std::to_string(action.torn) + " entries of the next"
                              : "");
    case Kind::kRestart:
      return who + " restarts";
    case Kind::kTimeout:
      return who + " has waited too long and leaves";
    case Kind::kPing:
      return who + "'s heartbeat is due";
    case Kind::kRead:
      return who + " is asked for a read";
    case Kind::kImage:
      return who + " syncs its image and purges its log";
    case Kind::kAccept:
      return who + " accepts a connection from replica " + peer;
  }
  return "";
}

}  // namespace holdfast::explore
