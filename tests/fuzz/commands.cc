#include <map>
#include <string>
#include <utility>
#include <variant>

#include "lockserver/state/command_codec.h"
#include "lockserver/state/state_machine.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/random_commands.h"
#include "tests/fuzz/target.h"
#include "zab/base/check.h"

// Entries of the log. The first byte says which: 0, the rest is the payload of an entry, perhaps
// damaged; else commands, well-formed but of any content, which the state machine must judge
// without ever contradicting itself. Another replica may have admitted them.

namespace holdfast::fuzz {

namespace {

constexpr char kCellPrefix[] = "0011223344556677";
constexpr std::size_t kCommandsMax = 32;

state::StateLimits small_limits() {
  return {.state_bytes_max = 40'000,
          .content_bytes_max = 1'000,
          .event_history_bytes = 4'000,
          .sessions_max = 6};
}

void decode(std::string_view bytes) {
  const Result<state::Command> command = state::decode_command(bytes);
  if (!command.ok()) {
    HOLDFAST_CHECK(!command.status().message().empty(), "a refusal has words");
    return;
  }
  HOLDFAST_CHECK(state::encode_command(*command) == bytes, "accepted, but written otherwise");
  state::StateMachine machine(small_limits(), kCellPrefix);
  machine.apply(Zxid(Epoch(1), 1), *command);
  HOLDFAST_CHECK(machine.audit().ok(), machine.audit().message());
}

class Replayed {
 public:
  void apply(Zxid zxid, const state::Command& command) {
    const std::string bytes = state::encode_command(command);
    const Result<state::Command> logged = state::decode_command(bytes);
    HOLDFAST_CHECK(logged.ok() && *logged == command, "the log changes a command");
    machine_.apply(zxid, *logged);
    for (const state::Write& write : machine_.take_writes()) {
      if (write.value) {
        image_[write.key] = *write.value;
      } else {
        image_.erase(write.key);
      }
    }
    const Status sound = machine_.audit();
    HOLDFAST_CHECK(sound.ok(), sound.message());
    HOLDFAST_CHECK(machine_.state_bytes() <= kStateBytesCeiling, "the state has no bound");
  }
  // The image that the writes made is the state, and loads as such.
  void check_image() const {
    state::StateMachine loaded(small_limits(), kCellPrefix);
    for (const auto& [key, value] : image_) {
      const Status taken = loaded.load(key, value);
      HOLDFAST_CHECK(taken.ok(), taken.message());
    }
    const Status whole = loaded.finish_load();
    HOLDFAST_CHECK(whole.ok(), whole.message());
    HOLDFAST_CHECK(loaded.hash() == machine_.hash(), "the image is another state");
  }

 private:
  // What frees and what ends waits is let through beyond the limit, and events have their own.
  static constexpr std::uint64_t kStateBytesCeiling = 80'000;

  state::StateMachine machine_{small_limits(), kCellPrefix};
  std::map<std::string, std::string> image_;
};

}  // namespace

void run(std::string_view input) {
  ByteSource source(input);
  if (source.byte() == 0) return decode(source.rest());
  Replayed replica;
  Zxid zxid(Epoch(1), 0);
  for (std::size_t count = 0; !source.is_empty() && count < kCommandsMax; ++count) {
    zxid = source.below(16) == 15 ? Zxid(zxid.epoch().next(), 1) : Zxid(zxid.value + 1);
    replica.apply(zxid, random_command(source, zxid));
  }
  replica.check_image();
}

}  // namespace holdfast::fuzz
