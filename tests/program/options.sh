#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Values of options and settings: how numbers are written, what is refused, and which word was meant.
source "$(dirname "$0")/tiny.bash"

make_teacher
# refused FRAGMENT COMMAND...: refused as bad usage, with exit status 2.
refused() {
  local fragment=$1 status=0
  shift
  expect_refusal "$fragment" "$RADLADS" "$@"
  "$RADLADS" "$@" 2>log.txt || status=$?
  [ $status -eq 2 ] || stop "exit status $status for bad usage: $*"
}
run_eval=(eval --text text.txt --model teacher)
logits=(logits --model teacher --out l.safetensors --tokens)
transfer=(transfer --teacher teacher --student rad_rwkv7)
train=(train --text text.txt --tokenizer tokenizer --out out --dry-run)
convert=(convert --teacher teacher --student rad_rwkv7 --text text.txt --out out --dry-run)

# An empty value is none, for every option of every command that takes one.
for command in inspect tokenizer tokenize train transfer align distill extend convert eval logits generate export; do
  for option in $("$RADLADS" $command --help | sed -n 's/^ *\(-.,\)\{0,1\}\(--[a-z-]*\) [A-Z].*/\2/p'); do
    [ $option != --prompt ] || continue # an empty text is one
    refused "the value is empty" $command "$option="
    status=0
    "$RADLADS" $command $option "" >out.txt 2>log.txt || status=$?
    [ $status -eq 2 ] || stop "$command $option '' gives exit status $status: $(cat log.txt)"
    [ "$(wc -l <log.txt)" -eq 1 ] || stop "not one line: $(cat log.txt)"
  done
done
for value in "" " "; do
  refused "the value is empty" "${run_eval[@]}" --ctx "$value"
  refused "the value is empty" "${run_eval[@]}" --json "$value"
  refused "the value is empty" "${transfer[@]}" --out x --keep-attention "$value"
  refused "the value is empty" "${logits[@]}" "$value"
  refused "the value is empty" generate --model teacher --temperature "$value"
  refused "the value is empty" generate --model teacher --seed "$value"
  refused "the value is empty" "${train[@]}" --train.tokens "$value"
  refused "the value is empty" "${train[@]}" --train.loss "$value"
  refused "the value is empty" "${train[@]}" --model.tied "$value"
  refused "the value is empty" "${train[@]}" --model.hidden "$value"
  refused "the value is empty" "${convert[@]}" --model.keep_attention "$value"
done
refused "the value is empty" "${train[@]}" --train.tokens=
for value in 1,,2 ,1 1, , [1,,2] "[1, ,2]" [1,]; do
  refused "has an empty item" "${logits[@]}" "$value"
  refused "has an empty item" "${transfer[@]}" --out x --keep-attention "$value"
  refused "has an empty item" "${convert[@]}" --model.keep_attention "$value"
done
refused '"1 2" is not a whole number' "${logits[@]}" "1 2"
refused "one bracket of a list" "${logits[@]}" "[1,2"
for value in '""' '" "' '[1, "", 2]' '[""]' "'1,,2'"; do
  echo "model: {keep_attention: $value}" >bad.yaml
  expect_refusal "bad.yaml" "$RADLADS" "${convert[@]}" -c bad.yaml
done
for key in tokens lr_init loss recompute; do
  echo "align: {$key: \"\"}" >bad.yaml
  expect_refusal "align.$key: the value is empty" "$RADLADS" "${convert[@]}" -c bad.yaml
done
"$RADLADS" generate --model teacher --prompt "" --max-tokens 1 >out.txt 2>log.txt || true
grep -q "the value is empty" log.txt && stop "an empty prompt is no value: $(cat log.txt)"

# Thousands, millions, billions, exponents and underscores, in options, --section.key and files.
tokens() {
  "$RADLADS" "${convert[@]}" "$@" | sed -n '/^align:/,/^distill:/s/^  tokens: //p'
}
for pair in 1k:1000 20M:20000000 1G:1000000000 1.1M:1100000 2e6:2000000 20_000:20000 3K:3000 +5:5; do
  [ "$(tokens --align.tokens "${pair%:*}")" = "${pair#*:}" ] || stop "${pair%:*} is $(tokens --align.tokens "${pair%:*}")"
  echo "align: {tokens: ${pair%:*}}" >units.yaml
  [ "$(tokens -c units.yaml)" = "${pair#*:}" ] || stop "${pair%:*} in YAML is $(tokens -c units.yaml)"
done
seed() {
  "$RADLADS" "${convert[@]}" "$@" | sed -n '/^align:/,/^distill:/s/^  seed: //p'
}
[ "$(seed --seed 2k)" = 2000 ] || stop "--seed 2k is $(seed --seed 2k)"
[ "$(seed --seed 9007199254740993)" = 9007199254740993 ] || stop "digits are lost: $(seed --seed 9007199254740993)"
"$RADLADS" "${run_eval[@]}" --ctx 0.016k --json k.json >out.txt
"$RADLADS" "${run_eval[@]}" --ctx 16 --json plain.json >out.txt
cmp k.json plain.json
"$RADLADS" generate --model teacher --prompt The --max-tokens 0.001k --seed 1e1 >out.txt 2>log.txt || stop "$(cat log.txt)"
for value in 1.5 1T 1kk 1e3k k 0x10 +-5 1.0001k nan inf one; do
  refused "is not a whole number" "${run_eval[@]}" --ctx "$value"
  refused "is not a whole number" "${train[@]}" --train.tokens "$value"
