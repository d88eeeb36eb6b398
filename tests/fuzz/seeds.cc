#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lockserver/state/image_codec.h"
#include "lockserver/state/state_machine.h"
#include "lockserver/storage/record_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/random_commands.h"
#include "tests/net/samples.h"
#include "tests/net/stock_client.h"
#include "zab/base/random.h"

// The seeds of the corpora: tests/fuzz/corpus/<target>/seed-*. Made of what the golden files hold
// and of a few stories, so that a search begins where the formats are right.
//
//   fuzz_seeds CORPUS TESTDATA         says which seeds are not as they should be, and fails then
//   REWRITE=1 fuzz_seeds CORPUS TESTDATA   writes them

namespace {

namespace fs = std::filesystem;
using holdfast::Epoch;
using holdfast::Random;
using holdfast::WireProtocol;
using holdfast::Zxid;
using holdfast::fuzz::ByteSink;
namespace fuzz = holdfast::fuzz;
namespace net = holdfast::net;
namespace state = holdfast::state;
namespace storage = holdfast::storage;

// Path below the corpus to content.
using Seeds = std::map<std::string, std::string>;

class Corpus {
 public:
  Corpus(Seeds& seeds, std::string target) : seeds_(seeds), target_(std::move(target)) {}
  void add(std::string_view bytes) {
    const std::string number = std::to_string(100 + ++count_).substr(1);
    seeds_[target_ + "/seed-" + number] = std::string(bytes);
  }
  // An input that broke something once.
  void add_regression(const std::string& what, std::string_view bytes) {
    seeds_[target_ + "/regression-" + what] = std::string(bytes);
  }

 private:
  Seeds& seeds_;
  std::string target_;
  int count_ = 0;
};

// Lines "name: hex" or "name hex" of a golden file.
std::vector<std::pair<std::string, std::string>> golden(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::pair<std::string, std::string>> found;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.rfind(' ');
    found.emplace_back(line.substr(0, space), net::testing::from_hex(line.substr(space + 1)));
  }
  return found;
}

std::string random_bytes(std::uint64_t seed, std::size_t length) {
  Random dice(seed);
  std::string bytes;
  while (bytes.size() < length) bytes.push_back(static_cast<char>(dice.below(256)));
  return bytes;
}

// ---- texts --------------------------------------------------------------------------------------

void add_texts(Seeds& seeds) {
  Corpus paths(seeds, "paths");
  const std::string deep = "/" + std::string(255, 'a') + "/b";
  for (const char* path : {"/", "/a/b", "/ls/test/a", "/ls/local", "/ls/other/a", "/a/../b", "//",
                           "/\xc3\xa4\xe2\x82\xac", "/.holdfast/x", "prod-1", deep.c_str()}) {
    paths.add(path);
  }
  Corpus sequencers(seeds, "sequencers");
  const std::string numbers = "0000000100000005:0000000100000005:0000000100000003:";
  sequencers.add("1:x:" + numbers + "0011223344556677:/a/lock");
  sequencers.add("1:s:" + numbers + "ffffffffffffffff:/");
  sequencers.add("2:s:" + numbers + "ffffffffffffffff:/");
  Corpus config(seeds, "config");
  config.add("voters=1=127.0.0.1:7201,2=127.0.0.1:7202,3=[::1]:7203 observers=4=host-4.x:1");
  config.add("localhost:7100");
  config.add("00112233445566778899aabbccddeeff");
  config.add(ByteSink().text("2=b:2,1=a:1").bytes() + "3=c:3");
}

// ---- bytes --------------------------------------------------------------------------------------

void add_records(Seeds& seeds, const fs::path& testdata) {
  Corpus records(seeds, "records");
  const std::map<std::string, int> kinds = {
      {"entry_key", 5}, {"log_state", 1}, {"image_state", 2}, {"identity", 3}, {"chunk", 4}};
  for (const auto& [name, bytes] : golden(testdata / "wire/storage_records.txt")) {
    const auto kind = kinds.find(name.substr(0, name.find_first_of(": ")));
    if (kind != kinds.end()) {
      records.add(ByteSink().byte(static_cast<std::uint64_t>(kind->second)).bytes() + bytes);
    } else {
      const bool first = name.find("1.1") != std::string::npos;
      const Zxid zxid = first ? Zxid(Epoch(1), 1) : Zxid(Epoch(7), 41);
      records.add(ByteSink().byte(0).u64(zxid.value).bytes() + bytes);
    }
  }
}

