# SPDX-License-Identifier: Apache-2.0
# What program tests share: a text, a tokenizer and models that need no data from elsewhere, and checks.

set -euo pipefail
cd "$1"
data=${RADLADS_DATA:-$RADLADS_SOURCE_DIR/../shared/data}

stop() {
  echo "FAILED: $*" >&2
  exit 1
}

# need_data FILE...: skips the test unless the files are among the optional data.
need_data() {
  local file
  for file in "$@"; do
    [ -e "$data/$file" ] && continue
    echo "Skipped: $data/$file is not there."
    exit 77
  done
}

# make_text FILE: twelve short documents.
make_text() {
  local i
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo "Story $i. The cat sat on the mat, and the dog sat by the $i cats."
    echo "Then the cat saw the dog, and the dog saw the cat."
    echo "<|endoftext|>"
  done >"$1"
}

# make_teacher: text.txt, tokenizer/ of 280 tokens, and teacher/, two softmax layers after one step.
make_teacher() {
  make_text text.txt
  "$RADLADS" tokenizer --text text.txt --vocab 280 --out tokenizer >made.txt
  "$RADLADS" train --text text.txt --tokenizer tokenizer --out teacher --threads 1 \
    --model.hidden 16 --model.layers 2 --model.heads 2 --model.kv_heads 1 --model.intermediate 24 \
    --model.tied true --train.tokens 64 --train.batch 2 --train.micro_batch 2 --train.context 32 \
    2>train.log >>made.txt || stop "train: $(cat train.log)"
}

# json_value KEY FILE: a number of the outermost object.
json_value() {
  sed -n 's/^  "'"$1"'": \([-0-9.e+]*\),\{0,1\}$/\1/p' "$2"
}

# expect_near WHAT FOUND EXPECTED TOLERANCE
expect_near() {
  awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { d = a - b; exit !(a != "" && d <= t && d >= -t) }' ||
    stop "$1 is '$2', expected $3 +- $4"
}

# expect_refusal FRAGMENT COMMAND...: the command fails with one sentence that has the fragment, and
# leaves no file behind.
expect_refusal() {
  local fragment=$1 status=0 before
  shift
  before=$(find . | sort)
  "$@" >refused.out 2>refused.err || status=$?
  [ "$status" -ne 0 ] || stop "accepted: $*"
  [ "$status" -lt 126 ] || stop "crashed with $status: $*"
  [ "$(wc -l <refused.err)" -eq 1 ] || stop "not one line for $*: $(cat refused.err)"
  grep -qF -- "$fragment" refused.err || stop "no '$fragment' for $*: $(cat refused.err)"
  rm refused.out refused.err
  [ "$(find . | sort)" = "$before" ] || stop "$* left behind: $(find . | sort)"
}
