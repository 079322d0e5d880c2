#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several GPUs: ranks started by nothing but their environment train as one GPU does, one of them speaks and writes, a
# run continues with another number of them, and when one dies the others end and say whom they missed.
source "$(dirname "$0")/tiny.bash"

gpu=$(dirname "$RADLADS")/radlads-cuda
if [ ! -x "$gpu" ]; then
  echo "Skipped: the program radlads-cuda was not built."
  exit 77
fi
make_teacher
convert=("$gpu" convert --teacher teacher --text text.txt --student rad_rwkv7 --hold-out 4
  --align.tokens 768 --align.context 16 --align.batch 6 --align.save_every 2 --align.warmup_steps 2
  --distill.tokens 768 --distill.context 16 --distill.batch 6 --distill.save_every 2 --distill.warmup_steps 2)
# A rank that is alone waits for the other.
if timeout 5 env RANK=0 WORLD_SIZE=2 "${convert[@]}" --out no 2>&1 | grep -q "was built without NCCL"; then
  echo "Skipped: radlads-cuda was built without NCCL."
  exit 77
fi
count=$(nvidia-smi -L 2>/dev/null | grep -c "^GPU" || true)
if [ "$count" -lt 2 ]; then
  echo "Skipped: there are $count CUDA devices, and several ranks need as many."
  exit 77
fi

port=29510
# ranks N COMMAND...: with the environment of torchrun, and no MPI; what they say is in rank.N. A port for each run.
ranks() {
  local size=$1 rank failed=0
  shift
  port=$((port + 1))
  processes=()
  for rank in $(seq 0 $((size - 1))); do
    RANK=$rank WORLD_SIZE=$size LOCAL_RANK=$rank "$@" --parallel.port "$port" >"out.$rank" 2>"said.$rank" &
    processes+=($!)
    echo $! >"process.$rank"
  done
  for rank in $(seq 0 $((size - 1))); do wait "${processes[$rank]}" || failed=$?; done
  cat said.*
  return "$failed"
}
# losses OUT: those of both stages, a line each.
losses() {
  sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$1/steps/align/metrics.jsonl" "$1/steps/distill/metrics.jsonl"
}
# same_losses A B: to 1e-4, as --device cuda has those of the CPU, and to 1e-7, to which a divergence of 1e-4 is
# known in float.
same_losses() {
  [ "$(losses "$1" | wc -l)" -eq 16 ] || stop "$1 has $(losses "$1" | wc -l) losses, expected 16"
  paste <(losses "$1") <(losses "$2") |
    awk 'NF != 2 || ($1 - $2) ^ 2 > (1e-4 * $2 + 1e-7) ^ 2 { exit 1 }' || stop "the losses of $1 and $2 differ"
}

"${convert[@]}" --out one >one.txt 2>log.txt || stop "one: $(cat log.txt)"
ranks 2 "${convert[@]}" --out two >log.txt || stop "two: $(cat log.txt)"
[ "$(grep -c "^distill: 8 steps of" log.txt)" -eq 1 ] || stop "not one of two ranks speaks: $(cat log.txt)"
[ ! -s out.1 ] || stop "rank 1 writes a result: $(cat out.1)"
same_losses two one
ranks 2 "${convert[@]}" --out again >log.txt || stop "again: $(cat log.txt)"
cmp two/model.safetensors again/model.safetensors || stop "two ranks, twice, give two models"
ranks 2 "${convert[@]}" --out spread --parallel.shard optimizer >log.txt || stop "spread: $(cat log.txt)"
same_losses spread one
for precision in none optimizer; do
  ranks 2 "${convert[@]}" --out "bf16.$precision" --align.precision bf16 --distill.precision bf16 \
    --parallel.shard "$precision" >log.txt || stop "bf16, $precision: $(cat log.txt)"
done
"${convert[@]}" --out bf16.one --align.precision bf16 --distill.precision bf16 >one.txt 2>log.txt ||
  stop "bf16, one: $(cat log.txt)"
for each in none optimizer; do
  paste <(losses "bf16.$each") <(losses bf16.one) |
    awk 'NF != 2 || ($1 - $2) ^ 2 > (0.05 * $2) ^ 2 { exit 1 }' || stop "bf16, $each: other losses than on one GPU"
done

# A long stage, in which a rank is killed: the other waits as long as it is told to, and says for whom. Then one GPU
# continues.
stage=("$gpu" align --teacher teacher --student one/steps/transfer --text text.txt --align.tokens 11520
  --align.context 64 --align.batch 6 --align.save_every 2 --align.warmup_steps 2)
"${stage[@]}" --out alone 2>log.txt || stop "alone: $(cat log.txt)"
long=("${stage[@]}" --out run --align.save_every 1 --parallel.time_limit 5)
ranks 2 "${long[@]}" >log.txt &
all=$!
for i in $(seq 3000); do
  [ -e run/checkpoint/state.json ] && break
  sleep 0.02
done
kill -9 "$(cat process.1)" 2>/dev/null || stop "the ranks had ended: $(cat log.txt)"
status=0
wait "$all" || status=$?
[ "$status" -ne 0 ] || stop "a rank was killed, and the exit status is 0: $(cat log.txt)"
grep -qE "rank [01] of 2 has waited 5 seconds for rank [01]|NCCL says" log.txt || stop "nobody is named: $(cat log.txt)"
"${stage[@]}" --out run --align.save_every 1 2>log.txt || stop "one GPU does not go on: $(cat log.txt)"
grep -q "align: continuing after step" log.txt || stop "one GPU starts over: $(cat log.txt)"
for run in alone run; do sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$run/metrics.jsonl" >"$run.losses"; done
paste run.losses alone.losses | awk 'NF != 2 || ($1 - $2) ^ 2 > (1e-4 * $2 + 1e-7) ^ 2 { exit 1 }' || stop "other losses than alone"
echo passed