void add_frames(Seeds& seeds) {
  Corpus frames(seeds, "peer_frames");
  for (const net::testing::NamedBytes& frame : net::testing::sample_peer_frames()) {
    frames.add(frame.bytes);
  }
  Corpus handshake(seeds, "handshake");
  for (const net::testing::NamedBytes& frame : net::testing::sample_peer_frames()) {
    if (frame.name == "HELLO" || frame.name == "WELCOME") {
      handshake.add(ByteSink().byte(0).bytes() + frame.bytes);
    }
  }
  handshake.add(std::string("\x01\x01\x00\x00\x02\x02\x00", 7));
  Corpus pieces(seeds, "frames");
  pieces.add(std::string("\x05\0\0\0\x01x\x09\0\0\0\x03yyy\0\0", 14));
  pieces.add(std::string("\x04\xff\xff\xff\xff", 5));
  pieces.add(std::string("\x09\0\0\0\x41", 5) + std::string(65, 'z'));
}

std::string image_bytes(std::uint64_t seed) {
  state::StateMachine machine(state::StateLimits::defaults(), "0011223344556677");
  const std::string decisions = random_bytes(seed, 4'000);
  fuzz::ByteSource source(decisions);
  for (std::uint32_t counter = 1; !source.is_empty(); ++counter) {
    const Zxid zxid(Epoch(1), counter);
    machine.apply(zxid, fuzz::random_command(source, zxid));
    if (counter > 10 && machine.image().size() > 25) break;
  }
  const std::vector<state::Write> image = machine.image();
  ByteSink sink;
  sink.byte(2).byte(std::min<std::size_t>(image.size(), 63));
  for (const state::Write& write : image) sink.text(write.key).text(*write.value);
  return sink.bytes() + random_bytes(seed + 1, 100);
}

// An image whose history of events ends later than the image itself: the next command's events came
// before the last.
std::string image_with_events_from_the_future() {
  state::StateMachine machine(state::StateLimits::defaults(), "0011223344556677");
  state::Command command;
  command.op = state::EpochBegun{.leader = holdfast::ServerId(1)};
  machine.apply(Zxid(Epoch(1), 1), command);
  ByteSink sink;
  sink.byte(2).byte(0);
  std::uint64_t count = 0;
  for (const state::Write& write : machine.image()) {
    const auto key = state::parse_key(write.key);
    if (std::holds_alternative<state::EventsKey>(*key)) continue;
    std::string value = *write.value;
    if (std::holds_alternative<state::MetaKey>(*key)) {
      state::MetaRecord meta = *state::decode_meta(value);
      meta.newest_event = meta.history_floor = {.zxid = Zxid(Epoch(9), 1), .index = 0};
      value = state::encode_meta(meta);
    }
    sink.text(write.key).text(value);
    ++count;
  }
  std::string bytes = sink.bytes();
  bytes[1] = static_cast<char>(count);
  return bytes + random_bytes(1, 200);
}

void add_compact(Seeds& seeds, const fs::path& testdata) {
  Corpus compact(seeds, "compact");
  const auto add = [&](std::uint64_t kind, std::string_view bytes) {
    compact.add(ByteSink().byte(kind).bytes() + std::string(bytes));
  };
  for (const auto& [name, bytes] : golden(testdata / "wire/state_records.txt")) {
    if (name.starts_with("command ")) add(0, bytes);
    if (name.starts_with("reply ")) add(1, bytes);
    if (name.starts_with("image node")) add(2, bytes);
    if (name.starts_with("image event")) add(3, bytes);
  }
  for (const net::testing::NamedBytes& frame : net::testing::sample_peer_frames()) {
    const std::string_view body = std::string_view(frame.bytes).substr(1);
    if (frame.name.starts_with("PROPOSAL")) add(4, body);
    if (frame.name.starts_with("NOTIFICATION")) add(5, body);
    if (frame.name.starts_with("PONG")) add(6, body);
  }
  // A header with a zxid, one event of nothing, and more to come.
  add(7, std::string_view("\x1c\x16\x02\x00\x19\x1c\x00\x21\x00", 9));
}

void add_state(Seeds& seeds, const fs::path& testdata) {
  Corpus commands(seeds, "commands");
  Corpus image(seeds, "image");
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> values;
  for (const auto& [name, bytes] : golden(testdata / "wire/state_records.txt")) {
    if (name.starts_with("command ")) commands.add(ByteSink().byte(0).bytes() + bytes);
    if (name.starts_with("key ")) keys[name.substr(4)] = bytes;
    if (name.starts_with("image ")) values[name.substr(6)] = bytes;
    if (name.starts_with("reply ")) values["result:"] = bytes;
  }
  for (const auto& [name, key] : keys) {
    image.add(ByteSink().byte(0).text(key).bytes() + values[name]);
  }
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    commands.add("\x01" + random_bytes(seed, 400));
    image.add(image_bytes(seed));
  }
  image.add_regression("events-from-the-future", image_with_events_from_the_future());
  storage::ChunkWriter chunk;
  for (const auto& [name, key] : keys) chunk.add(key, values[name]);
  image.add(ByteSink().byte(1).text(chunk.finish()).bytes());
}

