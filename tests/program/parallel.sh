#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several processes under mpirun: they train as one does, one of them speaks and writes, a run continues with another
# number of them, and when one fails or dies all end and the reason is named.
source "$(dirname "$0")/tiny.bash"

make_teacher
ranks() { # ranks N COMMAND...: on any number of cores, also as root
  local count=$1
  shift
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
    ASAN_OPTIONS=detect_leaks=0 mpirun -n "$count" "$@"
}
# ranks_quietly N COMMAND...: without what mpirun itself says of a failure.
ranks_quietly() {
  local status=0
  ranks "$@" 2>said.txt || status=$?
  grep "^radlads: " said.txt >&2
  rm said.txt
  return $status
}
convert=("$RADLADS" convert --teacher teacher --text text.txt --student rad_rwkv7 --threads 1 --hold-out 4
  --align.tokens 768 --align.context 16 --align.batch 6 --align.save_every 2 --align.warmup_steps 2
  --distill.tokens 768 --distill.context 16 --distill.batch 6 --distill.save_every 2 --distill.warmup_steps 2
  --distill.ce_weight 0.5)

# What an environment says of several processes is refused where it is wrong or this command is for one.
expect_refusal "WORLD_SIZE is \"two\", expected a whole number" env RANK=0 WORLD_SIZE=two "${convert[@]}" --out no
expect_refusal "WORLD_SIZE is set and RANK is not" env WORLD_SIZE=2 "${convert[@]}" --out no
expect_refusal "the command inspect runs as one process" env RANK=0 WORLD_SIZE=2 "$RADLADS" inspect teacher

expect_refusal "parallel.shard is \"gradients\", expected none or optimizer" \
  "${convert[@]}" --out no --parallel.shard gradients

if ! command -v mpirun >/dev/null; then
  echo "SKIPPED: mpirun is not there, so nothing was run on several ranks (Debian: openmpi-bin)"
  exit 0
fi
if env RANK=0 WORLD_SIZE=2 "${convert[@]}" --out no 2>&1 | grep -q "built without MPI"; then
  echo "SKIPPED: the program was built without MPI, so nothing was run on several ranks"
  exit 0
fi
# Started by something that MPI knows nothing of.
expect_refusal "and MPI says number 0 of 1" env RANK=0 WORLD_SIZE=2 "${convert[@]}" --out no

# losses OUT: those of both stages, a line each.
losses() {
  sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$1/steps/align/metrics.jsonl" "$1/steps/distill/metrics.jsonl"
}
# same_losses A B: to 1e-5.
same_losses() {
  [ "$(losses "$1" | wc -l)" -eq 16 ] || stop "$1 has $(losses "$1" | wc -l) losses, expected 16"
  paste <(losses "$1") <(losses "$2") |
    awk 'NF != 2 || ($1 - $2) ^ 2 > (1e-5 * $2) ^ 2 { exit 1 }' || stop "the losses of $1 and $2 differ"
}

"${convert[@]}" --out one >one.txt 2>log.txt || stop "one: $(cat log.txt)"
ranks 2 "${convert[@]}" --out two >two.txt 2>log.txt || stop "two ranks: $(cat log.txt)"
[ "$(grep -c "^distill: 8 steps of" log.txt)" -eq 1 ] || stop "not one of two ranks speaks: $(cat log.txt)"
ranks 3 "${convert[@]}" --out three >three.txt 2>log.txt || stop "three ranks: $(cat log.txt)"
same_losses two one
same_losses three one
# The table of scores, each rank's documents added up.
paste -d' ' one.txt three.txt | awk 'NR > 1 { for (i = 2; i <= 6; i++) if (($i - $(i + 6)) ^ 2 > 1e-6) exit 1 }' ||
  stop "other scores: $(cat one.txt three.txt)"
[ "$(cd one && find . -type f | sort)" = "$(cd three && find . -type f | sort)" ] || stop "three ranks leave other files"

# The same bytes again, and with the moments spread.
ranks 3 "${convert[@]}" --out again >again.txt 2>log.txt || stop "three ranks again: $(cat log.txt)"
cmp three/model.safetensors again/model.safetensors || stop "three ranks, twice, give two models"
cmp three.txt again.txt || stop "three ranks, twice, give two tables"
ranks 2 "${convert[@]}" --out spread --parallel.shard optimizer >/dev/null 2>log.txt || stop "spread: $(cat log.txt)"
same_losses spread one

# Scores of text and of a set of questions: the figures of one process, and one file.
mkdir sets
for i in 1 2 3 4 5; do
  echo '{"query": "The cat sat on the", "choices": [" mat", " dog '$i'", " cats"], "gold": 0}'
