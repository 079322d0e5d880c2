#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Steps 1 and 2 of a conversion on one GPU and on several of one machine, with the same batches: tokens a second
# without the first steps, and how far losses are from those of one GPU. Random weights of the shape of Qwen2.5-0.5B.
#   several_gpus.sh RADLADS_CUDA TOKENIZER TEXT FOLDER [GPUS [STEPS]]
set -euo pipefail

program=$1 tokenizer=$2 text=$3 folder=$4 gpus=${5:-2} steps=${6:-30}
skipped=10 # until graphs are captured and clocks are up
port=29600
mkdir -p "$folder"

# ranks N COMMAND...: with the environment of torchrun; the log of rank 0 is shown where one fails.
ranks() {
  local size=$1 rank failed=0 processes=()
  shift
  port=$((port + 1))
  for rank in $(seq 0 $((size - 1))); do
    RANK=$rank WORLD_SIZE=$size LOCAL_RANK=$rank "$@" --parallel.port "$port" >"$folder/said.$rank" 2>&1 &
    processes+=($!)
  done
  for rank in $(seq 0 $((size - 1))); do wait "${processes[$rank]}" || failed=1; done
  if [ "$failed" -ne 0 ]; then
    cat "$folder"/said.* >&2
    exit 1
  fi
}

if [ ! -e "$folder/student/config.json" ]; then
  "$program" train --device cuda --text "$text" --tokenizer "$tokenizer" --out "$folder/teacher" \
    --model.hidden 896 --model.layers 24 --model.heads 14 --model.kv_heads 2 --model.head_size 64 \
    --model.intermediate 4864 --model.tied true --train.tokens 2048 --train.context 512 --train.batch 4 \
    --train.micro_batch 4 --train.precision bf16 2>"$folder/said.0" || { cat "$folder/said.0" >&2; exit 1; }
  "$program" transfer --device cuda --teacher "$folder/teacher" --student rad_rwkv7 --out "$folder/student" \
    2>"$folder/said.0" || { cat "$folder/said.0" >&2; exit 1; }
fi

# run NAME STAGE ROWS AT_A_TIME GPUS OPTION...
run() {
  local name=$1 stage=$2 rows=$3 part=$4 size=$5
  shift 5
  rm -rf "${folder:?}/$name"
  ranks "$size" "$program" "$stage" --device cuda --teacher "$folder/teacher" --student "$folder/student" --text "$text" \
    --out "$folder/$name" "--$stage.tokens" $((steps * rows * 512)) "--$stage.context" 512 "--$stage.batch" "$rows" \
    "--$stage.micro_batch" "$part" "--$stage.precision" bf16 "--$stage.warmup_steps" 5 "--$stage.save_every" 100000 \
    "--$stage.sampler" epochs "$@"
  speed=$(sed -n 's/.*"tokens":\([0-9]*\),"tokens_per_second":\([0-9.e+]*\).*/\1 \2/p' "$folder/$name/metrics.jsonl" |
    awk -v skipped="$skipped" 'NR == skipped { n = $1; t = $1 / $2 } END { printf "%.0f", ($1 - n) / ($1 / $2 - t) }')
  sed -n 's/.*"loss":\([-0-9.e+]*\).*/\1/p' "$folder/$name/metrics.jsonl" >"$folder/$name.losses"
  peak=$(sed -n 's/.*at most \([0-9.]*\) GiB.*/\1/p' "$folder/said.0")
}

nvidia-smi -L
printf '%-8s %5s %8s %5s %-10s %12s %7s %9s %10s\n' stage rows at_once GPUs shard tokens/s times peak_GiB losses
for case in "align 32 32" "distill 96 32"; do
  read -r stage rows part <<<"$case"
  run "$stage.1" "$stage" "$rows" "$part" 1
  alone=$speed
  printf '%-8s %5d %8d %5d %-10s %12d %7.2f %9s %10s\n' "$stage" "$rows" "$part" 1 none "$speed" 1 "$peak" -
  for shard in none optimizer; do
    own=$((rows / gpus < part ? rows / gpus : part))
    run "$stage.$gpus.$shard" "$stage" "$rows" "$own" "$gpus" --parallel.shard "$shard"
    far=$(paste "$folder/$stage.1.losses" "$folder/$stage.$gpus.$shard.losses" |
      awk '{ d = $2 / $1 - 1; if (d < 0) d = -d; if (d > most) most = d } END { printf "%.1e", most }')
    printf '%-8s %5d %8d %5d %-10s %12d %7.2f %9s %10s\n' "$stage" "$rows" "$own" "$gpus" "$shard" "$speed" \
      "$(awk -v a="$speed" -v b="$alone" 'BEGIN { print a / b }')" "$peak" "$far"
  done
done
