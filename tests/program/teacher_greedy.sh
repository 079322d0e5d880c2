#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real teacher writes, from a bare BOS and greedily, what its authors' own program writes.
source "$(dirname "$0")/tiny.bash"
need_data teacher/stories260K/model.safetensors teacher/stories260K/expected_greedy_200_tokens.txt

teacher=$data/teacher/stories260K
"$RADLADS" generate --model "$teacher" --prompt "" --temperature 0 --max-tokens 200 \
  >text.txt 2>log.txt
cmp text.txt "$teacher/expected_greedy_200_tokens.txt"
grep -q '^200 tokens in ' log.txt || stop "standard error: $(cat log.txt)"
