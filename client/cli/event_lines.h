#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "client/cli/output.h"

namespace holdfast::cli {

// What happens over time, a line each, at once and from any thread: "acquired  lock=/x  …", or an
// object of JSON whose first member is "event".
class EventLines {
 public:
  explicit EventLines(bool json) : json_(json) {}
  void say(const std::string& event, const Json& facts);

 private:
  bool json_;
  std::mutex mutex_;
};

}  // namespace holdfast::cli