done
refused "beyond the whole numbers" "${run_eval[@]}" --ctx 1e19
refused "beyond the whole numbers" "${logits[@]}" 4294967296
refused "--threads is 5000, expected at most 4096" "${run_eval[@]}" --threads 5k
refused "--ctx is 1, expected at least 2" "${run_eval[@]}" --ctx 1
refused "--max-tokens is -1, expected at least 0" generate --model teacher --max-tokens -1
expect_refusal "train.beta1 is 1.0000001, expected at most 1" "$RADLADS" "${train[@]}" --train.beta1 1.0000001
expect_refusal "top_p is 1.0000000000000002, expected" "$RADLADS" generate --model teacher --prompt The --top-p 1.0000000000000002
# No line of any help or refusal has a number of more than twenty digits.
for command in inspect tokenizer tokenize train transfer align distill extend convert eval logits generate export; do
  "$RADLADS" $command --help >help.txt
  # Numbers are read by one function, which knows 1k and refuses an empty value.
  grep -E ' (U?INT|FLOAT)( |$|:)' help.txt && stop "$command has a number of another kind"
  grep -E '[0-9]{20}' help.txt && stop "$command --help has a number that nobody reads"
done

# The nearest word.
refused "there is no command talk; the nearest is" talk
refused "there is no command generat; the nearest is generate" generat
refused "expected a command: inspect, tokenizer" # no argument at all
refused "there is no option --hlep; the nearest is --help" --hlep
refused "there is no option --modle; the nearest is --model" eval --modle teacher --model teacher --text text.txt
refused "there is no option --temprature; the nearest is --temperature" generate --model teacher --temprature 1
refused "--model is required; there is no option --modle; the nearest is --model" eval --modle teacher --text text.txt
refused "--student is required; there is no option --stdent" align --teacher t --text x --out o --stdent s --align.lr_init 1
refused "unexpected argument more" inspect teacher more
refused "there is no option --stdent; the nearest is --student" transfer --teacher teacher --stdent rwkv7 --student rwkv7

# A file of settings says everything once.
printf 'align: {tokens: 1}\nalign: {tokens: 2}\n' >bad.yaml
expect_refusal "bad.yaml: line 2: key align is there twice" "$RADLADS" "${convert[@]}" -c bad.yaml
printf 'align:\n  tokens: 1\n  lr_init: 1\n  tokens: 1\n' >bad.yaml
expect_refusal "bad.yaml: line 4: key tokens is there twice" "$RADLADS" "${convert[@]}" -c bad.yaml
printf 'align: {tokens: 1}\n---\nalign: {tokens: 2}\n' >bad.yaml
expect_refusal "bad.yaml: line 2: a second document begins" "$RADLADS" "${convert[@]}" -c bad.yaml
printf -- '---\nalign: {tokens: 7}\n...\n' >good.yaml
[ "$(tokens -c good.yaml)" = 7 ] || stop "markers of a single document are refused"
printf 'align: &a {tokens: 9}\ndistill: *a\n' >good.yaml
[ "$(tokens -c good.yaml)" = 9 ] || stop "an alias is refused"
# Seconds of the processor, not of the clock.
quick() { (ulimit -t 5 && exec "$@"); }
for kind in same other; do
  awk -v kind=$kind 'BEGIN { print "align:"; for (i = 0; i < 300000; ++i) print "  k" (kind == "same" ? 1 : i) ": 1" }' >many.yaml
  head -c 262000 many.yaml | sed '$d' >fits.yaml
  for file in many fits; do
    expect_refusal $file.yaml quick "$RADLADS" "${convert[@]}" -c $file.yaml
  done
done
{
  echo 'a: &a [x, x, x, x, x, x, x, x, x, x]'
  previous=a
  for name in b c d e f g h i j; do
    echo "$name: &$name [*$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous]"
    previous=$name
  done
} >bomb.yaml
expect_refusal bomb.yaml quick "$RADLADS" "${convert[@]}" -c bomb.yaml
mkdir folder.yaml
expect_refusal "folder.yaml: cannot be read" "$RADLADS" "${convert[@]}" -c folder.yaml

# Sizes that no machine has are refused in a sentence, at once.
expect_refusal "model.layers is 100000, expected at most 1024" "$RADLADS" "${train[@]}" --model.layers 100k
expect_refusal "model.hidden is 9007199254740992, expected at most" "$RADLADS" "${train[@]}" --model.hidden 9007199254740992
expect_refusal "tokens a step, expected at most" "$RADLADS" "${train[@]}" --train.batch 2G --train.context 2G
expect_refusal "train.batch is 9007199254740992, expected at most" "$RADLADS" "${train[@]}" --train.batch 9007199254740992

# Texts: what a command can read is what it names.
expect_refusal "expected the extension .txt, .jsonl, .bin or .idx" "$RADLADS" train --text text.md --tokenizer tokenizer --out out
expect_refusal "expected the extension .txt, .jsonl" "$RADLADS" eval --model teacher --text text.md

# Few rows: the order cubic leaves some out and says so; the order epochs leaves none.
few=(train --text few.txt --tokenizer bytes --threads 1 --model.hidden 16 --model.layers 1 --model.heads 2
  --train.context 8 --train.batch 2 --train.tokens 16)
echo "AB BA" >bytes.txt
"$RADLADS" tokenizer --text bytes.txt --vocab 257 --out bytes >log.txt
# 79 letters, the begin token and the end: ten rows of eight and one more id for the last target.
printf 'a%.0s' $(seq 80) >few.txt
"$RADLADS" "${few[@]}" --out few 2>log.txt
grep -q "train: the order cubic reads 5 of the text's 10 rows; --train.sampler epochs reads all" log.txt ||
  stop "rows are left out without a word: $(cat log.txt)"
"$RADLADS" "${few[@]}" --out all --train.sampler epochs 2>log.txt
grep -q "the order cubic" log.txt && stop "the order epochs reads all: $(cat log.txt)"
echo passed
