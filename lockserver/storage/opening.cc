#include <algorithm>
#include <utility>

#include "lockserver/storage/frame_check.h"
#include "lockserver/storage/leveldb_store.h"
#include "lockserver/storage/space_guard.h"
#include "lockserver/storage/store_parts.h"

namespace holdfast::storage {
namespace {

constexpr std::uint64_t kFirstGeneration = 1;

// The sentence that ends every refusal to start on damaged files.
Status with_remedy(const std::string& directory, const Status& status) {
  if (status.code() != StatusCode::kCorrupt) return status;
  return Status(
      StatusCode::kCorrupt,
      status.message() +
          ". This replica does not start on damaged files. To rebuild it from its peers: move " +
          directory +
          " away, make it anew with holdfastd init under the same cell id and replica id, and "
          "start it with holdfastd "
          "run --rejoin");
}

Status check_expectations(const std::string& directory, const Identity& identity,
                          const OpenOptions& options) {
  const auto wrong = [&](const std::string& what, const std::string& has,
                         const std::string& wanted) {
    return Status(StatusCode::kWrongCell,
                  directory + " belongs to " + what + " " + has + ", not to " + wanted);
  };
  if (options.cell_id && *options.cell_id != identity.cell_id) {
    return wrong("cell", identity.cell_id, *options.cell_id);
  }
  if (options.id && *options.id != identity.id) {
    return wrong("replica", to_string(identity.id), to_string(*options.id));
  }
  if (options.members && *options.members != identity.members) {
    return wrong("a cell with the members", identity.members, *options.members);
  }
  return Status();
}

// R2, and that log and image are of one history.
Status check_together(const LogRecovery& log, Zxid applied) {
  const LogState& state = log.state;
  const auto contradiction = [](const std::string& why) {
    return Status(StatusCode::kCorrupt, "log and image contradict each other: " + why);
  };
  if (state.accepted < state.current || state.accepted < log.last.epoch()) {
    return contradiction("accepted epoch " + to_string(state.accepted) + ", current epoch " +
                         to_string(state.current) + ", last entry " + to_string(log.last));
  }
  if (applied < state.base) {
    return contradiction("the image is the state after " + to_string(applied) +
                         ", but the log begins after " + to_string(state.base));
  }
  if (applied > log.last) {
    return contradiction("the image is the state after " + to_string(applied) +
                         ", but the log ends with " + to_string(log.last));
  }
  return Status();
}

zab::Membership membership_of(const LogRecovery& log, OpenOptions::Start start) {
  if (log.state.provisioned) return zab::Membership::kProvisioned;
  const bool is_used = !log.state.accepted.is_none() || !log.last.is_none();
  return is_used || start == OpenOptions::Start::kRejoin ? zab::Membership::kRejoining
                                                         : zab::Membership::kFresh;
}

// The steps of open(), in order.
class Opening {
 public:
  Opening(const std::string& directory, const OpenOptions& options) : options_(options) {
    parts_.directory = directory;
    parts_.disk = options.disk ? options.disk : make_machine_env();
    parts_.reserve_bytes = options.reserve_bytes;
    parts_.image_buffer_bytes = options.image_buffer_bytes;
  }

  Result<Opened> run() {
    Result<Identity> identity = read_identity(*parts_.disk, parts_.directory);
    if (!identity.ok()) return identity.status();
    Status status = check_expectations(parts_.directory, *identity, options_);
    if (!status.ok()) return status;
    Result<std::unique_ptr<DirectoryLock>> lock =
        DirectoryLock::take(parts_.disk, parts_.directory);
    if (!lock.ok()) return lock.status();
    parts_.lock = std::move(lock).value();
    // Opening a database writes before anybody asks whether there is room: a replica that ends on a
    // full disk could not start again, with its reserve untouched.
    const Result<std::uint64_t> free =
        SpaceGuard(parts_.disk, parts_.directory, parts_.reserve_bytes).free_bytes();
    if (!free.ok()) return free.status();
    status = open_log(*identity);
    if (status.ok()) status = open_image();
    if (status.ok()) status = check_together(log_, parts_.image->applied());
    if (!status.ok()) return status;
    describe_log();
    return Opened{.store = make_leveldb_store(std::move(parts_)),
                  .recovered = std::move(recovered_),
                  .identity = std::move(identity).value()};
  }

