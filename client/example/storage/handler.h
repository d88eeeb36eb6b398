#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <string>

#include "client/example/storage/file_store.h"
#include "client/options.h"
#include "client/sequencer_checker.h"
#include "thrift/gen/Storage.h"
#include "thrift/sequencer.h"

namespace holdfast::example {

// Carries out the calls of storage.thrift, for several threads at once.
class Handler : public storage::StorageIf {
 public:
  struct Options {
    client::SequencerCheck check = client::SequencerCheck::kCell;
    client::Milliseconds check_timeout{2'000};  // Of a question to the cell.
    std::size_t file_bytes_max = 1'048'576;
  };
  Handler(FileStore& files, client::SequencerChecker& checker, const Options& options)
      : files_(files), checker_(checker), options_(options) {}

  void put(const storage::PutRequest& request) override;
  void get(std::string& contents, const storage::GetRequest& request) override;
  void remove(const storage::RemoveRequest& request) override;

 private:
  // Throw Refused.
  void check_sequencer(const std::string& sequencer, const std::string& volume, bool for_writing);
  void check_again(const std::string& sequencer);
  std::mutex& step_of(const std::string& volume);

  FileStore& files_;
  client::SequencerChecker& checker_;
  const Options options_;
  // One at a time for each volume; volumes that share one only wait.
  std::array<std::mutex, 64> steps_;
};

}  // namespace holdfast::example
