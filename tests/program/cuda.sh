#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --device cuda: the same scores, losses and text as on the CPU. Without a CUDA GPU only that the
# refusal is one sentence.
source "$(dirname "$0")/tiny.bash"

if [ ! -x "$(dirname "$RADLADS")/radlads-cuda" ]; then
  make_teacher
  expect_refusal "built with -DRADLADS_CUDA=ON" \
    "$RADLADS" eval --model teacher --text text.txt --device cuda
  echo "Skipped: the program radlads-cuda was not built."
  exit 77
fi
make_teacher
if ! nvidia-smi -L >/dev/null 2>&1; then
  expect_refusal "no CUDA device" "$RADLADS" eval --model teacher --text text.txt --device cuda
  echo "Skipped: there is no CUDA device."
  exit 77
fi
for i in $(seq 10); do cat text.txt; done >long.txt
# A teacher that knows something: the divergence from an untrained one is all rounding.
"$RADLADS" train --text long.txt --tokenizer tokenizer --out taught --threads 1 --model.hidden 16 \
  --model.layers 2 --model.heads 2 --model.kv_heads 1 --model.intermediate 24 --model.tied true \
  --train.tokens 100000 --train.batch 4 --train.micro_batch 4 --train.context 32 --train.lr_init 1e-2 \
  >log.txt 2>&1 || stop "train: $(cat log.txt)"
align_settings=(--align.tokens 2560 --align.context 32 --align.batch 4 --align.micro_batch 2
  --align.lr_init 5e-3 --align.warmup_steps 2)
distill_settings=(--distill.tokens 2560 --distill.context 32 --distill.batch 4 --distill.micro_batch 2
  --distill.warmup_steps 2)
settings=("${align_settings[@]}" "${distill_settings[@]}")

# Twenty steps of each stage: losses within 1e-4, relatively.
for student in rad_rwkv7 rad_rwkv6; do
  for device in cpu cuda; do
    "$RADLADS" convert --teacher taught --text long.txt --student $student --out $student.$device \
      --device $device "${settings[@]}" >log.txt 2>&1 || stop "$device: $(cat log.txt)"
  done
  for stage in align distill; do
    for device in cpu cuda; do
      sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' $student.$device/steps/$stage/metrics.jsonl >$device.txt
    done
    [ "$(wc -l <cpu.txt)" -eq 20 ] || stop "$student $stage: $(wc -l <cpu.txt) losses, expected 20"
    paste cpu.txt cuda.txt | awk '{ d = ($1 - $2) / $1; if (d > 1e-4 || d < -1e-4) { print; bad = 1 } }
      END { exit bad }' || stop "$student $stage: the losses differ"
  done
  for device in cpu cuda; do
    "$RADLADS" eval --model $student.cuda --teacher taught --text text.txt --device $device \
      --json $device.json --overwrite >log.txt 2>&1 || stop "$device: $(cat log.txt)"
    "$RADLADS" generate --model $student.cuda --prompt "The cat" --max-tokens 30 --temperature 0 \
      --device $device >$device.txt 2>log.txt || stop "$device: $(cat log.txt)"
  done
  expect_near nats "$(json_value nats_per_token cuda.json)" "$(json_value nats_per_token cpu.json)" 1e-4
  expect_near kl "$(json_value kl cuda.json)" "$(json_value kl cpu.json)" 1e-4
  cmp cpu.txt cuda.txt
done

# In bf16, from the same student: each loss of the alignment within 2 %, and the mean of the divergences, which are
# small differences of large logits, within 10 %.
losses() {
  sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$1/metrics.jsonl"
}
for student in rad_rwkv7 rad_rwkv6; do
  steps=$student.cuda/steps
  for stage in align distill; do
    from=$steps/transfer
    options=("${align_settings[@]}")
    if [ $stage = distill ]; then
      from=$steps/align
      options=("${distill_settings[@]}")
    fi
    for precision in float bf16; do
      "$RADLADS" $stage --teacher taught --student $from --text long.txt --out $student.$stage.$precision \
        --device cuda "${options[@]}" --$stage.precision $precision >log.txt 2>&1 ||
        stop "$stage in $precision: $(cat log.txt)"
      losses $student.$stage.$precision >$precision.txt
      [ "$(wc -l <$precision.txt)" -eq 20 ] || stop "$stage in $precision: $(wc -l <$precision.txt) losses"
    done
    cmp -s float.txt bf16.txt && stop "$student $stage: the losses in bf16 are those in float"
    paste float.txt bf16.txt | awk -v stage=$stage -v student=$student '
      { d = $2 / $1 - 1; if (d < 0) d = -d; if (d > worst) worst = d; a += $1; b += $2 }
      END { mean = b / a - 1; if (mean < 0) mean = -mean
        print student, stage, "bf16 against float: worst step", worst, "mean", mean
        exit stage == "align" ? worst > 0.02 : mean > 0.1 }' || stop "$student $stage: bf16 is too far off"
  done
