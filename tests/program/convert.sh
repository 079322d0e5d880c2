#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# convert, and its steps as commands of their own: the same models, records, skipped steps, hybrids,
# tied students, settings in layers.
source "$(dirname "$0")/tiny.bash"

make_teacher
for i in $(seq 10); do cat text.txt; done >long.txt
cat >base.yaml <<'YAML'
align: {tokens: 2e3, context: 32, batch: 4, lr_init: 5e-3, warmup_steps: 2, save_every: 1000}
distill: {my_exit_tokens: 2_000, ctx_len: 32, batch: 4, micro_bsz: 2, warmup_steps: 2}
YAML
cat >over.yaml <<'YAML'
distill: {lr_init: 1e-2}
extend:
  tokens: 512
  context: 64
  batch: 4
  warmup_steps: 2
YAML
with=(-c base.yaml -c over.yaml --threads 1)

convert() {
  "$RADLADS" convert --teacher teacher --text long.txt "$@" "${with[@]}"
}
quiet() {
  "$@" >>log.txt 2>&1 || stop "$*: $(cat log.txt)"
}

# Layers: later wins, --section.key last of all; what is printed can be read again.
"$RADLADS" convert --teacher teacher --text x.txt --student rwkv7 --out none "${with[@]}" --dry-run \
  --distill.lr_final=2e-4 >resolved.yaml
[ ! -e none ] || stop "--dry-run wrote something"
grep -q "^# distill in float: [0-9]* parameters, the teacher has [0-9]*$" resolved.yaml ||
  stop "no plan of memory: $(cat resolved.yaml)"
"$RADLADS" extend --model teacher --text x.txt --out none --dry-run >planned.yaml 2>&1 ||
  stop "a stage of no tokens is not planned: $(cat planned.yaml)"
grep -q "^# extend in float: [0-9]* parameters$" planned.yaml || stop "no plan: $(cat planned.yaml)"
bf16="$RADLADS_SOURCE_DIR/examples/recipes/bf16.yaml"
"$RADLADS" convert --teacher teacher --text x.txt --student rwkv7 --out none "${with[@]}" --dry-run \
  -c "$bf16" >planned.yaml
grep -q "^# distill in bf16: " planned.yaml || stop "bf16 is not planned: $(cat planned.yaml)"
grep -qx "  recompute: true" planned.yaml || stop "the recipe bf16.yaml does not apply: $(cat planned.yaml)"
for recipe in "$RADLADS_SOURCE_DIR"/examples/recipes/*.yaml; do
  [ "$(basename "$recipe")" != midsize_teacher.yaml ] || continue  # for train
  "$RADLADS" convert --teacher teacher --text x.txt --student rwkv7 --out none -c "$recipe" --dry-run \
    >recipe.yaml 2>log.txt || stop "$recipe: $(cat log.txt)"
done
long="$RADLADS_SOURCE_DIR/examples/recipes/midsize"
"$RADLADS" convert --teacher teacher --text x.txt --student rwkv7 --out none -c "$long.yaml" -c "${long}_long.yaml" \
  --dry-run >recipe.yaml
[ "$(grep -c "^  tokens: 20000000$\|^  tokens: 320000000$" recipe.yaml)" -eq 2 ] ||
  stop "midsize_long.yaml does not apply: $(cat recipe.yaml)"
grep -qx "  lr_init: 0.01" resolved.yaml || stop "the later file does not win"
grep -qx "  lr_final: 0.0002" resolved.yaml || stop "the command line does not win"
[ "$(grep -cx "  tokens: 2000" resolved.yaml)" -eq 2 ] || stop "2e3 and 2_000 are not 2000"
"$RADLADS" convert --teacher teacher --text x.txt --student rwkv7 --out none -c resolved.yaml \
  --threads 1 --dry-run >again.yaml
cmp resolved.yaml again.yaml

# With a head of its own: the tied head of a teacher of one step has next to nothing to gain.
convert --student RAD-RWKV7 --out one --hold-out 5 --model.tied false >table.txt 2>log.txt || stop "$(cat log.txt)"
[ "$(awk '{ print $1 }' table.txt | tr '\n' ' ')" = "model teacher transferred align distill extend " ] ||
  stop "not the rows of the table: $(cat table.txt)"
# Distillation brings the student nearer to its teacher than the transfer left it.
awk '$1 == "transferred" { before = $5 } $1 == "distill" { exit !($5 < before) }' table.txt ||
  stop "no step forward: $(cat table.txt)"
for step in transfer align distill extend; do
  [ -e one/steps/$step/resolved.yaml ] || stop "no record of $step"
done
cmp one/model.safetensors one/steps/extend/model.safetensors
grep -q RWKV7Qwen2ForCausalLM one/config.json || stop "not the class of the student"
[ -e one/tokenizer.json ] || stop "no tokenizer"
grep -q '"max_position_embeddings": 64' one/config.json || stop "extend did not lengthen the context"

# A rerun does no step again.
before=$(stat -c %Y.%i one/steps/*/model.safetensors)
convert --student rad_rwkv7 --out one --hold-out 5 --model.tied false >again.txt 2>log.txt
cmp table.txt again.txt
[ "$(stat -c %Y.%i one/steps/*/model.safetensors)" = "$before" ] || stop "a finished step ran again"
expect_refusal "keep_attention was [] and is now [1]" \
  convert --student rad_rwkv7 --out one --hold-out 5 --model.tied false --keep-attention 1

