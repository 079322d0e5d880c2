#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run that is killed, or stopped by a signal, and started again ends with the bytes of one that was
# left alone; one with other settings is refused.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 40); do cat text.txt; done >long.txt

# 240 steps, a checkpoint every 20. An array, so that the process in the background is the program.
train=("$RADLADS" train --text long.txt --tokenizer tokenizer --threads 1 --seed 3 --model.hidden 32
  --model.layers 2 --model.heads 4 --model.kv_heads 2 --train.context 64 --train.batch 8
  --train.micro_batch 4 --train.tokens 122880 --train.save_every 20)
convert=("$RADLADS" convert --teacher teacher --text long.txt --student rad_rwkv7 --threads 1
  --align.tokens 10240 --align.context 32 --align.batch 8 --align.save_every 2
  --align.warmup_steps 2 --distill.tokens 10240 --distill.context 32 --distill.batch 8
  --distill.save_every 2 --distill.warmup_steps 2)
saved_step() {
  sed -n 's/.*"step": \([0-9]*\).*/\1/p' "$1/checkpoint/state.json" 2>/dev/null || true
}
# wait_for OUT: until the first checkpoint is there.
wait_for() {
  local i
  for i in $(seq 3000); do
    [ -e "$1/checkpoint/state.json" ] && return
    sleep 0.02
  done
  stop "$1 has no checkpoint: $(cat log.txt)"
}
# same_run A B: the same model, and the same metrics but for the speed.
same_run() {
  cmp "$1/model.safetensors" "$2/model.safetensors" || stop "$1 and $2 differ"
  local run
  for run in "$1" "$2"; do
    sed 's/"tokens_per_second":[^,}]*//' "$run/metrics.jsonl" >"$run.metrics"
  done
  cmp "$1.metrics" "$2.metrics" || stop "metrics of $1 and $2 differ"
}

"${train[@]}" --out whole 2>log.txt || stop "whole: $(cat log.txt)"
[ "$(grep -c '"loss"' whole/metrics.jsonl)" -eq 240 ] || stop "not 240 lines of metrics"
[ "$(saved_step whole)" -eq 240 ] || stop "the last step is not saved"

# Killed at a random moment, three times over.
for time in 1 2 3; do
  "${train[@]}" --out killed >log.txt 2>&1 &
  process=$!
  wait_for killed
  sleep "0.$((RANDOM % 5))"
  kill -9 $process 2>/dev/null || true
  wait $process 2>/dev/null || true
done
echo "killed after step $(saved_step killed)"
"${train[@]}" --out killed 2>log.txt || stop "after kill: $(cat log.txt)"
same_run whole killed

# Stopped by a signal: the running step is finished and saved, exit status 143, a word on how to go on.
"${train[@]}" --out stopped >log.txt 2>&1 &
process=$!
wait_for stopped
status=0
kill -TERM $process 2>/dev/null || true
wait $process || status=$?
if [ "$(saved_step stopped)" -lt 240 ]; then
  [ $status -eq 143 ] || stop "exit status $status after a signal: $(cat log.txt)"
  grep -q "the same command continues" log.txt || stop "no word on how to resume: $(cat log.txt)"
  expect_refusal "train.lr_init was 0.003 and is now 0.002" "${train[@]}" --out stopped --train.lr_init 2e-3
  expect_refusal "--restart" "${train[@]}" --out stopped --train.batch 4
fi
"${train[@]}" --out stopped 2>log.txt || stop "after signal: $(cat log.txt)"
grep -q "continuing after step" log.txt || echo "the signal came after the last step"
same_run whole stopped

# A finished run is left as it is; other settings are refused unless it is to start over.
before=$(stat -c %Y.%i whole/model.safetensors)
"${train[@]}" --out whole 2>log.txt
[ "$(stat -c %Y.%i whole/model.safetensors)" = "$before" ] || stop "a finished run was done again"
expect_refusal "train.lr_init was 0.003 and is now 0.002" "${train[@]}" --out whole --train.lr_init 2e-3
"${train[@]}" --out whole --train.lr_init 2e-3 --restart 2>log.txt || stop "restart: $(cat log.txt)"
cmp -s whole/model.safetensors killed/model.safetensors && stop "another rate, the same model"

# The same for the stages with a teacher, through convert.
"${convert[@]}" --out one 2>log.txt || stop "convert: $(cat log.txt)"
"${convert[@]}" --out two >log.txt 2>&1 &
process=$!
wait_for two/steps/align
sleep "0.$((RANDOM % 5))"
kill -9 $process 2>/dev/null || true
wait $process 2>/dev/null || true
"${convert[@]}" --out two 2>log.txt || stop "convert again: $(cat log.txt)"
cmp one/model.safetensors two/model.safetensors || stop "the converted models differ"
same_run one/steps/align two/steps/align
same_run one/steps/distill two/steps/distill
echo passed
