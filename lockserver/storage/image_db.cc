#include "lockserver/storage/image_db.h"

#include <algorithm>
#include <utility>

#include <leveldb/write_batch.h>

#include "lockserver/storage/frame_check.h"
#include "lockserver/storage/leveldb_words.h"
#include "zab/base/check.h"

namespace holdfast::storage {
namespace {

leveldb::Options image_options(DurableEnv& env, const ImageDb::Place& place) {
  leveldb::Options options;
  options.env = &env;
  options.paranoid_checks = true;
  options.write_buffer_size = place.buffer_bytes;
  options.max_file_size = 8U << 20U;
  options.max_open_files = 400;
  options.block_size = 32U << 10U;  // Read as a whole only: see LogDb.
  return options;
}

leveldb::WriteOptions written(bool is_synced) {
  leveldb::WriteOptions options;
  options.sync = is_synced;
  return options;
}

std::string record_key(std::string_view key) {
  std::string prefixed(1, kImageRecordPrefix);
  prefixed.append(key);
  return prefixed;
}

bool is_record_key(std::string_view key) {
  return key.starts_with(kImageRecordPrefix);
}

}  // namespace

// Walks a snapshot of the database. Holds the database, so that an installed image that replaces it
// does not end the walk.
class ImageDb::Reader : public ImageReader {
 public:
  explicit Reader(std::shared_ptr<ImageDb> image)
      : image_(std::move(image)), snapshot_(image_->db_->GetSnapshot()) {}
  ~Reader() override {
    it_.reset();
    image_->db_->ReleaseSnapshot(snapshot_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Status start() {
    leveldb::ReadOptions options = checked_read();
    options.snapshot = snapshot_;
    std::string value;
    const leveldb::Status status = image_->db_->Get(options, slice(kImageStateKey), &value);
    if (!status.ok()) return image_->judged(status, "reading");
    const Result<ImageState> state = decode_image_state(value);
    if (!state.ok()) return state.status();
    zxid_ = state->applied;
    it_.reset(image_->db_->NewIterator(options));
    it_->Seek(leveldb::Slice(&kImageRecordPrefix, 1));
    return image_->judged(it_->status(), "reading");
  }

  Zxid zxid() const override { return zxid_; }
  std::uint64_t approximate_bytes() const override { return image_->approximate_bytes(); }

  Result<Chunk> next(std::size_t max_bytes) override {
    ChunkWriter chunk;
    for (bool is_first = true; at_record(); it_->Next(), is_first = false) {
      const std::size_t bytes = it_->key().size() + it_->value().size();
      if (!is_first && chunk.size() + bytes > max_bytes) break;
      chunk.add(view(it_->key()).substr(1), view(it_->value()));
    }
    if (!it_->status().ok()) return image_->judged(it_->status(), "reading");
    return Chunk{.bytes = chunk.finish(), .is_last = !at_record()};
  }

 private:
  bool at_record() const { return it_->Valid() && is_record_key(view(it_->key())); }

  const std::shared_ptr<ImageDb> image_;
  const leveldb::Snapshot* const snapshot_;
  Zxid zxid_;
  std::unique_ptr<leveldb::Iterator> it_;
};

ImageDb::ImageDb(std::shared_ptr<DurableEnv> env, Place place, std::unique_ptr<leveldb::DB> db)
    : env_(std::move(env)), place_(std::move(place)), db_(std::move(db)) {}

Result<std::shared_ptr<ImageDb>> ImageDb::create(std::shared_ptr<DurableEnv> env,
                                                 const Place& place) {
  leveldb::Options options = image_options(*env, place);
  options.create_if_missing = true;
  options.error_if_exists = true;
  leveldb::DB* raw = nullptr;
  leveldb::Status status = leveldb::DB::Open(options, place.directory, &raw);
  std::unique_ptr<leveldb::DB> db(raw);
  if (status.ok()) status = env->disk().sync_directory(parent_directory(place.directory));
  if (!status.ok()) return from_leveldb(status, "creating " + place.directory);
  return std::shared_ptr<ImageDb>(new ImageDb(std::move(env), place, std::move(db)));
}

Result<std::shared_ptr<ImageDb>> ImageDb::open(std::shared_ptr<DurableEnv> env,
                                               const Place& place) {
  const std::string& directory = place.directory;
  leveldb::DB* raw = nullptr;
  const leveldb::Status status = leveldb::DB::Open(image_options(*env, place), directory, &raw);
  if (!status.ok()) return from_leveldb(status, "opening " + directory);
  const std::shared_ptr<ImageDb> image(
      new ImageDb(std::move(env), place, std::unique_ptr<leveldb::DB>(raw)));
  std::string value;
  const leveldb::Status read = image->db_->Get(checked_read(), slice(kImageStateKey), &value);
  if (read.IsNotFound()) {
    return Status(StatusCode::kCorrupt, "the image in " + directory + " has no bookkeeping record");
  }
  if (!read.ok()) return image->judged(read, "reading");
  const Result<ImageState> state = decode_image_state(value);
  if (!state.ok()) return Status(StatusCode::kCorrupt, directory + ": " + state.status().message());
  if (state->generation != place.generation) {
    return Status(StatusCode::kCorrupt, "the image in " + directory + " calls itself generation " +
                                            std::to_string(state->generation));
  }
  // To open it, LevelDB has moved everything from its write-ahead logs to synced tables.
  image->applied_ = state->applied.value;
  image->durable_ = state->applied.value;
  return image;
}

Status ImageDb::judged(const leveldb::Status& status, const std::string& doing) const {
  if (status.ok()) return Status();
  std::string where = place_.directory;
  if (status.IsCorruption()) {
    const std::string table = find_damaged_table(env_->disk(), place_.directory);
    if (!table.empty()) where = table;
  }
  return from_leveldb(status, doing + " " + where);
}

Status ImageDb::write(Zxid applied, std::span<const state::Write> writes) {
  HOLDFAST_CHECK(applied >= this->applied(),
                 "image batch of " + to_string(applied) + " after " + to_string(this->applied()));
  leveldb::WriteBatch batch;
  std::uint64_t bytes = 0;
  for (const state::Write& write : writes) {
    if (write.value) {
      batch.Put(record_key(write.key), slice(*write.value));
      bytes += write.key.size() + write.value->size();
    } else {
      batch.Delete(record_key(write.key));
    }
  }
  batch.Put(slice(kImageStateKey),
            encode_image_state({.generation = place_.generation, .applied = applied}));
  Status status = judged(db_->Write(written(false), &batch), "writing");
  if (status.ok()) status = judged(env_->failure(), "writing");
  if (status.ok()) applied_ = applied.value;
  bytes_written_ += bytes;
  has_unsynced_ = true;
  return status;
}

// A synced record makes durable all that lies before it in the same write-ahead log; earlier logs
// were synced when they were closed (DurableEnv).
Status ImageDb::put_state(Zxid applied) {
  const std::string state =
      encode_image_state({.generation = place_.generation, .applied = applied});
  Status status = judged(db_->Put(written(true), slice(kImageStateKey), state), "syncing");
  if (status.ok()) status = judged(env_->failure(), "syncing");
  if (!status.ok()) return status;
  applied_ = applied.value;
  durable_ = applied.value;
  has_unsynced_ = false;
  return status;
}

Result<Zxid> ImageDb::sync() {
  if (has_unsynced_) {
    const Status status = put_state(applied());
    if (!status.ok()) return status;
  }
  return durable();
}

Status ImageDb::stage(std::string_view chunk) {
  leveldb::WriteBatch batch;
  std::uint64_t bytes = 0;
  const Status decoded = decode_chunk(chunk, [&](std::string_view key, std::string_view value) {
    batch.Put(record_key(key), slice(value));
    bytes += key.size() + value.size();
  });
  if (!decoded.ok()) return decoded;
  bytes_written_ += bytes;
  return judged(db_->Write(written(false), &batch), "writing");
}

Status ImageDb::finish(Zxid applied) {
  return put_state(applied);
}

Result<ImageDb::Extent> ImageDb::for_each(
    const std::function<Status(std::string_view, std::string_view)>& take) {
  Extent extent;
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(checked_read()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const std::string_view key = view(it->key());
    if (key == kImageStateKey) continue;
    if (!is_record_key(key)) {
      return Status(StatusCode::kCorrupt,
                    "the image in " + place_.directory + " has a key that is none of ours");
    }
    const Status taken = take(key.substr(1), view(it->value()));
    if (!taken.ok()) return taken;
    ++extent.records;
    extent.bytes += key.size() + it->value().size();
  }
  if (!it->status().ok()) return judged(it->status(), "reading");
  return extent;
}

Result<std::unique_ptr<ImageReader>> ImageDb::reader() {
  auto reader = std::make_unique<Reader>(shared_from_this());
  const Status status = reader->start();
  if (!status.ok()) return status;
  return std::unique_ptr<ImageReader>(std::move(reader));
}

// LevelDB's estimate leaves out what is not in tables yet.
std::uint64_t ImageDb::approximate_bytes() const {
  const std::string limit(1, kImageRecordPrefix + 1);
  const leveldb::Range range(leveldb::Slice(&kImageRecordPrefix, 1), limit);
  std::uint64_t in_tables = 0;
  db_->GetApproximateSizes(&range, 1, &in_tables);
  return in_tables + std::min<std::uint64_t>(bytes_written_.load(), place_.buffer_bytes);
}

}  // namespace holdfast::storage
