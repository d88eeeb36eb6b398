// Clients that write, and repeat what they have no answer to, while replicas die, return, stall and
// are cut off, by seed.

#include <gtest/gtest.h>

#include "tests/replica/cell.h"
#include "tests/replica/client.h"

namespace holdfast::replica::testing {
namespace {

constexpr int kReplicas = 3;
constexpr Ticks kLongLease = 600'000;

// Writes its own node again and again, each time under the next number, and never gives a number
// up.
class Worker {
 public:
  Worker(Cell& cell, int at, std::string path) : cell_(cell), client_(cell, at), path_(path) {
    client_.open(kLongLease);
    open_ = client_.send(create(path_, ""));
  }

  void go_on(Random& dice) {
    const bool lost = !cell_.is_up(client_.at()) || cell_.node(client_.at()).incarnation != home_;
    if (lost) {
      move(dice);
    } else if (!open_) {
      open_ = again();
    } else if (outcome(open_) == "ok") {
      newest_zxid_ = open_->front().facts.zxid;
      ++written_;
      open_ = client_.send(set(path_, std::to_string(written_)));
    } else if (outcome(open_) != "open") {
      refusals_.insert(outcome(open_));
      move(dice);
    }
  }

  std::uint64_t written() const { return written_; }
  bool is_open() const { return open_ && open_->empty(); }
  const std::string& path() const { return path_; }
  SessionId session() const { return client_.session(); }
  const std::set<std::string>& refusals() const { return refusals_; }
  Zxid newest_zxid() const { return newest_zxid_; }
  std::uint64_t numbers() const { return client_.newest_number(); }

 private:
  void move(Random& dice) {
    const int at = 1 + static_cast<int>(dice.below(kReplicas));
    open_.reset();
    if (!cell_.is_up(at)) {
      return;
    }
    client_.move_to(at);
    home_ = cell_.node(at).incarnation;
    if (!client_.resume().refusal) {
      open_ = again();
    }
  }
  Soon<WriteAnswer> again() {
    const std::uint64_t number = client_.newest_number();
    return number == 1 ? client_.repeat(number, create(path_, ""), 0)
                       : client_.repeat(number, set(path_, std::to_string(number - 1)), 0);
  }

  Cell& cell_;
  Client client_;
  std::string path_;
  std::uint64_t home_ = 1;
  std::uint64_t written_ = 0;  // Answered with success.
  Soon<WriteAnswer> open_;
  Zxid newest_zxid_;
  std::set<std::string> refusals_;
};

void disturb(Cell& cell, Random& dice) {
  const int id = 1 + static_cast<int>(dice.below(kReplicas));
  switch (dice.below(7)) {
    case 0:
      if (cell.is_up(id)) cell.kill(id);
      break;
    case 1:
    case 2:
      if (!cell.is_up(id)) cell.start(id);
      break;
    case 3:
      cell.cut_off(id);
      break;
    case 4:
      cell.heal();
      break;
    case 5:
      if (cell.is_up(id)) cell.node(id).disk->stalled = !cell.node(id).disk->stalled;
      break;
    default:
      break;
  }
}

void restore(Cell& cell) {
  cell.heal();
  for (int id = 1; id <= kReplicas; ++id) {
    if (!cell.is_up(id)) cell.start(id);
    cell.node(id).disk->stalled = false;
  }
  cell.wait_for_leader();
}

class Chaos : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Chaos, EveryAcknowledgedWriteIsThereOnceOnEveryReplica) {
  Random dice(GetParam());
  const bool small_logs = dice.chance(1, 2);
  Cell cell({.adjust = [small_logs](ReplicaOptions& options) {
    options.image_flush_ms = 50;
    options.image_sync_ms = 100;
    if (small_logs) {
      options.log_bytes_max = 4'000;
      options.core.log_window_bytes = 1'000;
    }
  }});
  cell.wait_for_leader();
  std::vector<std::unique_ptr<Worker>> workers;
  for (int id = 1; id <= kReplicas; ++id) {
    workers.push_back(std::make_unique<Worker>(cell, id, "/w" + std::to_string(id)));
  }
  for (int round = 0; round < 150; ++round) {
    if (dice.chance(1, 5)) {
      disturb(cell, dice);
    }
    for (const auto& worker : workers) {
      worker->go_on(dice);
    }
    cell.advance(10 * static_cast<Ticks>(1 + dice.below(20)));
  }
  restore(cell);
  for (int round = 0; round < 20; ++round) {
    for (const auto& worker : workers) {
      worker->go_on(dice);
    }
    cell.advance(500);
  }
  for (int id = 1; id <= kReplicas; ++id) {
    ASSERT_EQ(cell.node(id).fatal, std::nullopt);
    ASSERT_TRUE(cell.replica(id).state().audit().ok());
    EXPECT_EQ(cell.replica(id).state().hash(), cell.replica(1).state().hash()) << id;
  }
  for (const auto& worker : workers) {
    EXPECT_GT(worker->written(), 10U);
    EXPECT_FALSE(worker->refusals().contains("SESSION_EXPIRED"));
    const auto node = cell.replica(1).state().get(worker->path());
    ASSERT_TRUE(node);
    // Each number once: the creation and one write for every further number.
    EXPECT_EQ(node->stat.content_generation, worker->numbers());
    EXPECT_EQ(node->contents, std::to_string(worker->numbers() - 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace holdfast::replica::testing
