#include "lockserver/storage/log_db.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lockserver/storage/frame_check.h"
#include "lockserver/storage/leveldb_words.h"
#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

// A commit takes along this many removals and two for each of its entries: a purge then costs no
// sync of its own while there is a load, is done before the next one, and no small commit becomes a
// large one.
constexpr std::size_t kRemovalsPerCommit = 16;
// A batch beyond this does not keep its memory for the next one.
constexpr std::size_t kBatchBytesKept = 256 * 1024;
constexpr std::uint64_t kRemovalsPerCompaction = 20'000;

leveldb::Options log_options(DurableEnv& env) {
  leveldb::Options options;
  options.env = &env;
  options.paranoid_checks = true;
  options.max_file_size = 8U << 20U;
  options.max_open_files = 200;
  options.block_size = 32U << 10U;  // Read in runs: larger blocks need less of an index in memory.
  options.compression = leveldb::kNoCompression;
  return options;
}

leveldb::WriteOptions synced() {
  leveldb::WriteOptions options;
  options.sync = true;
  return options;
}

std::uint64_t stored_bytes(const zab::Entry& entry) {
  return entry.payload.size() + 32;
}

}  // namespace

LogDb::LogDb(std::shared_ptr<DurableEnv> env, std::string directory,
             std::unique_ptr<leveldb::DB> db)
    : env_(std::move(env)), directory_(std::move(directory)), db_(std::move(db)) {}

Status LogDb::create(std::shared_ptr<DurableEnv> env, const std::string& directory,
                     const LogState& state, const std::string& identity) {
  leveldb::Options options = log_options(*env);
  options.create_if_missing = true;
  options.error_if_exists = true;
  leveldb::DB* raw = nullptr;
  leveldb::Status status = leveldb::DB::Open(options, directory, &raw);
  const std::unique_ptr<leveldb::DB> db(raw);
  if (status.ok()) {
    leveldb::WriteBatch batch;
    batch.Put(slice(kLogStateKey), encode_log_state(state));
    batch.Put(slice(kLogIdentityKey), identity);
    status = db->Write(synced(), &batch);
  }
  return from_leveldb(status, "creating " + directory);
}

Result<std::unique_ptr<LogDb>> LogDb::open(std::shared_ptr<DurableEnv> env,
                                           const std::string& directory, std::size_t buffer_bytes) {
  leveldb::Options options = log_options(*env);
  options.write_buffer_size = buffer_bytes;
  leveldb::DB* raw = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, directory, &raw);
  if (!status.ok()) return from_leveldb(status, "opening " + directory);
  return std::unique_ptr<LogDb>(
      new LogDb(std::move(env), directory, std::unique_ptr<leveldb::DB>(raw)));
}

Status LogDb::failure(const leveldb::Status& status, const std::string& doing) const {
  std::string where = directory_;
  if (status.IsCorruption()) {
    const std::string table = find_damaged_table(env_->disk(), directory_);
    if (!table.empty()) where = table;
  }
  return from_leveldb(status, doing + " " + where);
}

Status LogDb::corrupt(const std::string& why) const {
  return Status(StatusCode::kCorrupt, "the log in " + directory_ + " is damaged: " + why);
}

// One walk over all keys of the database.
struct LogDb::Scanner {
  LogDb& log;
  std::size_t tail_bytes_max;
  LogRecovery found;
  std::deque<zab::Entry> tail;
  std::size_t tail_bytes = 0;

  Status take_entry(Zxid zxid, std::string_view value) {
    if (zxid <= log.shape_.base()) {
      note_garbage(zxid);
      return Status();
    }
    Result<zab::Entry> entry = decode_entry(zxid, value);
    if (!entry.ok()) return log.corrupt(entry.status().message());
    if (!log.shape_.is_next(*entry)) {
      return log.corrupt("entry " + to_string(zxid) + " names " + to_string(entry->prev) +
                         " as the one before it and does not follow " +
                         to_string(log.shape_.last()));
    }
    log.shape_.append(*entry);
    log.size_.append(zxid, stored_bytes(*entry));
    tail_bytes += stored_bytes(*entry);
    tail.push_back(std::move(entry).value());
    while (tail_bytes > tail_bytes_max && tail.size() > 1) {
      tail_bytes -= stored_bytes(tail.front());
      tail.pop_front();
    }
    return Status();
  }

