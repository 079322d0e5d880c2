#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Standard streams that are closed, full or without a reader; signals; names with control characters.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out student 2>log.txt
for i in $(seq 10); do cat text.txt; done >long.txt
# 240 steps, a checkpoint every 20. An array, so that the process in the background is the program.
train=("$RADLADS" train --text long.txt --tokenizer tokenizer --threads 1 --seed 3 --model.hidden 32
  --model.layers 2 --model.heads 4 --model.kv_heads 2 --train.context 64 --train.batch 8
  --train.micro_batch 4 --train.tokens 122880 --train.save_every 20)
short=("$RADLADS" train --text long.txt --tokenizer tokenizer --threads 1 --model.hidden 16
  --model.layers 1 --model.heads 2 --train.context 32 --train.batch 4 --train.tokens 1280 --train.log_every 1)
# status_of STATUS COMMAND...: the command ends with this exit status.
status_of() {
  local expected=$1 status=0
  shift
  "$@" || status=$?
  [ "$status" -eq "$expected" ] || stop "exit status $status, expected $expected: $*; $(cat log.txt)"
}

# A product that standard output does not take is an error, whatever the command.
status_of 1 "$RADLADS" inspect teacher >/dev/full 2>log.txt
grep -qx "radlads: cannot write to standard output: No space left on device" log.txt || stop "$(cat log.txt)"
for command in "--help" "--version" "inspect --help" "eval --model teacher --text text.txt" \
  "generate --model teacher --prompt The --max-tokens 2" "logits --model teacher --tokens 1,2 --out l.safetensors" \
  "transfer --teacher teacher --student rad_rwkv7 --plan" \
  "transfer --teacher teacher --student rad_rwkv7 --dry-run" \
  "train --text x --tokenizer tokenizer --out x --dry-run" \
  "align --teacher teacher --student student --text x --out x --dry-run" \
  "extend --model teacher --text x --out x --dry-run" \
  "convert --teacher teacher --student rad_rwkv7 --text x --out x --dry-run" \
  "tokenize --tokenizer tokenizer --text text.txt --out ids" \
  "tokenizer --text text.txt --vocab 260 --out made_full"; do
  status_of 1 "$RADLADS" $command >/dev/full 2>log.txt
  grep -q "cannot write to standard output" log.txt || stop "$command: $(cat log.txt)"
  rm -rf made_full l.safetensors ids.*
  status_of 1 "$RADLADS" $command >&- 2>log.txt
  grep -q "cannot write to standard output" log.txt || stop "$command, closed: $(cat log.txt)"
  rm -rf made_full l.safetensors ids.*
done
# Without a reader: no signal, but the same sentence.
{
  sleep 0.3
  status=0
  "$RADLADS" inspect teacher 2>log.txt || status=$?
  echo $status >status.txt
} | true
[ "$(cat status.txt)" -eq 1 ] || stop "exit status $(cat status.txt) without a reader"
grep -q "cannot write to standard output: Broken pipe" log.txt || stop "$(cat log.txt)"

# Messages that nobody can read are dropped: the run and its files are those of one that was heard.
"${short[@]}" --out heard >log.txt 2>&1
"${short[@]}" --out full 2>/dev/full || stop "a full standard error ends a run"
cmp heard/model.safetensors full/model.safetensors
"${short[@]}" --out closed <&- >&- 2>&- || stop "closed streams end a run"
cmp heard/model.safetensors closed/model.safetensors
[ "$(grep -c '"loss"' closed/metrics.jsonl)" -eq 10 ] || stop "not ten lines: $(cat closed/metrics.jsonl)"
grep -v '^{.*}$' closed/metrics.jsonl && stop "messages in the metrics: $(cat closed/metrics.jsonl)"
status_of 1 "$RADLADS" inspect nowhere 2>/dev/full
status_of 2 "$RADLADS" nonsense 2>&-
{ "${short[@]}" --out unread 2>&1 && echo finished >finished.txt; } | head -c 1 >head.txt
[ -e finished.txt ] || stop "a reader that went away ended the run"
cmp heard/model.safetensors unread/model.safetensors

