#include "client/cli/words.h"

#include <utility>

namespace holdfast::cli {
namespace {

struct Split {
  std::vector<std::string> words;
  bool is_open = false;     // A quote or a backslash waits for more.
  bool is_in_word = false;  // The line ends in the middle of the last word.
};

class Splitter {
 public:
  Split split(std::string_view line) {
    for (const char c : line) {
      if (!take(c)) break;
    }
    Split out;
    out.is_open = quote_ != 0 || is_escaped_;
    out.is_in_word = is_in_word_;
    if (is_in_word_) words_.push_back(std::move(word_));
    out.words = std::move(words_);
    return out;
  }

 private:
  // False from where a comment begins.
  bool take(char c) {
    if (is_escaped_) {
      is_escaped_ = false;
      // In double quotes a backslash means itself before most letters.
      if (quote_ == '"' && c != '"' && c != '\\') word_ += '\\';
      word_ += c;
    } else if (quote_ != 0) {
      if (c == quote_) {
        quote_ = 0;
      } else if (quote_ == '"' && c == '\\') {
        is_escaped_ = true;
      } else {
        word_ += c;
      }
    } else if (c == ' ' || c == '\t' || c == '\n') {
      end_word();
    } else if (c == '#' && !is_in_word_) {
      return false;
    } else {
      begin_or_go_on(c);
    }
    return true;
  }

  void begin_or_go_on(char c) {
    is_in_word_ = true;
    if (c == '\'' || c == '"') {
      quote_ = c;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else {
      word_ += c;
    }
  }

  void end_word() {
    if (!is_in_word_) return;
    words_.push_back(std::exchange(word_, {}));
    is_in_word_ = false;
  }

  std::vector<std::string> words_;
  std::string word_;
  char quote_ = 0;
  bool is_escaped_ = false;
  bool is_in_word_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  Split split = Splitter().split(line);
  if (split.is_open) return std::nullopt;
  return std::move(split.words);
}

std::vector<std::string> words_to_complete(std::string_view line) {
  Split split = Splitter().split(line);
  if (!split.is_in_word) split.words.emplace_back();
  return std::move(split.words);
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kNeedsQuotes = " \t\n'\"\\#";
  if (!word.empty() && word.find_first_of(kNeedsQuotes) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace holdfast::cli
