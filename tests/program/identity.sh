#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A stopped run continues only with the teacher, the text and the settings it began with; what changes
# rounding alone may change.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 10); do cat text.txt; done >long.txt
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out s --threads 1 2>log.txt

# Eight steps, a checkpoint after every other one.
align() {
  "$RADLADS" align -c small.yaml --teacher teacher --student s --text long.txt --out "${out:-a}" --threads "${threads:-1}" \
    --align.tokens 1024 --align.context 32 --align.batch 4 --align.save_every 2 --align.warmup_steps 2 "$@"
}
# stopped OUT: a run as a kill leaves it after step 4 of 8.
stopped() {
  rm -rf "$1"
  cp -r whole "$1"
  rm "$1"/*.json "$1"/*.safetensors
  rm -r "$1/checkpoint"
  mv "$1/checkpoint-4" "$1/checkpoint"
  rm -r "$1"/checkpoint-*
  sed -i 's/finished: "true"/finished: "false"/' "$1/resolved.yaml"
}
out=whole align --keep-checkpoints 4 2>log.txt || stop "$(cat log.txt)"
[ "$(echo whole/checkpoint*)" = "whole/checkpoint whole/checkpoint-2 whole/checkpoint-4 whole/checkpoint-6" ] ||
  stop "not the checkpoints: $(echo whole/checkpoint*)"
stopped a
align 2>log.txt || stop "$(cat log.txt)"
grep -q "continuing after step 4 of 8" log.txt || stop "not from step 4: $(cat log.txt)"
cmp whole/model.safetensors a/model.safetensors

# The teacher: its description, its weights, its tokenizer.
keep() { rm -rf kept && cp -r "$1" kept; }
restore() { rm -rf "$1" && mv kept "$1"; }
stopped a
keep teacher
sed -i 's/"rope_theta": 10000.0/"rope_theta": 500.0/' teacher/config.json
cmp -s teacher/config.json kept/config.json && stop "the config is as it was"
expect_refusal "teacher.rope_theta was 10000.0 and is now 500.0" align
restore teacher
keep teacher
printf '\x01' | dd of=teacher/model.safetensors bs=1 seek=$(($(stat -c %s teacher/model.safetensors) - 3)) \
  conv=notrunc status=none
expect_refusal "teacher.weights was" align
restore teacher
for model in teacher s; do
  keep $model
  sed -i 's/^{/{ /' $model/tokenizer.json
  expect_refusal "${model/s/start}.tokenizer was" align
  restore $model
done
# What made the teacher is no part of it.
keep teacher
sed -i 's/^{/{ "transformers_version": "9",/' teacher/config.json
align --dry-run >log.txt
align 2>log.txt || stop "$(cat log.txt)"
restore teacher
cmp whole/model.safetensors a/model.safetensors

# The student it began with, the text, the settings.
stopped a
keep s
printf '\x01' | dd of=s/model.safetensors bs=1 seek=$(($(stat -c %s s/model.safetensors) - 3)) conv=notrunc \
  status=none
expect_refusal "start.weights was" align
restore s
keep long.txt
sed -i 's/cat sat on/dog sat on/' long.txt
expect_refusal "data_hash was" align
restore long.txt
expect_refusal "align.lr_init was 0.001 and is now 0.002" align --align.lr_init 2e-3
expect_refusal "align.loss was l2 and is now mse" align --align.loss mse
expect_refusal "align.seed was 1337 and is now 7" align --seed 7
rm -rf t && "$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out t --threads 1 2>log.txt
keep teacher
sed -i 's/"rope_theta": 10000.0/"rope_theta": 500.0/' teacher/config.json
expect_refusal "t is complete, but not of this run: teacher.rope_theta was 10000.0 and is now 500.0" \
  "$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out t --threads 1
restore teacher

# Only rounding: said, and the losses agree to 1e-5.
losses() { sed -n 's/.*"loss":\([-0-9.e]*\).*/\1/p' "$1/metrics.jsonl"; }
for changed in "--align.micro_batch 2" "--align.micro_batch 4 --align.recompute true" "--threads 2"; do
  stopped a
  threads=1
  [ "$changed" != "--threads 2" ] || threads=2
  threads=$threads align ${changed/--threads 2/} 2>log.txt || stop "$changed: $(cat log.txt)"
  grep -q "; only rounding may differ" log.txt || stop "$changed is not said: $(cat log.txt)"
  grep -q "continuing after step 4" log.txt || stop "$changed: $(cat log.txt)"
  paste <(losses whole) <(losses a) | awk -v n=0 '{ d = $1 - $2; n++; if (d > 1e-5 || d < -1e-5) exit 1 }
    END { exit n != 8 }' || stop "$changed: $(paste <(losses whole) <(losses a))"
done
threads=1
# Nothing but writing: not even said.
stopped a
align --align.save_every 3 --align.log_every 1 2>log.txt || stop "$(cat log.txt)"
grep -q "may differ" log.txt && stop "save_every is no matter of rounding: $(cat log.txt)"

# A run of version 0.1.0 continues: no hashes, another record of its models.
stopped a
sed -i -e '/^  teacher\./d; /^  start\./d; /^  format:/d' \
  -e 's/^run:/run:\n  model_hash: "0123456789abcdef"\n  teacher_hash: "0123456789abcdef"/' a/resolved.yaml
sed -i -e 's/radlads checkpoint 2/radlads checkpoint 1/' -e 's/\\n  teacher\.[^\\]*\(\\"[^\\]*\)*\\"\(\\n\)/\2/g' \
  a/checkpoint/state.json
sed -i -E 's/\\n  (teacher|start)\.([^\\]|\\[^n])*//g; s/\\n  format: \\"2\\"//' a/checkpoint/state.json
align 2>log.txt || stop "0.1.0: $(cat log.txt)"
grep -q "version 0.1.0" log.txt || stop "nothing said of version 0.1.0: $(cat log.txt)"
grep -q "continuing after step 4 of 8" log.txt || stop "0.1.0: $(cat log.txt)"
cmp whole/model.safetensors a/model.safetensors
echo passed