  void note_garbage(Zxid zxid) {
    std::deque<ZxidRange>& garbage = log.garbage_;
    const bool continues = !garbage.empty() && garbage.back().epoch == zxid.epoch() &&
                           garbage.back().last + 1 == zxid.counter();
    if (!continues) garbage.push_back({zxid.epoch(), zxid.counter(), zxid.counter()});
    garbage.back().last = zxid.counter();
  }
};

Result<LogRecovery> LogDb::recover(std::size_t tail_bytes_max) {
  std::string value;
  leveldb::Status status = db_->Get(checked_read(), slice(kLogStateKey), &value);
  if (status.IsNotFound()) return corrupt("its record of epochs is missing");
  if (!status.ok()) return failure(status, "reading");
  const Result<LogState> state = decode_log_state(value);
  if (!state.ok()) return corrupt(state.status().message());
  state_ = *state;
  shape_ = LogShape(state_.base);

  Scanner scanner{.log = *this, .tail_bytes_max = tail_bytes_max, .found = {}, .tail = {}};
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(checked_read()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view key = view(it->key());
    if (key == kLogStateKey) continue;
    if (key == kLogIdentityKey) {
      scanner.found.identity = it->value().ToString();
      continue;
    }
    const std::optional<Zxid> zxid = zxid_of_entry_key(key);
    if (!zxid) return corrupt("it has a key that is none of ours");
    const Status taken = scanner.take_entry(*zxid, view(it->value()));
    if (!taken.ok()) return taken;
  }
  if (!it->status().ok()) return failure(it->status(), "reading");

  bytes_ = size_.total();
  LogRecovery& found = scanner.found;
  found.state = state_;
  found.epochs = shape_.epochs();
  found.last = shape_.last();
  found.entries = shape_.entry_count();
  found.bytes = size_.total();
  std::move(scanner.tail.begin(), scanner.tail.end(), std::back_inserter(found.tail));
  return std::move(found);
}

void LogDb::set_accepted(Epoch epoch) {
  HOLDFAST_CHECK(epoch >= state_.accepted,
                 "accepted epoch " + to_string(epoch) + " after " + to_string(state_.accepted));
  state_.accepted = epoch;
  is_state_changed_ = true;
}

void LogDb::set_current(Epoch epoch) {
  HOLDFAST_CHECK(epoch >= state_.current,
                 "current epoch " + to_string(epoch) + " after " + to_string(state_.current));
  state_.current = epoch;
  is_state_changed_ = true;
}

void LogDb::set_provisioned() {
  state_.provisioned = true;
  is_state_changed_ = true;
}

void LogDb::append(const zab::Entry& entry) {
  shape_.append(entry);
  size_.append(entry.zxid, stored_bytes(entry));
  const std::string key = entry_key(entry.zxid);
  encode_entry(entry, key, record_);
  batch_.Put(key, record_);
  is_batch_empty_ = false;
  ++batch_appends_;
}

void LogDb::truncate(Zxid to) {
  for (const ZxidRange& gone : shape_.truncate(to)) {
    for (std::uint64_t counter = gone.first; counter <= gone.last; ++counter) {
      batch_.Delete(entry_key(Zxid(gone.epoch, static_cast<std::uint32_t>(counter))));
      is_batch_empty_ = false;
    }
  }
  size_.truncate(to);
}

void LogDb::purge(Zxid through) {
  if (through <= state_.base) return;
  for (const ZxidRange& gone : shape_.purge(through)) garbage_to_come_.push_back(gone);
  state_.base = through;
  size_.purge(through);
  is_state_changed_ = true;
}

// What the old log held beyond the new base must go at once: it would be taken for the continuation
// of the image. What lies below it is out of sight and goes with time.
void LogDb::install(Zxid base, std::uint64_t generation) {
  const std::lock_guard removal(removal_mutex_);
  std::vector<ZxidRange> old = std::move(garbage_to_come_);
  garbage_to_come_.clear();
  {
    const std::lock_guard lock(garbage_mutex_);
    old.insert(old.end(), garbage_.begin(), garbage_.end());
    garbage_.clear();
  }
  for (const ZxidRange& gone : shape_.install(base)) old.push_back(gone);
  for (const ZxidRange& range : old) {
    if (const auto below = part_through(range, base)) garbage_to_come_.push_back(*below);
    const auto beyond = part_beyond(range, base);
    if (!beyond) continue;
    for (std::uint64_t counter = beyond->first; counter <= beyond->last; ++counter) {
      batch_.Delete(entry_key(Zxid(beyond->epoch, static_cast<std::uint32_t>(counter))));
    }
  }
  state_.base = base;
  state_.generation = generation;
  size_.clear();
  is_state_changed_ = true;
}