# The steps one by one give what convert gives.
quiet convert --student rad_rwkv6 --out six
quiet "$RADLADS" transfer --teacher teacher --student rad_rwkv6 --out t --threads 1
quiet "$RADLADS" align --teacher teacher --student t --text long.txt --out a "${with[@]}"
quiet "$RADLADS" distill --teacher teacher --student a --text long.txt --out d "${with[@]}"
quiet "$RADLADS" extend --model d --text long.txt --out e "${with[@]}"
cmp six/model.safetensors e/model.safetensors
grep -q "samples_before: \"128\"" e/resolved.yaml || stop "the order of rows does not go on"

# The plan, printed and not carried out.
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --plan >plan.txt
grep -q "layers.0.self_attn.q_proj.weight (16, 16) <- the same" plan.txt || stop "$(cat plan.txt)"
grep -q "self_attn.w0 (1, 1, 16) <- initialised" plan.txt || stop "$(cat plan.txt)"
grep -q "lm_head.weight" plan.txt && stop "a tied student has a head: $(cat plan.txt)"
"$RADLADS" transfer --teacher teacher --student rad_rwkv7 --model.tied false --plan >plan.txt
grep -q "lm_head.weight (280, 16) <- model.embed_tokens.weight" plan.txt || stop "$(cat plan.txt)"

# A hybrid keeps its layer's tensors through alignment and its place in the description to the end.
# The student of a tied teacher is tied.
quiet convert --student rad_rwkv7 --out hybrid --keep-attention 1
grep -A3 radlads_mixers hybrid/config.json | tr -d ' \n' | grep -q '"rad_rwkv7","attention"' ||
  stop "the description does not name the kept layer"
grep -q '"tie_word_embeddings": true' hybrid/config.json || stop "not tied"
LC_ALL=C grep -qa '"lm_head.weight"' hybrid/model.safetensors && stop "a tied student has a head of its own"
for step in transfer align distill extend; do
  grep -qx "  tied: true" hybrid/resolved.yaml || stop "no record that the student is tied"
  LC_ALL=C grep -qa '"lm_head.weight"' hybrid/steps/$step/model.safetensors && stop "$step gave a head of its own"
done
quiet "$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out untied --model.tied false
grep -q '"tie_word_embeddings": false' untied/config.json || stop "tied, but told not to be"
"$RADLADS" align --teacher teacher --student hybrid --text long.txt --out h "${with[@]}" 2>log.txt
grep -q '"layer":1,"layer_loss":0.0,' h/metrics.jsonl || stop "the kept layer has a loss"

# Options reach the student.
quiet "$RADLADS" transfer --teacher teacher --student rad_rwkv6 --out plain \
  --model.use_tokenshift false --model.gate_rank_type 0 --model.groupnorm_att true
LC_ALL=C grep -qa ln_x plain/model.safetensors || stop "no group norm"
LC_ALL=C grep -qa time_maa plain/model.safetensors && stop "token shift"
quiet "$RADLADS" transfer --teacher teacher --student rad_rwkv7 --out low --model.lora_rank_decay 4
LC_ALL=C grep -qaF 'self_attn.w1":{"dtype":"F32","shape":[16,4]' low/model.safetensors ||
  LC_ALL=C grep -qaE 'self_attn.w1":\{[^}]*\[16,4\]' low/model.safetensors || stop "not the rank"

# Without -c settings go by the size of the teacher and the text; what is given stays.
given=(--align.tokens 64 --align.context 32 --align.batch 2 --distill.tokens 64 --distill.batch 2 --distill.context 32)
"$RADLADS" convert --teacher teacher --text long.txt --student rad_rwkv7 --out by_size --threads 1 "${given[@]}" \
  2>by_size.txt || stop "$(cat by_size.txt)"
grep -q "^settings by size: the teacher has 8 thousand parameters" by_size.txt || stop "$(cat by_size.txt)"
grep -q "^align: 64 tokens, 2 x 32 a step, rate 0.001 to 1e-05$" by_size.txt || stop "$(cat by_size.txt)"
grep -q "passes over this text" by_size.txt && stop "a warning of few passes: $(cat by_size.txt)"
[ "$(sed -n '/^distill:/,$s/^  lr_init: //p' by_size/resolved.yaml | head -n 1)" = 0.003 ] || stop "not the rate of small.yaml"
"$RADLADS" distill --teacher teacher --student t --text long.txt --out none --dry-run >by_size.yaml 2>by_size.txt
grep -qx "  tokens: 20000000" by_size.yaml || stop "not the tokens of small.yaml: $(cat by_size.yaml)"
grep -q "a dry run does not read the text" by_size.txt || stop "$(cat by_size.txt)"
# A short text makes tokens fewer: 100 steps of 1 x 16 are more than 25 passes over some forty tokens. Then there are
# too many passes.
head -n 2 text.txt >tiny.txt
"$RADLADS" align --teacher teacher --student t --text tiny.txt --out tiny --threads 1 --align.batch 1 --align.context 16 \
  2>by_size.txt || stop "$(cat by_size.txt)"
grep -q "^align: 1600 tokens, 1 x 16 a step" by_size.txt || stop "$(cat by_size.txt)"
grep -q "1600 tokens are .* passes over this text" by_size.txt || stop "no warning of many passes: $(cat by_size.txt)"
grep -qx "  tokens: 1600" tiny/resolved.yaml || stop "no record of the choice"

# Ids in place of text.
quiet "$RADLADS" tokenize --tokenizer teacher --text long.txt --out ids
quiet "$RADLADS" align --teacher teacher --student t --text ids.bin --out b "${with[@]}"
cmp a/model.safetensors b/model.safetensors
echo passed
