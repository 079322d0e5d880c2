#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Scores: those of the real teacher as they were measured elsewhere, and what must hold for any model.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" eval --model teacher --text text.txt --json alone.json >alone.txt
# After one step a model of 280 tokens still guesses.
expect_near nats_per_token "$(json_value nats_per_token alone.json)" 5.635 0.1
expect_near perplexity "$(json_value perplexity alone.json)" \
  "$(awk -v n="$(json_value nats_per_token alone.json)" 'BEGIN { print exp(n) }')" 0.01
grep -q '"kl"' alone.json && stop "a divergence without a teacher: $(cat alone.json)"

"$RADLADS" eval --model teacher --teacher teacher --text text.txt --json same.json >same.txt
expect_near kl "$(json_value kl same.json)" 0 1e-6
expect_near agreement "$(json_value agreement same.json)" 1 0
expect_near delta_nats "$(json_value delta_nats same.json)" 0 0
expect_near nats_per_token "$(json_value nats_per_token same.json)" \
  "$(json_value nats_per_token alone.json)" 1e-9

# Bits a byte: all the nats over the bytes of the stripped documents.
bytes=$(awk '/endoftext/ { sum -= 1; next } { sum += length($0) + 1 } END { print sum }' text.txt)
expect_near bits_per_byte "$(json_value bits_per_byte alone.json)" \
  "$(awk -v n="$(json_value nats_per_token alone.json)" -v t="$(json_value tokens alone.json)" \
    -v b="$bytes" 'BEGIN { print n * t / log(2) / b }')" 1e-4

# Eight ids of each of the twelve documents, the begin token included: seven are scored.
"$RADLADS" eval --model teacher --text text.txt --ctx 8 --json short.json >short.txt
expect_near tokens "$(json_value tokens short.json)" 84 0

# Other documents beside it do not change a document's score, nor does the number of threads.
"$RADLADS" eval --model teacher --text text.txt --threads 1 --json one.json >one.txt
expect_near nats_per_token "$(json_value nats_per_token one.json)" \
  "$(json_value nats_per_token alone.json)" 1e-5

"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student >transfer.txt 2>&1
"$RADLADS" eval --model student --teacher teacher --text text.txt --json student.json >student.txt
awk -v k="$(json_value kl student.json)" 'BEGIN { exit !(k > 0) }' || stop "$(cat student.json)"
expect_near delta_nats "$(json_value delta_nats student.json)" \
  "$(awk -v a="$(json_value nats_per_token student.json)" \
    -v b="$(json_value nats_per_token alone.json)" 'BEGIN { print a - b }')" 1e-4

need_data teacher/stories260K/model.safetensors text/tinystories.txt
"$RADLADS" eval --model "$data/teacher/stories260K" --text "$data/text/tinystories.txt" --ctx 512 \
  --json real.json >real.txt
expect_near tokens "$(json_value tokens real.json)" 811110 0
expect_near nats_per_token "$(json_value nats_per_token real.json)" 1.47458 2e-5
expect_near top1 "$(json_value top1 real.json)" 0.6026 1e-4