done >sets/animals.jsonl
scores=("$RADLADS" eval --model one --teacher teacher --text text.txt --tasks animals --data sets --threads 1)
"${scores[@]}" --json alone.json >alone.txt 2>log.txt || stop "eval: $(cat log.txt)"
ranks 3 "${scores[@]}" --json ranks.json >ranks.txt 2>log.txt || stop "eval on three ranks: $(cat log.txt)"
cmp alone.txt ranks.txt || stop "eval on three ranks: other figures"
[ "$(grep -c '"tokens"' alone.json)" -gt 1 ] || stop "eval wrote no figures: $(cat alone.json)"
paste -d' ' <(tr -dc '0-9.e\n-' <alone.json) <(tr -dc '0-9.e\n-' <ranks.json) |
  awk 'NF == 2 && ($1 - $2) ^ 2 > (1e-9 * $2) ^ 2 { exit 1 }' || stop "eval on three ranks: $(diff alone.json ranks.json)"
expect_refusal "3 ranks all read the text, so give a file" ranks_quietly 3 "$RADLADS" eval --model one --text -

# One stage of 30 steps, which is stopped in several ways, each time on another number of ranks, and ends as it does
# alone.
stage=("$RADLADS" align --teacher teacher --student one/steps/transfer --text text.txt --threads 1 --align.tokens 11520
  --align.context 64 --align.batch 6 --align.save_every 2 --align.warmup_steps 2)
# start N OPTION...: on N ranks in the background, until the next checkpoint.
start() {
  local count=$1 i before
  shift
  before=$(stat -c %i run/checkpoint/state.json 2>/dev/null || true)
  ranks "$count" "${stage[@]}" --out run "$@" >log.txt 2>&1 &
  launcher=$!
  for i in $(seq 3000); do
    [ "$(stat -c %i run/checkpoint/state.json 2>/dev/null || true)" != "$before" ] && return
    sleep 0.02
  done
  stop "run has no new checkpoint: $(cat log.txt)"
}
# process_of RANK: of the run in the background.
process_of() {
  local process
  for process in $(pgrep -P "$(pgrep -P "$launcher" mpirun || echo "$launcher")"); do
    grep -qz "^OMPI_COMM_WORLD_RANK=$1\$" "/proc/$process/environ" && echo "$process"
  done
}
# finish: the exit status of the run in the background, which ends soon.
finish() {
  local i
  for i in $(seq 1500); do
    kill -0 "$launcher" 2>/dev/null || break
    sleep 0.02
  done
  kill -0 "$launcher" 2>/dev/null && stop "the ranks do not end: $(cat log.txt)"
  status=0
  wait "$launcher" || status=$?
}

"${stage[@]}" --out alone 2>log.txt || stop "alone: $(cat log.txt)"
start 3
kill -9 "$(process_of 1)"
finish
[ "$status" -ne 0 ] || stop "a rank was killed, and the exit status is 0: $(cat log.txt)"
grep -q "rank 1 " log.txt || stop "nobody names the rank that was killed: $(cat log.txt)"
# A rank that does not go on: the others wait as long as they are told to.
start 2 --parallel.shard optimizer --parallel.time_limit 3
grep -q "ranks was 3 and is now 2; only rounding may differ" log.txt || stop "ranks are not named: $(cat log.txt)"
kill -STOP "$(process_of 1)"
finish
[ "$status" -ne 0 ] || stop "a rank hung, and the exit status is 0: $(cat log.txt)"
grep -q "rank 0 of 2 has waited 3 seconds for rank 1" log.txt || stop "nobody names the rank that hung: $(cat log.txt)"
# Any rank that is told to stop stops all, and rank 0 saves.
start 3
kill -TERM "$(process_of 2)"
finish
[ "$status" -eq 143 ] || stop "exit status $status after a signal: $(cat log.txt)"
grep -q "align: stopped and saved after step" log.txt || stop "no word of the save: $(cat log.txt)"
ranks 4 "${stage[@]}" --out run 2>log.txt || stop "four ranks do not go on: $(cat log.txt)"
grep -q "align: continuing after step" log.txt || stop "four ranks start over: $(cat log.txt)"
for run in alone run; do sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$run/metrics.jsonl" >"$run.losses"; done
[ "$(wc -l <run.losses)" -eq 30 ] || stop "run has $(wc -l <run.losses) losses, expected 30"
paste run.losses alone.losses | awk '($1 - $2) ^ 2 > (1e-5 * $2) ^ 2 { exit 1 }' || stop "other losses than alone"
expect_refusal "align.batch is 2, fewer rows than the 3 ranks" ranks_quietly 3 "${stage[@]}" --align.batch 2 --out no
echo passed
