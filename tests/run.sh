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

stop() {
  echo "tests/run.sh: $*" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
      as_root=(sudo -n)
      sudo -n true 2>/dev/null ||
        stop "these packages are missing and only root may install them: ${missing[*]}."
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
      "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
          apt-get install -q -y --no-install-recommends "${missing[@]}"
    } || stop "these packages are missing and apt-get could not install them: ${missing[*]}."
  fi
fi

jobs=$(nproc)
cmake --preset release -B "$build"
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
