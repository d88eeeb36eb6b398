#include "client/cli/event_lines.h"

#include <cstdio>

namespace holdfast::cli {

void EventLines::say(const std::string& event, const Json& facts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (json_) {
    Json line = {{"event", event}};
    line.update(facts);
    print_json_line(line);
    return;
  }
  std::string line = event;
  for (const auto& [key, value] : facts.items()) {
    line += "  " + key + "=" +
            (value.is_string() ? clean_text(value.get<std::string>()) : value.dump());
  }
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace holdfast::cli
