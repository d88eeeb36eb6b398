#!/usr/bin/env bash
# ./dev micro: microbenchmarks, and a store under load for as long as is asked. Figures of one run
# compare with those of another only on a machine that is as busy.
set -euo pipefail

usage() {
  cat <<'TEXT'
./dev micro [Google Benchmark's options]
             what single steps cost: the core, apply, codecs, the store; for instance
             ./dev micro --benchmark_filter='store/' --benchmark_repetitions=5
./dev micro --store-load [options]
             how long the store's batches take while images are written and the log is purged:
             --seconds N, --batch N, --rate N, --log-mib N, --no-image, --no-purge; on the disk of
             TMPDIR
TEXT
}

case "${1:-}" in
  -h | --help) usage ;;
  --store-load)
    shift
    folder="$(mktemp -d "${TMPDIR:-/tmp}/holdfast-store-load-XXXXXX")"
    trap 'rm -rf "$folder"' EXIT
    "$HOLDFAST_BIN_DIR/holdfast_store_load" "$folder/replica" "$@"
    ;;
  *)
    exec "$HOLDFAST_BIN_DIR/holdfast_micro" --benchmark_min_time=0.2 \
      --benchmark_enable_random_interleaving=true "$@"
    ;;
esac
