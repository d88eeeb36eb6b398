#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>

#include <gtest/gtest.h>

#include "lockserver/storage/mem_store.h"
#include "tests/storage/support.h"

// A replica's disk loses power at every single write, sync and rename of a life that uses all
// operations, and in the midst of random lives. What was acknowledged must be there, what was under
// way must be there as a whole or not at all.

namespace holdfast::storage {
namespace {

// The naive model: all that one disk should say after a start.
struct Model {
  Epoch accepted;
  Epoch current;
  bool provisioned = false;
  Zxid base;
  std::vector<zab::Entry> log;
  std::map<Zxid, Records> images;  // Since the last sync: which states of the image may be found.
  Zxid image_durable;

  Model() { images[Zxid()] = {}; }
  Zxid last() const { return log.empty() ? base : log.back().zxid; }
  Zxid applied() const { return images.rbegin()->first; }

  void carry_out(const zab::SetAcceptedEpoch& op) {
    accepted = op.epoch;
    provisioned = provisioned || op.provisions;
  }
  void carry_out(const zab::SetCurrentEpoch& op) {
    current = op.epoch;
    provisioned = provisioned || op.provisions;
  }
  void carry_out(const zab::Append& op) {
    log.insert(log.end(), op.entries.begin(), op.entries.end());
  }
  void carry_out(const zab::TruncateTo& op) {
    std::erase_if(log, [&](const zab::Entry& entry) { return entry.zxid > op.last; });
  }
  void carry_out(const zab::Purge& op) {
    std::erase_if(log, [&](const zab::Entry& entry) { return entry.zxid <= op.through; });
    base = std::max(base, op.through);
  }
  Records staged;
  void carry_out(const zab::BeginImage&) { staged.clear(); }
  void carry_out(const zab::StageChunk& op) {
    const Status status =
        decode_chunk(op.bytes.view(), [&](std::string_view key, std::string_view value) {
          staged[std::string(key)] = std::string(value);
        });
    HOLDFAST_CHECK(status.ok(), status.message());
  }
  void carry_out(const zab::InstallImage& op) {
    log.clear();
    base = op.zxid;
    images = {{op.zxid, staged}};
    image_durable = op.zxid;
  }

  // Empty when a start that found this agrees; otherwise why not.
  std::string objection(const Recovered& found, const Image& image) const {
    const zab::DurableState& durable = found.durable;
    if (durable.accepted != accepted || durable.current != current) return "epochs";
    if ((durable.membership == zab::Membership::kProvisioned) != provisioned) return "provisioned";
    if (durable.base != base) return "base " + to_string(durable.base) + " for " + to_string(base);
    if (durable.tail != log)
      return "entries: " + std::to_string(durable.tail.size()) + " for " +
             std::to_string(log.size());
    if (image.applied < image_durable)
      return "image " + to_string(image.applied) + " behind " + to_string(image_durable);
    const auto state = images.find(image.applied);
    if (state == images.end()) return "image of an unknown moment " + to_string(image.applied);
    if (state->second != image.records)
      return "records of the image at " + to_string(image.applied);
    return "";
  }
};

// One replica's disk through crashes and restarts, with its model beside it.
class Life {
 public:
  Life() : disk_(initialised_disk()) { start(); }

  Store& store() { return *opened_->store; }
  bool is_alive() const { return opened_.has_value() && !has_failed_; }
  const Model& model() const { return model_; }
  std::size_t changes() const { return *changes_; }

  // From the change of this number on (counted since the last start of counting) the disk does
  // nothing any more.
  void lose_power_at(std::size_t change) {
    auto counter = std::make_shared<std::atomic<std::size_t>>(0);
    changes_ = counter;
    disk_->set_judge([counter, change](FaultEnv::Op, const std::string& path) {
      return counter->fetch_add(1) >= change ? leveldb::Status::IOError(path, "no power")
                                             : leveldb::Status::OK();
    });
  }

  void persist(std::vector<zab::PersistOp> ops) {
    if (!is_alive()) return;
    Model next = model_;
    for (const zab::PersistOp& op : ops) std::visit([&](const auto& o) { next.carry_out(o); }, op);
    if (store().persist(ops).ok()) {
      model_ = std::move(next);
    } else {
      under_way_ = std::move(next);
      has_failed_ = true;
    }
  }

