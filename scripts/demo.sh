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
cell_pid=""
holder_pid=""

# ---- telling ------------------------------------------------------------------------------------

if [[ -t 1 ]]; then bold=$'\e[1m' plain=$'\e[0m'; else bold="" plain=""; fi
readonly bold plain

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

die() {
  printf 'demo: %s\n' "$*" >&2
  tail -n 20 "$work"/*.out "$work"/cell/*.log >&2 2>/dev/null || true
  exit 1
}

# Shows a command as one would type it, runs it and shows what it says.
show() {
  local status=0 word
  printf '  $'
  for word in "$@"; do
    if [[ "$word" == *" "* ]]; then printf " '%s'" "$word"; else printf ' %s' "$word"; fi
  done
  printf '\n'
  "$@" >"$work/said" 2>&1 || status=$?
  while IFS= read -r word || [[ -n "$word" ]]; do printf '    %s\n' "$word"; done <"$work/said"
  return "$status"
}

# Milliseconds of the wall clock.
now_ms() { printf '%d' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }

wait_until() { # wait_until SECONDS WHAT COMMAND…
  local deadline=$((SECONDS + $1)) what="$2"
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || die "not in time: $what"
    sleep 0.05
  done
}

# ---- the cell -----------------------------------------------------------------------------------

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The first of the six ports that a cell needs, below those that the system gives to connections.
choose_base_port() {
  local base step is_free
  while true; do
    base=$((10000 + RANDOM % 20000)) is_free=yes
    for step in 0 1 2 100 101 102; do
      if port_is_taken $((base + step)); then is_free=no; fi
    done
    if [[ $is_free == yes ]]; then
      printf '%d' "$base"
      return
    fi
  done
}

cell_serves() {
  kill -0 "$cell_pid" 2>/dev/null || die "the cell did not start"
  grep -q 'Ctrl-C stops the cell' "$work/cell.out"
}

start_cell() {
  local base
  base="$(choose_base_port)"
  export HOLDFAST_ENDPOINTS="127.0.0.1:$base,127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2))"
  "$root/scripts/cell.sh" --data "$work/cell" --base-port "$base" >"$work/cell.out" 2>&1 &
  cell_pid=$!
  wait_until "$start_timeout_s" "the cell serves" cell_serves
}

# The id of the replica that leads, when all that answer agree on one.
leader() {
  local status
  status="$(holdfast --output json cell status 2>/dev/null)" || return 1
  status="$(sed -n 's/^ *"leader": "\([0-9]*\)".*/\1/p' <<<"$status" | sort -u)"
  [[ "$status" =~ ^[1-9][0-9]*$ ]] && printf '%s' "$status"
}

clean_up() {
  if [[ -n "$holder_pid" ]]; then kill "$holder_pid" 2>/dev/null || true; fi
  if [[ -n "$cell_pid" ]]; then
    kill -TERM "$cell_pid" 2>/dev/null || true
    wait "$cell_pid" 2>/dev/null || true
  fi
  rm -rf "$work"
}

# ---- the story ----------------------------------------------------------------------------------

# What the lock guards: a job that says that it has begun, and works until it is told to finish.
write_job() {
  cat >"$work/job" <<'TEXT'
#!/bin/sh
printf '%s\n' "$HOLDFAST_SEQUENCER" >"$DEMO_WORK/sequencer.new"
mv "$DEMO_WORK/sequencer.new" "$DEMO_WORK/sequencer"
while [ ! -e "$DEMO_WORK/finish" ]; do sleep 0.05; done
TEXT
  chmod +x "$work/job"
}

take_the_lock() {
  say "2. A job runs while it holds a lock."
  printf '  $ holdfast lock run %s -- ./job &\n' "$lock"
  DEMO_WORK="$work" holdfast lock run "$lock" -- "$work/job" >"$work/job.out" 2>&1 &
  holder_pid=$!
  wait_until "$step_timeout_s" "the job has the lock" test -e "$work/sequencer"
  sequencer="$(cat "$work/sequencer")"
  cat <<TEXT
    The job has the lock, and with it a sequencer, the name of this very acquisition:
    $sequencer
    It shows it to whoever acts for it, and they can ask the cell whether it still holds.
TEXT
  show holdfast sequencer check "$sequencer"
}

kill_the_leader() {
  local id pid
  wait_until "$step_timeout_s" "the replicas agree on their leader" leader >"$work/leader"
  id="$(cat "$work/leader")"
  pid="$(cat "$work/cell/$id.pid")"
  say "3. Replica $id leads the cell. It is killed with SIGKILL, in the middle of its work."
  printf '  $ kill -KILL %d\n' "$pid"
  kill -KILL "$pid"
  killed_at="$(now_ms)"
}

hold_on() {
  say "4. The two others choose a new leader, and the lock is where it was: the same holder,
   the same sequencer."
  show holdfast lock info "$lock"
  printf '    (answered %d ms after the kill)\n' "$(($(now_ms) - killed_at))"
  show holdfast sequencer check "$sequencer"
  kill -0 "$holder_pid" 2>/dev/null || die "the job did not survive"
  printf '    The job has not noticed: it still runs, and its sequencer is still valid.\n'
}

write_guarded() {
  say "5. A write that is guarded by the sequencer succeeds, because the job holds the lock."
  show holdfast set --create "$file" "written by the job" --guard "$sequencer"
}

pass_the_lock_on() {
  say "6. The job ends and so gives the lock back. The next one has it, with a new sequencer."
  touch "$work/finish"
  wait "$holder_pid" || die "the job failed"
  holder_pid=""
  show holdfast lock run "$lock" -- sh -c "echo \$HOLDFAST_SEQUENCER"
  show holdfast set "$file" "written by the next" || die "the write was refused"
}

refuse_the_stale() {
  say "7. A write of the first job that comes too late, guarded by its old sequencer, is refused:
   nothing that was delayed on its way can do harm."
  show holdfast sequencer check "$sequencer" && die "the old sequencer is still valid"
  show holdfast set "$file" "too late" --guard "$sequencer" && die "the late write was accepted"
  grep -q STALE_SEQUENCER "$work/said" || die "the late write failed for another reason"
  show holdfast get "$file"
  [[ "$(holdfast get "$file")" == "written by the next" ]] || die "the file was changed"
}

main() {
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local program
  for program in holdfastd holdfast; do
    [[ -x "$bin/$program" ]] || die "$bin/$program is missing; ./dev build makes it"
  done
  write_job
  say "1. A cell of three replicas starts on this machine."
  start_cell
  show holdfast cell status
  take_the_lock
  kill_the_leader
  hold_on
  write_guarded
  pass_the_lock_on
  refuse_the_stale
  say "That is all. The cell is stopped and leaves nothing behind. ./dev run starts one to try."
}

main
