#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --dry-run: memory worked out by hand for known sizes, and recipes that are found by their names.
source "$(dirname "$0")/tiny.bash"

echo "AB BA" >bytes.txt
"$RADLADS" tokenizer --text bytes.txt --vocab 257 --out of_bytes >log.txt
# planned FIELD ARGUMENT...: GiB of that kind in what train says.
planned() {
  local field=$1
  shift
  "$RADLADS" train --text x.txt --tokenizer of_bytes --out x --dry-run --model.heads 2 --model.kv_heads 1 \
    --model.head_size 32 --model.layers 8 --model.intermediate 65536 --train.context 16 --train.batch 8 "$@" \
    >plan.txt || return
  sed -n "s/.*$field \([0-9.]*\).*/\1/p" plan.txt | tail -n 1
}
# An embedding and a head of 257 x 64; a layer has two norms of 64, q 64 x 64 and 64, k and v 64 x 32 and 32
# each, o 64 x 64, and three matrices of 64 x 65536; one norm of 64 more.
narrow=$((2 * 257 * 64 + 64 + 8 * (2 * 64 + 64 * 64 + 64 + 2 * (64 * 32 + 32) + 64 * 64 + 3 * 64 * 65536)))
gib() { awk -v n="$1" 'BEGIN { print n / 1073741824 }'; }
for threads in 1 3; do
  with=(--model.hidden 64 --threads $threads)
  [ "$(planned 'in float:' "${with[@]}")" = $narrow ] || stop "not $narrow parameters: $(cat plan.txt)"
  expect_near weights "$(planned weights "${with[@]}")" "$(gib $((4 * narrow)))" 0.001
  # AdamW has two moments in float for every parameter.
  expect_near optimizer "$(planned optimizer "${with[@]}")" "$(gib $((8 * narrow)))" 0.001
  # Each thread has gradients of its own beside their sum.
  copies=$((threads == 1 ? 1 : threads + 1))
  expect_near "gradients of $threads threads" "$(planned gradients "${with[@]}")" \
    "$(gib $((4 * narrow * copies)))" 0.001
  all=$(planned 'in all' "${with[@]}")
  expect_near "the sum" "$all" "$(awk '/GiB: weights/ { print $4 + $6 + $8 + $(NF - 3) }' plan.txt)" 0.003
done
# Beyond a width of 512 one set of gradients is computed by all threads together.
wide=$((2 * 257 * 576 + 576 + 8 * (2 * 576 + 576 * 64 + 64 + 2 * (576 * 32 + 32) + 64 * 576 + 3 * 576 * 65536)))
with=(--model.hidden 576 --threads 3)
[ "$(planned 'in float:' "${with[@]}")" = $wide ] || stop "not $wide parameters: $(cat plan.txt)"
expect_near "gradients of a wide model" "$(planned gradients "${with[@]}")" "$(gib $((4 * wide)))" 0.001
# In bf16 parameters and gradients have two bytes, beside a master and moments in float.
with=(--model.hidden 64 --train.precision bf16)
expect_near "weights in bf16" "$(planned weights "${with[@]}")" "$(gib $((6 * narrow)))" 0.001
expect_near "gradients in bf16" "$(planned gradients "${with[@]}")" "$(gib $((2 * narrow)))" 0.001
expect_near "optimizer in bf16" "$(planned optimizer "${with[@]}")" "$(gib $((8 * narrow)))" 0.001
# Each rank has all of it and sends 4 Mi numbers at a time; moments that are sharded are a quarter of them, beside a
# quarter of the summed gradient and as many new weights at a time.
with=(--model.hidden 64 --threads 1 --ranks 4)
expect_near "gradients of a rank" "$(planned gradients "${with[@]}")" "$(gib $((4 * narrow)))" 0.001
expect_near "optimizer of a rank" "$(planned optimizer "${with[@]}")" "$(gib $((8 * narrow)))" 0.001
expect_near "what a rank sends" "$(planned 'sums over ranks' "${with[@]}")" "$(gib $((4 * 4194304)))" 0.001
with+=(--parallel.shard optimizer)
expect_near "a part of the optimizer" "$(planned optimizer "${with[@]}")" "$(gib $((2 * narrow)))" 0.001
expect_near "a part of the gradient" "$(planned 'sums over ranks' "${with[@]}")" "$(gib $((8 * 4194304 + narrow)))" 0.001
expect_near "all of a rank" "$(planned 'in all' "${with[@]}")" \
  "$(awk '/GiB: sums/ { print $6 + $8 + $10 + $12 + $(NF - 3) }' plan.txt)" 0.003
expect_refusal "train.batch is 8, fewer rows than the 9 ranks" planned 'in all' --model.hidden 64 --ranks 9
# In bf16 the master is sharded as well.
with+=(--train.precision bf16)
expect_near "a part of the master" "$(planned weights "${with[@]}")" "$(gib $((3 * narrow)))" 0.001
expect_near "a part of the moments" "$(planned optimizer "${with[@]}")" "$(gib $((2 * narrow)))" 0.001
# A GPU that is not here, of which CUDA takes one GiB.
planned 'in all' --model.hidden 64 --train.precision bf16 --gpu-memory 80 >log.txt
grep -q "has 79.0 GiB: all 8 rows of a batch fit at a time$" plan.txt || stop "$(cat plan.txt)"
planned 'in all' --model.hidden 64 --train.precision bf16 --gpu-memory 2 >log.txt
grep -q "has 1.0 GiB: not enough for one row at a time$" plan.txt || stop "$(cat plan.txt)"
expect_refusal "--gpu-memory is 1 GiB, expected more than the 1" planned 'in all' --model.hidden 64 --gpu-memory 1
expect_refusal "--ranks requires --dry-run" \
  "$RADLADS" train --text x.txt --tokenizer of_bytes --out x --ranks 2
# Step 1 has moments and gradients for the mixers alone.
make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student 2>log.txt
"$RADLADS" align --teacher teacher --student student --text x --out x --dry-run >plan.txt
grep -q "^# align in float: [0-9]* parameters, the teacher has 8464$" plan.txt || stop "$(cat plan.txt)"

# Recipes come with the program: in a build, and where it is installed.
recipe() {
  "$1" convert --teacher teacher --student rad_rwkv7 --text x --out x --dry-run -c "$2"
}
recipe "$RADLADS" quick.yaml >by_name.txt
recipe "$RADLADS" "$RADLADS_SOURCE_DIR/examples/recipes/quick.yaml" >by_path.txt
cmp by_name.txt by_path.txt
expect_refusal "smal.yaml: cannot be read, and no recipe has that name; the nearest is small.yaml" \
  recipe "$RADLADS" smal.yaml
expect_refusal "./small.yaml: cannot be read" recipe "$RADLADS" ./small.yaml
# A file of the same name comes first.
echo 'align: {tokens: 321}' >quick.yaml
recipe "$RADLADS" quick.yaml | grep -qx "  tokens: 321" || stop "the recipe hides a file"
rm quick.yaml
build=$(dirname "$RADLADS")/..
if [ -e "$build/cmake_install.cmake" ]; then
  cmake --install "$build" --component program --prefix installed >log.txt || stop "$(cat log.txt)"
  recipe installed/bin/radlads quick.yaml | cmp - by_path.txt
  for file in "$RADLADS_SOURCE_DIR"/examples/recipes/*.yaml; do
    cmp "$file" "installed/share/radlads/recipes/$(basename "$file")"
  done
fi
echo passed
