#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# inspect: numbers worked out by hand from the sizes of a teacher, its students and a hybrid.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student >log.txt 2>&1
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out hybrid --keep-attention 1 >>log.txt 2>&1
"$RADLADS" transfer --teacher teacher --student rad_rwkv6 --out shifted >>log.txt 2>&1

# expect MODEL LINE...: the lines are in what inspect says.
expect() {
  local model=$1 line
  shift
  "$RADLADS" inspect "$model" >inspected.txt
  for line in "$@"; do
    tr -s ' ' <inspected.txt | grep -qF -- "$line" || stop "no '$line' in: $(cat inspected.txt)"
  done
}

# Width 16, two heads of 8, one for keys and values, feed-forward 24, 280 tokens, two layers: q and o
# 16 x 16, k and v 8 x 16, biases 16 + 8 + 8; three matrices of 16 x 24; five norms of 16.
expect teacher "architecture Qwen2ForCausalLM" \
  "sizes vocabulary 280, hidden 16, feed-forward 24, context 32, head tied to the embedding" \
  "heads 2 of 8, 1 for keys and values" "layers 2: 0-1 attention" \
  "parameters 8,464: embedding 4,480, mixers 1,600, feed-forward 2,304, norms 80" \
  "tensors 26 F32 in 1 file" "tokenizer 280 tokens, BOS 0 <|endoftext|>, EOS 0 <|endoftext|>"
# Keys and values of two layers, 8 floats each.
expect teacher "state 0 bytes a sequence (0 recurrent" "cache 128 bytes a token (2 softmax"
# Two heads of 8 x 8 floats a layer.
expect student "layers 2: 0-1 rad_rwkv7" "state 1,024 bytes a sequence (2 recurrent" \
  "cache 0 bytes a token"
expect hybrid "layers 2: 0 rad_rwkv7, 1 attention" "state 512 bytes a sequence (1 recurrent" \
  "cache 64 bytes a token (1 softmax"
# RAD-RWKV6 also keeps the last token's 16 floats of every layer.
expect shifted "layers 2: 0-1 rad_rwkv6" "state 1,152 bytes a sequence (2 recurrent"

rm teacher/tokenizer.json teacher/tokenizer_config.json
expect teacher "tokenizer none"
