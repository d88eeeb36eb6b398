#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace holdfast::explore {

// The cell that is explored: three voters with the ids 1, 2, 3. A replica is named by its index.
constexpr std::size_t kVoters = 3;

// One end of a connection, as the replica that has it names it: with whom, who dialled, and its
// rank by age among the open ends of that kind.
struct Line {
  std::uint8_t peer = 0;
  bool dialled = false;  // By the replica that has this end.
  std::uint8_t rank = 0;

  bool operator==(const Line&) const = default;
};

// What may happen next in a cell. Time has no other part in it: whatever a clock would bring about
// stands here.
enum class Kind : std::uint8_t {
  kLead,     // An election ends here: this replica leads.
  kFollow,   // An election ends here: this replica follows `line.peer`, which leads; the connection
             // is made.
  kDeliver,  // The oldest message on `line` arrives.
  kNotice,   // This replica notices that the connection is lost; what was on its way to it is gone.
  kPersist,  // The disk completes the oldest operation.
  kPropose,
  kCrash,  // Of the queue to the disk `keep` operations survive, and `torn` entries of the next.
  kRestart,
  kTimeout,  // This replica leaves its leader or its office.
  kPing,     // The leader's heartbeat is due.
  kRead,     // A client asks for a read barrier.
  kImage,    // The state is synced, and the log up to it purged.
  kAccept    // Second half of kFollow, at the leader; never by itself.
};
constexpr std::size_t kKinds = 13;

struct Action {
  Kind kind = Kind::kLead;
  std::uint8_t at = 0;  // Index of the replica.
  Line line;
  std::uint8_t keep = 0;
  std::uint8_t torn = 0;

  bool operator==(const Action&) const = default;
};

// An action as one number, and back.
std::uint32_t pack(const Action& action);
Action unpack(std::uint32_t packed);

const char* name_of(Kind kind);
// "replica 2 crashes; 1 of its queued operations survives".
std::string describe(const Action& action);

// How often each limited thing may still happen: four bits each.
class Budget {
 public:
  static constexpr unsigned kMost = 15;

  Budget() = default;
  static Budget unlimited() {
    Budget out;
    out.left_ = ~0U;
    return out;
  }
  std::uint32_t packed() const { return left_; }
  unsigned left(Kind kind) const { return slot(kind) < 0 ? kMost : (left_ >> shift(kind)) & 0xfU; }
  void set(Kind kind, unsigned times) {
    left_ = (left_ & ~(0xfU << shift(kind))) | (times << shift(kind));
  }
  // Takes one away when the kind is limited.
  void spend(Kind kind) {
    if (slot(kind) >= 0) left_ -= 1U << shift(kind);
  }

  bool operator==(const Budget&) const = default;

 private:
  // Kinds without a slot follow from others, which are limited.
  static int slot(Kind kind) {
    constexpr std::array<int, kKinds> kSlots = {0, -1, -1, 1, -1, 2, 3, -1, 4, 5, 6, 7, -1};
    return kSlots[static_cast<std::size_t>(kind)];
  }
  static unsigned shift(Kind kind) { return 4U * static_cast<unsigned>(slot(kind)); }

  std::uint32_t left_ = 0;
};

}  // namespace holdfast::explore