  void write_image(Zxid applied, std::vector<state::Write> writes) {
    if (!is_alive()) return;
    Records records = model_.images.rbegin()->second;
    for (const state::Write& write : writes) {
      records.erase(write.key);
      if (write.value) records[write.key] = *write.value;
    }
    model_.images[applied] = std::move(records);
    has_failed_ =
        !store()
             .write_image(
                 {.generation = generation_, .applied = applied, .writes = std::move(writes)})
             .ok();
  }

  void sync_image() {
    if (!is_alive()) return;
    const Result<Zxid> durable = store().sync_image();
    has_failed_ = !durable.ok();
    if (has_failed_) return;
    EXPECT_EQ(*durable, model_.applied());
    model_.image_durable = *durable;
    model_.images.erase(model_.images.begin(), model_.images.find(*durable));
  }

  void install(Zxid zxid, const Records& records, std::vector<zab::PersistOp> rest) {
    MemStore source;
    std::vector<state::Write> writes;
    for (const auto& [key, value] : records) writes.push_back(put(key, value));
    HOLDFAST_CHECK(storage::write_image(source, zxid, writes).ok(), "source");
    std::vector<SharedBytes> chunks = chunks_of(source, 3000);
    persist({zab::BeginImage{zxid}});
    for (const SharedBytes& chunk : chunks) persist({zab::StageChunk{chunk}});
    rest.insert(rest.begin(), zab::InstallImage{zxid});
    persist(std::move(rest));
    if (is_alive()) generation_ = load(store()).generation;
  }

  void remove_garbage(int steps) {
    for (; steps > 0 && is_alive(); --steps) has_failed_ = !store().remove_garbage().ok();
  }

  // The process ends in order and starts again; power may go in the midst of the start.
  void restart() {
    if (!is_alive()) return;
    opened_.reset();
    Result<Opened> opened = open("/data", options());
    if (!opened.ok()) return;
    opened_ = std::move(opened).value();
    check();
  }

  // Whatever was under way ends; the machine comes back; what it finds must be right.
  void crash(FaultEnv::Loss loss, Random& dice) {
    disk_->set_judge([](FaultEnv::Op, const std::string& path) {
      return leveldb::Status::IOError(path, "no power");
    });
    opened_.reset();
    disk_->set_judge(nullptr);
    disk_->crash(loss, dice);
    start();
  }

 private:
  OpenOptions options() const {
    OpenOptions options = options_for(disk_);
    options.tail_bytes_max = 1U << 30U;
    options.log_buffer_bytes =
        64U << 10U;  // The least that LevelDB takes: tables and compactions come into play.
    options.image_buffer_bytes = 64U << 10U;
    return options;
  }

  void start() {
    Result<Opened> opened = open("/data", options());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    opened_ = std::move(opened).value();
    check();
  }

  void check() {
    const Image image = load(store());
    const std::string objection = model_.objection(opened_->recovered, image);
    if (!objection.empty()) {
      ASSERT_TRUE(under_way_.has_value()) << objection;
      ASSERT_EQ(under_way_->objection(opened_->recovered, image), "")
          << "and without what was under way: " << objection;
      model_ = std::move(*under_way_);
    }
    under_way_.reset();
    has_failed_ = false;
    generation_ = image.generation;
    model_.images = {{image.applied, image.records}};
    model_.image_durable = image.applied;
    EXPECT_EQ(opened_->recovered.log_entries, model_.log.size());
  }

