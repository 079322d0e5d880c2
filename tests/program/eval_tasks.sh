#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Evaluation sets: the figures' places in table and JSON, what must hold for any model, and bad sets.
source "$(dirname "$0")/tiny.bash"

make_teacher
mkdir sets
for i in 1 2 3 4; do
  echo "{\"goal\": \"Seat cat $i\", \"sol1\": \"The cat sat on the mat.\", \"sol2\": \"zzqx vvkj qqpw zzxv jjkw $i!\", \"label\": 0}"
done >sets/piqa.jsonl
for i in 1 2 3; do
  echo "{\"text\": \"The cat saw dog $i and the dog saw the cat\"}"
done >sets/lambada_openai.jsonl
for uid in first first second; do
  echo "{\"sentence_good\": \"The cat sat.\", \"sentence_bad\": \"zzqx vvkj.\", \"UID\": \"$uid\"}"
done >sets/blimp.jsonl
echo '{"query": "The cat", "choices": ["sat", "zzqx"], "gold": 1}' >sets/own.jsonl
cp sets/own.jsonl sets/own.fewshot.jsonl

run_tasks() { "$RADLADS" eval --model teacher --data sets --tasks "$@"; }
# value TASK KEY FILE: a figure of "results" or of another object of objects, named in $place.
value() {
  awk -v place="\"${place:-results}\": {" -v task="\"$1\": {" -v key="\"$2\":" '
    index($0, "  " place) == 1 { inside = 1; next }
    inside && /^  }/ { inside = 0 }
    inside && index($0, "    " task) == 1 { found = 1; next }
    inside && /^    }/ { found = 0 }
    inside && found && index($1, key) == 1 { sub(/,$/, "", $2); print $2 }' "$3"
}

run_tasks piqa,lambada_openai,blimp,own --json all.json >all.txt
expect_near piqa "$(value piqa acc,none all.json)" 1 0
expect_near piqa_stderr "$(value piqa acc_stderr,none all.json)" 0 0
expect_near own "$(value own acc,none all.json)" 0 0
[ "$(value own acc_stderr,none all.json)" = '"N/A"' ] || stop "$(cat all.json)"
expect_near blimp "$(value blimp acc,none all.json)" 1 0
expect_near blimp_first "$(value blimp_first sample_len all.json)" 2 0
expect_near perplexity_sign "$(value lambada_openai perplexity,none all.json)" 2 1e9
expect_near version "$(sed -n 's/^    "blimp": \([0-9.]*\),*$/\1/p' all.json | tail -n 1)" 2 0
grep -q '"nats_per_token"' all.json && stop "figures of a text without one"
head -n 1 all.txt | grep -q '^|Tasks *|Version|n-shot|Metric *| *Value|   | *Stderr|$' || stop "$(cat all.txt)"
grep -q '^| - blimp_second *|    1.0|     0|acc *| *1.0000|±  |   N/A|$' all.txt || stop "$(cat all.txt)"

# Other sets, the number of threads and a text beside it change nothing.
run_tasks piqa --threads 1 --text text.txt --json one.json >one.txt
expect_near acc_norm "$(value piqa acc_norm,none one.json)" "$(value piqa acc_norm,none all.json)" 0
[ -n "$(json_value nats_per_token one.json)" ] || stop "$(cat one.json)"

# A teacher that is the model itself: all of what it has above chance.
run_tasks piqa,own,lambada_openai --teacher teacher --json same.json >same.txt
expect_near teacher "$(place=teacher value piqa acc,none same.json)" 1 0
expect_near relative "$(place=relative value piqa acc,none same.json)" 1 0
[ "$(place=relative value own acc,none same.json)" = '"N/A"' ] || stop "$(cat same.json)"
head -n 1 same.txt | grep -q 'Stderr| *Teacher|Relative|$' || stop "$(cat same.txt)"

run_tasks piqa,blimp --limit 1 --json limit.json >limit.txt
expect_near limit "$(value piqa sample_len limit.json)" 1 0
expect_near blimp_limit "$(value blimp sample_len limit.json)" 2 0
run_tasks own --shots 1 --json shots.json >shots.txt
grep -q '^|own *|    N/A|     1|acc ' shots.txt || stop "$(cat shots.txt)"

# Bad sets.
expect_refusal "sets/boolq.jsonl" run_tasks boolq --json bad.json
expect_refusal "sets/piqa.fewshot.jsonl" run_tasks piqa --shots 1 --json bad.json
expect_refusal "--tasks names piqa twice" run_tasks piqa,own,piqa --json bad.json
expect_refusal "--text, --tasks or both" "$RADLADS" eval --model teacher --json bad.json
expect_refusal "--data" "$RADLADS" eval --model teacher --tasks piqa --json bad.json
expect_refusal "--tasks" "$RADLADS" eval --model teacher --text text.txt --limit 3 --json bad.json
expect_refusal "a continuation of" run_tasks piqa --ctx 2 --json bad.json
: >sets/empty.jsonl
expect_refusal "sets/empty.jsonl: holds no documents" run_tasks empty --json bad.json
echo '{"goal": "g", "sol1": "a", "label": 0}' >>sets/piqa.jsonl
expect_refusal 'sets/piqa.jsonl, line 5: key "sol2" is missing' run_tasks own,piqa --json bad.json
echo '{"passage": "p", "question": "q", "label": 2}' >sets/boolq.jsonl
expect_refusal 'sets/boolq.jsonl, line 1: "label" is 2' run_tasks boolq --json bad.json
echo '{"query": "q", "answer": "a"}' >sets/other.jsonl
expect_refusal "sets/other.jsonl, line 1: no set of a known name" run_tasks other --json bad.json
echo '{"text": "an unclosed line' >sets/lambada_openai.jsonl
expect_refusal "sets/lambada_openai.jsonl, line 1: not valid JSON" run_tasks lambada_openai --json bad.json
