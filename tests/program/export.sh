#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# export: teachers and students as GGUF and as Hugging Face directories, read back by the other commands.
source "$(dirname "$0")/tiny.bash"

make_teacher
"$RADLADS" transfer --teacher teacher --student rad_rwkv6 --out six >log.txt 2>&1
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out seven >>log.txt 2>&1
"$RADLADS" transfer --teacher teacher --student rad_rwkv6 --keep-attention 1 --out hybrid >>log.txt 2>&1

logits() {
  "$RADLADS" logits --model "$1" --tokens 0,5,77,130,279,4 --overwrite --out "$2" >>log.txt 2>&1
}

for model in teacher six; do
  "$RADLADS" export --model $model --out $model.gguf >out.txt 2>>log.txt || stop "$model: $(cat log.txt)"
  [ "$(head -c 4 $model.gguf)" = GGUF ] || stop "$model.gguf does not begin with GGUF"
  logits $model before.safetensors
  logits $model.gguf after.safetensors
  cmp before.safetensors after.safetensors || stop "$model.gguf has other logits"
  "$RADLADS" export --model $model --type q8_0 --out $model.q8.gguf >>log.txt 2>notes.txt
  # Rows of 24 are no whole block.
  grep -q "rows that are not a whole number of Q8_0 blocks and stay F16" notes.txt || stop "no note: $(cat notes.txt)"
  "$RADLADS" generate --model $model.q8.gguf --prompt "The cat" --max-tokens 5 --seed 1 >story.txt 2>>log.txt
  [ "$(head -c 7 story.txt)" = "The cat" ] || stop "$model.q8.gguf does not generate: $(cat log.txt)"
done

# A student of the recipe for arwkv7, of a teacher without biases.
sed 's/Qwen2ForCausalLM/LlamaForCausalLM/; s/"qwen2"/"llama"/' teacher/config.json >config.json
cp -r teacher plain
mv config.json plain/config.json
"$RADLADS" transfer --teacher plain --student rad_rwkv7 --out arwkv7 -c arwkv7.yaml >>log.txt 2>&1
"$RADLADS" export --model arwkv7 --out arwkv7.gguf >>log.txt 2>&1
for model in arwkv7 arwkv7.gguf; do
  "$RADLADS" generate --model $model --prompt "The cat" --max-tokens 20 --temperature 0 >$model.txt 2>>log.txt
done
cmp arwkv7.txt arwkv7.gguf.txt || stop "arwkv7.gguf continues otherwise"

# A GGUF file as a directory, and back.
"$RADLADS" export --model teacher.gguf --to hf --out directory >>log.txt 2>&1
logits directory after.safetensors
logits teacher before.safetensors
cmp before.safetensors after.safetensors || stop "the directory has other logits"
[ -s directory/tokenizer.json ] || stop "the directory has no tokenizer"
[ -e directory/README.md ] && stop "a teacher got the README.md of a student"
"$RADLADS" export --model directory --out again.gguf >>log.txt 2>&1
logits again.gguf after.safetensors
cmp before.safetensors after.safetensors || stop "there and back are other logits"

# The README.md of a student; one of the user's stays.
"$RADLADS" export --model six --to hf --type bf16 --out six_hf >>log.txt 2>&1
grep -q "AutoTokenizer opens this directory" six_hf/README.md || stop "no README.md: $(ls six_hf)"
grep -q '"torch_dtype": "bfloat16"' six_hf/config.json || stop "six_hf is not BF16"
echo "Mine." >six_hf/README.md
"$RADLADS" export --model six --to hf --out six_hf --overwrite >>log.txt 2>&1
[ "$(cat six_hf/README.md)" = "Mine." ] || stop "a README.md of the user's is gone"

# A student keeps its teacher's type, its steps are F32; its README.md has the recipe.
"$RADLADS" export --model teacher --to hf --type bf16 --out teacher_bf16 >>log.txt 2>&1
"$RADLADS" export --model teacher --type f16 --out teacher_f16.gguf >>log.txt 2>&1
while read -r model type; do
  "$RADLADS" convert --teacher $model --student rad_rwkv6 --text text.txt --hold-out 4 --out converted --restart --threads 1 \
    --align.tokens 64 --align.batch 2 --align.context 32 --align.warmup_steps 1 --distill.tokens 64 --distill.batch 2 \
    --distill.context 32 --distill.warmup_steps 1 --extend.tokens 0 >scores.txt 2>>log.txt || stop "convert $model: $(cat log.txt)"
  grep -q "\"torch_dtype\": \"$type\"" converted/config.json || stop "the student of $model is $(grep torch_dtype converted/config.json)"
  grep -q '"torch_dtype": "float32"' converted/steps/distill/config.json || stop "a step is not F32"
  grep -qF "student of ${model%.gguf} after RADLADS" converted/README.md || stop "README.md: $(cat converted/README.md)"
  grep -qF "| tokens of distillation (step 2) | 64 |" converted/README.md || stop "README.md: $(cat converted/README.md)"
  grep -qF "$(tail -n 1 scores.txt)" converted/README.md || stop "README.md has no scores: $(cat converted/README.md)"
done <<'MODELS'
teacher float32
teacher_bf16 bfloat16
teacher_f16.gguf float16
MODELS

# Figures of eval that lie beside a student go into what is exported of it.
"$RADLADS" eval --model converted --text text.txt --ctx 32 --json converted/eval.json >>log.txt 2>&1 || stop "eval: $(cat log.txt)"
"$RADLADS" export --model converted --to hf --out with_figures >>log.txt 2>&1 || stop "export: $(cat log.txt)"
grep -q "^## Evaluation$" with_figures/README.md || stop "no figures: $(cat with_figures/README.md)"
grep -q "^text  *[a-z_]*  *[0-9.]*$" with_figures/README.md || stop "no figures: $(cat with_figures/README.md)"
grep -qF "| tokens of distillation (step 2) | 64 |" with_figures/README.md || stop "the recipe is gone: $(cat with_figures/README.md)"

refuse() {
  expect_refusal "$1" "$RADLADS" export --out new "${@:2}"
}
refuse "a hybrid cannot be exported: layer 0 is rad_rwkv6 and layer 1 attention" --model hybrid
refuse "RAD-RWKV7 student with balanced keys (balance_state)" --model seven
refuse "is neither a model directory nor a GGUF file" --model nowhere
refuse "--type is q8_0, which --to hf does not have" --model six --to hf --type q8_0
expect_refusal "teacher.gguf exists; --overwrite replaces it" "$RADLADS" export --model teacher --out teacher.gguf
expect_refusal "is the model itself" "$RADLADS" export --model teacher --to hf --out teacher --overwrite
head -c 3000 teacher.gguf >cut.gguf
refuse "cut.gguf" --model cut.gguf
"$RADLADS" export --model six --out teacher.gguf --overwrite >>log.txt 2>&1 || stop "--overwrite: $(cat log.txt)"
echo passed