  std::shared_ptr<FaultEnv> disk_;
  std::optional<Opened> opened_;
  Model model_;
  std::optional<Model> under_way_;
  bool has_failed_ = false;
  std::uint64_t generation_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> changes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

std::vector<zab::Entry> big_entries(Zxid prev, Zxid first, Zxid last, std::size_t bytes) {
  std::vector<zab::Entry> made = entries(prev, first, last);
  for (zab::Entry& entry : made)
    entry.payload = SharedBytes(to_string(entry.zxid) + std::string(bytes, 'p'));
  return made;
}

// Uses every operation of a store.
void live(Life& life) {
  life.persist({zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}});
  life.persist({zab::SetCurrentEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 3))});
  life.persist({zab::Append{big_entries(z(1, 3), z(1, 4), z(1, 30), 4000)}});
  life.write_image(z(1, 5), {put("a", "5"), put("b", std::string(9000, 'b'))});
  life.write_image(z(1, 8), {put("a", "8"), erase("b")});
  life.sync_image();
  life.write_image(z(1, 9), {put("c", std::string(50'000, 'c'))});
  life.write_image(z(1, 10), {put("d", std::string(50'000, 'd')), put("a", "10")});
  life.persist({zab::SetAcceptedEpoch{.epoch = Epoch(2)}, zab::TruncateTo{z(1, 15)},
                append(z(1, 15), z(2, 1), z(2, 5)), zab::SetCurrentEpoch{.epoch = Epoch(2)}});
  life.persist({zab::Purge{z(1, 8)}});
  life.remove_garbage(3);
  life.write_image(z(2, 4), {put("e", std::string(50'000, 'e'))});
  life.restart();
  life.persist({append(z(2, 5), z(2, 6), z(2, 9))});
  life.install(z(3, 4), {{"x", std::string(5000, 'x')}, {"y", "1"}, {"z", std::string(5000, 'z')}},
               {zab::SetAcceptedEpoch{.epoch = Epoch(4)},
                zab::Append{big_entries(z(3, 4), z(3, 5), z(3, 12), 9000)},
                zab::SetCurrentEpoch{.epoch = Epoch(4)}});
  life.write_image(z(3, 5), {put("y", "5")});
  life.remove_garbage(12);
  life.sync_image();
  life.persist({zab::Purge{z(3, 5)}, append(z(3, 12), z(4, 1), z(4, 2))});
  life.write_image(z(4, 1), {put("y", "41")});
}

class Losses : public testing::TestWithParam<FaultEnv::Loss> {};

INSTANTIATE_TEST_SUITE_P(Crash, Losses,
                         testing::Values(FaultEnv::Loss::kAll, FaultEnv::Loss::kNothing,
                                         FaultEnv::Loss::kTails, FaultEnv::Loss::kPages,
                                         FaultEnv::Loss::kGarbage));

// Each kind of loss takes every change up to the hundredth, and each its own third of the later
// ones.
TEST_P(Losses, PowerMayGoAtEveryChangeToTheDisk) {
  const std::size_t offset = static_cast<std::size_t>(GetParam()) % 3;
  for (std::size_t change = 0; true; ++change) {
    if (change > 100 && change % 3 != offset) continue;
    SCOPED_TRACE("change " + std::to_string(change));
    Random dice(change);
    Life life;
    life.lose_power_at(change);
    live(life);
    const bool went_through = life.is_alive() && life.changes() <= change;
    life.crash(GetParam(), dice);
    ASSERT_FALSE(testing::Test::HasFatalFailure());
    // And it goes on.
    const Zxid last = life.model().last();
    const Epoch epoch(std::max(life.model().accepted.value, last.epoch().value) + 1);
    life.persist(
        {zab::SetAcceptedEpoch{.epoch = epoch}, append(last, Zxid(epoch, 1), Zxid(epoch, 2))});
    life.write_image(Zxid(epoch, 1), {put("after", "crash")});
    life.restart();
    ASSERT_TRUE(life.is_alive());
    if (went_through) {
      EXPECT_GT(change, 100U);
      return;
    }
  }
}

class RandomLife {
 public:
  explicit RandomLife(std::uint64_t seed) : dice_(seed) {}

  void run() {
    life_.persist({zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true},
                   zab::SetCurrentEpoch{.epoch = Epoch(1)}});
    for (int round = 0; round < 12; ++round) {
      life_.lose_power_at(dice_.below(120));
      for (int step = 0; step < 60 && life_.is_alive(); ++step) take_step();
      constexpr FaultEnv::Loss kLosses[] = {FaultEnv::Loss::kAll, FaultEnv::Loss::kNothing,
                                            FaultEnv::Loss::kTails, FaultEnv::Loss::kPages,
                                            FaultEnv::Loss::kGarbage};
      life_.crash(kLosses[dice_.below(std::size(kLosses))], dice_);
      if (testing::Test::HasFatalFailure()) return;
    }
  }

 private:
  const Model& model() const { return life_.model(); }

  std::vector<zab::Entry> some_entries(Zxid prev) {
    const Zxid first =
        prev.epoch() == model().accepted && !dice_.chance(1, 10)
            ? Zxid(prev.value + 1)
            : Zxid(model().accepted, prev.epoch() == model().accepted ? prev.counter() + 1 : 1);
    return big_entries(prev, first, Zxid(first.value + dice_.below(20)),
                       dice_.below(dice_.chance(1, 4) ? 9000 : 300));
  }

  void take_step() {
    const std::uint64_t choice = dice_.below(100);
    if (choice < 40) {
      life_.persist({zab::Append{some_entries(model().last())}});
    } else if (choice < 65) {
      write_some_image();
    } else if (choice < 73) {
      life_.sync_image();
    } else if (choice < 80) {
      if (model().image_durable > model().base) life_.persist({zab::Purge{model().image_durable}});
    } else if (choice < 86) {
      truncate();
    } else if (choice < 89) {
      const Epoch epoch(model().accepted.value + 1);
      life_.persist({zab::SetAcceptedEpoch{.epoch = epoch}});
    } else if (choice < 92) {
      install();
    } else if (choice < 97) {
      life_.remove_garbage(4);
    } else {
      life_.restart();
    }
  }

  void write_some_image() {
    std::vector<Zxid> ahead;
    for (const zab::Entry& entry : model().log) {
      if (entry.zxid > model().applied()) ahead.push_back(entry.zxid);
    }
    if (ahead.empty()) return;
    const Zxid applied = ahead[dice_.below(std::min<std::size_t>(ahead.size(), 5))];
    std::vector<state::Write> writes;
    for (std::uint64_t left = dice_.below(6); left > 0; --left) {
      const std::string key = "k" + std::to_string(dice_.below(30));
      writes.push_back(dice_.chance(1, 4)
                           ? erase(key)
                           : put(key, std::string(dice_.below(6000), 'v') + to_string(applied)));
    }
    life_.write_image(applied, std::move(writes));
  }

  void truncate() {
    std::vector<Zxid> allowed;
    for (const zab::Entry& entry : model().log) {
      if (entry.zxid >= model().applied()) allowed.push_back(entry.zxid);
    }
    if (allowed.empty()) return;
    const Zxid to = allowed[dice_.below(allowed.size())];
    const Epoch epoch(model().accepted.value + 1);
    const Zxid first(epoch, 1);
    life_.persist({zab::SetAcceptedEpoch{.epoch = epoch}, zab::TruncateTo{to},
                   zab::Append{big_entries(to, first, Zxid(epoch, 5), 50)},
                   zab::SetCurrentEpoch{.epoch = epoch}});
  }

  // Between the ends of the log or beyond it: entries on both sides of the new base must go.
  void install() {
    const Epoch epoch(model().accepted.value + 1);
    const Zxid zxid = dice_.chance(1, 2) ? Zxid(epoch, 7) : Zxid(model().applied().value + 1);
    if (zxid.counter() == 0 || zxid.epoch().is_none()) return;
    life_.install(zxid, {{"k1", to_string(zxid)}, {"k40", std::string(4000, 'i')}},
                  {zab::SetAcceptedEpoch{.epoch = epoch}, zab::SetCurrentEpoch{.epoch = epoch}});
  }

  Random dice_;
  Life life_;
};

TEST(Crash, RandomLivesLoseNothingThatWasAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLife(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

// Fails the `which`-th change of a kind, and only that one.
struct OneFailure {
  FaultEnv::Op op = FaultEnv::Op::kSync;
  int which = 0;
  std::string message;
};

// Persists until a failure; then everything must go on failing. Returns the entries that were
// acknowledged.
std::uint32_t persist_until_failure(const std::shared_ptr<FaultEnv>& disk,
                                    const OneFailure& failure, StatusCode* code) {
  Opened opened = open_ok(disk);
  int seen = 0;
  disk->set_judge([&](FaultEnv::Op op, const std::string& path) {
    return op == failure.op && seen++ == failure.which
               ? leveldb::Status::IOError(path, failure.message)
               : leveldb::Status::OK();
  });
  EXPECT_TRUE(
      persist(*opened.store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}}).ok());
  for (std::uint32_t i = 1; i < 100; ++i) {
    const Zxid prev = i == 1 ? Zxid() : z(1, i - 1);
    const Status status = persist(*opened.store, {append(prev, z(1, i), z(1, i))});
    if (status.ok()) continue;
    *code = status.code();
    for (int again = 0; again < 3; ++again) {
      EXPECT_EQ(persist(*opened.store, {append(z(1, i), z(1, i + 1), z(1, i + 1))}), status);
    }
    opened.store.reset();
    disk->set_judge(nullptr);
    return i - 1;
  }
  ADD_FAILURE() << "nothing failed";
  return 0;
}

TEST(Crash, AfterAFailedSyncNothingIsWrittenAnyMore) {
  for (int which = 1; which < 20; which += 3) {
    const auto disk = initialised_disk();
    StatusCode code = StatusCode::kOk;
    const std::uint32_t acknowledged = persist_until_failure(
        disk, {.op = FaultEnv::Op::kSync, .which = which, .message = "Input/output error"}, &code);
    EXPECT_EQ(code, StatusCode::kIo);
    Random dice(1);
    disk->crash(FaultEnv::Loss::kAll, dice);
    EXPECT_EQ(open_ok(disk).recovered.log_entries, acknowledged);
  }
}

TEST(Crash, AFullDiskIsNamedAsSuch) {
  const auto disk = initialised_disk();
  StatusCode code = StatusCode::kOk;
  const std::uint32_t acknowledged = persist_until_failure(
      disk, {.op = FaultEnv::Op::kAppend, .which = 15, .message = "No space left on device"},
      &code);
  EXPECT_EQ(code, StatusCode::kNoSpace);
  EXPECT_GT(acknowledged, 0U);
  EXPECT_GE(open_ok(disk).recovered.log_entries, acknowledged);
}

TEST(Crash, AFailedSyncOfTheImageIsFinal) {
  const auto disk = initialised_disk();
  Opened opened = open_ok(disk);
  ASSERT_TRUE(persist(*opened.store,
                      {zab::SetAcceptedEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 3))})
                  .ok());
  ASSERT_TRUE(write_image(*opened.store, z(1, 1), {put("a", "1")}).ok());
  bool has_failed = false;
  disk->set_judge([&](FaultEnv::Op op, const std::string& path) {
    return op == FaultEnv::Op::kSync && !std::exchange(has_failed, true)
               ? leveldb::Status::IOError(path, "bad")
               : leveldb::Status::OK();
  });
  EXPECT_EQ(opened.store->sync_image().status().code(), StatusCode::kIo);
  EXPECT_FALSE(opened.store->sync_image().ok());
  EXPECT_FALSE(write_image(*opened.store, z(1, 2), {put("a", "2")}).ok());
  opened.store.reset();
  disk->set_judge(nullptr);
}

TEST(Crash, AFailedInstallationLeavesTheOldStateForTheNextStart) {
  for (const FaultEnv::Op op :
       {FaultEnv::Op::kAppend, FaultEnv::Op::kSync, FaultEnv::Op::kCreate, FaultEnv::Op::kRename,
        FaultEnv::Op::kSyncDirectory, FaultEnv::Op::kCreateDirectory}) {
    const auto disk = initialised_disk();
    Opened opened = open_ok(disk);
    ASSERT_TRUE(persist(*opened.store,
                        {zab::SetAcceptedEpoch{.epoch = Epoch(1)}, append({}, z(1, 1), z(1, 3))})
                    .ok());
    const SharedBytes chunk = chunks_of(*opened.store, 1000)[0];
    disk->set_judge([op](FaultEnv::Op did, const std::string& path) {
      return did == op ? leveldb::Status::IOError(path, "bad") : leveldb::Status::OK();
    });
    EXPECT_FALSE(persist(*opened.store, {zab::BeginImage{z(1, 9)}, zab::StageChunk{chunk},
                                         zab::InstallImage{z(1, 9)}})
                     .ok());
    opened.store.reset();
    disk->set_judge(nullptr);
    const Opened again = open_ok(disk);
    EXPECT_EQ(again.recovered.durable.base, Zxid());
    EXPECT_EQ(again.recovered.log_entries, 3U);
  }
}

}  // namespace
}  // namespace holdfast::storage
