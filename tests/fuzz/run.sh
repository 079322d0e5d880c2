#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the libFuzzer programs of the preset fuzz, one after the other.
#   tests/fuzz/run.sh [--seconds N | --runs N] [--out DIR] [TARGET...]
# Without arguments each runs an hour. DIR, /dev/shm/radlads-fuzz unless said, takes a corpus and a log for each target,
# and inputs that did harm; a later run continues from the corpus. The last lines say how often each target ran; the exit
# status is 1 when there is a finding.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$root/build/fuzz/tests/fuzz
limit=-max_total_time=3600 out=/dev/shm/radlads-fuzz targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) limit=-max_total_time=$2; shift ;;
    --runs) limit=-runs=$2; shift ;;
    --out) out=$2; shift ;;
    --*) echo "usage: run.sh [--seconds N | --runs N] [--out DIR] [TARGET...]" >&2; exit 2 ;;
    *) targets+=("$1") ;;
  esac
  shift
done
if [ ${#targets[@]} -eq 0 ]; then
  for program in "$programs"/fuzz_*; do
    [ -f "$program" ] && [ -x "$program" ] && targets+=("${program##*/fuzz_}")
  done
fi
[ ${#targets[@]} -gt 0 ] || { echo "run.sh: build first: cmake --build --preset fuzz" >&2; exit 2; }

# Short stacks of allocations and a small quarantine make runs a third quicker.
export ASAN_OPTIONS=malloc_context_size=2:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
status=0
for target in "${targets[@]}"; do
  mkdir -p "$out/$target"
  RADLADS_FUZZ_SEEDS=$out/$target "$programs/fuzz_$target" "$out/$target" "$limit" -max_len=2048 -timeout=25 \
    -rss_limit_mb=4096 -reduce_inputs=0 -entropic=0 -print_final_stats=1 -artifact_prefix="$out/$target-" \
    >"$out/$target.log" 2>&1 || status=1
  awk -v target="$target" '
    /^#[0-9]+/ { runs = substr($1, 2) }
    /^SUMMARY|^==.*ERROR|^terminate|what\(\)/ { said = said "; " $0 }
    END { printf "%s: %d runs%s\n", target, runs, said }' "$out/$target.log"
done
exit $status
