#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <leveldb/db.h>

#include "lockserver/storage/durable_env.h"
#include "lockserver/storage/record_codec.h"

namespace holdfast::storage {

// One generation of the image: the state after `applied`, as key/value records, and that zxid in
// the same batch. Writes are unsynced: a crash leaves the state after some earlier batch, never a
// mixture.
//
// Threads: one thread writes and syncs, or stages; readers, applied() and durable() are for any.
class ImageDb : public std::enable_shared_from_this<ImageDb> {
 public:
  struct Place {
    std::string directory;
    std::uint64_t generation = 0;
    std::size_t buffer_bytes = 0;  // As OpenOptions::image_buffer_bytes.
  };
  // A new one in an empty or missing directory, without bookkeeping: it is no image until finish()
  // has made it one.
  static Result<std::shared_ptr<ImageDb>> create(std::shared_ptr<DurableEnv> env,
                                                 const Place& place);
  // Checks that it is the image of this generation. What it holds then is durable.
  static Result<std::shared_ptr<ImageDb>> open(std::shared_ptr<DurableEnv> env, const Place& place);

  std::uint64_t generation() const { return place_.generation; }
  Zxid applied() const { return Zxid(applied_.load()); }
  Zxid durable() const { return Zxid(durable_.load()); }

  Status write(Zxid applied, std::span<const state::Write> writes);
  Result<Zxid> sync();

  // Staging: records of a received chunk, kCorrupt when its bytes are damaged; then finish, after
  // which it is durable.
  Status stage(std::string_view chunk);
  Status finish(Zxid applied);

  struct Extent {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };
  // Every record in ascending order of its key, at one point in time; checksums verified.
  Result<Extent> for_each(
      const std::function<Status(std::string_view key, std::string_view value)>& take);

  Result<std::unique_ptr<ImageReader>> reader();
  std::uint64_t approximate_bytes() const;

 private:
  class Reader;

  ImageDb(std::shared_ptr<DurableEnv> env, Place place, std::unique_ptr<leveldb::DB> db);
  Status put_state(Zxid applied);
  Status judged(const leveldb::Status& status, const std::string& doing) const;

  const std::shared_ptr<DurableEnv> env_;
  const Place place_;
  const std::unique_ptr<leveldb::DB> db_;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> bytes_written_{0};  // Since it was opened.
  bool has_unsynced_ = false;
};

}  // namespace holdfast::storage
