#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints what docs/support.md says of operations and recurrences by backend and scalar: what the tests under tests/ops,
# tests/optim and tests/recurrence run, read from their sources.
#   tests/architecture/support.sh ROOT
set -euo pipefail
export LC_ALL=C
cd "${1:?usage: support.sh ROOT}"

# scalars FILE...: those that a test's typed suites and explicit calls name, one a line. A suite over cuda_scalars has
# the three of tests/support/cuda_case.cuh.
scalars() {
  perl -0777 -ne '
    my %found;
    s{//[^\n]*}{}g;
    s{ops::elementwise<double>\(\s*cpu\(\)}{}g;  # the double reference of a test on CUDA
    $found{complex} = 1 if /vector<(?:\w+::)*complex>/;
    while (/\bTypes<(.*?)>;/gs) {
      my $list = $1;
      $found{$_} = 1 for grep { $list =~ /\b$_\b/ } qw(float double complex bf16);
    }
    while (/\b(?:ops::\w+|check\w*|problem|align|by_the_operation|\w+_on)<(?:\w+::)*(float|double|complex|bf16)\b(?:, *(float|double|complex|bf16)\b)?/g) {
      $found{$1} = 1;
      $found{$2} = 1 if defined $2;
    }
    if (/TYPED_TEST_SUITE\(\w+, cuda_scalars\)/) { $found{$_} = 1 for qw(float double bf16); }
    print "$_\n" for sort keys %found;' "$@" | sort -u
}

# row NAME CPU_SCALARS CUDA_SCALARS
row() {
  local line="| $1 |" backend each
  for backend in "cpu float double complex" "cuda float double bf16"; do
    local found=$2
    [ "${backend%% *}" = cpu ] || found=$3
    for each in ${backend#* }; do
      grep -qx "$each" <<<"$found" && line+=" yes |" || line+=" |"
    done
  done
  echo "$line"
}

heading() {
  echo "| $1 | CPU: float | double | complex | CUDA: float | double | bf16 |"
  echo "|---|---|---|---|---|---|---|"
}

heading operation
for test in tests/ops/*_test.cpp tests/optim/adamw_test.cpp; do
  [ -e "$test" ] || continue
  name=$(basename "$test" _test.cpp)
  header=$(dirname "$test" | sed 's|^tests|include/radlads|')
  # What is no operation on a backend has no header there.
  [ -e "$header/cpu/$name.hpp" ] || [ -e "$header/cuda/$name.cuh" ] || continue
  on_cuda=$(dirname "$test")/cuda/${name}_test.cu
  row "\`$name\`" "$(scalars "$test")" "$([ ! -e "$on_cuda" ] || scalars "$on_cuda")"
done

echo
heading recurrence
# of_cell CELL FILE...: scalars beside the cell's name in lists of types.
of_cell() {
  local cell=$1
  shift
  perl -0777 -ne '
    BEGIN { $cell = shift }
    s{//[^\n]*}{}g;
    print "$1\n" while /\b(?:of|subject)<(?:recurrence::)?$cell, *(float|double|bf16)>/g;' "$cell" "$@" | sort -u
}
for header in include/radlads/recurrence/{rwkv7,gla,rwkv6,gated_deltanet,kda,mamba2}.hpp; do
  [ -e "$header" ] || continue
  cell=$(basename "$header" .hpp)
  on_cpu=$(of_cell "$cell" tests/recurrence/scan_test.cpp)
  # Gradients are checked against the complex step of the same recurrence.
  grep -q "recurrence::$cell\b" tests/recurrence/scan_gradient_test.cpp && on_cpu+=$'\ncomplex'
  row "\`$cell\`, token by token" "$on_cpu" "$(of_cell "$cell" tests/recurrence/cuda/scan_*_test.cu)"
  # Chunkwise forms are for bf16 alone.
  if grep -q "subject<recurrence::$cell, recurrence::algorithm::" "tests/recurrence/cuda/chunkwise_${cell}_test.cu" 2>/dev/null; then
    row "\`$cell\`, chunkwise" "" bf16
  fi
done
