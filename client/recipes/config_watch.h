#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "client/recipes/followed.h"
#include "client/session.h"

namespace holdfast::client {

// What stood in a node.
struct ConfigValue {
  Zxid zxid{};                            // As of which it stood there.
  std::optional<std::string> contents{};  // Absent if there was no node.
  Stat stat{};                            // Of the node, if there was one.
};

// The contents of a node, always as last known; the node may come into being and go again.
//
//   auto settings = hf::ConfigWatch::open(session, "/svc/settings", [](const hf::ConfigValue& now)
//   {
//     if (now.contents) apply(*now.contents);
//   });
//   settings->value().contents; settings->value().zxid; settings->is_current();
//
// Its other members are those of Followed. Each other writing of the node is a state, also one that
// writes what stood there before; the zxid goes on without one when the node was read again.
class ConfigWatch : public Followed<ConfigValue> {
 public:
  ConfigWatch() = default;

  // Waits until the first value is known, as long as the session lives. `on_change` may be empty;
  // it is called on the dispatcher with each state, the first included, and must not throw.
  // BAD_ARGUMENT: no path. SESSION_EXPIRED.
  static Outcome<ConfigWatch> open(Session& session, std::string path,
                                   std::function<void(const ConfigValue&)> on_change);
  // The form on which the other is made; `done` is called on the dispatcher, after the first
  // on_change.
  static void open(Session& session, std::string path,
                   std::function<void(const ConfigValue&)> on_change,
                   std::function<void(Outcome<ConfigWatch>)> done);

 private:
  explicit ConfigWatch(Followed<ConfigValue> followed) : Followed(std::move(followed)) {}
};

extern template class Followed<ConfigValue>;

}  // namespace holdfast::client
