#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# chat on a teacher and a student, with a template of our own, from a standard input that is a file.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student >log.txt 2>&1
template='{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}'
for model in teacher student; do echo "$template" >$model/chat_template.jinja; done

read=(0 0 0 0)
talk() {
  "$RADLADS" chat --max-tokens 12 --threads 1 "$@" 2>>log.txt
}

for model in teacher student; do
  # An answer a line; the same seed gives the same answers, and the system prompt counts.
  printf 'The cat?\nThe dog?\n\nThe mat?\n' | talk --model $model --seed 3 >three.txt
  [ "$(wc -l <three.txt)" -ge 3 ] || stop "$model: three questions, answers: $(cat three.txt)"
  printf 'The cat?\r\nThe dog?\nThe mat?\n/quit\nNobody hears this.\n' | talk --model $model --seed 3 >again.txt
  cmp three.txt again.txt
  # A model of one step hardly looks at what it reads; the penalty does.
  echo 'The cat?' | talk --model $model --seed 3 --repetition-penalty 5 >plain.txt
  echo 'The cat?' | talk --model $model --seed 3 --repetition-penalty 5 --system 'uvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ' >other.txt
  cmp -s plain.txt other.txt && stop "$model: a system prompt changes nothing"

  # What follows a first answer is what generate makes of the whole text so far, its tokens aside.
  printf 'The cat?\n' | talk --model $model --temperature 0 >first.txt
  printf '[user] The cat?<|endoftext|>[assistant] ' >prompt.txt
  "$RADLADS" generate --model $model --prompt-file prompt.txt --temperature 0 --max-tokens 12 \
    --threads 1 >whole.txt 2>>log.txt
  # Special tokens are not shown.
  [ "$(cat whole.txt)" = "[user] The cat?[assistant] $(cat first.txt)" ] ||
    stop "$model: chat says $(cat first.txt), generate says $(cat whole.txt)"

  # The state stays: a turn reads about as many tokens as the one before, not the whole text again.
  for count in 1 2 3; do
    printf 'The cat?\nThe dog?\nThe mat?\n' | head -n $count | talk --model $model --seed 3 >out.txt
    read[count]=$(sed -n '$s/^\([0-9]*\) tokens read.*/\1/p' log.txt)
  done
  [ $((read[3] - read[2])) -le $((read[2] - read[1] + 8)) ] ||
    stop "$model: tokens read for one, two and three questions: ${read[*]}"

  # A first question by option or file; nothing on standard input.
  talk --model $model --temperature 0 --prompt 'The cat?' </dev/null >option.txt
  cmp first.txt option.txt
  printf 'The cat?' | talk --model $model --temperature 0 --prompt-file - >input.txt
  cmp first.txt input.txt
done

expect_refusal "no chat template 'tool_use'" "$RADLADS" chat --model teacher --template tool_use
expect_refusal "--max-tokens is 0" "$RADLADS" chat --model teacher --max-tokens 0
echo '{% if x %}' >teacher/chat_template.jinja
expect_refusal "chat_template.jinja: line 1: the block that is open since line 1 has no {% endif %}" \
  "$RADLADS" chat --model teacher
echo '{{ raise_exception("no") }}' >teacher/chat_template.jinja
expect_refusal "line 1: the template refuses this: no" "$RADLADS" chat --model teacher --prompt x
rm teacher/chat_template.jinja
expect_refusal "has no chat template" "$RADLADS" chat --model teacher
printf 'a\377\n' >bad.txt
expect_refusal "a line is not valid UTF-8" bash -c '"$RADLADS" chat --model student <bad.txt'
