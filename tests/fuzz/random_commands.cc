#include "tests/fuzz/random_commands.h"

#include <array>
#include <limits>
#include <string>
#include <utility>

namespace holdfast::fuzz {

namespace {

using state::NodeKind;

constexpr std::array<const char*, 14> kPaths = {"/",    "/a", "/b",   "/a/b",  "/a/b/c",
                                                "/a/c", "/e", "/e/x", "/lock", "/until",
                                                "",     "a",  "//",   "/a/"};

std::string path_of(ByteSource& source) {
  const std::size_t choice = source.below(16);
  if (choice < kPaths.size()) return kPaths[choice];
  if (choice == 14) return std::string(source.take(source.below(32)));
  return "/" + std::string(source.below(256), 'x') + "/" + std::string(source.below(256), 'y');
}

std::string words_of(ByteSource& source) {
  const std::size_t choice = source.below(8);
  if (choice < 5) return std::string(1 + choice, 'w');
  if (choice == 5) return {};
  if (choice == 6) return std::string(source.take(source.below(16)));
  return std::string(8 * source.below(256), 'w');
}

// One of the few last zxids, or any number.
std::uint64_t number_near(ByteSource& source, Zxid near) {
  const std::size_t choice = source.below(32);
  if (choice < 28) return near.value - std::min<std::uint64_t>(near.value, choice);
  if (choice == 28) return near.value + 1 + source.below(4);
  return choice == 29 ? ~0ULL : source.u64();
}

std::int64_t time_of(ByteSource& source) {
  constexpr std::array<std::int64_t, 8> kTimes = {0,
                                                  -1,
                                                  1,
                                                  1'000,
                                                  30'000,
                                                  60'001,
                                                  std::numeric_limits<std::int64_t>::max(),
                                                  std::numeric_limits<std::int64_t>::min()};
  return kTimes[source.below(kTimes.size())];
}

state::OwnerId owner_of(ByteSource& source) {
  const std::size_t choice = source.below(5);
  return state::OwnerId(choice == 4 ? ~0ULL : choice);
}

state::SecretHash secret_of(ByteSource& source) {
  const std::size_t choice = source.below(8);
  return {.bytes = choice == 7 ? std::string(source.take(source.below(40)))
                               : std::string(32, static_cast<char>('a' + choice))};
}

state::Conditions conditions_of(ByteSource& source, Zxid near) {
  state::Conditions out;
  const std::size_t choice = source.below(8);
  if ((choice & 1U) != 0) out.instance = Zxid(number_near(source, near));
  if ((choice & 2U) != 0) out.content_generation = source.below(4);
  return out;
}

Sequencer sequencer_of(ByteSource& source, Zxid near) {
  return {.mode = source.flag() ? LockMode::kShared : LockMode::kExclusive,
          .generation = Zxid(number_near(source, near)),
          .acquisition = Zxid(number_near(source, near)),
          .instance = Zxid(number_near(source, near)),
          .cell_prefix = source.below(8) == 0 ? source.u64() : 0x0011223344556677ULL,
          .path = path_of(source)};
}

state::Create create_of(ByteSource& source) {
  const std::size_t bits = source.below(64);
  return {.path = path_of(source),
          .contents = words_of(source),
          .kind = static_cast<NodeKind>(bits % 3),
          .sequential = (bits & 16U) != 0,
          .create_parents = (bits & 32U) != 0};
}

state::Remove remove_of(ByteSource& source, Zxid near) {
  return {.path = path_of(source),
          .conditions = conditions_of(source, near),
          .owner = owner_of(source)};
}

state::SetContents set_of(ByteSource& source, Zxid near) {
  return {.path = path_of(source),
          .contents = words_of(source),
          .conditions = conditions_of(source, near)};
}

state::MultiOp multi_op_of(ByteSource& source, Zxid near) {
  switch (source.below(5)) {
    case 0:
      return create_of(source);
    case 1:
      return remove_of(source, near);
    case 2:
      return set_of(source, near);
    case 3: {
      state::Check check{.path = path_of(source), .must_exist = source.flag()};
      check.conditions = conditions_of(source, near);
      return check;
    }
    default:
      return state::CheckHeld{.sequencer = sequencer_of(source, near)};
  }
}

state::Op session_op(ByteSource& source, Zxid near) {
  switch (source.below(6)) {
    case 0:
    case 1: {
      state::OpenSession op{.secret = secret_of(source),
                            .lease_ms = time_of(source),
                            .client_name = words_of(source),
                            .host = words_of(source),
                            .instance_name = words_of(source),
                            .previous = std::nullopt};
      if (source.below(4) == 0) {
        op.previous =
            state::PreviousSession{.instance_name = words_of(source), .secret = secret_of(source)};
      }
      return op;
    }
    case 2:
      return state::CloseSession{};
    case 3:
      return state::ExpireSession{.session = SessionId(number_near(source, near))};
    case 4:
      return state::EpochBegun{.leader = ServerId(source.below(4))};
    default:
      return state::KillSession{.session = SessionId(number_near(source, near)),
                                .reason = words_of(source),
                                .who = words_of(source),
                                .now = source.flag()};
  }
}

state::Op lock_op(ByteSource& source, Zxid near) {
  switch (source.below(8)) {
    case 0:
    case 1:
    case 2:
      return state::Acquire{.path = path_of(source),
                            .mode = source.flag() ? LockMode::kShared : LockMode::kExclusive,
                            .wait_ms = time_of(source),
                            .lock_delay_ms = time_of(source),
                            .owner = owner_of(source),
                            .description = words_of(source),
                            .create = static_cast<state::LockCreate>(source.below(3))};
    case 3:
      return state::CancelWait{.path = path_of(source),
                               .owner = owner_of(source),
                               .why = source.flag() ? state::CancelWait::Why::kTimedOut
                                                    : state::CancelWait::Why::kCancelled,
                               .session = SessionId(number_near(source, near)),
                               .waiter = state::RequestNumber(source.below(16))};
    case 4:
    case 5:
      return state::Release{.path = path_of(source), .owner = owner_of(source)};
    case 6:
      return state::BreakLock{.path = path_of(source),
                              .acquisition = Zxid(source.flag() ? number_near(source, near) : 0),
                              .reason = words_of(source),
                              .who = words_of(source),
                              .now = source.flag()};
    default:
      return state::EndLockDelay{
          .path = path_of(source),
          .since = Zxid(number_near(source, near)),
          .acknowledged_by = SessionId(source.flag() ? number_near(source, near) : 0)};
  }
}

state::Op node_op(ByteSource& source, Zxid near) {
  switch (source.below(4)) {
    case 0:
      return create_of(source);
    case 1:
      return remove_of(source, near);
    case 2:
      return set_of(source, near);
    default: {
      state::Multi multi;
      for (std::size_t count = source.below(6); count > 0; --count) {
        multi.ops.push_back(multi_op_of(source, near));
      }
      return multi;
    }
  }
}

state::Op op_of(ByteSource& source, Zxid near) {
  const std::size_t choice = source.below(8);
  if (choice < 2) return session_op(source, near);
  return choice < 6 ? lock_op(source, near) : node_op(source, near);
}

}  // namespace

state::Command random_command(ByteSource& source, Zxid near) {
  const std::size_t bits = source.below(256);
  state::Command command;
  command.op = op_of(source, near);
  command.stamp = {.cluster_ms = bits == 0 ? time_of(source) : static_cast<std::int64_t>(bits) * 40,
                   .wall_ms = 1};
  command.origin = {.server = ServerId(1), .incarnation = Incarnation(1), .call = bits};
  if ((bits & 7U) != 0) command.session = SessionId(number_near(source, near));
  if ((bits & 24U) != 0) command.request = state::RequestNumber(source.below(32));
  if ((bits & 96U) == 0) command.answered_below = state::RequestNumber(source.below(32));
  if ((bits & 224U) == 224U) command.guard = sequencer_of(source, near);
  return command;
}

}  // namespace holdfast::fuzz
