#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input to the commands that train: one sentence, an exit code other than 0, nothing lost.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 10); do cat text.txt; done >long.txt
small=(--threads 1 --align.tokens 512 --align.context 32 --align.batch 4)
transfer() {
  "$RADLADS" transfer --teacher teacher --student "${student:-rad_rwkv7}" --out "${out:-out}" "$@"
}
align() {
  "$RADLADS" align -c small.yaml --teacher "${teacher:-teacher}" --student "${student:-s}" \
    --text "${text:-long.txt}" --out "${out:-out}" "${small[@]}" "$@"
}
out=s transfer 2>log.txt

# Usage: exit status 2 and the nearest known word.
expect_refusal "the nearest is --student" "$RADLADS" align --teacher t --text x --out o --student s --stdent s
expect_refusal "--teacher is required" "$RADLADS" align --student s --text x --out o
expect_refusal "the nearest is align.lr_init" align --align.lr_int 1
expect_refusal "the nearest is align" align --aling.lr_init 1
expect_refusal "does not read section distill" align --distill.lr_init 1
expect_refusal '"fast" is not a number' align --align.lr_init fast
expect_refusal '"1.5" is not a whole number' align --align.batch 1.5
expect_refusal "needs a value" align --align.lr_init
expect_refusal "cpu" align --device other
status=0
align --align.lr_int 1 2>log.txt || status=$?
[ $status -eq 2 ] || stop "bad usage gives exit status $status"

# Settings.
echo 'align: {lr_int: 1}' >bad.yaml
expect_refusal "bad.yaml: there is no key align.lr_int; the nearest is align.lr_init" align -c bad.yaml
echo 'alin: {lr_init: 1}' >bad.yaml
expect_refusal "the nearest is align" align -c bad.yaml
printf 'align:\n  lr_init: [1\n' >bad.yaml
expect_refusal "bad.yaml: line" align -c bad.yaml
echo 'align: 3' >bad.yaml
expect_refusal "bad.yaml: align" align -c bad.yaml
expect_refusal "none.yaml: cannot be read" align -c none.yaml
expect_refusal 'align.sampler is "random", expected cubic or epochs' align --align.sampler random
expect_refusal 'align.precision is "half", expected float or bf16' align --align.precision half
expect_refusal "which the CPU does not train in" align --align.precision bf16
expect_refusal "align.batch is 0" align --align.batch 0
expect_refusal "align.tokens is 0" align --align.tokens 0
expect_refusal '"sine" is unknown' align --align.lr_decay_type sine

# Models that do not fit.
student=none expect_refusal "none: is neither a model directory nor a GGUF file" align
student=mamba expect_refusal "there is no student mamba" transfer
expect_refusal "the teacher has layers 0 to 1" transfer --keep-attention 2
expect_refusal "no layer is left to convert" transfer --keep-attention 0,1
expect_refusal "only softmax attention is converted" "$RADLADS" transfer --teacher s --student rwkv7 --out o
"$RADLADS" train --text text.txt --tokenizer tokenizer --out wide --model.hidden 24 --model.layers 2 \
  --model.heads 2 --model.kv_heads 1 --train.tokens 64 --train.batch 2 --train.context 32 2>log.txt
teacher=wide expect_refusal "the teacher has hidden size 24, the student 16" align
"$RADLADS" tokenizer --text text.txt --vocab 284 --out other >log.txt
cp -r s strange
cp other/tokenizer.json strange/
student=strange expect_refusal "are not the same" align
cp -r teacher foreign
cp other/tokenizer.json foreign/
teacher=foreign student=foreign expect_refusal \
  "the tokenizer has ids up to 283, the model's vocabulary is 280" align

# Texts.
: >empty.txt
text=empty.txt expect_refusal "empty.txt: holds no text" align
text=none.txt expect_refusal "none.txt" align
printf 'good\n\xff\xfe bad\n' >latin.txt
text=latin.txt expect_refusal "latin.txt, line 2, byte 1 of it: is not UTF-8" align
echo "short" >short.txt
text=short.txt expect_refusal "fewer than the 32 that one row with a context of 32 needs" align
cp long.txt long.md
text=long.md expect_refusal "expected the extension" align
"$RADLADS" tokenize --tokenizer other --text long.txt --out ids >log.txt
printf '\x18\x01' | dd of=ids.bin bs=1 conv=notrunc status=none
text=ids.bin expect_refusal "token 0 has id 280, outside the model's vocabulary of 280" align

# Places that cannot be written.
echo file >out_file
out=out_file expect_refusal "out_file" align
out=out_file/deeper expect_refusal "Not a directory" align
out=s expect_refusal "is the directory of an input" align
out=teacher expect_refusal "is the directory of an input" align
mkdir full
echo keep >full/letter.txt
out=full expect_refusal "it holds letter.txt" align
cp -r teacher theirs
rm theirs/resolved.yaml
out=theirs expect_refusal "it is left alone" align

# A loss that is not a number: step and layer are named, the last checkpoint stays and can be used.
run() {
  "$RADLADS" train --text long.txt --tokenizer tokenizer --out nan --threads 1 --model.hidden 16 \
    --model.layers 2 --model.heads 2 --train.tokens 10240 --train.context 32 --train.batch 4 \
    --train.save_every 1 --train.lr_init "$1" --train.lr_final "$1" --train.warmup_steps 0
}
status=0
run 1e30 2>log.txt || status=$?
[ $status -eq 1 ] || stop "exit status $status after a loss that is not finite"
grep -Eq 'step [0-9]+: .*(layer [0-9]+|layers\.[0-9]+|embed|lm_head|norm).* is not finite; the checkpoint after step [0-9]+ is kept in nan/checkpoint' \
  log.txt || stop "not what went wrong: $(tail -n 1 log.txt)"
[ -e nan/checkpoint/state.json ] || stop "the last checkpoint is gone"
[ ! -e nan/model.safetensors ] || stop "a broken model was saved"

# Too little memory: the plan of what the stage needs, and one sentence.
much=(train --text long.txt --tokenizer tokenizer --out much --threads 1 --model.hidden 64 --model.layers 8
  --model.heads 4 --train.context 32 --train.batch 8192 --train.micro_batch 8192 --train.tokens 262144)
status=0
(ulimit -v 2000000 && exec "$RADLADS" "${much[@]}") 2>log.txt || status=$?
[ $status -eq 1 ] || stop "exit status $status without memory: $(cat log.txt)"
grep -q "^radlads: train: cpu_backend: no memory for [0-9]* bytes" log.txt ||
  stop "not what went wrong: $(cat log.txt)"
grep -q "^#   GiB: weights .* activations of 8192 x 32 tokens" log.txt || stop "no plan: $(cat log.txt)"
[ ! -e much/model.safetensors ] || stop "a model was saved"

# A full disk: what was saved before stays.
"$RADLADS" align --teacher teacher --student s --text long.txt --out out "${small[@]}" 2>log.txt
cp -r out before
status=0
(
  trap '' XFSZ
  ulimit -f 8
  align --restart --align.lr_init 2e-3
) 2>log.txt || status=$?
[ $status -eq 1 ] || stop "exit status $status on a full disk: $(cat log.txt)"
grep -q "File too large" log.txt || stop "not what went wrong: $(cat log.txt)"
cmp out/model.safetensors before/model.safetensors
echo passed
