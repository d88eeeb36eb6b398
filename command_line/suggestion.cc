#include "command_line/suggestion.h"

#include <algorithm>
#include <optional>

namespace holdfast::command_line {
namespace {

// What the option is called without its value: "--wait" of "--wait=3s".
std::string bare(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

const Option* find_option(const Page& page, const std::string& name) {
  for (const Option& option : page.options) {
    if (option.is_positional) continue;
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
      return &option;
  }
  return nullptr;
}

std::vector<std::string> option_names(const Page& page, const Page& program) {
  std::vector<std::string> out;
  for (const Page* one : {&page, &program}) {
    for (const Option& option : one->options) {
      if (option.is_positional) continue;
      for (const std::string& name : option.names) {
        if (name.starts_with("--")) out.push_back(name);
      }
    }
  }
  return out;
}

// Both "run" for who writes `lock rnu` and "lock run" for who writes `run`.
std::string nearest_command(const Page& page, const Page& program, const std::string& word) {
  const auto leaf_near = [&](std::size_t distance_max) -> std::string {
    for (const Page* leaf : leaves(program)) {
      if (distance(word, leaf->words.back()) <= distance_max) return leaf->name();
    }
    return {};
  };
  std::string exact = leaf_near(0);
  if (!exact.empty()) return exact;
  std::vector<std::string> names;
  for (const Page& command : page.commands) names.push_back(command.words.back());
  const std::string best = nearest(word, names);
  return best.empty() ? leaf_near(1) : page.name() + " " + best;
}

std::string sentence(const std::string& what, const std::string& meant) {
  return meant.empty() ? what : what + "; did you mean '" + meant + "'?";
}

}  // namespace

std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(other.size() + 1);
  for (std::size_t k = 0; k <= other.size(); ++k) last[k] = k;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    std::vector<std::size_t> row(other.size() + 1);
    row[0] = i;
    for (std::size_t k = 1; k <= other.size(); ++k) {
      const std::size_t change = last[k - 1] + (one[i - 1] == other[k - 1] ? 0 : 1);
      row[k] = std::min({change, last[k] + 1, row[k - 1] + 1});
      if (i > 1 && k > 1 && one[i - 1] == other[k - 2] && one[i - 2] == other[k - 1]) {
        row[k] = std::min(row[k], before_last[k - 2] + 1);
      }
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last.back();
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t here = distance(word, candidate);
    // "x" is no misspelling of "ls": something of the word has to be left.
    if (here >= best_distance || here >= std::max(word.size(), candidate.size())) continue;
    best = candidate;
    best_distance = here;
  }
  return best;
}

std::string explain_unknown(const Page& program, const std::vector<std::string>& words) {
  const Page* page = &program;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return {};
    if (word.size() > 1 && word.front() == '-') {
      const std::string name = bare(word);
      const Option* option = find_option(*page, name);
      if (option == nullptr) option = find_option(program, name);
      if (option == nullptr) {
        return sentence(page->name() + " has no option '" + name + "'",
                        nearest(name, option_names(*page, program)));
      }
      const bool has_value_inside = name != word;
      if (!option->value.empty() && !has_value_inside) ++i;
    } else if (!page->commands.empty()) {
      const Page* below = page->command(word);
      if (below == nullptr) {
        return sentence("there is no command '" + page->name() + " " + word + "'",
                        nearest_command(*page, program, word));
      }
      page = below;
    }
  }
  if (page->commands.empty()) return {};
  return "a command is missing after '" + page->name() + "'";
}

}  // namespace holdfast::command_line
