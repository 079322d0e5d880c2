#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input to the commands that train nothing: one sentence, an exit code other than 0, nothing left.
source "$(dirname "$0")/tiny.bash"

make_teacher
expected="has the id 280, outside the vocabulary of 280"
run_eval() { "$RADLADS" eval --text text.txt --model "$@"; }

# broken NAME: a copy of the teacher to break, in the folder NAME.
broken() {
  cp -r teacher "$1"
}
# patch FILE FROM TO: text of equal length in a binary file.
patch() {
  LC_ALL=C grep -qaF "$2" "$1" || stop "$1 does not hold $2"
  LC_ALL=C sed -i "s|${2//[/\\[}|$3|" "$1"
}

broken truncated
head -c 5000 teacher/model.safetensors >truncated/model.safetensors
expect_refusal truncated/model.safetensors run_eval truncated
expect_refusal truncated/model.safetensors "$RADLADS" inspect truncated
head -c 5 teacher/model.safetensors >truncated/model.safetensors
expect_refusal truncated/model.safetensors run_eval truncated

broken oversized
echo more >>oversized/model.safetensors
expect_refusal oversized/model.safetensors run_eval oversized

broken shard
rm shard/model.safetensors
echo '{"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}' \
  >shard/model.safetensors.index.json
expect_refusal model-00002-of-00002.safetensors run_eval shard

broken none
rm none/model.safetensors
expect_refusal "model.safetensors" run_eval none

broken type
patch type/model.safetensors '"model.norm.weight":{"dtype":"F32"' '"model.norm.weight":{"dtype":"I32"'
expect_refusal model.norm.weight run_eval type

broken shape
patch shape/model.safetensors '"shape":[280,16]' '"shape":[16,280]'
expect_refusal "(280, 16)" run_eval shape

broken tensor
patch tensor/model.safetensors '"model.norm.weight"' '"model.none.weight"'
expect_refusal '"model.norm.weight"' run_eval tensor

broken key
sed -i '/"hidden_size"/d' key/config.json
expect_refusal '"hidden_size"' run_eval key
expect_refusal '"hidden_size"' "$RADLADS" inspect key

broken architecture
sed -i 's/Qwen2ForCausalLM/OtherForCausalLM/; s/"qwen2"/"other"/' architecture/config.json
expect_refusal OtherForCausalLM run_eval architecture

expect_refusal nowhere run_eval nowhere
expect_refusal nowhere "$RADLADS" inspect nowhere

# A tokenizer of more tokens than the model, and one that numbers them otherwise.
broken vocabulary
"$RADLADS" tokenizer --text text.txt --vocab 285 --out larger >>made.txt
cp larger/* vocabulary
expect_refusal 280 run_eval vocabulary
expect_refusal 284 "$RADLADS" generate --model vocabulary
broken other
echo "Quite another text, about other things, about others, about nothing of the kind. Another." >other.txt
"$RADLADS" tokenizer --text other.txt --vocab 260 --out another >>made.txt
cp another/* other
expect_refusal "different tokenizers" run_eval teacher --teacher other

# Texts.
printf 'good\n<|endoftext|>\nbad \xff byte\n' >invalid.txt
for command in "eval --model teacher" "tokenize --tokenizer tokenizer --out ids" \
  "tokenizer --vocab 280 --out made"; do
  expect_refusal invalid.txt "$RADLADS" $command --text invalid.txt
done
expect_refusal "not valid UTF-8" "$RADLADS" generate --model teacher --prompt $'\xff'
printf ' \n<|endoftext|>\n\n' >empty.txt
for command in "eval --model teacher" "tokenize --tokenizer tokenizer --out ids" \
  "tokenizer --vocab 280 --out made"; do
  expect_refusal "empty.txt: holds no text" "$RADLADS" $command --text empty.txt
done
expect_refusal missing.txt "$RADLADS" eval --model teacher --text missing.txt
cp text.txt text.pdf
expect_refusal "expected the extension" "$RADLADS" eval --model teacher --text text.pdf

# Values.
expect_refusal "$expected" "$RADLADS" logits --model teacher --tokens 1,280 --out logits.safetensors
expect_refusal "outside the vocabulary" "$RADLADS" logits --model teacher --tokens=-1 \
  --out logits.safetensors
expect_refusal tokens "$RADLADS" logits --model teacher --tokens one --out logits.safetensors
expect_refusal 100 "$RADLADS" tokenizer --text text.txt --vocab 100 --out made
expect_refusal temperature "$RADLADS" generate --model teacher --temperature -1
expect_refusal top_p "$RADLADS" generate --model teacher --top-p 0
expect_refusal ctx run_eval teacher --ctx 1
expect_refusal colour run_eval teacher --colour red
expect_refusal device run_eval teacher --device gpu
expect_refusal "there is no command nonsense" "$RADLADS" nonsense

# Places. Root may write where the mode says no, but not into /proc.
mkdir locked
chmod 555 locked
[ -w locked ] && locked=/proc || locked=locked
expect_refusal "$locked" "$RADLADS" logits --model teacher --tokens 1 --out $locked/logits.safetensors
expect_refusal "$locked" "$RADLADS" tokenizer --text text.txt --vocab 280 --out $locked/made
expect_refusal "$locked" "$RADLADS" tokenize --tokenizer tokenizer --text text.txt --out $locked/ids
expect_refusal "$locked" run_eval teacher --json $locked/scores.json
expect_refusal /dev/full run_eval teacher --json /dev/full
expect_refusal /dev/full "$RADLADS" logits --model teacher --tokens 1 --out /dev/full
expect_refusal "not empty" "$RADLADS" tokenizer --text text.txt --vocab 280 --out teacher
to_full_device() { "$@" >/dev/full; }
expect_refusal "standard output" to_full_device "$RADLADS" generate --model teacher

# Threads that do not fit into the memory there may be: a sentence, and no wait for ever.
for i in $(seq 40); do cat text.txt; done >many.txt
few_threads() { (ulimit -v 300000 && exec timeout 60 "$@"); }
expect_refusal "cpu_backend: cannot start thread" few_threads "$RADLADS" eval --model teacher --text text.txt \
  --threads 400
expect_refusal "token_stream: cannot start thread" few_threads "$RADLADS" tokenize --tokenizer tokenizer \
  --text many.txt --out ids --threads 400

# A disk that takes one kilobyte more. The limit's signal would end the program before its sentence.
full_disk() { (trap '' XFSZ && ulimit -f 1 && exec "$@"); }
expect_refusal logits.safetensors full_disk "$RADLADS" logits --model teacher --tokens 1,2,3 \
  --out logits.safetensors
expect_refusal made full_disk "$RADLADS" tokenizer --text text.txt --vocab 280 --out made
