#!/usr/bin/env bash
# Searches with the fuzz targets that ./dev fuzz has built into build/fuzz or build/fuzz-plain. What
# it finds on the way is kept in build/fuzz/corpus, with the number of executions so far: the next
# search goes on there.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root
readonly seeds="$root/tests/fuzz/corpus"
readonly grown="$root/build/fuzz/corpus"
readonly found="$root/build/fuzz/found"

usage() {
  cat <<'TEXT'
./dev fuzz [TARGET…] [--minutes M] [--runs N] [--plain] [--replay FILE] [--keep]
    Searches with each target (all of them if none is named): M minutes or N executions each,
    whatever comes first (1 minute if neither is said), one after the other. Fails when an input
    breaks something, and says how to run that input again. Executions are told for a second of
    the processor's time.
  --plain         without sanitizers, several times as fast: looks for broken invariants and for
                  answers that are wrong; counted apart
  --replay FILE   only runs this input of the one target named
  --keep          afterwards adds to tests/fuzz/corpus the smallest inputs that reach more of the
                  code than what is there
  --list          names the targets
TEXT
}

targets=()
limit=()
kind=""
replay=""
keep=no
while [[ $# -gt 0 ]]; do
  case "$1" in
    --minutes) limit+=(-max_total_time="$(($2 * 60))"); shift ;;
    --runs) limit+=(-runs="$2"); shift ;;
    --plain) kind=-plain ;;
    --replay) replay="$2"; shift ;;
    --keep) keep=yes ;;
    --list) ls "$seeds"; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
[[ ${#limit[@]} -gt 0 ]] || limit=(-max_total_time=60)
readonly bin="$root/build/fuzz$kind/bin"
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(ls "$seeds")
for target in "${targets[@]}"; do
  [[ -x "$bin/fuzz_$target" ]] && continue
  printf 'fuzz: there is no target %s\n' "$target" >&2
  exit 2
done

if [[ -n "$replay" ]]; then
  [[ ${#targets[@]} -eq 1 ]] || { printf 'fuzz: --replay wants one target\n' >&2; exit 2; }
  exec "$bin/fuzz_${targets[0]}" "$replay"
fi

# The longest input that still tells one story.
length_of() {
  case "$1" in
    client_calls) echo 5120 ;;
    image) echo 2048 ;;
    *) echo 1024 ;;
  esac
}

# The number behind the last "name: " or "name " of libFuzzer's lines.
last_number() { # last_number LOG PATTERN
  grep -oE "$2[ :]+[0-9]+" "$1" | tail -1 | grep -oE '[0-9]+$' || echo 0
}

# libFuzzer's choice of the inputs to go on from (entropic) costs five times what a whole execution
# does in these programs. A short memory of freed blocks and of who allocated what is enough for
# what lives as short as one input; --replay has the long one.
readonly cheap=(-entropic=0 -print_funcs=0 -reload=0)
export ASAN_OPTIONS="quarantine_size_mb=16:malloc_context_size=2${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

mkdir -p "$found"
failed=0
TIMEFORMAT='%U %S'
printf '%-14s %12s %9s %9s %9s %14s\n' target executions per-s edges features so-far
for target in "${targets[@]}"; do
  mkdir -p "$grown/$target"
  log="$found/$target.log"
  counter="$grown/$target$kind.runs"
  status=0
  {
    time nice -n 10 "$bin/fuzz_$target" "${limit[@]}" "${cheap[@]}" -timeout=20 \
      -max_len="$(length_of "$target")" -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$found/$target-" "$grown/$target" "$seeds/$target" >"$log" 2>&1 || status=$?
  } 2>"$log.time"
  took_ms="$(awk '{ printf "%d", ($1 + $2) * 1000 + 1 }' "$log.time")"
  runs="$(last_number "$log" 'number_of_executed_units')"
  # A search that an input ended prints no statistics.
  [[ "$runs" -gt 0 ]] || runs="$(grep -oE '^#[0-9]+' "$log" | tail -1 | tr -d '#' || echo 0)"
  so_far=$(($(cat "$counter" 2>/dev/null || echo 0) + ${runs:-0}))
  echo "$so_far" >"$counter"
  printf '%-14s %12s %9s %9s %9s %14s\n' "$target" "${runs:-0}" "$((${runs:-0} * 1000 / took_ms))" \
    "$(last_number "$log" 'cov')" "$(last_number "$log" 'ft')" "$so_far"
  if grep -q 'run interrupted' "$log"; then
    printf 'interrupted\n' >&2
    exit 130
  elif [[ $status -ne 0 ]]; then
    failed=1
    grep -E 'broken invariant|ERROR:|runtime error|SUMMARY' "$log" | head -5 || true
    input="$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)"
    printf 'run it again: ./dev fuzz %s%s --replay %s\n' "$target" "${kind:+ -$kind}" \
      "${input:-(see $log)}"
  elif [[ $keep == yes ]]; then
    "$bin/fuzz_$target" -merge=1 "$seeds/$target" "$grown/$target" \
      >"$log.merge" 2>&1
    printf "  kept: %s inputs in tests/fuzz/corpus/%s\n" \
      "$(find "$seeds/$target" -type f | wc -l)" "$target"
  fi
done
exit "$failed"
