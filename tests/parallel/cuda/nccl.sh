#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a test program once for each GPU, with the environment of torchrun, and shows what rank 0 says.
#   nccl.sh PROGRAM
set -uo pipefail

size=$(nvidia-smi -L 2>/dev/null | grep -c "^GPU")
[ "$size" -gt 0 ] || size=1
processes=()
for rank in $(seq 1 $((size - 1))); do
  RANK=$rank WORLD_SIZE=$size LOCAL_RANK=$rank NCCL_COMM_ID=127.0.0.1:29509 "$1" >/dev/null &
  processes+=($!)
done
failed=0
RANK=0 WORLD_SIZE=$size LOCAL_RANK=0 NCCL_COMM_ID=127.0.0.1:29509 "$1" || failed=1
for process in "${processes[@]}"; do
  wait "$process" || { failed=1; echo "another rank of $size failed"; }
done
exit "$failed"
