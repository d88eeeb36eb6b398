#include "client/cli/completion.h"

namespace holdfast::cli {
namespace {

// bash gives a function the words as it breaks them, at = and : too; the program breaks the line
// itself, and what bash does not take for part of the word is cut off the candidates again.
constexpr const char* kBash =
    R"sh(# Completion of holdfast for bash: eval "$(holdfast completion bash)"
_holdfast() {
  local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}"
  local typed="${line##*[[:space:]]}" candidate
  local before="${typed%"$word"}"
  [[ "$typed" == *"$word" ]] || before=""
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    if [[ "$candidate" == ":files" ]]; then
      compopt -o default
      return 0
    fi
    printf -v candidate '%q' "$candidate"
    COMPREPLY+=("${candidate#"$before"}")
  done < <("${COMP_WORDS[0]}" complete -- "$line" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == */ ]]; then
    compopt -o nospace
  fi
  return 0
} 2>/dev/null
complete -F _holdfast holdfast
)sh";

constexpr const char* kZsh = R"sh(#compdef holdfast
# Completion of holdfast for zsh: eval "$(holdfast completion zsh)" after compinit, or this text as
# _holdfast in a folder of $fpath.
_holdfast() {
  local line="${(j: :)words[1,CURRENT-1]} ${PREFIX}" candidate text
  local -a plain described open
  while IFS=$'\t' read -r candidate text; do
    if [[ "$candidate" == ":files" ]]; then
      _files
      return
    elif [[ "$candidate" == */ ]]; then
      open+=("$candidate")
    elif [[ -n "$text" ]]; then
      described+=("${candidate//:/\\:}:$text")
    else
      plain+=("$candidate")
    fi
  done < <("${words[1]}" complete -- "$line" 2>/dev/null)
  (( $#described )) && _describe holdfast described
  (( $#plain )) && compadd -- "${plain[@]}"
  (( $#open )) && compadd -S '' -- "${open[@]}"
  return 0
}
if [[ "${funcstack[1]}" == _holdfast ]]; then
  _holdfast "$@"
else
  compdef _holdfast holdfast
fi
)sh";

}  // namespace

const char* completion_script(const std::string& shell) {
  return shell == "zsh" ? kZsh : kBash;
}

}  // namespace holdfast::cli
