#pragma once

#include <cstddef>
#include <optional>
#include <variant>

#include "zab/message.h"

namespace holdfast::zab {

inline constexpr std::size_t kMessageKinds = std::variant_size_v<Message>;

namespace detail {

template <typename T, typename Variant>
struct KindOf;

template <typename T, typename... Ts>
struct KindOf<T, std::variant<Ts...>> {
  static constexpr std::size_t value() {
    constexpr bool kMatches[] = {std::is_same_v<T, Ts>...};
    for (std::size_t i = 0; i < sizeof...(Ts); ++i) {
      if (kMatches[i]) {
        return i;
      }
    }
    return sizeof...(Ts);
  }
};

}  // namespace detail

// The position of message type T in Message: kind<Ack>() == Message(Ack{}).index().
template <typename T>
constexpr std::size_t kind() {
  static_assert(detail::KindOf<T, Message>::value() < kMessageKinds, "T is no message");
  return detail::KindOf<T, Message>::value();
}

// What a stage says to a message (R10): it is handled, passed over (its connection is gone: R19),
// or closes its connection.
enum class Verdict { kHandle, kIgnore, kClose };

// The epoch that the message carries (R9); nothing for LearnerInfo, which comes before an epoch is
// agreed on.
inline std::optional<Epoch> epoch_of(const Message& message) {
  return std::visit(
      [](const auto& m) -> std::optional<Epoch> {
        if constexpr (requires { m.epoch; }) {
          return m.epoch;
        } else {
          return std::nullopt;
        }
      },
      message);
}

}  // namespace holdfast::zab
