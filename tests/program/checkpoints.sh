#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Damaged checkpoints are refused with a way back; damaged logs are not in the way; other people's
# files stay; a directory has one writer.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 10); do cat text.txt; done >long.txt
train() {
  "$RADLADS" train --text long.txt --tokenizer tokenizer --out "${out:-run}" --threads 1 --model.hidden 16 \
    --model.layers 1 --model.heads 2 --train.context 32 --train.batch 4 --train.tokens 1024 \
    --train.save_every 2 --train.warmup_steps 2 "$@"
}
# stopped: run/ as a kill leaves it behind step 6 of 8.
stopped() {
  rm -rf run
  cp -r whole run
  rm run/*.json run/*.safetensors
  rm -r run/checkpoint
  mv run/checkpoint-6 run/checkpoint
  sed -i 's/finished: "true"/finished: "false"/' run/resolved.yaml
}
flip() { # FILE BYTES_FROM_END
  local at=$(($(stat -c %s "$1") - $2)) byte
  byte=$(od -An -tu1 -j $at -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}
out=whole train --keep-checkpoints 9 2>log.txt || stop "$(cat log.txt)"
[ "$(echo whole/checkpoint*)" = "whole/checkpoint whole/checkpoint-2 whole/checkpoint-4 whole/checkpoint-6" ] ||
  stop "not the checkpoints: $(echo whole/checkpoint*)"
stopped
train 2>log.txt || stop "$(cat log.txt)"
[ "$(echo run/checkpoint*)" = "run/checkpoint run/checkpoint-6" ] || stop "not two: $(echo run/checkpoint*)"

# One bit in each file; the word is where to go on, and going on there gives the same bytes.
for file in weights first_moments second_moments; do
  stopped
  flip run/checkpoint/$file.safetensors 3
  expect_refusal "run/checkpoint/$file.safetensors: is damaged: its hash is" train
  expect_refusal "the newest whole checkpoint is run/checkpoint-4, after step 4" train
done
flip run/checkpoint-4/weights.safetensors 3
expect_refusal "the newest whole checkpoint is run/checkpoint-2, after step 2" train
rm -r run/checkpoint run/checkpoint-4
train 2>log.txt || stop "$(cat log.txt)"
grep -q "continuing after step 2 of 8" log.txt || stop "not from step 2: $(cat log.txt)"
cmp whole/model.safetensors run/model.safetensors
stopped
cp run/checkpoint/first_moments.safetensors run/checkpoint/weights.safetensors
expect_refusal 'holds the set "first_moments", expected "weights"' train
for step in -5 4611686018427387904 5; do
  stopped
  sed -i "s/\"step\": 6/\"step\": $step/" run/checkpoint/state.json
  expect_refusal "run/checkpoint/state.json: is damaged" train
done
for step in -5 4611686018427387904 9; do
  stopped
  sed -i "s/\"step\": 6/\"step\": $step/; s/radlads checkpoint 2/radlads checkpoint 1/" run/checkpoint/state.json
  expect_refusal "the step is $step, expected one from 1 to 8" train
done
stopped
rm run/checkpoint/state.json
expect_refusal "run/checkpoint/state.json" train
rm -r run/checkpoint-*
expect_refusal "no other checkpoint is whole; --restart starts over" train

# A log that cannot be read is set aside.
stopped
sed -i '3i train 3/8  loss 5' run/metrics.jsonl
train 2>log.txt || stop "$(cat log.txt)"
grep -q "metrics.jsonl, line 3: not valid JSON.*it is now run/metrics.jsonl.damaged-1" log.txt ||
  stop "nothing said of the log: $(cat log.txt)"
[ "$(grep -c '"loss"' run/metrics.jsonl)" -eq 8 ] || stop "not 8 lines: $(cat run/metrics.jsonl)"
cmp whole/model.safetensors run/model.safetensors

# Names that begin like this program's own, and what a kill leaves.
(exit 0) &
gone=$!
wait $gone
mkdir -p run/checkpoints_of_mine run/checkpoint.old-mine "run/checkpoint.partial-$gone-7" \
  "run/.radlads.partial-$gone-7"
echo mine >run/checkpoint_notes.txt
echo half >"run/resolved.yaml.partial-$gone-7"
train --restart 2>log.txt || stop "$(cat log.txt)"
for name in checkpoints_of_mine checkpoint.old-mine checkpoint_notes.txt; do
  [ -e run/$name ] || stop "$name is gone"
done
[ -z "$(find run -name '*partial-*')" ] || stop "left over: $(find run -name '*partial-*')"
echo mine >run/checkpoint/notes.txt
expect_refusal "it holds notes.txt" train --restart
rm run/checkpoint/notes.txt

# A save that was cut short is finished by whoever comes next.
"$RADLADS" logits --model run --tokens 1,2 --out logits1.safetensors >log.txt
mkdir "run/.radlads.moved-$gone-7"
mv run/config.json run/model.safetensors "run/.radlads.moved-$gone-7"
"$RADLADS" logits --model run --tokens 1,2 --out logits2.safetensors >log.txt 2>&1 || stop "$(cat log.txt)"
cmp logits1.safetensors logits2.safetensors
grep -q "finished a save" log.txt || stop "nothing said: $(cat log.txt)"

# One writer.
for command in "train" "train --restart"; do
  flock run bash -c 'touch locked; while [ -e locked ]; do sleep 0.02; done' &
  holder=$!
  while [ ! -e locked ]; do sleep 0.02; done
  expect_refusal "run is in use by another process" $command
  rm locked
  wait $holder
done
transfer=("$RADLADS" transfer --teacher teacher --student rwkv7 --threads 1 --out s)
"${transfer[@]}" 2>log.txt
flock s bash -c 'touch locked; while [ -e locked ]; do sleep 0.02; done' &
holder=$!
while [ ! -e locked ]; do sleep 0.02; done
expect_refusal "s is in use by another process" "${transfer[@]}"
expect_refusal "s is in use by another process" "${transfer[@]}" --restart
rm locked
wait $holder

# Files of others.
expect_refusal "teacher/model.safetensors exists; --overwrite replaces it" \
  "$RADLADS" logits --model teacher --tokens 1 --out teacher/model.safetensors
expect_refusal "text.txt exists; --overwrite" "$RADLADS" eval --model teacher --text text.txt --json text.txt
echo mine >ids.bin
expect_refusal "ids.bin exists; --overwrite" "$RADLADS" tokenize --tokenizer tokenizer --text text.txt --out ids
"$RADLADS" tokenize --tokenizer tokenizer --text text.txt --out ids --overwrite >log.txt
expect_refusal "ids.bin exists; --overwrite" "$RADLADS" tokenize --tokenizer tokenizer --text text.txt --out ids
"$RADLADS" logits --model teacher --tokens 1,2 --out logits1.safetensors --overwrite >log.txt
mkdir theirs
cp teacher/config.json teacher/model.safetensors theirs
out=theirs expect_refusal "theirs holds a model without a resolved.yaml of this program" train
echo "stage: web" >theirs/resolved.yaml
out=theirs expect_refusal "it is left alone; --overwrite" train
cmp teacher/model.safetensors theirs/model.safetensors
echo '{"port": 80}' >theirs/config.json
out=theirs expect_refusal "config.json is not that of a model" train
out=theirs train --overwrite 2>log.txt || stop "$(cat log.txt)"
cmp run/model.safetensors theirs/model.safetensors
echo passed
