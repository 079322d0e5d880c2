#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# convert.sh OLD NEW: two programs convert one small teacher, which the old one makes, to RAD-RWKV7, RAD-RWKV6 and a
# hybrid on the CPU, and must write the same bytes. For work that changes no arithmetic: OLD is the program as it was
# before. One line for each student; the first file that differs ends it with a sentence and the exit status 1.
set -euo pipefail

stop() {
  echo "FAILED: $*" >&2
  exit 1
}

[ $# -eq 2 ] || { echo "usage: convert.sh OLD NEW" >&2; exit 2; }
old=$(realpath "$1") new=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for i in $(seq 40); do
  echo "Story $i. The cat sat on the mat, and the dog sat by the $i cats."
  echo "Then the cat saw the dog, and the dog saw the cat."
  echo "<|endoftext|>"
done >text.txt

"$old" tokenizer --text text.txt --vocab 280 --out tokenizer >log.txt 2>&1 || stop "tokenizer: $(cat log.txt)"
# The head is not the embedding, so that the student has every kind of tensor.
"$old" train --text text.txt --tokenizer tokenizer --out teacher --seed 7 --threads 1 \
  --model.hidden 32 --model.layers 3 --model.heads 4 --model.kv_heads 2 --model.intermediate 48 --model.tied false \
  --train.tokens 512 --train.batch 2 --train.context 32 >log.txt 2>&1 || stop "train: $(cat log.txt)"

# same STUDENT ARGUMENT...: both programs convert; weights and descriptions of every step must agree. Only the numbers
# of tokens are not the usual ones, because those take hours.
same() {
  local student=$1 program
  shift
  for program in old new; do
    "${!program}" convert --teacher teacher --text text.txt --out "$program" --seed 7 --threads 1 "$@" \
      --align.tokens 4096 --distill.tokens 4096 --extend.tokens 2048 --align.context 64 --distill.context 64 \
      --extend.context 64 --distill.batch 4 --align.batch 4 --extend.batch 4 >log.txt 2>&1 ||
      stop "$program program, $student: $(tail -5 log.txt)"
  done
  for step in transfer align distill extend; do
    for file in model.safetensors config.json; do
      cmp -s "old/steps/$step/$file" "new/steps/$step/$file" || stop "$student: $file of the step $step differs"
    done
  done
  cmp -s old/model.safetensors new/model.safetensors || stop "$student: model.safetensors differs"
  echo "$student: the same bytes, $(sha256sum <new/model.safetensors | cut -c 1-16)"
  rm -rf old new
}

same "RAD-RWKV7" --student rad_rwkv7
same "RAD-RWKV6" --student rad_rwkv6
same "hybrid" --student rad_rwkv7 --keep-attention 1
same "RAD-RWKV7 of every option" --student rad_rwkv7 --model.groupnorm_att true --model.balance_state false \
  --model.gate_rank_type 1 --model.reinit_att true
same "RAD-RWKV6, its decay and shift extended" --student rad_rwkv6 --extend.trainable decay_and_shift
