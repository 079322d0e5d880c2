#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a bare Debian 12 to a tested library: installs what is missing, configures, builds, tests.
# The last things printed are what was skipped, each with its reason, and ctest's summary; the exit status is
# ctest's.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/.."

build=${RADLADS_BUILD_DIR:-build/release}
packages=(g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev libgtest-dev libbenchmark-dev
          libcli11-dev libyaml-cpp-dev libfmt-dev libpcre2-dev zlib1g-dev libzstd-dev
          libopenmpi-dev openmpi-bin)

cmake/install_packages.sh "${packages[@]}"

jobs=$(nproc)
# Where nvcc is, everything of CUDA is compiled too, for one GPU in full and for an older one in part
# (cmake/RadladsCudaTest.cmake). Where no GPU is, its tests skip themselves, and nothing is gained by optimising
# their kernels.
fast=ON
nvidia-smi -L >/dev/null 2>&1 && fast=OFF
cmake --preset release -B "$build" -DRADLADS_BUILD_BENCHMARKS=OFF -DCMAKE_CUDA_ARCHITECTURES=90a-real \
  -DRADLADS_CUDA_FAST_COMPILE="$fast"
cmake --build "$build" --parallel "$jobs"

log=$build/ctest.log
status=0
ctest --test-dir "$build" --output-on-failure --parallel "$jobs" 2>&1 |
  tee "$log" | sed -u '/% tests passed, /,$d' || status=$?

# ctest names a test as skipped only when all of it was, and never says why.
echo "Skipped, with the reason:"
if grep -q '^RADLADS_CUDA:BOOL=OFF$' "$build/CMakeCache.txt"; then
  printf 'nvcc was not found, or RADLADS_CUDA is off\n  everything of CUDA, which was not built\n'
fi
tests/skipped.sh "$log" "$build/Testing/Temporary/LastTest.log"
echo
sed -n '/% tests passed, /,$p' "$log"
exit "$status"
