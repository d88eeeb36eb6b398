#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "lockserver/storage/mem_store.h"
#include "tests/fuzz/random_messages.h"
#include "zab/core.h"
#include "zab/invariants.h"

namespace holdfast::fuzz {

// One core with an honest driver and an honest disk, among peers who may say anything. After every
// input the invariants of a single replica must hold, whatever was said; the disk has checks of its
// own, and must be one from which a next process can start.
class CoreBench {
 public:
  enum class Disk { kFresh, kProvisioned, kRejoining };
  struct Setup {
    zab::Options options;
    Disk disk = Disk::kProvisioned;
    std::size_t entries = 0;  // In the log at start, of epochs 1 and 2.
  };
  explicit CoreBench(const Setup& setup);

  // False when the replica has ended: Fatal, or its disk failed.
  bool is_alive() const { return alive_; }
  zab::Core& core() { return *core_; }
  const std::vector<ConnId>& connections() const { return connections_; }
  Surroundings around(ConnId conn) const;

  // Each is one input of the core, followed by what the driver does with its outputs.
  void pass_time(Ticks ticks);
  void say(ConnId conn, zab::Message message);
  void notify(const zab::Notification& notification);
  void accept();
  void close(ConnId conn);
  void refuse_peer(ServerId peer);
  void answer_dial(bool connects);
  // The log's disk does so many of the writes and reads that wait, one after the other, and its
  // answers arrive.
  void work_disk(std::size_t operations);
  // The same, but the answers are still on their way: they arrive with the next that do.
  void work_disk_unheard(std::size_t operations);
  void load_image();
  void sync_image();
  void go_on_sending_image();
  // The process ends; what was not written is lost.
  void restart();
  // After anything else that was done with core().
  void settle();

 private:
  struct Peer {
    Epoch agreed;
    std::optional<zab::Message> asked;
    std::uint64_t chunks = 0;
    std::uint64_t checksum = 0;
  };
  struct LogRead {
    std::uint64_t id = 0;
    std::vector<zab::Entry> entries;
  };
  using DiskAnswer = std::variant<Token, LogRead>;
  struct Transfer {
    std::uint64_t id = 0;
    std::unique_ptr<storage::ImageReader> reader;  // Null until it is opened.
  };

  void start();
  void write(const std::vector<zab::Persist>& batch);
  void read(const zab::ReadLog& read);
  void forget_process();
  void check() const;
  void note_agreed(Peer& peer, const zab::Message& message);
  void deliver(std::vector<zab::Entry> entries);

  void carry_out(zab::Persist& persist);
  void carry_out(zab::Send& send);
  void carry_out(zab::Dial& dial);
  void carry_out(zab::Close& close);
  void carry_out(zab::Deliver& deliver);
  void carry_out(zab::ImageInstalled& installed);
  void carry_out(zab::ReadLog& read);
  void carry_out(zab::OpenImage& open);
  void carry_out(zab::ReadImageChunk& read);
  void carry_out(zab::CloseImage& close);
  void carry_out(zab::Fatal& fatal);
  template <typename Other>
  void carry_out(Other&) {}

  Setup setup_;
  storage::MemStore store_;
  std::optional<zab::Core> core_;
  zab::Milestones before_;
  Ticks now_ = 1'000;
  bool alive_ = true;

  std::deque<std::variant<zab::Persist, zab::ReadLog>> disk_;
  std::deque<DiskAnswer> answers_;
  std::optional<Transfer> transfer_;
  std::optional<std::uint64_t> chunk_wanted_;
  bool loading_ = false;
  std::vector<zab::Entry> deferred_;
  std::uint64_t generation_ = 0;
  Zxid applied_;
  std::optional<DialId> dial_;
  std::map<ConnId, Peer> peers_;
  std::vector<ConnId> connections_;
  std::uint64_t next_conn_ = 0;
};

}  // namespace holdfast::fuzz
