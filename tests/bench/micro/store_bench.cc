#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "lockserver/storage/leveldb_store.h"
#include "tests/bench/micro/words.h"
#include "zab/base/check.h"

// The store: in memory (/dev/shm, where a sync costs nothing) what it costs itself, on the disk (in
// the folder for temporary files) what a batch takes with its sync.

namespace holdfast::micro {
namespace {

using storage::Opened;
using storage::Store;

const storage::Identity kIdentity{.cell_name = "micro",
                                  .cell_id = "00112233445566778899aabbccddeeff",
                                  .id = ServerId(1),
                                  .members = "1=127.0.0.1:1"};

// A replica's directory for one benchmark, on the machine's disk or in memory.
class Place {
 public:
  enum class Kind { kMemory, kDisk };

  explicit Place(Kind kind) {
    const char* folder = kind == Kind::kMemory ? "/dev/shm" : std::getenv("TMPDIR");
    root_ = std::string(folder != nullptr ? folder : "/tmp") + "/holdfast-micro-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(root_.data()) != nullptr, "no folder like " + root_);
    directory_ = root_ + "/replica";
    const Status made = storage::init(directory_, kIdentity, nullptr);
    HOLDFAST_CHECK(made.ok(), made.message());
  }
  ~Place() { std::filesystem::remove_all(root_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Result<Opened> open() const {
    storage::OpenOptions options;
    options.reserve_bytes = 0;
    return storage::open(directory_, options);
  }

 private:
  std::string root_;
  std::string directory_;
};

Status persist(Store& store, std::vector<zab::PersistOp> ops) {
  return store.persist(ops);
}

Status begin_epoch(Store& store) {
  return persist(store, {zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}});
}

void append(benchmark::State& state, Place::Kind kind) {
  const Place place(kind);
  const auto batch = static_cast<std::uint32_t>(state.range(0));
  std::uint32_t last = 0;
  {
    const Result<Opened> opened = place.open();
    if (!check(state, opened.status()) || !check(state, begin_epoch(*opened->store))) return;
    for (auto _ : state) {
      state.PauseTiming();
      std::vector<zab::PersistOp> ops{zab::Append{entries_after(last, batch)}};
      state.ResumeTiming();
      if (!check(state, opened->store->persist(ops))) return;
      last += batch;
    }
  }
  const Result<Opened> again = place.open();
  check(state, again.ok() && again->recovered.log_entries == last, "entries are missing");
  state.SetItemsProcessed(last);
}
BENCHMARK_CAPTURE(append, memory, Place::Kind::kMemory)
    ->Name("store/append/memory")
    ->Arg(1)
    ->Arg(32)
    ->Iterations(3000);
BENCHMARK_CAPTURE(append, disk, Place::Kind::kDisk)
    ->Name("store/append/disk")
    ->Arg(1)
    ->Arg(32)
    ->Arg(256)
    ->Iterations(2000)
    ->UseRealTime();

constexpr std::uint32_t kLogEntries = 20'000;

Status fill_log(Store& store) {
  Status status = begin_epoch(store);
  for (std::uint32_t last = 0; status.ok() && last < kLogEntries; last += 1000) {
    status = persist(store, {zab::Append{entries_after(last, 1000)}});
  }
  return status;
}

void read_log(benchmark::State& state) {
  const Place place(Place::Kind::kDisk);
  const Result<Opened> opened = place.open();
  if (!check(state, opened.status()) || !check(state, fill_log(*opened->store))) return;
  std::int64_t read = 0;
  const Zxid through(Epoch(1), kLogEntries);
  for (auto _ : state) {
    for (Zxid after; after < through;) {
      const auto some = opened->store->read_log(after, through, 1U << 20U);
      if (!check(state, some.status())) return;
      after = some->back().zxid;
      read += static_cast<std::int64_t>(some->size());
    }
  }
  check(state, read == state.iterations() * kLogEntries, "entries are missing");
  state.SetItemsProcessed(read);
}
BENCHMARK(read_log)->Name("store/read_log")->Unit(benchmark::kMillisecond);

// A start's scan: every checksum, every link of the chain.
void recover(benchmark::State& state) {
  const Place place(Place::Kind::kDisk);
  {
    const Result<Opened> opened = place.open();
    if (!check(state, opened.status()) || !check(state, fill_log(*opened->store))) return;
  }
  for (auto _ : state) {
    const Result<Opened> opened = place.open();
    if (!check(state, opened.status())) return;
    if (!check(state, opened->recovered.log_entries == kLogEntries, "entries are missing")) return;
  }
  state.SetItemsProcessed(state.iterations() * kLogEntries);
}
BENCHMARK(recover)->Name("store/open")->Unit(benchmark::kMillisecond)->UseRealTime();

constexpr int kImageWrites = 100;

void write_image(benchmark::State& state) {
  const Place place(Place::Kind::kDisk);
  const Result<Opened> opened = place.open();
  if (!check(state, opened.status()) || !check(state, fill_log(*opened->store))) return;
  Store& store = *opened->store;
  storage::ImageBatch batch{.generation = 1, .applied = {}, .writes = {}};
  std::int64_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    batch.applied = Zxid(Epoch(1), static_cast<std::uint32_t>(number / kImageWrites) + 1);
    batch.writes.clear();
    for (int i = 0; i < kImageWrites; ++i, ++number) {
      batch.writes.push_back({.key = "p/node-" + std::to_string(number % 10'000),
                              .value = std::string(kPayloadBytes, 'c')});
    }
    state.ResumeTiming();
    if (!check(state, store.write_image(batch))) return;
  }
  const Result<Zxid> synced = store.sync_image();
  check(state, synced.ok() && *synced == batch.applied, "the image is of another moment");
  state.SetItemsProcessed(number);
}
BENCHMARK(write_image)->Name("store/write_image_of_100")->Iterations(2000);

}  // namespace
}  // namespace holdfast::micro
