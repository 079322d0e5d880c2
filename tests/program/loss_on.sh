#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Conversations (.jsonl with messages) as training text, and losses on their answers alone.
source "$(dirname "$0")/tiny.bash"

make_teacher
template='{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}'
for model in teacher tokenizer; do printf '%s' "$template" >$model/chat_template.jinja; done
quiet() {
  "$@" >log.txt 2>&1 || stop "$*: $(cat log.txt)"
}

# conversations FILE QUESTION ANSWER: forty of them.
conversations() {
  local i
  for i in $(seq 40); do
    echo '{"messages": [{"role": "user", "content": "'"$2"'"}, {"role": "assistant", "content": "'"$3"'"}]}'
  done >"$1"
}
conversations chat.jsonl "Where is the cat?" "The cat sat on the mat."

# Ids are those of the rendered text alone: a text row of it has the begin token in front.
head -n 1 chat.jsonl >one.jsonl
echo '{"text": "[user] Where is the cat?<|endoftext|>[assistant] The cat sat on the mat.<|endoftext|>"}' >text_row.jsonl
quiet "$RADLADS" tokenize --tokenizer tokenizer --text one.jsonl --out one
quiet "$RADLADS" tokenize --tokenizer tokenizer --text text_row.jsonl --out text_row
cmp <(tail -c +3 text_row.bin) one.bin || stop "the conversation has other ids than its text"
quiet "$RADLADS" eval --model teacher --text one.jsonl --ctx 64

sizes() { echo "--$1.tokens 128 --$1.context 32 --$1.batch 2 --$1.warmup_steps 2"; }
loss_of() { sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$1/metrics.jsonl"; }

# Cross-entropy, divergence and alignment differ where the questions' tokens do not count, in every stage.
quiet "$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student --threads 1
run() {
  local stage=$1
  shift
  case $stage in
    train) quiet "$RADLADS" train --text chat.jsonl --tokenizer tokenizer --model.hidden 16 --model.layers 1 \
      --model.heads 2 --threads "${threads:-1}" $(sizes train) "$@" ;;
    extend) quiet "$RADLADS" extend --model student --text chat.jsonl --threads "${threads:-1}" $(sizes extend) "$@" ;;
    *) quiet "$RADLADS" "$stage" --teacher teacher --student student --text chat.jsonl --threads "${threads:-1}" $(sizes "$stage") "$@" ;;
  esac
}
for stage in train align distill extend; do
  run $stage --out $stage.all
  run $stage --out $stage.answers --loss-on assistant
  run $stage --out $stage.key --$stage.loss_on assistant
  grep -qx '  loss_on: assistant' $stage.answers/resolved.yaml || stop "$stage: no record of it"
  cmp $stage.answers/metrics.jsonl $stage.key/metrics.jsonl >/dev/null ||
    [ "$(loss_of $stage.answers)" = "$(loss_of $stage.key)" ] || stop "$stage: the key is not the option"
  [ "$(loss_of $stage.answers)" != "$(loss_of $stage.all)" ] || stop "$stage: questions count"
  (run $stage --out $stage.answers) >refused.txt 2>&1 && stop "$stage: another loss continues"
  grep -q "is complete, but not of this run: " refused.txt || stop "$(cat refused.txt)"
done
# With a share of cross-entropy the rows have targets.
run distill --out distill.mixed --loss-on assistant --distill.ce_weight 0.5
[ "$(loss_of distill.mixed | head -n 1)" != "$(loss_of distill.answers | head -n 1)" ] || stop "no cross-entropy"

# The whole conversion, every tenth conversation held out and scored.
quiet "$RADLADS" convert --teacher teacher --student rad_rwkv7 --text chat.jsonl --out all --loss-on assistant --hold-out 10 \
  --threads 1 $(sizes align) $(sizes distill)
grep -q '^distill  *[0-9]*  *[0-9.]*  *[-0-9.]* ' log.txt || stop "no table: $(cat log.txt)"
[ -e all/chat_template.jinja ] || stop "the student has no template"

# A run of several threads gives the same losses up to rounding.
threads=2 run distill --out distill.threads --loss-on assistant
paste <(loss_of distill.answers) <(loss_of distill.threads) | while read -r a b; do
  expect_near "a loss of two threads" "$b" "$a" 1e-4
done

# What has no answers is refused, with its file and row.
align=("$RADLADS" align --teacher teacher --student student --out bad --loss-on assistant)
echo '{"messages": [{"role": "user", "content": "Where?"}]}' >>one.jsonl
expect_refusal "one.jsonl, line 2: the conversation has no message of the assistant" "${align[@]}" --text one.jsonl
expect_refusal 'text_row.jsonl, line 1: is no conversation ("messages")' "${align[@]}" --text text_row.jsonl
expect_refusal 'text.txt: is no conversation ("messages")' "${align[@]}" --text text.txt
expect_refusal "one.bin: holds token ids" "${align[@]}" --text one.bin
echo '{"messages": [{"role": "user"}]}' >broken.jsonl
expect_refusal 'broken.jsonl, line 1, message 1: key "content" is missing' "${align[@]}" --text broken.jsonl
echo '{"messages": []}' >broken.jsonl
expect_refusal 'broken.jsonl, line 1: "messages" must be a list of at least one message' "${align[@]}" --text broken.jsonl
expect_refusal 'align.loss_on is "users", expected everything or assistant' "$RADLADS" align --teacher teacher --student student --out bad --text chat.jsonl --align.loss_on users
# A template whose text of the first messages changes with the later ones.
printf '%s' '{{ messages | length }}'"$template" >teacher/chat_template.jinja
expect_refusal "chat.jsonl, line 1: the chat template's text of the first 2 messages is no beginning" "${align[@]}" --text chat.jsonl
rm teacher/chat_template.jinja
expect_refusal "teacher: has no chat template 'default'" "${align[@]}" --text chat.jsonl
echo passed
