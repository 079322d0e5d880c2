#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a bare Debian 12 to a tested library: installs what is missing, configures, builds, tests.
# The last thing printed is ctest's summary; the exit status is ctest's.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/.."

build=${RADLADS_BUILD_DIR:-build/release}
packages=(g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev libgtest-dev libbenchmark-dev
          libcli11-dev libyaml-cpp-dev libfmt-dev)

cmake/install_packages.sh "${packages[@]}"

jobs=$(nproc)
# Where nvcc is, everything of CUDA is compiled too, for one GPU in full and for an older one in part
# (cmake/RadladsCuda.cmake); its tests skip themselves where no GPU is.
cmake --preset release -B "$build" -DRADLADS_BUILD_BENCHMARKS=OFF -DCMAKE_CUDA_ARCHITECTURES=90a-real
cmake --build "$build" --parallel "$jobs"

log=$build/ctest.log
status=0
ctest --test-dir "$build" --output-on-failure --parallel "$jobs" 2>&1 |
  tee "$log" | sed -u '/% tests passed, /,$d' || status=$?

# ctest names a test program as skipped only when all its cases were; the single ones are named here.
skipped=$(grep -hoE '^\[  SKIPPED \] [A-Za-z0-9_./]+$' "$build/Testing/Temporary/LastTest.log" |
  sort -u || true)
if [ -n "$skipped" ]; then
  echo "Cases skipped, with or without the rest of their program:"
  echo "$skipped"
  echo
fi
sed -n '/% tests passed, /,$p' "$log"
exit "$status"
