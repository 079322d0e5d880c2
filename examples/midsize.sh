#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A mid-size conversion from start to end on a GPU: text, tokenizer, a teacher of 27 million parameters, three
# students, scores by position. docs/results.md has what it printed. Run again, it continues where it stopped.
#   examples/midsize.sh DIR
# The variable RADLADS names the program, built with CUDA (build/release/bin/radlads).
set -euo pipefail
exec </dev/null

out=${1:?usage: examples/midsize.sh DIR}
source_dir=$(cd "$(dirname "$0")/.." && pwd)
radlads=${RADLADS:-$source_dir/build/release/bin/radlads}
recipes=$source_dir/examples/recipes
[ -x "$radlads" ] || {
  echo "midsize.sh: there is no program $radlads; build it, or name it in the variable RADLADS." >&2
  exit 1
}
mkdir -p "$out"

say() {
  printf '[%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

[ -e "$out/text.txt" ] || "$source_dir/examples/gather_text.sh" "$out"
[ -e "$out/tokenizer" ] || "$radlads" tokenizer --text "$out/text.txt" --vocab 8192 --out "$out/tokenizer"
[ -e "$out/text.idx" ] || "$radlads" tokenize --text "$out/text.txt" --tokenizer "$out/tokenizer" --out "$out/text"

say "Training the teacher."
"$radlads" train --device cuda -c "$recipes/midsize_teacher.yaml" --text "$out/text.bin" \
  --tokenizer "$out/tokenizer" --out "$out/teacher"

# convert NAME STUDENT OPTION...
convert() {
  local name=$1 student=$2
  shift 2
  say "Converting to $name."
  # The teacher is tied; the students of docs/results.md have heads of their own.
  "$radlads" convert --device cuda -c "$recipes/midsize.yaml" --model.tied false --teacher "$out/teacher" --text "$out/text.bin" \
    --eval-text "$out/held_out.txt" --student "$student" --out "$out/$name" "$@"
}
convert rad_rwkv7 rad_rwkv7
convert rad_rwkv6 rad_rwkv6
convert hybrid rad_rwkv7 --keep-attention 3,7

for each in rad_rwkv7 rad_rwkv6 hybrid; do
  say "Scoring $each to eight times the training length."
  "$radlads" eval --device cuda --model "$out/$each" --teacher "$out/teacher" --text "$out/held_out.txt" \
    --ctx 4096 --json "$out/$each.json"
done
say "Done."
