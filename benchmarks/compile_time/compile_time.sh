#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Seconds to compile what the design sets budgets for; reports, and never fails on a slow machine.
#   compile_time.sh            core and public headers, each alone
#   compile_time.sh tests      also every test source
#   compile_time.sh build      also the whole test build, from scratch, on all cores
# The time is the processor's, the least of three runs (one for tests), with CXX (g++) and CXXFLAGS
# (-O2). The whole build is the time that passes.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "$0")/../.." && pwd)
compiler=${CXX:-g++}
read -r -a flags <<<"-std=c++20 ${CXXFLAGS:--O2} -I$root/include -I$root/tests \
  -DRADLADS_SOURCE_DIR=\"$root\" $(pkg-config --cflags eigen3 nlohmann_json)"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
over=0

# seconds <runs> <source>: processor seconds of the quickest of the runs.
seconds() {
  local run spent least=""
  for ((run = 0; run < $1; ++run)); do
    spent=$( { TIMEFORMAT='%U %S'; time "$compiler" "${flags[@]}" -c "$2" -o "$scratch/out.o"; } 2>&1 |
      awk 'END { print $1 + $2 }')
    least=$(awk -v a="$spent" -v b="${least:-$spent}" 'BEGIN { print a < b ? a : b }')
  done
  echo "$least"
}

# report <budget> <seconds> <name>
report() {
  awk -v budget="$1" -v spent="$2" -v name="$3" 'BEGIN {
    printf "%7.2f s of %6.2f s  %-5s %s\n", spent, budget, (spent > budget ? "OVER" : ""), name
    exit (spent > budget) }' || over=$((over + 1))
}

# header <budget> <file>: a source that holds nothing but the include.
header() {
  printf '#include "%s"\n' "${2#"$root"/include/}" >"$scratch/alone.cpp"
  report "$1" "$(seconds 3 "$scratch/alone.cpp")" "${2#"$root"/}"
}

"$compiler" --version | head -n 1
printf 'int main() {}\n' >"$scratch/empty.cpp"
printf 'an empty source takes %s s\n' "$(seconds 3 "$scratch/empty.cpp")"

for file in "$root"/include/radlads/core/*.hpp; do header 0.3 "$file"; done
for file in "$root"/include/radlads/*.hpp; do header 1.5 "$file"; done
case ${1:-} in
  "") ;;
  tests | build)
    for file in "$root"/tests/*/*_test.cpp; do report 20 "$(seconds 1 "$file")" "${file#"$root"/}"; done
    ;;
  *) echo "usage: compile_time.sh [tests | build]" >&2; exit 2 ;;
esac
if [ "${1:-}" = build ]; then
  cmake -S "$root" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Debug -DRADLADS_BUILD_BENCHMARKS=OFF >/dev/null
  start=$(date +%s)
  cmake --build "$scratch/build" --parallel "$(nproc)" >/dev/null
  report 180 $(($(date +%s) - start)) "the whole test build"
fi
echo "$over over budget"
