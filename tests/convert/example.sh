#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# example.sh EXAMPLE TESTS DIRECTORY: the example 06_convert on a tiny teacher, which the program of the module's
# tests makes. Stopped by a signal, killed, or left alone, it ends with the same bytes.

set -euo pipefail
example=$1 tests=$2
cd "$3"

stop() {
  echo "FAILED: $*" >&2
  exit 1
}

for i in $(seq "${RADLADS_STORIES:-200}"); do
  echo "Story $i. The cat sat on the mat, and the dog sat by the $i cats."
  echo "Then the cat saw the dog, and the dog saw the cat."
  echo "<|endoftext|>"
done >text.txt
RADLADS_TINY_TEACHER=$PWD/teacher "$tests" --gtest_filter='tiny_teacher.*' >made.txt || stop "$(cat made.txt)"

"$example" >log.txt 2>&1 && stop "no arguments, and the example ran"
grep -q "usage: 06_convert TEACHER TEXT STUDENT" log.txt || stop "no usage: $(cat log.txt)"
"$example" teacher nowhere.txt none >log.txt 2>&1 && stop "no text, and the example ran"
grep -q "nowhere.txt" log.txt || stop "no word on the text: $(cat log.txt)"

"$example" teacher text.txt whole 2>log.txt || stop "whole: $(cat log.txt)"
for file in config.json model.safetensors tokenizer.json resolved.yaml; do
  [ -s "whole/$file" ] || stop "the student has no $file"
done
grep -q "^distill [0-9]*/[0-9]*: loss " log.txt || stop "no word on progress: $(cat log.txt)"

# interrupt SIGNAL STUDENT STEP: ends a run once the step has its first checkpoint; fails where it was too late.
interrupt() {
  "$example" teacher text.txt "$2" >log.txt 2>&1 &
  local run=$!
  until [ -e "$2/steps/$3/checkpoint" ]; do
    kill -0 $run 2>/dev/null || return 1
    sleep 0.005
  done
  kill -s "$1" $run || return 1
  wait $run && return 1
  [ ! -e "$2/model.safetensors" ]
}

# A machine that is busy elsewhere may be too late once.
for _ in 1 2 3 4 5; do
  rm -rf stopped
  interrupt TERM stopped align && grep -q "align: stopped and saved after step" log.txt && break
done
grep -q "the same command continues from" log.txt || stop "the run could not be stopped: $(cat log.txt)"
for _ in 1 2 3 4 5; do
  rm -rf killed
  cp -r stopped killed
  interrupt KILL killed distill && break
done
[ ! -e killed/model.safetensors ] || stop "the run could not be killed: $(cat log.txt)"
grep -q "align: continuing after step" log.txt || stop "step 1 began again: $(cat log.txt)"
"$example" teacher text.txt killed 2>log.txt || stop "killed: $(cat log.txt)"
grep -q "distill: continuing after step" log.txt || stop "step 2 began again: $(cat log.txt)"
cmp whole/model.safetensors killed/model.safetensors || stop "the students differ"

echo "One more line." >>text.txt
"$example" teacher text.txt whole >log.txt 2>&1 && stop "another text, and the example went on"
grep -q "is complete, but not of this run" log.txt || stop "no word on the text: $(cat log.txt)"