Status LogDb::commit() {
  if (is_batch_empty_ && !is_state_changed_) return Status();
  HOLDFAST_CHECK(state_.accepted >= state_.current && state_.accepted >= shape_.last().epoch(),
                 "R2 is broken: accepted=" + to_string(state_.accepted) +
                     " current=" + to_string(state_.current) + " " + shape_.describe());
  if (is_state_changed_) batch_.Put(slice(kLogStateKey), encode_log_state(state_));
  commits_remove_ = take_garbage(kRemovalsPerCommit + 2 * batch_appends_, batch_);
  const leveldb::Status status = db_->Write(synced(), &batch_);
  if (!status.ok()) return failure(status, "writing");
  if (const leveldb::Status hidden = env_->failure(); !hidden.ok())
    return failure(hidden, "writing");
  if (batch_.ApproximateSize() > kBatchBytesKept) {
    batch_ = leveldb::WriteBatch();
    record_ = std::string();
  }
  batch_.Clear();
  batch_appends_ = 0;
  is_state_changed_ = false;
  is_batch_empty_ = true;
  bytes_ = size_.total();
  const std::lock_guard lock(garbage_mutex_);
  garbage_.insert(garbage_.end(), garbage_to_come_.begin(), garbage_to_come_.end());
  garbage_to_come_.clear();
  return Status();
}

Result<std::vector<zab::Entry>> LogDb::read(Zxid after, Zxid through, std::size_t max_bytes) {
  if (!shape_.holds(after) || through <= after || through > shape_.last()) {
    return Status(StatusCode::kInvalid, "the log with " + shape_.describe() +
                                            " has no entries after " + to_string(after) +
                                            " through " + to_string(through));
  }
  std::vector<zab::Entry> entries;
  std::size_t bytes = 0;
  Zxid prev = after;
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(checked_read()));
  for (it->Seek(entry_key(Zxid(after.value + 1))); it->Valid() && prev < through; it->Next()) {
    const std::optional<Zxid> zxid = zxid_of_entry_key(view(it->key()));
    if (!zxid || *zxid > through) break;
    if (!entries.empty() && bytes + it->value().size() > max_bytes) return entries;
    Result<zab::Entry> entry = decode_entry(*zxid, view(it->value()));
    if (!entry.ok()) return corrupt(entry.status().message());
    if (entry->prev != prev)
      return corrupt("a hole between " + to_string(prev) + " and " + to_string(*zxid));
    prev = *zxid;
    bytes += it->value().size();
    entries.push_back(std::move(entry).value());
  }
  if (!it->status().ok()) return failure(it->status(), "reading");
  if (entries.empty()) return corrupt("entries after " + to_string(after) + " are missing");
  return entries;
}

bool LogDb::take_garbage(std::size_t count_max, leveldb::WriteBatch& batch) {
  const std::lock_guard lock(garbage_mutex_);
  if (garbage_.empty()) return false;
  for (std::size_t left = count_max; left > 0 && !garbage_.empty(); --left) {
    ZxidRange& range = garbage_.front();
    const Zxid zxid(range.epoch, range.first);
    batch.Delete(entry_key(zxid));
    removed_through_ = std::max(removed_through_, zxid);
    ++removed_since_compaction_;
    if (range.first == range.last) {
      garbage_.pop_front();
    } else {
      ++range.first;
    }
  }
  return true;
}

// While commits remove what there is, a step of its own would only make one of them wait. Synced
// although nothing hangs on it: every record of this log is synced before the next one is
// written, which is how a start tells damage from a torn tail.
Result<bool> LogDb::remove_garbage(std::size_t count_max) {
  const std::lock_guard removal(removal_mutex_);
  leveldb::WriteBatch batch;
  if (commits_remove_.exchange(false)) return true;
  if (take_garbage(count_max, batch)) {
    const leveldb::Status status = db_->Write(synced(), &batch);
    if (!status.ok()) return failure(status, "removing old entries from");
  }
  Zxid through;
  {
    const std::lock_guard lock(garbage_mutex_);
    if (!garbage_.empty()) return true;
    if (removed_since_compaction_ < kRemovalsPerCompaction) return false;
    removed_since_compaction_ = 0;
    through = removed_through_;
  }
  const std::string begin = entry_key(Zxid());
  const std::string end = entry_key(through);
  const leveldb::Slice from(begin);
  const leveldb::Slice to(end);
  db_->CompactRange(&from, &to);
  return false;
}

}  // namespace holdfast::storage
