#include "client/cli/completion.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "client/cli/output.h"
#include "client/cli/words.h"

namespace holdfast::cli {
namespace {

using command_line::Option;
using command_line::Page;

constexpr Milliseconds kTimeForNames{1000};

// Where in the command line the word stands that is being typed.
struct Place {
  const Page* page = nullptr;
  std::size_t positionals = 0;     // Before it.
  const Option* option = nullptr;  // Whose value it is.
  bool is_foreign = false;         // Behind "--".
};

const Option* find_option(const Page& page, const Page& program, const std::string& name) {
  for (const Page* one : {&page, &program}) {
    for (const Option& option : one->options) {
      const auto& names = option.names;
      if (!option.is_positional && std::find(names.begin(), names.end(), name) != names.end())
        return &option;
    }
  }
  return nullptr;
}

Place place_of_last(const Page& program, const std::vector<std::string>& words) {
  Place place{.page = &program};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    place.option = nullptr;
    if (word == "--") {
      place.is_foreign = true;
      return place;
    }
    if (word.size() > 1 && word.front() == '-') {
      const Option* option = find_option(*place.page, program, word);
      if (option == nullptr || option->value.empty()) continue;
      // The next word is its value.
      if (i + 2 == words.size()) place.option = option;
      ++i;
    } else if (const Page* below = place.page->command(word)) {
      place.page = below;
    } else {
      ++place.positionals;
    }
  }
  return place;
}

std::vector<Candidate> options_of(const Page& page, const Page& program) {
  std::vector<Candidate> out;
  for (const Page* one : {&page, &program}) {
    for (const Option& option : one->options) {
      if (option.is_positional || option.names.back() == "--version") continue;
      const bool is_known = std::any_of(out.begin(), out.end(), [&option](const Candidate& there) {
        return there.word == option.names.back();
      });
      if (!is_known) out.push_back({.word = option.names.back(), .text = option.text});
    }
    if (&page == &program) break;
  }
  return out;
}

Candidates values_of(const Option& option, const std::string& typed, const CellNames& names) {
  Candidates out;
  if (option.value == "PATH" || option.value == "LOCK") {
    out.list = names.paths(typed);
  } else if (option.value == "SESSION") {
    out.list = names.sessions();
  } else if (option.value == "FILE" || option.value == "DIRECTORY" || option.value == "COMMAND") {
    out.are_files = true;
  } else {
    for (std::string& choice : option.choices())
      out.list.push_back({.word = std::move(choice), .text = {}});
  }
  return out;
}

// "--output=js": the value is completed, and the name stands before each candidate.
Candidates values_behind_sign(const Page& page, const Page& program, const std::string& typed,
                              const CellNames& names) {
  const std::size_t sign = typed.find('=');
  const Option* option = find_option(page, program, typed.substr(0, sign));
  if (option == nullptr) return {};
  Candidates out = values_of(*option, typed.substr(sign + 1), names);
  for (Candidate& candidate : out.list) candidate.word = typed.substr(0, sign + 1) + candidate.word;
  return out;
}

Candidates all_candidates(const Page& program, const std::vector<std::string>& words,
                          const CellNames& names) {
  const Place place = place_of_last(program, words);
  const std::string& typed = words.back();
  if (place.is_foreign) return {.list = {}, .are_files = true};
  if (place.option != nullptr) return values_of(*place.option, typed, names);
  if (typed.starts_with("--") && typed.find('=') != std::string::npos)
    return values_behind_sign(*place.page, program, typed, names);
  if (typed.starts_with('-')) return {.list = options_of(*place.page, program), .are_files = false};
  Candidates out;
  for (const Page& command : place.page->commands)
    out.list.push_back({.word = command.words.back(), .text = command.summary});
  if (!out.list.empty()) return out;
  std::size_t skipped = 0;
  for (const Option& option : place.page->options) {
    if (!option.is_positional) continue;
    if (option.is_repeated || skipped++ == place.positionals)
      return values_of(option, typed, names);
  }
  return {};
}

std::vector<Candidate> paths_in(const Context& context, const std::string& typed) {
  const std::size_t slash = typed.rfind('/');
  // As it is typed, so that the candidates begin as the typed word does.
  const std::string before = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
  if (before.empty() && context.directory.empty()) return {{.word = "/", .text = {}}};
  client::CellClient cell = context.cell_client();
  client::List list;
  list.path = context.path(before.size() > 1 ? before.substr(0, before.size() - 1) : before);
  list.with_stats = true;
  list.stale_ok = true;
  const auto children = cell.call(std::move(list), {.timeout = kTimeForNames});
  std::vector<Candidate> out;
  if (!children) return out;
  for (const client::Child& child : children->children) {
    out.push_back({.word = before + child.name, .text = {}});
    // Both, because the node itself may be meant, or one below it.
    const bool has_children = child.stat && child.stat->children > 0;
    if (has_children) out.push_back({.word = before + child.name + "/", .text = {}});
  }
  return out;
}

std::vector<Candidate> sessions_in(const Context& context) {
  client::CellClient cell = context.cell_client();
  client::ListSessions list;
  list.stale_ok = true;
  const auto page = cell.call(std::move(list), {.timeout = kTimeForNames});
  std::vector<Candidate> out;
  if (!page) return out;
  for (const client::SessionInfo& session : page->sessions) {
    out.push_back({.word = to_string(session.id),
                   .text = clean_text(session.client_name + " on " + session.host)});
  }
  return out;
}

// The endpoints that the command line names itself; else those that hold for this program.
Context context_of(const std::vector<std::string>& words, const Context& context) {
  Context out = context;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    constexpr std::string_view kName = "--endpoints";
    if (words[i] == kName && i + 2 < words.size()) out.endpoints = split_list(words[i + 1]);
    if (words[i].starts_with(std::string(kName) + "="))
      out.endpoints = split_list(words[i].substr(kName.size() + 1));
  }
  return out;
}

}  // namespace

Candidates complete(const Page& program, const std::vector<std::string>& words,
                    const CellNames& names) {
  Candidates out = all_candidates(program, words, names);
  std::erase_if(out.list, [&words](const Candidate& candidate) {
    return !candidate.word.starts_with(words.back());
  });
  return out;
}

CellNames names_in(const Context& context) {
  return {.paths = [context](const std::string& typed) { return paths_in(context, typed); },
          .sessions = [context] { return sessions_in(context); }};
}

int print_candidates(const Page& program, const Context& context, const std::string& line) {
  std::vector<std::string> words = words_to_complete(line);
  if (words.size() < 2) return kOk;
  words.erase(words.begin());
  const Candidates candidates = complete(program, words, names_in(context_of(words, context)));
  if (candidates.are_files) {
    std::printf(":files\n");
    return kOk;
  }
  for (const Candidate& candidate : candidates.list)
    std::printf("%s\t%s\n", candidate.word.c_str(), candidate.text.c_str());
  return kOk;
}

}  // namespace holdfast::cli
