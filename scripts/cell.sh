#!/usr/bin/env bash
# Runs a cell of replicas on this machine's loopback and looks after them until Ctrl-C or SIGTERM.
# ./dev run builds the programs and then calls this. HOLDFAST_BIN_DIR says where the programs are.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root
readonly bin="${HOLDFAST_BIN_DIR:-$root/build/release/bin}"
readonly cell_name=dev
readonly start_timeout_s=60
readonly stop_timeout_s=20

data=""
replicas=3
base_port=""
daemon_flags=()
declare -A pid_of=() # replica → pid, for those that live
stopping=no

usage() {
  cat <<'TEXT'
./dev run [options] [-- flags of holdfastd]

  --single        one replica instead of three
  --data DIR      where the replicas keep their files (default var/cell, with --single var/single)
  --base-port N   clients connect to ports N, N+1, N+2 and the replicas to each other on N+100 …
                  (default 7101; chosen at the first start and kept with the data)

Everything listens on 127.0.0.1 only. Ctrl-C stops the replicas; their data stays.
TEXT
}

die() { printf 'run: %s\n' "$*" >&2; exit 1; }

# ---- how the programs are called: the only place that knows their flags -------------------------

new_cell_id() { "$bin/holdfast" cell new-id; }

init_replica() { # init_replica ID DIR
  "$bin/holdfastd" init --cell "$cell_name" --cell-id "$cell_id" --id "$1" --voters "$(voters)" \
    --data "$2"
}

replica_command() { # replica_command ID: one argument a line
  printf '%s\n' "$bin/holdfastd" run --data "$data/$1" \
    --client-listen "127.0.0.1:$(client_port "$1")" "${daemon_flags[@]}"
}

cell_status() { # cell_status SECONDS
  "$bin/holdfast" --endpoints "$(endpoints)" --timeout "${1}s" cell status
}

# ---- ports --------------------------------------------------------------------------------------

client_port() { printf '%d' $((base_port + $1 - 1)); }
peer_port() { printf '%d' $((base_port + $1 + 99)); }

join_replicas() { # join_replicas SEPARATOR FUNCTION: what FUNCTION prints for each replica, joined
  local id joined=""
  for ((id = 1; id <= replicas; id++)); do joined+="${joined:+$1}$("$2" "$id")"; done
  printf '%s' "$joined"
}
endpoint() { printf '127.0.0.1:%s' "$(client_port "$1")"; }
voter() { printf '%d=127.0.0.1:%s' "$1" "$(peer_port "$1")"; }
endpoints() { join_replicas , endpoint; }
voters() { join_replicas , voter; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

refuse_taken_ports() {
  local id port
  for ((id = 1; id <= replicas; id++)); do
    for port in "$(client_port "$id")" "$(peer_port "$id")"; do
      if port_is_taken "$port"; then
        die "port $port of 127.0.0.1 is taken by another program;" \
          "stop it, or make a cell elsewhere: ./dev run --data var/other --base-port 7301"
      fi
    done
  done
}

# ---- the data of the cell -----------------------------------------------------------------------

parse_arguments() {
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --single) replicas=1 ;;
      --data) [[ $# -gt 1 ]] || die "--data needs a folder"; data="$2"; shift ;;
      --data=*) data="${1#*=}" ;;
      --base-port) [[ $# -gt 1 ]] || die "--base-port needs a number"; base_port="$2"; shift ;;
      --base-port=*) base_port="${1#*=}" ;;
      -h | --help) usage; exit 0 ;;
      --) shift; daemon_flags=("$@"); break ;;
      *) usage >&2; die "unknown option '$1'" ;;
    esac
    shift
  done
  if [[ -n "$base_port" ]]; then
    [[ "$base_port" =~ ^[1-9][0-9]{0,4}$ && "$base_port" -le 65400 ]] ||
      die "--base-port must be a number from 1 to 65400, not '$base_port'"
  fi
  [[ -n "$data" ]] || data="$root/var/$([[ $replicas -eq 1 ]] && echo single || echo cell)"
}

# The number of replicas and their ports are part of what `holdfastd init` wrote down, so they are
# settled at the first start; the file `cell` beside the replicas' folders remembers them.
settle_cell() {
  mkdir -p "$data"
  data="$(cd "$data" && pwd)"
  exec 9>"$data/.lock"
  flock --nonblock 9 || die "a cell is already running on $data"
  local asked_port="$base_port" asked_replicas="$replicas"
  if [[ -f "$data/cell" ]]; then
    read -r cell_id replicas base_port <"$data/cell"
    [[ "$replicas" == "$asked_replicas" ]] ||
      die "$data holds a cell of $replicas replica(s), not $asked_replicas; use another --data"
    [[ -z "$asked_port" || "$asked_port" == "$base_port" ]] ||
      die "$data holds a cell with base port $base_port, not $asked_port; use another --data"
    return
  fi
  base_port="${asked_port:-7101}"
  refuse_taken_ports
  cell_id="$(new_cell_id)"
  printf '%s %s %s\n' "$cell_id" "$replicas" "$base_port" >"$data/cell.new"
  mv "$data/cell.new" "$data/cell"
  printf 'A new cell of %d replica(s), data in %s\n' "$replicas" "$data"
}

