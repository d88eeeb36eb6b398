#include "client/cli/line_reader.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <editline/readline.h>
#include <sys/stat.h>

namespace holdfast::cli {
namespace {

constexpr int kHistoryLinesMax = 1000;

// libedit's interface to completion and a signal handler have nothing but globals to reach us by.
LineReader::Complete g_complete;
std::atomic<bool> g_was_interrupted = false;

void note_interrupt(int) {
  g_was_interrupted = true;
}

std::string common_start(const std::vector<std::string>& words) {
  std::string out = words.front();
  for (const std::string& word : words) {
    const auto differ = std::mismatch(out.begin(), out.end(), word.begin(), word.end()).first;
    out.erase(differ, out.end());
  }
  return out;
}

// An array as libedit wants it: allocated word by word, their common start first, null at the end.
char** matches_of(const std::vector<std::string>& words) {
  auto** out = static_cast<char**>(std::calloc(words.size() + 2, sizeof(char*)));
  if (out == nullptr) return nullptr;
  out[0] = strdup(common_start(words).c_str());
  if (words.size() == 1) return out;
  for (std::size_t i = 0; i < words.size(); ++i) out[i + 1] = strdup(words[i].c_str());
  return out;
}

char** attempt_completion(const char* text, int, int end) {
  rl_attempted_completion_over = 1;  // No names of local files.
  const std::string line(rl_line_buffer,
                         std::min(std::strlen(rl_line_buffer), static_cast<std::size_t>(end)));
  std::vector<std::string> words = g_complete(line);
  std::erase_if(words, [text](const std::string& word) { return !word.starts_with(text); });
  if (words.empty()) return nullptr;
  const bool goes_on = words.size() == 1 && words.front().ends_with('/');
  rl_completion_append_character = goes_on ? '\0' : ' ';
  return matches_of(words);
}

}  // namespace

LineReader::LineReader(std::string history_file, Complete complete)
    : history_file_(std::move(history_file)) {
  g_complete = std::move(complete);
  rl_readline_name = "holdfast";
  rl_initialize();
  rl_basic_word_break_characters = " \t\n";
  rl_attempted_completion_function = attempt_completion;
  using_history();
  stifle_history(kHistoryLinesMax);
  if (!history_file_.empty()) read_history(history_file_.c_str());
}

LineReader::~LineReader() {
  g_complete = nullptr;
  if (history_file_.empty()) return;
  // Contents that were typed are nobody else's business.
  const mode_t before = umask(S_IRWXG | S_IRWXO);
  write_history(history_file_.c_str());
  umask(before);
}

std::optional<std::string> LineReader::read(const std::string& prompt) {
  g_was_interrupted = false;
  struct sigaction noted {};
  struct sigaction before {};
  noted.sa_handler = note_interrupt;  // Without SA_RESTART: reading ends.
  sigaction(SIGINT, &noted, &before);
  char* typed = readline(prompt.c_str());
  sigaction(SIGINT, &before, nullptr);
  if (typed == nullptr) {
    std::printf("\n");
    return g_was_interrupted ? std::optional<std::string>(std::string()) : std::nullopt;
  }
  std::string line(typed);
  std::free(typed);
  if (line.find_first_not_of(" \t") != std::string::npos) add_history(line.c_str());
  return line;
}

}  // namespace holdfast::cli