# Signals: the running step is finished and saved; the exit status is the signal's, the same command continues.
wait_for() {
  local i
  for i in $(seq 3000); do
    [ -e "$1/checkpoint/state.json" ] && return
    sleep 0.02
  done
  stop "$1 has no checkpoint: $(cat log.txt)"
}
"${train[@]}" --out whole 2>log.txt
for signal in INT:130 TERM:143 HUP:129; do
  name=${signal%:*}
  rm -rf stopped
  # A shell starts background jobs with SIGINT ignored, which the program would respect.
  env --default-signal=INT "${train[@]}" --train.log_every 1 --out stopped >log.txt 2>&1 &
  process=$!
  wait_for stopped
  kill -$name $process
  [ $name != HUP ] || kill -HUP $process 2>/dev/null || true # as a shell and the kernel both do
  status=0
  wait $process || status=$?
  [ $status -eq "${signal#*:}" ] || stop "exit status $status after SIG$name: $(tail -n 2 log.txt)"
  grep -q "the same command continues" log.txt || stop "no word on how to go on: $(cat log.txt)"
  "${train[@]}" --out stopped 2>log.txt || stop "after SIG$name: $(cat log.txt)"
  grep -q "continuing after step" log.txt || stop "SIG$name saved nothing: $(cat log.txt)"
  cmp whole/model.safetensors stopped/model.safetensors
done
# Under nohup SIGHUP is nothing.
nohup "${train[@]}" --out nohup >log.txt 2>&1 &
process=$!
wait_for nohup
kill -HUP $process
wait $process || stop "SIGHUP ended a run under nohup: $(cat log.txt)"
cmp whole/model.safetensors nohup/model.safetensors

# Files that may not grow: an error that names the file, and the last checkpoint is whole. Bash is told to
# give the signal's default action, which would end the program.
"${train[@]}" --out limited >log.txt 2>&1 &
process=$!
wait_for limited
kill -TERM $process
wait $process || true
status=0
env --default-signal=XFSZ bash -c 'ulimit -f 8 && exec "$@"' -- "${train[@]}" --out limited 2>log.txt || status=$?
[ $status -eq 1 ] || stop "exit status $status where files may not grow: $(cat log.txt)"
grep -q "limited/.*File too large" log.txt || stop "not what went wrong: $(cat log.txt)"
"${train[@]}" --out limited 2>log.txt || stop "after the limit: $(cat log.txt)"
grep -q "continuing after step" log.txt || stop "the checkpoint is gone: $(cat log.txt)"
cmp whole/model.safetensors limited/model.safetensors

# Names of files with control characters are escaped, in what is printed and in errors.
name=$'bad\e[31m\nname\u202e'
shown='bad\x1b[31m\nname\u202e'
cp -r teacher "$name"
"$RADLADS" inspect "$name" >shown.txt
head -n 1 shown.txt | grep -qxF "$shown" || stop "not escaped: $(cat -v shown.txt)"
expect_refusal "$shown" "$RADLADS" inspect "$name/none"
LC_ALL=C sed -i $'s/"model.norm.weight"/"model.no\\\\u001b[2J"/' "$name/model.safetensors"
status_of 1 "$RADLADS" eval --model "$name" --text text.txt 2>log.txt >out.txt
grep -q $'\e' log.txt && stop "an escape reaches the terminal: $(cat -v log.txt)"
[ "$(wc -l <log.txt)" -eq 1 ] || stop "not one line: $(cat -v log.txt)"
# So they are in what a run says of itself, which is read again.
cp long.txt $'text\n\e"\u202e.txt'
odd=("$RADLADS" train --text $'text\n\e"\u202e.txt' --tokenizer tokenizer --threads 1 --model.hidden 16
  --model.layers 1 --model.heads 2 --train.context 32 --train.batch 4 --train.tokens 1280)
"${odd[@]}" --out odd 2>log.txt || stop "$(cat -v log.txt)"
"${odd[@]}" --out odd 2>log.txt || stop "$(cat -v log.txt)"
grep -q "odd is complete" log.txt || stop "not known again: $(cat -v log.txt)"
LC_ALL=C grep -q $'[\e\x01-\x08]' odd/resolved.yaml && stop "$(cat -v odd/resolved.yaml)"
# Umlauts and other letters stay as they are.
cp -r teacher "Größe 数"
"$RADLADS" inspect "Größe 数" >shown.txt
head -n 1 shown.txt | grep -qxF "Größe 数" || stop "letters are escaped: $(cat shown.txt)"
echo passed
