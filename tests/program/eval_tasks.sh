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

# Sets in YAML: the same texts as the set of that name, and answers that are written.
cat >piqa_again.yaml <<'EOS'
task: piqa_again
dataset_path: piqa
output_type: multiple_choice
doc_to_text: "Question: {{goal}}\nAnswer:"
doc_to_target: label
doc_to_choice: "{{[sol1, sol2]}}"
metric_list:
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
metadata:
  version: 2.5
EOS
run_tasks piqa_again.yaml,piqa --json yaml.json >yaml.txt
expect_near yaml "$(value piqa_again acc_norm,none yaml.json)" "$(value piqa acc_norm,none yaml.json)" 0
[ -z "$(value piqa_again acc,none yaml.json)" ] || stop "$(cat yaml.json)"
expect_near version "$(sed -n 's/^    "piqa_again": \([0-9.]*\),*$/\1/p' yaml.json | tail -n 1)" 2.5 0
cat >written.yaml <<'EOS'
task: written
dataset_path: own
output_type: generate_until
doc_to_text: "{{query}}"
doc_to_target: "{{choices[gold]}}"
generation_kwargs: {until: ["\n"], max_gen_toks: 4, do_sample: false}
EOS
run_tasks written.yaml --json written.json >written.txt
grep -q '^|written *|    N/A|     0|exact_match *|' written.txt || stop "$(cat written.txt)"
refuse_yaml() {
  local fragment=$1
  shift
  printf '%s\n' "$@" >bad.yaml
  expect_refusal "$fragment" run_tasks bad.yaml --json bad.json
  rm bad.yaml
}
good=("task: bad" "output_type: multiple_choice" "doc_to_text: query" "doc_to_target: gold" "dataset_path: own")
refuse_yaml "bad.yaml: line 6: there is no key doc_to_choise; the nearest is doc_to_choice" "${good[@]}" "doc_to_choise: choices"
refuse_yaml "bad.yaml: doc_to_choice is missing" "${good[@]}"
refuse_yaml "bad.yaml: line 6: key task is there twice" "${good[@]}" "task: twice"
refuse_yaml "bad.yaml: line 6: doc_to_choice: !function runs Python" "${good[@]}" "doc_to_choice: !function utils.choices"
refuse_yaml "bad.yaml: metric_list: f1 is no figure" "${good[@]}" "doc_to_choice: choices" "metric_list: [f1]"
refuse_yaml "bad.yaml: line 8: there is no key metrics; the nearest is metric" "${good[@]}" "doc_to_choice: choices" "metric_list:" "  - metrics: acc"
refuse_yaml "bad.yaml: doc_to_choice: line 1: {{ has no }}" "${good[@]}" 'doc_to_choice: "{{choices"'
refuse_yaml "sets/own.jsonl, line 1: doc_to_choice: line 1: 'chosen' is undefined" "${good[@]}" 'doc_to_choice: "{{chosen}}"'
refuse_yaml "bad.yaml: output_type is missing" "task: bad" "doc_to_text: q" "doc_to_target: a"
refuse_yaml "bad.yaml: line 2: output_type: \"classify\" is not known" "task: bad" "output_type: classify"
refuse_yaml "bad.yaml: line 2: do_sample: answers are greedy" "generation_kwargs:" "  do_sample: true"
refuse_yaml "bad.yaml: line 1: expected keys with values" "- a list"
refuse_yaml "bad.yaml: expected keys with values" ""
expect_refusal "absent.yaml" run_tasks absent.yaml --json bad.json

# Texts that the model writes.
printf '%s\n' '{"context": "The cat sat on the", "continuation": " mat."}' '{"context": "1 + 1 =", "continuation": " 2"}' >sets/arithmetic.jsonl
run_tasks arithmetic,needle,repetition,divergence --teacher teacher --limit 2 --new-tokens 12 --lengths 130,200 \
  --ctx 256 --json texts.json >texts.txt
expect_near divergence "$(value divergence tokens_until_divergence,none texts.json)" 12 12
expect_near never_diverged "$(value divergence never_diverged,none texts.json)" 1 0
expect_near needles "$(value needle sample_len texts.json)" 4 0
expect_near needle_130 "$(value needle_130 sample_len texts.json)" 2 0
expect_near answers "$(value arithmetic sample_len texts.json)" 2 0
grep -q '^|repetition *|    N/A|     0|repeated_4grams_greedy *|' texts.txt || stop "$(cat texts.txt)"
grep -q '^|divergence .* N/A| *N/A|$' texts.txt || stop "$(cat texts.txt)"
expect_near same_texts "$(place=teacher value repetition repeated_4grams_sampled,none texts.json)" \
  "$(value repetition repeated_4grams_sampled,none texts.json)" 0
# They need no data, and the same seed makes the same texts.
"$RADLADS" eval --model teacher --tasks repetition --limit 2 --new-tokens 12 --ctx 256 --json again.json >again.txt
expect_near again "$(value repetition repeated_4grams_sampled,none again.json)" \
  "$(value repetition repeated_4grams_sampled,none texts.json)" 0
# Rows under the name that the set has elsewhere.
mv sets/arithmetic.jsonl sets/simple_arithmetic_withspaces.jsonl
run_tasks arithmetic --json elsewhere.json >elsewhere.txt
expect_near elsewhere "$(value arithmetic exact_match,none elsewhere.json)" "$(value arithmetic exact_match,none texts.json)" 0
expect_refusal "divergence compares a student with its teacher" run_tasks divergence --json bad.json
expect_refusal "a needle and its question have" run_tasks needle --lengths 8 --json bad.json
expect_refusal "--lengths: a text of 500" run_tasks needle --lengths 500 --ctx 256 --json bad.json
expect_refusal "128 tokens behind a prompt do not fit a context of 64" run_tasks repetition --ctx 64 --json bad.json

# Bad sets.
expect_refusal "sets/piqa.fewshot.jsonl" run_tasks piqa --shots 1 --json bad.json
expect_refusal "--tasks names piqa twice" run_tasks piqa,own,piqa --json bad.json
expect_refusal "--text, --tasks or both" "$RADLADS" eval --model teacher --json bad.json
expect_refusal "--tasks piqa needs --data" "$RADLADS" eval --model teacher --tasks piqa --json bad.json
expect_refusal "sets/boolq.jsonl: there is no such file" run_tasks boolq --json bad.json
expect_refusal "the set nearest to piqua is piqa" run_tasks piqua --json bad.json
expect_refusal "the set nearest to owm is own" run_tasks owm --json bad.json
expect_refusal "the set nearest to needles is needle" run_tasks needles --json bad.json
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
