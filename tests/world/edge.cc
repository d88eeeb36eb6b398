#include "tests/world/edge.h"

#include <optional>
#include <utility>

#include "lockserver/net/rpc_routes.h"
#include "zab/base/limits.h"

namespace holdfast::world {

Listener* ClientEdge::accept(EndId end) {
  connections_.emplace(end, Connection{.lane = service_.open_lane(),
                                       .reader = FrameReader(limits::kClientFrameBytesMax),
                                       .queued = {}});
  return this;
}

void ClientEdge::on_bytes(EndId end, std::string_view bytes) {
  connections_.at(end).reader.feed(bytes);
  while (true) {
    const auto found = connections_.find(end);
    if (found == connections_.end()) return;
    const Result<std::optional<std::string_view>> frame = found->second.reader.next();
    if (frame.ok() && !frame->has_value()) return;
    const bool is_taken =
        frame.ok() && route(service_, found->second.lane, **frame, [this, end](std::string reply) {
                        on_reply(end, reply);
                      }).ok();
    if (!is_taken) {
      story_.count("client frame refused");
      network_.close(end);
      return on_gone(end, Gone::kClosed);
    }
  }
}

void ClientEdge::on_reply(EndId end, const std::string& message) {
  const auto found = connections_.find(end);
  if (found == connections_.end()) return;
  if (found->second.queued.empty()) dirty_.push_back(end);
  append_frame(found->second.queued, message);
}

void ClientEdge::flush() {
  for (const EndId end : std::exchange(dirty_, {})) {
    const auto found = connections_.find(end);
    if (found != connections_.end()) network_.send(end, std::exchange(found->second.queued, {}));
  }
}

void ClientEdge::on_gone(EndId end, Gone) {
  auto node = connections_.extract(end);
  if (!node.empty()) service_.close_lane(node.mapped().lane);
}

}  // namespace holdfast::world
