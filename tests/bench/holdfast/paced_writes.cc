#include "tests/bench/holdfast/paced_writes.h"

#include <algorithm>
#include <utility>

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;
using client::Error;
using client::ErrorCode;
using client::Outcome;
using client::Written;

constexpr std::size_t kNodes = 256;
// Between two looks at what is due the answers have their turn; and a timer for each write of many
// would cost more than the write.
constexpr std::size_t kBurstMax = 1'024;
constexpr Nanoseconds kPauseLeast = 100'000;
// So many in a row are of one session, and go out together when many are due at once: what is to be
// overloaded is the cell, before its generator.
constexpr std::size_t kRun = 16;

bool says_not_carried_out(const Error& error) {
  return error.code == ErrorCode::kLimit || error.code == ErrorCode::kNoSpace ||
         error.code == ErrorCode::kNoQuorum;
}

std::string name_of(const Error& error) {
  const std::string name(error_name(error.code));
  return error.limit_name.empty() ? name : name + "_" + error.limit_name;
}

}  // namespace

PacedWrites::PacedWrites(Generator& generator, const std::string& folder) : generator_(generator) {
  const std::size_t sessions = generator.sessions().size();
  const std::size_t count = (kNodes + sessions - 1) / sessions * sessions;
  for (std::size_t i = 0; i < count; ++i) {
    Node& node = nodes_.emplace_back();
    node.session = i % sessions;
    node.path = folder + "/k" + std::to_string(i);
    node.contents = value_for(node.path, generator.plan().value_bytes);
  }
}

asio::awaitable<void> PacedWrites::make_nodes() {
  for (Node& node : nodes_) {
    auto making = generator_.make_node(node.path, node.contents);
    const client::Stat stat = co_await std::move(making);
    node.first_generation = stat.content_generation;
  }
}

asio::awaitable<void> PacedWrites::send(OpenLoop& loop) {
  while (!loop.is_all_sent()) {
    for (std::size_t i = 0; i < kBurstMax; ++i) {
      const std::optional<Nanoseconds> due = loop.take_due(now_ns());
      if (!due) break;
      send_one(loop, nodes_[next_++ / kRun % nodes_.size()], *due);
    }
    co_await generator_.pause_until(std::max(loop.next_due(), now_ns() + kPauseLeast));
  }
}

asio::awaitable<void> PacedWrites::wait_for_answers(const OpenLoop& loop) {
  auto waiting =
      generator_.wait_until("all writes are answered", [&loop] { return loop.outstanding() == 0; });
  co_await std::move(waiting);
}

void PacedWrites::send_one(OpenLoop& loop, Node& node, Nanoseconds due) {
  client::async_call(generator_.session(node.session),
                     client::Set{.path = node.path, .contents = node.contents}, {},
                     [this, &loop, &node, due](const Outcome<Written>& written) {
                       if (written) {
                         on_written(node, *written);
                         return loop.on_answered(due, now_ns());
                       }
                       on_error(node, written.error());
                       loop.on_refused(due, now_ns(), name_of(written.error()));
                     });
}

void PacedWrites::on_written(Node& node, const Written& written) {
  const std::uint64_t generation = written.stat.content_generation;
  if (generation <= node.first_generation) return on_wrong(node.path + " was written back in time");
  const std::size_t place = generation - node.first_generation - 1;
  if (place >= node.acknowledged.size()) node.acknowledged.resize(place + 1);
  if (node.acknowledged[place]) on_wrong("two writes were the same one of " + node.path);
  node.acknowledged[place] = true;
  ++node.acknowledgements;
}

void PacedWrites::on_error(Node& node, const Error& error) {
  if (says_not_carried_out(error)) return;
  ++node.unknown;
  if (error.code != ErrorCode::kTimeout) on_wrong("a write was refused: " + to_string(error));
}

void PacedWrites::on_wrong(std::string what) {
  if (wrong_.empty()) wrong_ = std::move(what);
}

asio::awaitable<std::string> PacedWrites::find_wrong() {
  for (const Node& node : nodes_) {
    auto reading = generator_.must(generator_.session(0), client::Get{.path = node.path});
    const client::Contents read = co_await std::move(reading);
    const std::uint64_t carried_out = read.stat.content_generation - node.first_generation;
    if (read.contents != node.contents)
      on_wrong("other contents than were written to " + node.path);
    if (carried_out < node.acknowledged.size()) on_wrong("a write of " + node.path + " was undone");
    if (carried_out > node.acknowledgements + node.unknown) {
      on_wrong(node.path + " was written more often than it was asked for");
    }
  }
  if (generator_.lost_sessions() > 0) {
    on_wrong(std::to_string(generator_.lost_sessions()) + " sessions were lost");
  }
  co_return wrong_;
}

}  // namespace holdfast::bench
