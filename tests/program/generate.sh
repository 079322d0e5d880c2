#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# generate and logits on a teacher, a student and a hybrid.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student >log.txt 2>&1
"$RADLADS" transfer --teacher teacher --student rad_rwkv6 --out hybrid --keep-attention 1 >>log.txt 2>&1

write() {
  "$RADLADS" generate --prompt "The cat" --max-tokens "$tokens" "$@" 2>>log.txt
}

# The floats of a logits file, one row a line.
rows() {
  "$RADLADS" logits --model "$1" --tokens "$2" --out logits.safetensors >>log.txt
  local header
  header=$(od -An -v -tu8 -N8 logits.safetensors)
  od -An -v -tf4 -w1120 -j $((header + 8)) logits.safetensors
}

for model in teacher student hybrid; do
  tokens=30
  write --model $model --seed 1 >first.txt
  write --model $model --seed 1 --threads 1 >again.txt
  cmp first.txt again.txt
  write --model $model --seed 2 >other.txt
  cmp -s first.txt other.txt && stop "$model: another seed, the same text"
  write --model $model --temperature 0 --seed 1 >greedy.txt
  write --model $model --temperature 0 --seed 2 --top-p 0.5 >greedy_again.txt
  cmp greedy.txt greedy_again.txt
  # A cut to next to nothing leaves the most probable token alone.
  write --model $model --top-p 0.000001 >cut.txt
  cmp greedy.txt cut.txt
  [ "$(head -c 7 first.txt)" = "The cat" ] || stop "$model: the prompt is not in: $(cat first.txt)"
  tokens=0
  write --model $model >none.txt
  [ "$(cat none.txt)" = "The cat" ] || stop "$model: no token asked for: $(cat none.txt)"

  # A token changes nothing before it: the first rows of a longer sequence are those of a shorter one.
  rows $model 0,5,77,130,279,4 >long.txt
  rows $model 0,5,77 >short.txt
  [ "$(wc -l <long.txt)" -eq 6 ] || stop "$model: $(wc -l <long.txt) rows of logits for 6 tokens"
  head -n 3 long.txt | paste -d '\n' - short.txt | awk '
    NR % 2 { split($0, before); next }
    { if (NF != 280) exit bad = 1
      for (i = 1; i <= NF; ++i) { d = $i - before[i]; if (d > 1e-4 || d < -1e-4) exit bad = 1 } }
    END { exit bad }' || stop "$model: logits depend on later tokens"
done
