#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "lockserver/storage/leveldb_store.h"

// The write path of a store while its image is written and its log purged for as long as is asked:
// how long a batch takes, the slowest of a thousand included. Two threads, as in holdfastd.

namespace holdfast::micro {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Plan {
  std::string directory;
  double seconds = 60;
  std::uint32_t batch = 8;
  std::size_t payload_bytes = 100;
  std::uint32_t batches_per_second = 0;  // 0: one after the other.
  std::uint64_t log_bytes_max = 64U << 20U;
  std::size_t log_buffer_bytes = storage::OpenOptions().log_buffer_bytes;
  bool has_image = true;
  bool has_purge = true;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "store_load: {}\n", why);
  std::exit(1);
}

void must(const Status& status) {
  if (!status.ok()) give_up(status.message());
}

Zxid zxid_at(std::uint64_t number) {
  return number == 0 ? Zxid() : Zxid(Epoch(1), static_cast<std::uint32_t>(number));
}

std::vector<zab::Entry> entries_after(std::uint64_t last, const Plan& plan) {
  std::vector<zab::Entry> entries;
  entries.reserve(plan.batch);
  for (std::uint64_t number = last + 1; number <= last + plan.batch; ++number) {
    entries.push_back({.zxid = zxid_at(number),
                       .prev = zxid_at(number - 1),
                       .payload = SharedBytes(std::string(plan.payload_bytes, 'p'))});
  }
  return entries;
}

// What the image thread does meanwhile: a batch of what was appended, each 20 ms; a sync, when the
// log is to be purged; a step of the removal each 20 ms.
class Image {
 public:
  Image(storage::Store& store, const Plan& plan) : store_(store), plan_(plan) {
    thread_ = std::thread([this] { run(); });
  }
  ~Image() {
    stopping_ = true;
    thread_.join();
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  void appended(std::uint64_t through) { appended_ = through; }
  std::uint64_t synced() const { return synced_; }
  void want_sync() { wants_sync_ = true; }

 private:
  void run() {
    while (!stopping_) {
      std::this_thread::sleep_for(milliseconds(20));
      if (plan_.has_image) write();
      if (wants_sync_.exchange(false)) {
        const Result<Zxid> synced = store_.sync_image();
        must(synced.status());
        synced_ = synced->counter();
      }
      must(store_.remove_garbage().status());
    }
  }

  void write() {
    const std::uint64_t through = appended_;
    if (through == written_) return;
    storage::ImageBatch batch{.generation = 1, .applied = zxid_at(through), .writes = {}};
    for (; written_ < through; ++written_) {
      batch.writes.push_back({.key = "p/node-" + std::to_string(written_ * 7919 % 100'000),
                              .value = std::string(plan_.payload_bytes, 'c')});
    }
    must(store_.write_image(batch));
  }

  storage::Store& store_;
  const Plan& plan_;
  std::uint64_t written_ = 0;
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::uint64_t> synced_{0};
  std::atomic<bool> wants_sync_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code gone;  // Files come and go meanwhile.
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory, gone)) {
    const std::uint64_t size = file.is_regular_file(gone) ? file.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

struct Outcome {
  std::vector<std::uint32_t> latencies_us;
  std::uint64_t entries = 0;
  std::uint64_t purges = 0;
  std::uint64_t directory_bytes_max = 0;
};

Outcome run_load(storage::Store& store, const Plan& plan) {
  Outcome outcome;
  Image image(store, plan);
  const Clock::time_point start = Clock::now();
  const Clock::time_point end =
      start + duration_cast<Clock::duration>(std::chrono::duration<double>(plan.seconds));
  Clock::time_point next_look = start;
  std::uint64_t purged = 0;
  for (Clock::time_point begun = start; begun < end; begun = Clock::now()) {
    std::vector<zab::PersistOp> ops{zab::Append{entries_after(outcome.entries, plan)}};
    if (plan.has_purge && store.log_bytes() > plan.log_bytes_max) {
      const std::uint64_t middle = purged + (outcome.entries - purged) / 2;
      if (image.synced() >= middle) {
        ops.emplace_back(zab::Purge{zxid_at(middle)});
        purged = middle;
        ++outcome.purges;
      } else {
        image.want_sync();
      }
    }
    begun = Clock::now();
    must(store.persist(ops));
    outcome.latencies_us.push_back(
        static_cast<std::uint32_t>(duration_cast<microseconds>(Clock::now() - begun).count()));
    outcome.entries += plan.batch;
    image.appended(outcome.entries);
    if (begun >= next_look) {
      outcome.directory_bytes_max = std::max(outcome.directory_bytes_max, bytes_in(plan.directory));
      next_look = begun + std::chrono::seconds(1);
    }
    if (plan.batches_per_second != 0) {
      std::this_thread::sleep_until(start + outcome.latencies_us.size() *
                                                microseconds(1'000'000 / plan.batches_per_second));
    }
  }
  return outcome;
}

double cpu_seconds() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void report(Outcome outcome, const Plan& plan) {
  std::sort(outcome.latencies_us.begin(), outcome.latencies_us.end());
  const auto quantile = [&](double q) {
    const auto count = static_cast<double>(outcome.latencies_us.size());
    return outcome.latencies_us[static_cast<std::size_t>(std::ceil(q * count)) - 1];
  };
  fmt::print(
      "image={} purges={} batch={} batches_per_s={:.0f} p50_us={} p99_us={} p999_us={} max_us={} "
      "cpu_us_per_entry={:.2f} directory_mib_max={}\n",
      plan.has_image, outcome.purges, plan.batch,
      static_cast<double>(outcome.latencies_us.size()) / plan.seconds, quantile(0.5),
      quantile(0.99), quantile(0.999), outcome.latencies_us.back(),
      cpu_seconds() * 1e6 / static_cast<double>(outcome.entries),
      outcome.directory_bytes_max >> 20U);
}

storage::OpenOptions options_of(const Plan& plan) {
  storage::OpenOptions options;
  options.log_buffer_bytes = plan.log_buffer_bytes;
  options.reserve_bytes = 0;
  return options;
}

void measure(const Plan& plan) {
  must(storage::init(plan.directory,
                     {.cell_name = "load",
                      .cell_id = "00112233445566778899aabbccddeeff",
                      .id = ServerId(1),
                      .members = "1=127.0.0.1:1"},
                     nullptr));
  Outcome outcome;
  {
    const auto opened = storage::open(plan.directory, options_of(plan));
    must(opened.status());
    const std::vector<zab::PersistOp> ops{
        zab::SetAcceptedEpoch{.epoch = Epoch(1), .provisions = true}};
    must(opened->store->persist(ops));
    outcome = run_load(*opened->store, plan);
  }
  const auto again = storage::open(plan.directory, options_of(plan));
  must(again.status());
  const zab::EpochEnd end = again->recovered.durable.epochs.back();
  if (end.last_counter != outcome.entries) {
    give_up(fmt::format("the log ends with {} and not with {}", end.last_counter, outcome.entries));
  }
  report(std::move(outcome), plan);
}

}  // namespace
}  // namespace holdfast::micro

