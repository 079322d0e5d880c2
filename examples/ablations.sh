#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What each part of the protocol is worth: converts one teacher with the recipe small.yaml, then with parts
# of it left out or changed, and prints one table of scores on the documents held out.
#   ablations.sh --teacher DIR --text FILE --out DIR [--device cpu|cuda] [--hold-out N] [ROW ...] [-- SETTING ...]
# What stands behind -- goes to every radlads convert, such as --align.micro_batch 32.
# A row that is complete in DIR is not run again; its table stays in DIR/ROW.txt.
set -euo pipefail

stop() {
  echo "ablations.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
program=${RADLADS_PROGRAM:-$here/../build/release/bin/radlads}
recipes=$here/recipes
teacher='' text='' out='' device=cpu hold_out=10
rows=()
while [ $# -gt 0 ]; do
  case $1 in
    --teacher | --text | --out | --device | --hold-out)
      [ $# -gt 1 ] || stop "$1 needs a value"
      name=${1#--}
      declare "${name//-/_}=$2"
      shift 2
      ;;
    --)
      shift
      break
      ;;
    -h | --help)
      sed -n '3,7s/^# *//p' "$0"
      exit 0
      ;;
    -*) stop "there is no option $1; there are --teacher, --text, --out, --device, --hold-out" ;;
    *)
      rows+=("$1")
      shift
      ;;
  esac
done
settings=("$@")
[ -n "$teacher" ] && [ -n "$text" ] && [ -n "$out" ] || stop "--teacher, --text and --out are needed"
[ -x "$program" ] || stop "$program is not there; build it first, or name it in RADLADS_PROGRAM"

all=(rad_rwkv7 rad_rwkv6 hybrid_last tied group_norm random_projections paper_rates no_step_2 no_step_1)
[ ${#rows[@]} -gt 0 ] || rows=("${all[@]}")

# The arguments of a row after those that all share.
arguments() {
  case $1 in
    rad_rwkv7) echo "--student rad_rwkv7" ;;
    rad_rwkv6) echo "--student rad_rwkv6" ;;
    hybrid_last) echo "--student rad_rwkv7 --keep-attention $last_layer" ;;
    tied) echo "--student rad_rwkv7 --model.tied true" ;;
    group_norm) echo "--student rad_rwkv7 --model.balance_state false --model.groupnorm_att true" ;;
    random_projections) echo "--student rad_rwkv7 --model.reinit_att true" ;;
    paper_rates) echo "--student rad_rwkv7 -c $recipes/paper.yaml --align.tokens 20000000" \
      "--distill.tokens 20000000 --distill.batch 32 --extend.tokens 0" ;;
    no_step_2) echo "--student rad_rwkv7 --align.tokens 40000000 --distill.tokens 0" ;;
    no_step_1) echo "--student rad_rwkv7 --align.tokens 0 --distill.tokens 40000000 --distill.lr_init 1e-4" ;;
    *) stop "there is no row $1; there are ${all[*]}" ;;
  esac
}

[ -f "$teacher/config.json" ] || stop "$teacher has no config.json, so it is not a model directory"
last_layer=$(($(sed -n 's/.*"num_hidden_layers": *\([0-9]*\).*/\1/p' "$teacher/config.json") - 1))
mkdir -p "$out"
for row in "${rows[@]}"; do
  # An assignment of its own: inside a larger command the refusal of a row would go unseen.
  text_of_row=$(arguments "$row")
  read -ra own <<<"$text_of_row"
  [ ! -s "$out/$row.txt" ] || continue
  # Step 1 of these is the first row's, to the bit.
  if [ "$row" = paper_rates ] && [ -s "$out/rad_rwkv7.txt" ] && [ ! -d "$out/$row" ]; then
    mkdir -p "$out/$row/steps"
    cp -r "$out/rad_rwkv7/steps/transfer" "$out/rad_rwkv7/steps/align" "$out/$row/steps/"
  fi
  echo "ablations.sh: $row" >&2
  started=$(date +%s)
  # But for one row the head is a tensor of its own; what is given later wins.
  "$program" convert --teacher "$teacher" --text "$text" --out "$out/$row" --hold-out "$hold_out" \
    --device "$device" -c "$recipes/small.yaml" --model.tied false "${own[@]}" "${settings[@]}" >"$out/$row.part"
  echo "seconds $(($(date +%s) - started))" >>"$out/$row.part"
  mv "$out/$row.part" "$out/$row.txt"
done

printf '%-20s %11s %9s %9s %9s %8s\n' row nats/token gap KL 'agree %' seconds
for row in "${rows[@]}"; do
  awk -v row="$row" '$1 == "seconds" { seconds = $2; next } NF == 6 { last = $0 }
    END { split(last, f); printf "%-20s %11s %9s %9s %9s %8s\n", row, f[3], f[4], f[5], f[6], seconds }' \
    "$out/$row.txt"
done
