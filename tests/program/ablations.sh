#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# examples/ablations.sh: rows, one table, rows that are complete, a step shared between rows, bad input.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 10); do cat text.txt; done >long.txt
ablations() {
  RADLADS_PROGRAM=$RADLADS "$RADLADS_SOURCE_DIR/examples/ablations.sh" --text long.txt --out rows "$@"
}
tokens=(-- --align.tokens 512 --align.context 32 --distill.tokens 512 --distill.context 32 --threads 1)

ablations --teacher teacher --hold-out 5 rad_rwkv7 hybrid_last paper_rates "${tokens[@]}" >table.txt 2>log.txt ||
  stop "$(cat log.txt)"
[ "$(awk '{ print $1 }' table.txt | tr '\n' ' ')" = "row rad_rwkv7 hybrid_last paper_rates " ] ||
  stop "not the rows: $(cat table.txt)"
awk 'NR > 1 && !($2 > 0 && NF == 6) { exit 1 }' table.txt || stop "not the columns: $(cat table.txt)"
cmp rows/rad_rwkv7/steps/align/model.safetensors rows/paper_rates/steps/align/model.safetensors
grep -q '"attention"' rows/hybrid_last/config.json || stop "the hybrid kept no layer"

# What is complete is not run again.
before=$(stat -c %Y.%i rows/*/model.safetensors)
ablations --teacher teacher --hold-out 5 rad_rwkv7 hybrid_last paper_rates "${tokens[@]}" >again.txt 2>log.txt
cmp table.txt again.txt
[ "$(stat -c %Y.%i rows/*/model.safetensors)" = "$before" ] || stop "a complete row ran again"

expect_refusal "has no config.json" ablations --teacher nowhere rad_rwkv7
expect_refusal "there is no row rad_rwkv8" ablations --teacher teacher rad_rwkv8
expect_refusal "there is no option --depth" ablations --teacher teacher --depth 3
expect_refusal "--out needs a value" ablations --teacher teacher --out
echo passed