# A folder appears under its final name only when it is complete.
init_missing_replicas() {
  local id
  for ((id = 1; id <= replicas; id++)); do
    [[ -d "$data/$id" ]] && continue
    rm -rf "$data/$id.new"
    init_replica "$id" "$data/$id.new" >"$data/$id.log" 2>&1 ||
      { cat "$data/$id.log" >&2; die "replica $id could not be initialised"; }
    mv "$data/$id.new" "$data/$id"
  done
}

# ---- the replicas -------------------------------------------------------------------------------

# A session of its own keeps the terminal's Ctrl-C from the replica (we tell it ourselves), and the
# parent-death signal ends it even if this script is killed. Its pid stands beside its folder.
start_replica() { # start_replica ID
  local command log="$data/$1.log"
  mapfile -t command < <(replica_command "$1")
  setsid setpriv --pdeathsig TERM "${command[@]}" </dev/null >>"$log" 2>&1 9>&- &
  pid_of[$1]=$!
  printf '%d\n' "$!" >"$data/$1.pid"
}

how_it_ended() { # how_it_ended STATUS
  if (($1 > 128)) && kill -l $(($1 - 128)) >/dev/null 2>&1; then
    printf 'was killed by SIG%s' "$(kill -l $(($1 - 128)))"
  else
    printf 'ended with status %d' "$1"
  fi
}

tell_end() { # tell_end ID STATUS
  local id="$1" command
  mapfile -t command < <(replica_command "$id")
  unset "pid_of[$id]"
  printf '\nReplica %d %s. The end of %s:\n' "$id" "$(how_it_ended "$2")" "$data/$id.log"
  tail -n 15 "$data/$id.log" | sed 's/^/    /'
  printf 'To start it again by hand:%s\n' "$(printf ' %q' "${command[@]}")"
}

# Tells of each replica that has ended since the last call, without waiting.
notice_ended() {
  local id status
  for id in "${!pid_of[@]}"; do
    kill -0 "${pid_of[$id]}" 2>/dev/null && continue
    status=0
    wait "${pid_of[$id]}" || status=$?
    tell_end "$id" "$status"
  done
}

wait_until_it_serves() {
  local deadline=$((SECONDS + start_timeout_s)) reason=""
  printf 'Waiting for a leader '
  while ((SECONDS < deadline)); do
    if reason="$(cell_status 2 2>&1)"; then
      printf '\n\n%s\n' "$reason"
      return
    fi
    notice_ended
    if ((${#pid_of[@]} * 2 <= replicas)); then
      printf '\n'
      stop_all || true
      die "too few replicas are left to serve"
    fi
    printf '.'
    sleep 0.3
  done
  printf '\n%s\n' "$reason" >&2
  stop_all || true
  die "the cell did not serve within $start_timeout_s s; its logs are $data/*.log"
}

print_what_to_try() {
  cat <<TEXT

The cell serves at $(endpoints)
Data and logs: $data

Try in another terminal:
  export HOLDFAST_ENDPOINTS=$(endpoints) PATH="$bin:\$PATH"
  holdfast lock run /backup -- sh -c 'echo "held as \$HOLDFAST_SEQUENCER"; sleep 60'
  holdfast lock ls
  holdfast create /greeting hello && holdfast get /greeting

Ctrl-C stops the cell; its data stays.
TEXT
}

watch_replicas() {
  local died status id
  while ((${#pid_of[@]} > 0)); do
    died="" status=0
    wait -n -p died "${pid_of[@]}" || status=$?
    for id in "${!pid_of[@]}"; do
      if [[ "${pid_of[$id]}" == "${died:-}" ]]; then tell_end "$id" "$status"; fi
    done
  done
  die "no replica is left"
}

# Asks all replicas to end, waits for them, and reports one that had to be killed or failed.
stop_all() {
  local id status failed=0 deadline=$((SECONDS + stop_timeout_s))
  stopping=yes
  for id in "${!pid_of[@]}"; do kill -TERM "${pid_of[$id]}" 2>/dev/null || true; done
  for id in "${!pid_of[@]}"; do
    while kill -0 "${pid_of[$id]}" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.05; done
    if kill -0 "${pid_of[$id]}" 2>/dev/null; then
      printf 'Replica %d did not stop within %d s and is killed\n' "$id" "$stop_timeout_s" >&2
      kill -KILL "${pid_of[$id]}" 2>/dev/null || true
    fi
    status=0
    wait "${pid_of[$id]}" || status=$?
    if ((status != 0)); then
      tell_end "$id" "$status" >&2
      failed=1
    fi
  done
  pid_of=()
  return "$failed"
}

on_signal() {
  [[ $stopping == no ]] || return 0
  printf '\nStopping …\n'
  if stop_all; then
    printf 'Stopped. Started again, the cell has its data: %s\n' "$data"
    exit 0
  fi
  exit 1
}

main() {
  parse_arguments "$@"
  local program
  for program in holdfastd holdfast; do
    [[ -x "$bin/$program" ]] || die "$bin/$program is missing; ./dev build makes it"
  done
  settle_cell
  refuse_taken_ports
  init_missing_replicas
  trap on_signal INT TERM HUP
  trap 'stop_all || true' EXIT
  local id
  for ((id = 1; id <= replicas; id++)); do start_replica "$id"; done
  wait_until_it_serves
  print_what_to_try
  watch_replicas
}

main "$@"
