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
  "$RADLADS" logits --model "$1" --tokens "$2" --overwrite --out logits.safetensors >>log.txt
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

# Prompts from files and standard input, beyond what one argument holds, and the same text from each.
tokens=20
write --model student >option.txt
printf 'The cat' >prompt.txt
"$RADLADS" generate --model student --prompt-file prompt.txt --max-tokens 20 >file.txt 2>>log.txt
cmp option.txt file.txt
"$RADLADS" generate --model student --prompt-file - --max-tokens 20 <prompt.txt >input.txt 2>>log.txt
cmp option.txt input.txt
awk 'BEGIN { for (i = 0; i < 9000; ++i) printf "The cat saw dog %d. ", i }' >long.txt
[ "$(wc -c <long.txt)" -gt 131072 ] || stop "the long prompt is too short"
"$RADLADS" generate --model student --prompt-file long.txt --max-tokens 5 >long_out.txt 2>>log.txt
head -c "$(wc -c <long.txt)" long_out.txt | cmp - long.txt

# A stop string ends the text before it; samplers that keep one token are greedy.
write --model teacher --temperature 0 >greedy.txt
part=$(tail -c +12 greedy.txt | head -c 3)
write --model teacher --temperature 0 --stop "no such text" --stop "$part" >stopped.txt
case $(tail -c +8 stopped.txt) in *"$part"*) stop "'$part' is in: $(cat stopped.txt)" ;; esac
[ "$(wc -c <stopped.txt)" -lt "$(wc -c <greedy.txt)" ] || stop "'$part' did not stop: $(cat stopped.txt)"
for cut in "--top-k 1" "--min-p 1" "--top-p 0.000001"; do
  write --model teacher $cut >cut.txt
  cmp greedy.txt cut.txt
done
write --model teacher --temperature 0 --repetition-penalty 5 >penalised.txt
cmp -s greedy.txt penalised.txt && stop "the penalty changes nothing"

generate=("$RADLADS" generate --model student --prompt x)
printf 'a\377' >bad.txt
expect_refusal "bad.txt: the prompt is not valid UTF-8 at byte offset 1 of 2" \
  "$RADLADS" generate --model student --prompt-file bad.txt
expect_refusal "cannot open absent.txt" "$RADLADS" generate --model student --prompt-file absent.txt
expect_refusal "--prompt" "${generate[@]}" --prompt-file prompt.txt
expect_refusal "empty" "${generate[@]}" --stop ""
expect_refusal "top_k is -1" "${generate[@]}" --top-k -1
expect_refusal "top_p is 0," "${generate[@]}" --top-p 0
expect_refusal "top_p is 1.5" "${generate[@]}" --top-p 1.5
expect_refusal "min_p is 2" "${generate[@]}" --min-p 2
expect_refusal "the repetition penalty is 0" "${generate[@]}" --repetition-penalty 0