 private:
  Status open_log(const Identity& identity) {
    const std::string path = log_path(parts_.directory);
    const Result<std::uint64_t> cut =
        check_and_cut_logs(*parts_.disk, path, TailRule::kEachRecordSynced);
    if (!cut.ok()) return cut.status();
    recovered_.torn_bytes_cut += *cut;
    Result<std::unique_ptr<LogDb>> log =
        LogDb::open(std::make_shared<DurableEnv>(parts_.disk, DurableEnv::Logs::kFilled), path,
                    options_.log_buffer_bytes);
    if (!log.ok()) return log.status();
    parts_.log = std::move(log).value();
    Result<LogRecovery> found = parts_.log->recover(options_.tail_bytes_max);
    if (!found.ok()) return found.status();
    log_ = std::move(found).value();
    if (log_.identity == encode_identity(identity)) return Status();
    return Status(StatusCode::kWrongCell, "the log in " + path + " is of another replica than " +
                                              identity_path(parts_.directory));
  }

  Status open_image() {
    const std::uint64_t live = log_.state.generation;
    const std::string path = image_path(parts_.directory, live);
    const Result<std::vector<std::uint64_t>> found =
        image_generations(*parts_.disk, parts_.directory);
    if (!found.ok()) return found.status();
    std::vector<std::uint64_t> others = *found;
    if (std::erase(others, live) == 0) {
      return Status(StatusCode::kCorrupt, "the directory " + path + " is missing");
    }
    const Result<std::uint64_t> cut =
        check_and_cut_logs(*parts_.disk, path, TailRule::kUnsyncedRecords);
    if (!cut.ok()) return cut.status();
    recovered_.torn_bytes_cut += *cut;
    parts_.image_env = std::make_shared<DurableEnv>(parts_.disk);
    Result<std::shared_ptr<ImageDb>> image = ImageDb::open(
        parts_.image_env,
        {.directory = path, .generation = live, .buffer_bytes = options_.image_buffer_bytes});
    if (!image.ok()) return image.status();
    parts_.image = std::move(image).value();
    const Result<ImageDb::Extent> extent =
        parts_.image->for_each([](std::string_view, std::string_view) { return Status(); });
    if (!extent.ok()) return extent.status();
    recovered_.image_records = extent->records;
    recovered_.image_bytes = extent->bytes;
    parts_.next_generation = found->back() + 1;
    parts_.dead_generations = std::move(others);
    return Status();
  }

  void describe_log() {
    recovered_.log_entries = log_.entries;
    recovered_.log_bytes = log_.bytes;
    zab::DurableState& durable = recovered_.durable;
    durable.membership = membership_of(log_, options_.start);
    durable.accepted = log_.state.accepted;
    durable.current = log_.state.current;
    durable.base = log_.state.base;
    durable.epochs = std::move(log_.epochs);
    durable.applied = parts_.image->applied();
    durable.tail = std::move(log_.tail);
  }

  const OpenOptions& options_;
  StoreParts parts_;
  LogRecovery log_;
  Recovered recovered_;
};

// The directory without a slash at its end: paths are built by appending "/name".
std::string plain(std::string directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return directory;
}

}  // namespace

Status init(const std::string& directory, const Identity& identity, std::shared_ptr<DiskEnv> disk) {
  if (!disk) disk = make_machine_env();
  const std::string where = plain(directory);
  Status status = make_empty_directory(*disk, where);
  const auto env = std::make_shared<DurableEnv>(disk);
  if (status.ok()) {
    Result<std::shared_ptr<ImageDb>> image =
        ImageDb::create(env, {.directory = image_path(where, kFirstGeneration),
                              .generation = kFirstGeneration,
                              .buffer_bytes = OpenOptions().image_buffer_bytes});
    status = image.ok() ? (*image)->finish(Zxid()) : image.status();
  }
  if (status.ok()) {
    status = LogDb::create(env, log_path(where), LogState{.generation = kFirstGeneration},
                           encode_identity(identity));
  }
  if (status.ok()) status = from_leveldb(disk->sync_directory(where), "creating " + where);
  if (status.ok()) {
    status = write_file_durably(*disk, identity_path(where), encode_identity(identity));
  }
  return status;
}

Result<Opened> open(const std::string& directory, const OpenOptions& options) {
  const std::string where = plain(directory);
  Result<Opened> opened = Opening(where, options).run();
  // The disk has become full meanwhile: now the reserve is given back.
  const bool is_full = !opened.ok() && opened.status().code() == StatusCode::kNoSpace;
  if (is_full) opened = Opening(where, options).run();
  if (!opened.ok()) return with_remedy(where, opened.status());
  return opened;
}

}  // namespace holdfast::storage
