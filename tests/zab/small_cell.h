#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "zab/core.h"
#include "zab/core_state.h"
#include "zab/invariants.h"

namespace holdfast::zab::testing {

// A disk that keeps what was persisted, and forgets what was not when its replica crashes.
struct SmallDisk {
  Membership membership = Membership::kFresh;
  Epoch accepted;
  Epoch current;
  Zxid base;
  std::vector<Entry> log;    // After base.
  std::vector<Entry> image;  // The synced state: every entry that made it.
  std::optional<std::string> staged;
  bool is_slow = false;  // Completes nothing until it is fast again.
  std::deque<Persist> queue;

  Zxid last() const { return log.empty() ? base : log.back().zxid; }
  Zxid image_zxid() const { return image.empty() ? Zxid() : image.back().zxid; }
};

// A small cell of real cores for tests of single rules: memory for a network and for disks, no
// dice, and no time passes unless it is asked for. After every input the invariants of that core
// are checked, and at every message what must be durable before it is sent (ZAB.md §1.4) is
// compared with the disk.
class SmallCell {
 public:
  struct Shape {
    std::vector<std::uint64_t> voters;
    std::vector<std::uint64_t> observers;
  };
  struct SentMessage {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Message message;
  };

  explicit SmallCell(const Shape& shape);

  // Before start: what the disk of a replica holds. Entries as "1.1 1.2 2.1"; their payload is
  // their zxid as text.
  void provision(std::uint64_t id, Epoch accepted, Epoch current, const std::string& entries);
  void provision_all();  // Every disk: provisioned and empty.
  Options& options(std::uint64_t id) { return nodes_.at(id).options; }
  SmallDisk& disk(std::uint64_t id) { return nodes_.at(id).disk; }

  void start(std::uint64_t id);
  void start_all();
  void crash(std::uint64_t id);  // Loses what was not persisted.
  bool is_up(std::uint64_t id) const { return nodes_.at(id).core != nullptr; }
  Core& core(std::uint64_t id) { return *nodes_.at(id).core; }
  CoreView view(std::uint64_t id) { return core(id).view(); }

  // Carries everything out until nothing moves. Time stands still.
  void run();
  // Lets time pass in steps of 5 ms, carrying everything out at each.
  void advance(Ticks ticks);
  // Time passes until the condition holds; false when it does not within the limit.
  bool advance_until(const std::function<bool()>& condition, Ticks limit);
  Ticks now() const { return now_; }

  // The two replicas do not hear each other; their connections stay and are silent.
  void cut(std::uint64_t a, std::uint64_t b);
  void heal();
  void isolate(std::uint64_t id);
  void break_connections(std::uint64_t a, std::uint64_t b);  // Both ends are told.
  void slow_disk(std::uint64_t id) { disk(id).is_slow = true; }
  void fast_disk(std::uint64_t id);
  void persist_one(std::uint64_t id);  // One operation of a slow disk.
  // Messages that match are lost, with their connection standing still behind them.
  void stall_if(std::function<bool(const SentMessage&)> condition) {
    stall_ = std::move(condition);
  }

  // Starts what is not up and lets one of them lead; returns its id, 0 when none does within 20 s.
  std::uint64_t elect();
  std::uint64_t leader();  // The established leader of the highest epoch; 0 when none.
  std::optional<Zxid> propose(std::uint64_t id, const std::string& payload);
  Zxid write(const std::string&
                 payload);  // At the leader, carried out; fails the test when it is not committed.
  void sync_image(std::uint64_t id);  // The state applied so far becomes the image on disk.
  // What the state machine of a replica has applied, from the beginning of time: "1.1=a 1.2=b".
  std::string applied(std::uint64_t id);
  std::string log(std::uint64_t id);  // The zxids on its disk: "1.1 1.2".

  std::vector<SentMessage>& sent() { return sent_; }
  template <typename M>
  std::vector<M> sent_of(std::uint64_t from, std::uint64_t to) {
    std::vector<M> found;
    for (const SentMessage& one : sent_) {
      if (one.from == from && one.to == to && std::holds_alternative<M>(one.message)) {
        found.push_back(std::get<M>(one.message));
      }
    }
    return found;
  }
  std::vector<std::uint64_t> ready_reads(std::uint64_t id) { return nodes_.at(id).ready_reads; }
  std::vector<SessionId> touched(std::uint64_t id) { return nodes_.at(id).touched; }
  std::optional<std::string> fatal(std::uint64_t id) { return nodes_.at(id).fatal; }
  std::vector<std::string> forwarded(std::uint64_t id) { return nodes_.at(id).forwarded; }
  std::vector<std::string> refused(std::uint64_t id) { return nodes_.at(id).refused; }
  std::vector<std::string> closes(std::uint64_t id) { return nodes_.at(id).closes; }
  // Refuse every forwarded request from now on.
  void refuse_requests() { refuse_requests_ = true; }

 private:
  struct Reader {
    std::string bytes;
    std::size_t at = 0;
  };
  struct Node {
    Options options;
    SmallDisk disk;
    std::unique_ptr<Core> core;
    std::vector<Entry> state;  // The state machine.
    Milestones milestones;
    std::map<std::uint64_t, Reader> readers;
    std::vector<std::uint64_t> ready_reads;
    std::vector<SessionId> touched;
    std::vector<std::string> forwarded;
    std::vector<std::string> refused;
    std::vector<std::string> closes;
    std::optional<std::string> fatal;
  };
  struct End {
    std::uint64_t node = 0;
    ConnId conn;
    bool is_open = true;
    std::deque<Message> inbox;
    bool was_closed_by_peer = false;
  };
  struct Connection {
    End dialled;
    End accepted;
    bool is_stalled = false;
  };

  void input(std::uint64_t id, const std::function<void(Core&)>& give);
  void carry_out(std::uint64_t id);
  void carry_out(std::uint64_t id, Output output);
  void check(std::uint64_t id);
  void check_send(std::uint64_t id, const Message& message);
  bool step();
  bool step_disk(std::uint64_t id);
  bool step_connection(Connection& connection);
  void persist(std::uint64_t id, const PersistOp& op);
  void on_send(std::uint64_t id, Send send);
  void on_dial(std::uint64_t id, const Dial& dial);
  void on_close(std::uint64_t id, ConnId conn);
  void on_read_log(std::uint64_t id, const ReadLog& read);
  void on_read_chunk(std::uint64_t id, const ReadImageChunk& read);
  bool is_cut(std::uint64_t a, std::uint64_t b) const;

  std::map<std::uint64_t, Node> nodes_;
  std::deque<Connection> connections_;
  std::deque<Notify> notifications_;
  std::deque<std::pair<std::uint64_t, std::function<void(Core&)>>> answers_;  // Of the drivers.
  std::set<std::pair<std::uint64_t, std::uint64_t>> cuts_;
  std::function<bool(const SentMessage&)> stall_;
  std::vector<SentMessage> sent_;
  std::uint64_t next_conn_ = 0;
  std::uint64_t next_run_ = 0;
  Ticks now_ = 1000;
  bool refuse_requests_ = false;
};

// Entries "1.1 1.2 2.1", chained from (0,0).
std::vector<Entry> entries_of(const std::string& text);
SharedBytes bytes_of(const std::string& text);

}  // namespace holdfast::zab::testing
