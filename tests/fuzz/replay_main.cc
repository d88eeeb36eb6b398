#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/target.h"
#include "zab/base/random.h"

// Replays inputs: each argument is a file or a folder of files. With --random N in front, N random
// changes of them are run too: no search, but it needs no clang and some seconds of it are part of
// every test run. An input that aborts is written to the file that the last line names.

namespace {

namespace fs = std::filesystem;

// What runs now, for on_abort().
std::string current_name;   // NOLINT: a signal handler sees nothing but globals.
std::string current_input;  // NOLINT

void on_abort(int) {
  const std::string file = fs::temp_directory_path() / "holdfast-fuzz-input";
  std::ofstream(file, std::ios::binary) << current_input;
  std::fprintf(stderr, "input: %s, now in %s\n", current_name.c_str(), file.c_str());
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

void run(std::string name, std::string input) {
  current_name = std::move(name);
  current_input = std::move(input);
  holdfast::fuzz::run(current_input);
}

std::vector<fs::path> inputs_of(const fs::path& where) {
  if (!fs::is_directory(where)) return {where};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(where)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// One change: a byte, a piece gone or doubled, or the end of another input.
std::string changed(std::string input, const std::string& other, holdfast::Random& dice) {
  const std::size_t at = dice.below(input.size() + 1);
  const std::size_t length = dice.below(std::min<std::size_t>(input.size() - at, 32) + 1);
  switch (dice.below(5)) {
    case 0:
      input.erase(at, length);
      break;
    case 1:
      input.insert(at, input.substr(at, length));
      break;
    case 2:
      input = input.substr(0, at) + other.substr(dice.below(other.size() + 1));
      break;
    case 3:
      input.insert(at, 1, static_cast<char>(dice.below(256)));
      break;
    default:
      if (at < input.size()) input[at] = static_cast<char>(dice.below(256));
      break;
  }
  return input.substr(0, 4'096);
}

void run_random(const std::vector<std::string>& inputs, std::uint64_t rounds) {
  for (std::uint64_t round = 0; round < rounds; ++round) {
    holdfast::Random dice(round);
    std::string input = inputs[dice.below(inputs.size())];
    for (std::uint64_t changes = 1 + dice.below(8); changes > 0; --changes) {
      input = changed(std::move(input), inputs[dice.below(inputs.size())], dice);
    }
    run("random change " + std::to_string(round), std::move(input));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  const bool is_random = argc > 2 && std::string_view(argv[1]) == "--random";
  const std::uint64_t rounds = is_random ? std::strtoull(argv[2], nullptr, 10) : 0;
  std::vector<std::string> inputs;
  for (int i = is_random ? 3 : 1; i < argc; ++i) {
    for (const fs::path& file : inputs_of(argv[i])) {
      std::ifstream in(file, std::ios::binary);
      inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      run(file, inputs.back());
    }
  }
  // A corpus that has gone must not pass for one that was clean.
  if (inputs.empty()) return EXIT_FAILURE;
  run_random(inputs, rounds);
  std::printf("%zu inputs, %llu random changes\n", inputs.size(),
              static_cast<unsigned long long>(rounds));
  return EXIT_SUCCESS;
}
