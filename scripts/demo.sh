#!/usr/bin/env bash
# Shows how a lock outlives its leader: ./dev demo builds the programs and then calls this.
# Everything happens in a cell of its own, on ports that are free and in a temporary folder, and is
# gone at the end. HOLDFAST_BIN_DIR says where the programs are.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root
readonly bin="${HOLDFAST_BIN_DIR:-$root/build/release/bin}"
readonly lock=/demo/nightly-report
readonly file=/demo/last-report
readonly start_timeout_s=60
readonly step_timeout_s=20

work="$(mktemp -d -t holdfast-demo.XXXXXX)"
readonly work
export HOLDFAST_BIN_DIR="$bin"
export PATH="$bin:$PATH"
cell_pid="" holder_pid=""

# ---- telling ------------------------------------------------------------------------------------

bold="" plain=""
if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# Shows a command as one would type it, runs it, and shows what it said.
show() {
  printf '  $'
  printf ' %s' "$@"
  printf '\n'
  "$@" 2>&1 | sed 's/^/    /'
  return "${PIPESTATUS[0]}"
}

# Waits until the command that follows succeeds.
wait_until() { # wait_until SECONDS WHAT COMMAND…
  local deadline=$((SECONDS + $1)) what="$2"
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { cat "$work"/*.out >&2; die "not in time: $what"; }
    sleep 0.05
  done
}

# ---- the cell -----------------------------------------------------------------------------------

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the ports that the system gives to outgoing connections.
choose_base_port() {
  local base port taken
  while true; do
    base=$((10000 + RANDOM % 20000)) taken=no
    for port in $base $((base + 1)) $((base + 2)) $((base + 100)) $((base + 101)) $((base + 102)); do
      if port_is_taken "$port"; then taken=yes; fi
    done
    if [[ $taken == no ]]; then printf '%d' "$base"; return; fi
  done
}

cell_serves() {
  kill -0 "$cell_pid" 2>/dev/null || { cat "$work/cell.out" >&2; die "the cell did not start"; }
  grep -q 'Ctrl-C stops the cell' "$work/cell.out"
}

start_cell() {
  local base
  base="$(choose_base_port)"
  export HOLDFAST_ENDPOINTS="127.0.0.1:$base,127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2))"
  "$root/scripts/cell.sh" --data "$work/cell" --base-port "$base" >"$work/cell.out" 2>&1 &
  cell_pid=$!
  wait_until $((start_timeout_s)) "the cell serves" cell_serves
}

clean_up() {
  touch "$work/enough"
  if [[ -n "$holder_pid" ]]; then kill "$holder_pid" 2>/dev/null || true; fi
  if [[ -n "$cell_pid" ]]; then
    kill -TERM "$cell_pid" 2>/dev/null || true
    wait "$cell_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
