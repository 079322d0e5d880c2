#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plants small bugs one at a time and runs the tests that should notice.
#   tests/mutations/run.sh [--jobs N] [--cuda] [WORD]
# Bugs are listed in tests/mutations/*.txt, those of CUDA code in cuda.txt, which needs a GPU. WORD keeps the bugs whose
# description, file or test holds it. The last lines count what was caught in each module; the exit status is 1 when a
# bug survived or could not be planted. A bug is planted in a copy of the sources; the checkout stays as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
jobs=$(nproc) lists=() word=""
while [ $# -gt 0 ]; do
  case $1 in
    --jobs) jobs=$2; shift ;;
    --cuda) lists=("$here/cuda.txt") ;;
    --*) echo "usage: run.sh [--jobs N] [--cuda] [WORD]" >&2; exit 2 ;;
    *) word=$1 ;;
  esac
  shift
done
[ ${#lists[@]} -gt 0 ] || for each in "$here"/*.txt; do
  [ "$each" = "$here/cuda.txt" ] || lists+=("$each")
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One file for each bug: description, file, test, old text, new text.
awk -v out="$work" '
  FNR == 1 { module = FILENAME; sub(/.*\//, "", module); sub(/\.txt$/, "", module) }
  /^#/ || /^$/ { next }
  /^[^ ]/ { ++count; at = sprintf("%s/%s.%03d.bug", out, module, count); print > at; next }
  { sub(/^  /, ""); print > at }' "${lists[@]}"

# The text behind a mark of a bug, several lines joined.
part() { sed -n "s/^$2 //p" "$1"; }

plant() {
  local bug=$1 tree=$2 file
  file=$(part "$bug" file)
  part "$bug" - >"$tree.old"
  part "$bug" + >"$tree.new"
  awk -v old_file="$tree.old" -v new_file="$tree.new" '
    BEGIN {
      RS = "\001"
      getline old < old_file; getline new < new_file
      sub(/\n$/, "", old); sub(/\n$/, "", new)
    }
    {
      place = index($0, old)
      if (old == "" || place == 0) exit 1
      if (index(substr($0, place + length(old)), old) != 0) exit 1
      printf "%s%s%s", substr($0, 1, place - 1), new, substr($0, place + length(old))
    }' "$root/$file" >"$tree.planted" || return 1
  rm "$tree/$file"
  cp "$tree.planted" "$tree/$file"
}

compile() {
  local tree=$1 test=$2
  if [ "${test##*/cuda/}" != "$test" ]; then
    nvcc -std=c++20 -O1 --extended-lambda --expt-relaxed-constexpr -diag-suppress 20012 -arch=native -w \
      -I"$tree/include" -I"$tree/tests" -I"${EIGEN:-/usr/include/eigen3}" -DRADLADS_SOURCE_DIR="\"$root\"" \
      "$tree/tests/${test}_test.cu" -lcublasLt -lgtest -lgtest_main -lpthread -o "$tree.test"
  else
    "${CXX:-g++}" -std=c++20 -O1 -w -I"$tree/include" -I"$tree/tests" -I"${EIGEN:-/usr/include/eigen3}" \
      -DRADLADS_SOURCE_DIR="\"$root\"" "$tree/tests/${test}_test.cpp" -lgtest_main -lgtest -lpthread -o "$tree.test"
  fi
}

try() {
  local bug=$1 tree=${1%.bug} name test status=0
  name="$(basename "$tree" | cut -d. -f1): $(head -n 1 "$bug")"
  test=$(part "$bug" test)
  mkdir "$tree"
  cp -rl "$root/include" "$root/tests" "$tree/" 2>/dev/null || cp -r "$root/include" "$root/tests" "$tree/"
  if ! plant "$bug" "$tree"; then
    echo "not planted: $name: its old text is not in $(part "$bug" file) exactly once"
  elif ! compile "$tree" "$test" >"$tree.log" 2>&1; then
    echo "not compiled: $name: $(grep -m1 error "$tree.log" || true)"
  else
    timeout 300 "$tree.test" >"$tree.log" 2>&1 || status=$?
    if [ $status -eq 0 ]; then echo "survived: $name ($test)"; else echo "caught: $name"; fi
  fi
  rm -rf "$tree" "$tree".*
}

export -f part plant compile try
export root
selected=()
for bug in "$work"/*.bug; do
  [ -z "$word" ] || grep -q -- "$word" "$bug" || continue
  selected+=("$bug")
done
[ ${#selected[@]} -gt 0 ] || { echo "run.sh: no bug holds the word $word" >&2; exit 2; }
printf '%s\0' "${selected[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'try "$1"' -- {} | tee "$work/results"

echo
awk -F': ' '
  { ++all[$2]; if ($1 == "caught") ++caught[$2]; else bad = 1 }
  END {
    for (module in all) printf "%s: %d of %d caught\n", module, caught[module], all[module]
    exit bad
  }' "$work/results" | sort
grep -qv '^caught: ' "$work/results" && exit 1
exit 0