done

# Stopped in the middle and started again, in bf16: the bytes of a run that was left alone.
bf16=("$RADLADS" train --text long.txt --tokenizer tokenizer --device cuda --model.hidden 32
  --model.layers 2 --model.heads 4 --model.kv_heads 2 --train.context 64 --train.batch 8
  --train.tokens 1024000 --train.save_every 20 --train.precision bf16)
"${bf16[@]}" --out whole >log.txt 2>&1 || stop "bf16: $(cat log.txt)"
"${bf16[@]}" --out stopped >log.txt 2>&1 &
process=$!
for i in $(seq 1000); do
  [ -e stopped/checkpoint/state.json ] && break
  sleep 0.02
done
kill -TERM $process 2>/dev/null || true
wait $process || true
"${bf16[@]}" --out stopped 2>log.txt || stop "bf16, again: $(cat log.txt)"
grep -q "continuing after step" log.txt || stop "the signal came after the last step"
cmp whole/model.safetensors stopped/model.safetensors

# What --dry-run says of memory is what a run takes, but for scratch of single kernels.
for precision in float bf16; do
  wide=("$RADLADS" train --text long.txt --tokenizer tokenizer --device cuda --model.hidden 512
    --model.layers 4 --model.heads 8 --model.kv_heads 2 --train.context 256 --train.batch 32
    --train.micro_batch 32 --train.tokens 16384 --train.precision $precision --out wide.$precision)
  planned=$("${wide[@]}" --dry-run | sed -n 's/.*in all \([0-9.]*\)$/\1/p')
  "${wide[@]}" 2>log.txt || stop "wide: $(cat log.txt)"
  used=$(sed -n 's/.*at most \([0-9.]*\) GiB.*/\1/p' log.txt)
  echo "memory in $precision: planned $planned GiB, used $used GiB"
  expect_near "memory" "$(awk -v a="$planned" -v b="$used" 'BEGIN { print a / b }')" 1 0.1
done

# Losses on answers alone, with cross-entropy as well: the same on both devices.
printf '%s' '{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}' \
  >taught/chat_template.jinja
for i in $(seq 60); do
  echo '{"messages": [{"role": "user", "content": "Where is cat '$i'?"}, {"role": "assistant", "content": "The cat sat on the mat."}]}'
done >chat.jsonl
for stage in align distill; do
  options=("${align_settings[@]}")
  [ $stage = align ] || options=("${distill_settings[@]}" --distill.ce_weight 0.5)
  for device in cpu cuda; do
    "$RADLADS" $stage --teacher taught --student rad_rwkv7.cuda/steps/transfer --text chat.jsonl --loss-on assistant \
      --out answers.$stage.$device --device $device "${options[@]}" >log.txt 2>&1 || stop "$device: $(cat log.txt)"
    losses answers.$stage.$device >$device.txt
  done
  paste cpu.txt cuda.txt | awk '{ d = ($1 - $2) / $1; if (d > 1e-4 || d < -1e-4) { print; bad = 1 } }
    END { exit bad || NR != 20 }' || stop "$stage: the losses on answers differ"
done

# A run on the same GPU gives the same bytes.
"$RADLADS" convert --teacher taught --text long.txt --student rad_rwkv7 --out again --device cuda \
  "${settings[@]}" >log.txt 2>&1 || stop "$(cat log.txt)"
cmp again/model.safetensors rad_rwkv7.cuda/model.safetensors
echo passed