// ---- stories ------------------------------------------------------------------------------------

// A number comes again for a request of another kind.
std::string used_number() {
  using net::testing::StockClient;
  const WireProtocol protocol = WireProtocol::kCompact;
  holdfast::api::CreateRequest create;
  create.header.session_id = net::testing::kSampleSession;
  create.header.request_number = 1;
  create.path = "/a";
  holdfast::api::ReleaseRequest release;
  release.header = create.header;
  release.path = "/a";
  holdfast::api::MultiRequest multi;
  multi.header = create.header;
  using Client = holdfast::api::LockServiceClient;
  ByteSink story;
  story.byte(0).text(net::testing::sample_calls(protocol).front().bytes);
  story.byte(0).text(StockClient(protocol).call(&Client::send_create, create));
  story.byte(0).text(StockClient(protocol).call(&Client::send_release, release));
  story.byte(0).text(StockClient(protocol).call(&Client::send_multi, multi));
  return story.bytes();
}

void add_calls(Seeds& seeds) {
  Corpus calls(seeds, "client_calls");
  calls.add_regression("number-of-another-kind", used_number());
  for (const WireProtocol protocol : {WireProtocol::kBinary, WireProtocol::kCompact}) {
    const auto samples = net::testing::sample_calls(protocol);
    ByteSink story;
    for (const net::testing::NamedBytes& sample : samples) {
      story.byte(0).text(sample.bytes);
      ByteSink opened;
      opened.byte(0).text(samples.front().bytes).byte(0).text(sample.bytes);
      calls.add(opened.bytes());
    }
    calls.add(story.bytes());
  }
}

// Steps of tests/fuzz/core.cc.
void add_core(Seeds& seeds) {
  Corpus core(seeds, "core");
  const std::string follow = std::string("\x01\x05\x00\x07\x02\x08", 6);
  const std::string lead = std::string("\x01\x05\x00\x07\x00\x0b\x01\x08\x00", 9);
  std::string polite;
  for (int i = 0; i < 6; ++i) polite += std::string("\x09\x00", 2);
  core.add(follow + polite);
  core.add(lead + polite + std::string("\x05\x00\x20\x03\x07\x09\x00\x09\x00\x05\x03\x01", 12));
  core.add(std::string("\x21\x00\x07\x00\x0b\x01\x08\x00", 8) + polite);
  core.add(std::string("\x3d\x00\x07\x02\x08", 5) + polite);
  // A follower is sent an image, in two pieces; then it is told to go on.
  const std::string in_sync = follow + std::string("\x09\x00", 2);
  const std::string image(
      "\x0c\x00\x01\x00\x03\x00"
      "\x0c\x00\x01\x00\x04\x01\x02"
      "\x0c\x00\x01\x00\x04\x01\x01"
      "\x0c\x00\x01\x00\x05\x01"
      "\x0b\x01\x02\x02",
      30);
  core.add(in_sync + image + polite);
  // A leader that has purged its log is found by a learner with an empty one.
  const std::string purged = lead + polite + std::string("\x05\x00\x20\x0b\x01\x02\x03\x05\x05", 9);
  const std::string empty_learner("\x08\x01\x0c\x00\x00\x00\x01\x01\x08\x03\x14", 11);
  std::string sending;
  for (int i = 0; i < 6; ++i) sending += std::string("\x02\x04\x09\x00", 4);
  core.add(purged + empty_learner + sending + polite);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    core.add((seed % 2 == 0 ? follow : lead) + polite + random_bytes(seed, 300));
    core.add(random_bytes(100 + seed, 400));
  }
}

// Steps of tests/fuzz/cell.cc.
void add_cell(Seeds& seeds) {
  Corpus cell(seeds, "cell");
  for (std::uint64_t seed = 1; seed <= 24; ++seed) cell.add(random_bytes(200 + seed, 300));
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: fuzz_seeds CORPUS TESTDATA\n");
    return EXIT_FAILURE;
  }
  const fs::path corpus = argv[1];
  Seeds seeds;
  add_texts(seeds);
  add_records(seeds, argv[2]);
  add_frames(seeds);
  add_compact(seeds, argv[2]);
  add_state(seeds, argv[2]);
  add_calls(seeds);
  add_core(seeds);
  add_cell(seeds);
  const char* rewrite = std::getenv("REWRITE");
  bool all_are_right = true;
  for (const auto& [name, bytes] : seeds) {
    if (rewrite != nullptr && std::string_view(rewrite) == "1") {
      fs::create_directories((corpus / name).parent_path());
      std::ofstream(corpus / name, std::ios::binary) << bytes;
    } else if (content_of(corpus / name) != bytes) {
      std::fprintf(stderr, "%s is not as this program makes it\n", name.c_str());
      all_are_right = false;
    }
  }
  std::printf("%zu seeds\n", seeds.size());
  return all_are_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