int main(int argc, char** argv) {
  CLI::App app(
      "Appends to a store for some time, with images and purges, and tells how long a "
      "batch took.");
  holdfast::micro::Plan plan;
  double log_mib = 64;
  double buffer_mib = static_cast<double>(plan.log_buffer_bytes) / (1U << 20U);
  app.add_option("directory", plan.directory, "New or empty; on the disk to be measured")
      ->required();
  app.add_option("--seconds", plan.seconds)->check(CLI::PositiveNumber);
  app.add_option("--batch", plan.batch, "Entries of a batch")->check(CLI::PositiveNumber);
  app.add_option("--payload", plan.payload_bytes, "Bytes of an entry");
  app.add_option("--rate", plan.batches_per_second, "Batches a second; 0: as fast as it goes");
  app.add_option("--log-mib", log_mib, "The log is purged to half of it beyond this");
  app.add_option("--log-buffer-mib", buffer_mib, "As OpenOptions::log_buffer_bytes");
  app.add_flag("!--no-image", plan.has_image, "Write no image (and so purge nothing)");
  app.add_flag("!--no-purge", plan.has_purge, "Purge nothing");
  CLI11_PARSE(app, argc, argv);
  plan.log_bytes_max = static_cast<std::uint64_t>(log_mib * 1024 * 1024);
  plan.log_buffer_bytes = static_cast<std::size_t>(buffer_mib * 1024 * 1024);
  plan.has_purge = plan.has_purge && plan.has_image;
  holdfast::micro::measure(plan);
}
