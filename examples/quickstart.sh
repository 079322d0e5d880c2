#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a bare Debian 12 to a converted, scored, talking model: installs what is missing, builds the
# program, trains a small softmax teacher on a text and converts it. Run again, it continues where it
# was interrupted.
set -euo pipefail
exec </dev/null

usage="Usage: quickstart.sh [--text FILE] [--student rad_rwkv7|rad_rwkv6] [--out DIR]
  --text FILE     plain text; without it, the King James Bible of Debian's bible-kjv-text
  --student NAME  what the teacher becomes (rad_rwkv7)
  --out DIR       where everything goes (./quickstart)
The variable RADLADS may name the program, when it is built already."

stop() {
  echo "quickstart.sh: $*" >&2
  exit 1
}

text="" out=quickstart student=rad_rwkv7
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) echo "$usage" && exit ;;
    --text | --out | --student)
      [ $# -ge 2 ] || stop "$1 needs a value."
      declare "${1#--}=$2"
      shift 2
      ;;
    *) stop "unknown option $1; --help shows those there are." ;;
  esac
done
[ -z "$text" ] || [ -r "$text" ] || stop "cannot read $text."

source_dir=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
recipe=$source_dir/examples/recipes/quickstart.yaml
radlads=${RADLADS:-$out/build/bin/radlads}

say() {
  echo
  printf '[%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

build() {
  say "Building the program."
  "$source_dir/cmake/install_packages.sh" g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev \
    libcli11-dev libyaml-cpp-dev libfmt-dev libpcre2-dev zlib1g-dev libzstd-dev
  cmake -S "$source_dir" -B "$out/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRADLADS_NATIVE=ON \
    -DRADLADS_BUILD_TESTS=OFF -DRADLADS_BUILD_BENCHMARKS=OFF >"$out/build.log" 2>&1 ||
    stop "the build cannot be configured; $out/build.log says why."
  cmake --build "$out/build" --target radlads_program --parallel "$(nproc)" >>"$out/build.log" 2>&1 ||
    stop "the build failed; $out/build.log says why."
}

# The bible, a chapter a document, without the references in front of the verses.
write_bible() {
  "$source_dir/cmake/install_packages.sh" bible-kjv bible-kjv-text
  bible -f 'ge1:1-rev22:21' | awk '
    { chapter = $1; sub(/:.*/, "", chapter) }
    chapter != last && NR > 1 { print "<|endoftext|>" }
    { last = chapter; sub(/^[^ ]* /, ""); print }'
}

# A text without separators, cut at line ends into documents of about four thousand characters.
write_documents() {
  if grep -q '^<|endoftext|>' "$1"; then
    cat "$1"
  else
    awk '{ print; size += length($0) + 1 }
      size >= 4000 { print "<|endoftext|>"; size = 0 }' "$1"
  fi
}

# Every tenth document is kept for the scores.
split_documents() {
  awk -v train="$out/train.txt" -v kept="$out/held-out.txt" '
    /^<\|endoftext\|>/ { print > target; ++document; next }
    { target = document % 10 == 9 ? kept : train; print > target }' target="$out/train.txt" "$1"
}

prepare_text() {
  say "Preparing the text."
  if [ -n "$text" ]; then
    write_documents "$text" >"$out/text.partial"
  else
    write_bible >"$out/text.partial"
  fi
  rm -f "$out/train.txt" "$out/held-out.txt"
  split_documents "$out/text.partial"
  [ -s "$out/held-out.txt" ] || stop "the text has fewer than ten documents; it is too short."
  mv "$out/text.partial" "$out/text.txt"
}

# The losses of all stages side by side, each in its own unit.
plot() {
  local stage
  for stage in teacher student/steps/align student/steps/distill; do
    sed -n 's/.*"loss":\([^,}]*\).*"step":\([0-9]*\).*/\2 \1/p' "$out/$stage/metrics.jsonl" \
      >"$out/${stage##*/}.loss"
  done
  gnuplot <<PLOT
set terminal svg size 1100,340
set output "$out/loss.svg"
set multiplot layout 1,3
set xlabel "step"
unset key
set grid
set title "teacher: nats a token"
plot "$out/teacher.loss" with lines
set logscale y
set title "align: distance to the teacher's layers"
plot "$out/align.loss" with lines
set title "distill: KL to the teacher"
plot "$out/distill.loss" with lines
PLOT
  rm "$out/teacher.loss" "$out/align.loss" "$out/distill.loss"
}

sample() {
  echo
  echo "The $1 writes:"
  "$radlads" generate --model "$out/$1" --prompt "$prompt" --max-tokens 100 --temperature 0.7 \
    --seed 1 2>/dev/null
}

[ -n "${RADLADS:-}" ] || build
[ -s "$out/text.txt" ] || prepare_text
if [ ! -d "$out/tokenizer" ]; then
  say "Learning a tokenizer."
  "$radlads" tokenizer --text "$out/train.txt" --vocab 1024 --out "$out/tokenizer"
fi

say "Training a softmax teacher."
"$radlads" train -c "$recipe" --model.hidden 64 --model.layers 4 --model.heads 4 --model.kv_heads 2 \
  --model.intermediate 172 --text "$out/train.txt" --tokenizer "$out/tokenizer" --out "$out/teacher"

say "Converting it to $student."
"$radlads" convert -c "$recipe" --teacher "$out/teacher" --text "$out/train.txt" --student "$student" \
  --eval-text "$out/held-out.txt" --out "$out/student" >"$out/table.txt"

say "Scores on documents that neither has seen in training:"
cat "$out/table.txt"
echo
"$radlads" inspect "$out/student" | grep -E '^  (parameters|state|cache)'
prompt=$(head -n 1 "$out/held-out.txt" | cut -d ' ' -f 1-4)
sample teacher
sample student

if command -v gnuplot >/dev/null; then
  plot
  say "Done. The student is $out/student, its steps are in $out/student/steps, the losses in $out/loss.svg."
else
  say "Done. The student is $out/student, its steps are in $out/student/steps."
fi
echo "Ask it for more: $radlads generate --model $out/student --prompt \"$prompt\""
